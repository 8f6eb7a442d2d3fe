"""Sound process of the microphone: opens the source and runs the gate.

Run as ``python -m ravatard.devices.microphone.worker``. The daemon sends records on standard input and reads
records on what was standard output (:mod:`ravatard.devices.microphone.protocol`); libraries print on standard
error. It ends when its standard input does, whatever else happens, and imports as little as it can: no
asyncio, no logging, no numpy, no msgspec.
"""

from __future__ import annotations

from typing import NoReturn

from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import AudioFormat, samples_for
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
from ravatard.errors import InternalError, RavatardError


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


def _capture(start: Start, inbox: RecordReader[Record], outbox: PipeWriter, commands: list[Record]) -> None:
    """Capture sound until the source fails, which is reported to the daemon."""
    gate = None
    if start.mode is not None:
        from ravatard.devices.microphone.vad import speech_detector

        detector = speech_detector(start.voice.aggressiveness)
        gate = Gate(start.gate, start.voice, detector, mode=start.mode)

    def liveness(shape: AudioFormat) -> Liveness:
        zeros_s = start.capture.zeros_limit_s(start.microphone)
        return Liveness(shape, zeros_s, start.fault, check_rate=start.capture.check_rate)

    echo = None
    if start.echo_fd is not None:
        from ravatard.devices.echo.reference import EchoReference
        from ravatard.devices.echo.ring import EchoRing

        echo = EchoReference(EchoRing(start.echo_fd))
    heartbeat = HEARTBEAT_SAMPLES if start.heartbeat_ms is None else samples_for(start.heartbeat_ms)
    listener = Listener(
        gate, start.capture.channel, inbox, outbox, liveness=liveness, echo=echo, heartbeat_samples=heartbeat
    )
    listener.handle(commands)
    try:
        open_source(start.microphone, start.capture).run(listener)
    except RavatardError as error:
        kind = FailureKind.RUNNING if listener.is_ready else FailureKind.OPENING
        listener.report(SourceFailed(kind, str(error)))


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
