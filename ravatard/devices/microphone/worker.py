"""Sound process of the microphone: opens the source and runs the gate.

Run as ``python -m ravatard.devices.microphone.worker``. The daemon sends records on standard input and reads
records on what was standard output (:mod:`ravatard.devices.microphone.protocol`); libraries print on standard
error. It ends when its standard input does, whatever else happens, and imports as little as it can: no
asyncio, no logging, no numpy, no msgspec.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from ravatard.core.audio.endpointing.confirmation import Confirmation
from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.gate import Gate
from ravatard.core.audio.microphone_events import EchoRemoved, WakeWordLost
from ravatard.core.audio_format import AudioFormat, samples_for
from ravatard.core.options.gate import VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.listener import HEARTBEAT_SAMPLES, Listener
from ravatard.devices.microphone.liveness import Liveness
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import (
    PROTOCOL,
    FailureKind,
    ListDevices,
    Listing,
    Record,
    SourceFailed,
    Start,
    encode,
)
from ravatard.devices.microphone.source import Source
from ravatard.devices.process.pipes import PipeWriter, RecordReader, run_worker
from ravatard.errors import DeviceError, InternalError, RavatardError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ravatard.core.audio.echo.own_word import OwnWord
    from ravatard.core.audio.echo.talk_over_gate import TalkOverGate
    from ravatard.core.wakeword.watch import WakeWord
    from ravatard.devices.microphone.wakeword.tried import TriedModel

#: Longest block while a user may interrupt; a microphone's source that reads short ones meanwhile need not.
INTERRUPTIBLE_BLOCK_MS = 20
#: webrtcvad's.
_STRICTEST = 3


def open_source(microphone: MicrophoneOptions, capture: CaptureOptions) -> Source:
    """Open the configured source; only what it needs is imported.

    Raises:
        DeviceError: it cannot be opened.
    """
    if microphone.command is not None:
        from ravatard.devices.microphone.external_program import CommandSource

        return CommandSource(microphone.command, capture)
    if microphone.fifo is not None:
        from ravatard.devices.microphone.external_program import FifoSource

        return FifoSource(microphone.fifo, capture)
    if microphone.wav is not None:
        from ravatard.devices.microphone.recording import WavSource

        return WavSource(microphone.wav, capture, repeat=microphone.repeat)
    from ravatard.devices.cards.portaudio import open_portaudio
    from ravatard.devices.microphone.card import CardSource

    return CardSource(open_portaudio, microphone, capture)


def _confirmation(voice: VoiceOptions) -> Confirmation:
    """Return what has to confirm speech; nothing, with the reason, when the library cannot be used."""
    if voice.confirm == "none":
        return Confirmation(None, voice.frame_ms)
    from ravatard.devices.microphone.detectors.neural_vad import neural_vad

    try:
        return Confirmation(neural_vad(), voice.frame_ms)
    except DeviceError as error:
        return Confirmation(None, voice.frame_ms, str(error))


def _word(model: TriedModel | None, outbox: PipeWriter) -> WakeWord | None:
    """Load the model of the wake word; None: no word is waited for, or cannot be, which is reported."""
    if model is None:
        return None
    from ravatard.devices.microphone.detectors.wake_word import load_word

    try:
        return load_word(model)
    except DeviceError as error:
        outbox.put(encode(WakeWordLost(str(error))))
        return None


def _capture(start: Start, inbox: RecordReader[Record], outbox: PipeWriter, commands: list[Record]) -> None:
    """Capture sound until the source fails, which is reported to the daemon."""
    gate: Gate | TalkOverGate | None = None
    talk_over, removed = None, None
    if start.mode is not None:
        from ravatard.devices.microphone.vad import speech_detector

        detector = speech_detector(start.voice.aggressiveness)
        extras = GateExtras(_confirmation(start.voice), _word(start.word, outbox))
        if start.talk_over and start.echo_fd is not None:
            talk_over, removed = _talk_over(start, start.mode, detector, extras)
        gate = talk_over or Gate(start.gate, start.voice, detector, mode=start.mode, extras=extras)

    def liveness(shape: AudioFormat) -> Liveness:
        zeros_s = start.capture.zeros_limit_s(start.microphone)
        return Liveness(shape, zeros_s, start.fault, check_rate=start.capture.check_rate)

    echo = None
    # Without its canceller nothing needs the reference.
    if start.echo_fd is not None and (talk_over is not None or not start.talk_over):
        from ravatard.devices.echo.reference import EchoReference
        from ravatard.devices.echo.ring import EchoRing

        echo = EchoReference(EchoRing(start.echo_fd), decimated=talk_over is None)
    heartbeat = HEARTBEAT_SAMPLES if start.heartbeat_ms is None else samples_for(start.heartbeat_ms)
    listener = Listener(
        *(gate, start.capture.channel, inbox, outbox),
        liveness=liveness,
        echo=echo,
        echo_removed=removed,
        heartbeat_samples=heartbeat,
    )
    listener.handle(commands)
    capture = start.capture
    if talk_over is not None:
        # A card's blocks have one length, and a long one makes a user who interrupts wait.
        capture = replace(capture, quiet_block_ms=min(capture.quiet_block_ms, INTERRUPTIBLE_BLOCK_MS))
    try:
        open_source(start.microphone, capture).run(listener)
    except RavatardError as error:
        kind = FailureKind.RUNNING if listener.is_ready else FailureKind.OPENING
        listener.report(SourceFailed(kind, str(error)))


def _talk_over(
    start: Start, mode: GateMode, is_speech: Callable[[bytes], bool], extras: GateExtras
) -> tuple[TalkOverGate | None, EchoRemoved]:
    """Return the gate of a user who may talk over the avatar, or why there is none."""
    from ravatard.core.audio.echo.talk_over_gate import LONGEST_PREROLL_MS, TalkOverGate
    from ravatard.devices.echo.canceller import NoCanceller, open_canceller
    from ravatard.devices.microphone.vad import speech_detector

    def make_gate(judge: Callable[[bytes], bool]) -> Gate:
        longer = replace(extras, interrupt_preroll_ms=LONGEST_PREROLL_MS)
        return Gate(start.gate, start.voice, judge, mode=mode, extras=longer)

    try:
        canceller = open_canceller() if start.talk_over == "cancel" else NoCanceller()
    except DeviceError as error:
        return None, EchoRemoved(False, str(error))
    gate = TalkOverGate(
        make_gate,
        canceller,
        is_speech=is_speech,
        is_voice=speech_detector(_STRICTEST),
        may_be_voice=speech_detector(_STRICTEST - 1),
        own_word=_own_word(start, extras),
    )
    return gate, EchoRemoved(True)


def _own_word(start: Start, extras: GateExtras) -> OwnWord | None:
    """Return what hears the wake word in the avatar's speech: another detector, with a memory of its own."""
    if start.word is None or extras.word is None:
        return None
    from ravatard.core.audio.echo.own_word import OwnWord
    from ravatard.devices.microphone.detectors.wake_word import load_word

    try:
        return OwnWord(load_word(start.word))
    except DeviceError:
        # Without it no word wakes while the avatar is heard; the microphone's own detector is loaded.
        return None


def _list(outbox: PipeWriter) -> None:
    from ravatard.devices.cards.portaudio import listing, open_portaudio

    outbox.put(encode(Listing(listing(open_portaudio()))))
    outbox.drain()


def serve(inbox: RecordReader[Record], outbox: PipeWriter) -> None:
    """Do what the daemon's first record asks for.

    Raises:
        DaemonGone: the daemon closed its end.
    """
    first, *commands = inbox.read_first()
    try:
        match first:
            case Start():
                _capture(first, inbox, outbox, commands)
            case ListDevices():
                _list(outbox)
            case _:
                raise InternalError(f"the daemon began with {type(first).__name__}")
    except RavatardError as error:
        outbox.put(encode(SourceFailed(FailureKind.OPENING, str(error))))
        outbox.drain()


def main() -> NoReturn:
    """Run as the sound process."""
    run_worker(lambda fd, outbox: serve(RecordReader(fd, PROTOCOL), outbox))


if __name__ == "__main__":
    main()
