"""The speaker's process: ``python -m ravatard.devices.speaker.worker``. Opens the speaker, plays, tells.

A process of its own: muting ends the microphone's, and a microphone that is lost takes its process with it;
neither may touch the voice. It ends when its standard input does, and imports as little as it can.
"""

from __future__ import annotations

import _thread
from typing import NoReturn, Protocol

from ravatard.devices.echo.ring import EchoWriter
from ravatard.devices.process.pipes import DaemonGone, PipeWriter, RecordInbox, live
from ravatard.devices.speaker.player import SoundPlayer
from ravatard.devices.speaker.protocol import WIRE, Play, PlayRecord
from ravatard.errors import InternalError, RavatardError


class Output(Protocol):
    """Where the sound goes."""

    def run(self, player: SoundPlayer) -> None:
        """Open it and take sound, for ever, here or in a thread of its own.

        Raises:
            DeviceError: it cannot be had, or is no more.
        """
        ...


def open_output(play: Play) -> Output:
    """The output that the options mean; only what it needs is imported."""
    options = play.options
    if options.command is not None:
        from ravatard.devices.speaker.paced import CommandOutput

        return CommandOutput(options.command, options.period_ms)
    if options.wav is not None:
        from ravatard.devices.speaker.paced import WavOutput

        return WavOutput(options.wav, options.period_ms, fresh=play.fresh)
    from ravatard.devices.cards.portaudio import open_portaudio
    from ravatard.devices.speaker.card import CardOutput

    return CardOutput(open_portaudio, options)


def serve(inbox: RecordInbox[PlayRecord], outbox: PipeWriter) -> NoReturn:
    """Do what the daemon's first record asks for.

    Raises:
        DaemonGone: the daemon closed its end.
        InternalError: the first record is none that begins anything.
    """
    records: list[PlayRecord] = []
    while not records:
        records = inbox.read()
    play = records[0]
    if not isinstance(play, Play):
        raise InternalError(f"the daemon began with {type(play).__name__}")
    ring = None if play.echo_fd is None else EchoWriter(play.echo_fd)
    player = SoundPlayer(play.volume, outbox, ring=ring)
    player.obey(records[1:])
    output = open_output(play)
    # Beside: commands and the daemon's end are noticed whatever hangs there.
    _thread.start_new_thread(_run, (output, player))
    while True:
        player.obey(inbox.read())


def _run(output: Output, player: SoundPlayer) -> None:
    try:
        output.run(player)
    except RavatardError as error:
        player.fail(str(error))
    except DaemonGone:
        # The other thread sees it too, and ends the process.
        return


def main() -> NoReturn:
    """Be the sound process."""
    live(lambda fd, outbox: serve(RecordInbox(fd, WIRE), outbox))


if __name__ == "__main__":
    main()
