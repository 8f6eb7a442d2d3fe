"""Mark of a sound process that is inside a call of a library, for the daemon that finds it standing still.

The mark is the process's name in the kernel (proc(5), /proc/PID/comm): the daemon can read it without the
help of a process that stands still, and without a file that both have opened.
"""

from __future__ import annotations

import os
from enum import Enum, unique


@unique
class Call(Enum):
    """Calls of libraries that are marked.

    The values have at most 15 bytes (TASK_COMM_LEN of the kernel is 16, with the closing zero).
    """

    CONFIRMATION = b"rv-in-detector"
    """The neural voice detector is asked."""
    WAKE_WORD = b"rv-in-wakeword"
    """The wake word's detector is loaded or asked."""


class CallMark:
    """Mark of this process. Without /proc nothing is marked."""

    def __init__(self, call: Call, root: str = "/proc/self") -> None:
        """Prepare to mark this process as inside of ``call``; ``root``: its folder in /proc."""
        self._call = call.value
        self._fd = -1
        self._name = b""
        try:
            with open(f"{root}/comm", "rb") as file:  # noqa: PTH123 - without pathlib
                self._name = file.read().rstrip(b"\n")
            self._fd = os.open(f"{root}/comm", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            return

    def set(self) -> None:
        """The call begins."""
        self._write(self._call)

    def clear(self) -> None:
        """The call is over."""
        self._write(self._name)

    def _write(self, name: bytes) -> None:
        if self._fd < 0:
            return
        try:
            os.write(self._fd, name)
        except OSError:
            # The mark is for messages; without it the sound goes on.
            os.close(self._fd)
            self._fd = -1


def call_of(pid: int, root: str = "/proc") -> Call | None:
    """Return the marked call that a process is inside of; None for none, and where the kernel does not say.

    A process that has ended is still named until it is waited for: the call has ended it, perhaps.
    """
    try:
        with open(f"{root}/{pid}/comm", "rb") as file:  # noqa: PTH123 - without pathlib
            name = file.read().rstrip(b"\n")
    except OSError:
        return None
    return next((call for call in Call if call.value == name), None)
