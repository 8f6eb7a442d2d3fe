"""Room in the state directory: tells a disk that is full, or that cannot be written, before it matters."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

#: Less is a full disk: the flight recorder alone keeps four megabytes (``recorder.py``).
FULL_BYTES = 5 << 20
#: Reports are asked for at every change of the appliance; a disk does not fill up that quickly.
LOOKED_AT_EVERY_S = 30.0
#: Command that makes room on Debian.
MAKING_ROOM = "sudo apt clean; sudo journalctl --vacuum-size=20M"
_LOST = "settings, passwords, mute and volume are not kept, and a session open at a power cut stays open"


class StateRoom:
    """Watch of the file system that holds the state, by one system call now and then."""

    def __init__(
        self,
        directory: Path,
        clock: Callable[[], float] = time.monotonic,
        look: Callable[[Path], os.statvfs_result] = os.statvfs,
    ) -> None:
        """Look at nothing yet.

        Args:
            directory: the state directory; it may not exist yet.
            clock: gives seconds that only go forward.
            look: returns the figures of the file system that a path is on.
        """
        self._directory = directory
        self._clock = clock
        self._look = look
        self._looked_at = float("-inf")
        self._faults: tuple[str, ...] = ()

    def faults(self) -> tuple[str, ...]:
        """Return a sentence if there is no room for the state, or it may not be written. Never raises."""
        now = self._clock()
        if now - self._looked_at >= LOOKED_AT_EVERY_S:
            self._looked_at = now
            fault = self._fault()
            self._faults = (fault,) if fault else ()
        return self._faults

    def _fault(self) -> str:
        folder = existing(self._directory)
        try:
            found = self._look(folder)
        except OSError as error:
            return f"{folder} cannot be looked at ({error.strerror}): {_LOST}"
        if found.f_flag & os.ST_RDONLY:
            return f"{folder} is on a file system that is mounted read-only: {_LOST}"
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"{folder} may not be written by this user: {_LOST}; `ravatard doctor` says more"
        free = found.f_bavail * found.f_frsize
        if free < FULL_BYTES:
            return f"the disk is full ({free / (1 << 20):.0f} MB free at {folder}): {_LOST}; `{MAKING_ROOM}`"
        # File systems without a fixed number of files say 0 of 0.
        if found.f_files and not found.f_favail:
            return f"the disk has no room for another file at {folder}: {_LOST}; remove some that are old"
        return ""


def existing(path: Path) -> Path:
    """Return ``path``, or its nearest parent that is a directory."""
    return next((folder for folder in (path, *path.parents) if folder.is_dir()), Path("/"))
