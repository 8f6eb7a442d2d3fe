"""Sound process of the speaker: opens the output, plays, and reports.

Run as ``python -m ravatard.devices.speaker.worker``. A process of its own: muting ends the microphone's
process, and so does the loss of the microphone; neither may interrupt an answer. It ends when its standard
input does, and imports as little as it can.
"""

from __future__ import annotations

import _thread
from typing import NoReturn, Protocol

from ravatard.devices.process.pipes import DaemonGone, PipeWriter, RecordReader, run_worker
from ravatard.devices.speaker.player import SoundPlayer
from ravatard.devices.speaker.protocol import PROTOCOL, Play, PlayRecord
from ravatard.errors import InternalError, RavatardError


class Output(Protocol):
    """Destination of the sound."""

    def run(self, player: SoundPlayer) -> None:
        """Open it and take sound until the player rests, here or in a thread of its own; then close it.

        It is run again when the player is woken.

        Raises:
            DeviceError: it cannot be opened, or is lost.
        """
        ...


def open_output(play: Play) -> Output:
    """Return the configured output; only what it needs is imported."""
    options = play.options
    if options.command is not None:
        from ravatard.devices.speaker.output.paced import CommandOutput

        return CommandOutput(options.command, options.period_ms, options.open_s)
    if options.wav is not None:
        from ravatard.devices.speaker.output.paced import WavOutput

        return WavOutput(options.wav, options.period_ms, fresh=play.fresh)
    from ravatard.devices.cards.portaudio import open_portaudio
    from ravatard.devices.speaker.output.card import CardOutput

    return CardOutput(open_portaudio, options)


def serve(inbox: RecordReader[PlayRecord], outbox: PipeWriter) -> NoReturn:
    """Do what the daemon's first record asks for.

    Raises:
        DaemonGone: the daemon closed its end.
        InternalError: the first record is not Play.
    """
    play, *commands = inbox.read_first()
    if not isinstance(play, Play):
        raise InternalError(f"the daemon began with {type(play).__name__}")
    ring = None
    if play.echo_fd is not None:
        from ravatard.devices.echo.ring import EchoWriter

        ring = EchoWriter(play.echo_fd)
    player = SoundPlayer(play.volume, outbox, ring=ring)
    player.handle(commands)
    output = open_output(play)
    # In another thread: commands and the daemon's end are noticed even if the output hangs.
    _thread.start_new_thread(_run, (output, player))
    while True:
        player.handle(inbox.read())


def _run(output: Output, player: SoundPlayer) -> None:
    try:
        while True:
            output.run(player)
            player.closed()
            player.wait_for_waking()
    except RavatardError as error:
        player.fail(str(error))
    except DaemonGone:
        # The other thread notices it too, and ends the process.
        return


def main() -> NoReturn:
    """Run as the sound process."""
    run_worker(lambda fd, outbox: serve(RecordReader(fd, PROTOCOL), outbox))


if __name__ == "__main__":
    main()
