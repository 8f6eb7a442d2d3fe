"""Turns of the tests of one run: those marked ``alone`` measure real time, and no other works beside them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turns:
    """A lock of many readers and one writer between processes, made of two files in a folder that they share.

    Every test passes the turnstile; one that must be alone holds it while it waits until the others are done.
    So nothing new begins meanwhile, and it does not wait for ever. A process that dies gives its own back.
    """

    def __init__(self, folder: Path) -> None:
        self._turnstile, self._room = (
            os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            for name in ("turnstile.lock", "room.lock")
        )

    @contextmanager
    def taken(self, *, alone: bool) -> Iterator[None]:
        """Wait for a turn, and hold it for the length of the body."""
        fcntl.flock(self._turnstile, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        finally:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._room, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the files."""
        os.close(self._turnstile)
        os.close(self._room)
