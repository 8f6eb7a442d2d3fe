"""Mark of a sound process that is inside a call of a library, for the daemon that finds it standing still.

The mark is the process's name in the kernel (proc(5), /proc/PID/comm): the daemon can read it without the
help of a process that stands still, and without a file that both have opened.
"""

from __future__ import annotations

import os

#: At most 15 bytes (TASK_COMM_LEN of the kernel is 16, with the closing zero).
_MARKED = b"rv-in-detector"


class CallMark:
    """Mark of this process. Without /proc nothing is marked."""

    def __init__(self, root: str = "/proc/self") -> None:
        """Prepare to mark this process; ``root``: its folder in /proc."""
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
        self._write(_MARKED)

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


def is_marked(pid: int, root: str = "/proc") -> bool:
    """Return True if the process is inside a call that it marked; False where the kernel does not say."""
    try:
        with open(f"{root}/{pid}/comm", "rb") as file:  # noqa: PTH123 - without pathlib
            return file.read().rstrip(b"\n") == _MARKED
    except OSError:
        return False
