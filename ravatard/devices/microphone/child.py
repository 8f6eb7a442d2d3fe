"""The daemon's side of the microphone's sound process."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ravatard.devices.microphone.protocol import PROTOCOL, Record, encode
from ravatard.devices.process.child import PipedChild, module_command


def worker_command() -> list[str]:
    """Return the command that starts the sound process."""
    return module_command("ravatard.devices.microphone.worker")


class MicrophoneChild(PipedChild[Record]):
    """The microphone's sound process, running."""

    def __init__(self, environ: Mapping[str, str], first: Record, pass_fds: Sequence[int] = ()) -> None:
        """Start it with ``first`` (Start or ListDevices) waiting on its standard input. Needs a running loop.

        Raises:
            DeviceError: no process can be started.
        """
        super().__init__(environ, worker_command(), PROTOCOL, pass_fds)
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
