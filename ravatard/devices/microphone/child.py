"""The daemon's side of the microphone's sound process."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ravatard.devices.microphone.protocol import PROTOCOL, Record, Start, encode
from ravatard.devices.process.child import PipedChild
from ravatard.devices.process.early import EarlyProcess
from ravatard.devices.process.piped import sound_command


def worker_command() -> list[str]:
    """Return the command that starts the sound process."""
    return sound_command("ravatard.devices.microphone.worker")


class MicrophoneChild(PipedChild[Record]):
    """The microphone's sound process, running."""

    def __init__(
        self,
        environ: Mapping[str, str],
        first: Record,
        pass_fds: Sequence[int] = (),
        early: EarlyProcess | None = None,
    ) -> None:
        """Start it with ``first`` (Start or ListDevices) waiting on its standard input. Needs a running loop.

        Args:
            environ: all its environment variables.
            first: its first record.
            pass_fds: files it inherits, under the same numbers.
            early: a process that was started already, to be used if it is still there.

        Raises:
            DeviceError: no process can be started.
        """
        if isinstance(first, Start) and first.word is not None:
            pass_fds = (*pass_fds, first.word.fd)
        if isinstance(first, Start) and first.echo_fd is not None and first.echo_fd not in pass_fds:
            pass_fds = (*pass_fds, first.echo_fd)
        command = worker_command()
        started = early.take(command, environ, pass_fds) if early is not None else None
        super().__init__(environ, command, PROTOCOL, pass_fds, started)
        self.send(first)

    def send(self, record: Record) -> None:
        """Send it a command. Never waits; a process that hangs or has ended does not get it."""
        if self._over:
            return
        try:
            os.write(self._stdin, encode(record))
        except (BlockingIOError, BrokenPipeError):
            # Thousands of commands unread, or ended: the supervisor will notice that no sound comes.
            return
