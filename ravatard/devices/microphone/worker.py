"""Microphone process (``python -m ravatard.devices.microphone.worker``): opens the source, runs the gate.

Its daemon talks to it on standard input and reads it on what was standard output (:mod:`earwire`); what
libraries print goes to standard error. It ends when its standard input does, whatever else happens, and
imports as little as it can: no asyncio, no logging, no numpy, no msgspec.
"""

from __future__ import annotations

from typing import NoReturn

from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import AudioFormat, samples_for
from ravatard.devices.microphone.listener import HEARTBEAT_SAMPLES, Listener
from ravatard.devices.microphone.liveness import Liveness
from ravatard.devices.microphone.pipes import CommandReader, PipeWriter
from ravatard.devices.microphone.protocol import (
    ListDevices,
    Listing,
    Record,
    SourceFailed,
    Start,
    Trouble,
    encode,
)
from ravatard.devices.microphone.sources import open_source
from ravatard.devices.process.pipes import live
from ravatard.errors import InternalError, RavatardError


def _listen(start: Start, inbox: CommandReader, outbox: PipeWriter, commands: list[Record]) -> None:
    """Hear until something ends it; a failure is told to the daemon."""
    gate = None
    if start.mode is not None:
        from ravatard.devices.microphone.vad import speech_detector

        detector = speech_detector(start.voice.aggressiveness)
        gate = Gate(start.gate, start.voice, detector, mode=start.mode)

    def liveness(shape: AudioFormat) -> Liveness:
        zeros_s = start.capture.zeros_limit_s(start.microphone)
        return Liveness(shape, zeros_s, start.doubt, check_rate=start.capture.check_rate)

    echo = None
    if start.echo_fd is not None:
        from ravatard.devices.echo.reference import EchoReference
        from ravatard.devices.echo.ring import EchoRing

        echo = EchoReference(EchoRing(start.echo_fd))
    beat = HEARTBEAT_SAMPLES if start.beat_ms is None else samples_for(start.beat_ms)
    listener = Listener(
        gate, start.capture.channel, inbox, outbox, liveness=liveness, echo=echo, beat_samples=beat
    )
    listener.obey(commands)
    try:
        open_source(start.microphone, start.capture).run(listener)
    except RavatardError as error:
        trouble = Trouble.RUNNING if listener.heard else Trouble.OPENING
        listener.tell(SourceFailed(trouble, str(error)))


def _list(outbox: PipeWriter) -> None:
    from ravatard.devices.cards.portaudio import listing, open_portaudio

    outbox.put(encode(Listing(listing(open_portaudio()))))
    outbox.drain()


def serve(inbox: CommandReader, outbox: PipeWriter) -> None:
    """Do what the daemon's first record asks for.

    Raises:
        DaemonGone: the daemon closed its end.
        InternalError: the first record is none that begins anything.
    """
    records: list[Record] = []
    while not records:
        records = inbox.read()
    try:
        match records[0]:
            case Start() as start:
                _listen(start, inbox, outbox, records[1:])
            case ListDevices():
                _list(outbox)
            case other:
                raise InternalError(f"the daemon began with {type(other).__name__}")
    except RavatardError as error:
        outbox.put(encode(SourceFailed(Trouble.OPENING, str(error))))
        outbox.drain()


def main() -> NoReturn:
    """Be the sound process."""
    live(lambda fd, outbox: serve(CommandReader(fd), outbox))


if __name__ == "__main__":
    main()
