"""Ring of files: the newest are kept, the oldest go, and no call waits for the disk."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from ravatard.host.state_file import (
    give_to_owner,
    make_state_directory,
    names_in,
    open_file,
    opened_directory,
    read_state,
    remove_state,
)

#: Eight files of an eighth of the limit (1 MB): the oldest eighth is what is lost at a time.
FILES = 8
FILE_BYTES = 125_000

_NAME = re.compile(r"flight-(\d{9})\.log")


def parts(folder: Path) -> list[tuple[int, Path]]:
    """The files of a ring with their numbers, oldest first; a missing number is a missing part.

    Raises:
        OSError: the folder cannot be read.
    """
    with opened_directory(folder) as directory:
        found = [match for name in names_in(directory) if (match := _NAME.fullmatch(name))]
    return sorted((int(match[1]), folder / match[0]) for match in found)


class Ring:
    """Appends to the newest file. Every method may raise OSError; then the next call begins again, soundly.

    Writing goes to the kernel only: what was written survives ``kill -9`` at once, and a power cut as soon as
    the kernel has brought it to the disk, which :meth:`hasten` asks for without waiting.

    Attributes:
        size: bytes in the newest file.
    """

    def __init__(self, folder: Path, *, file_bytes: int = FILE_BYTES, files: int = FILES) -> None:
        """``folder`` is made when it is missing, at the first write."""
        self.size = 0
        self._folder = folder
        self._file_bytes = file_bytes
        self._files = files
        self._fd = -1
        self._torn = False

    def make_room(self, wanted: int) -> None:
        """Go on in a new file unless ``wanted`` bytes still fit; the oldest file goes first."""
        if self._fd < 0:
            self._open()
        if self.size + wanted <= self._file_bytes or self.size == 0:
            return
        self.close()
        found = self._found()
        for _, path in found[: max(0, len(found) - self._files + 1)]:
            remove_state(path)
        self._begin(found[-1][0] + 1 if found else 1)

    def newest(self) -> bytes:
        """Return the content of the newest file; b"" without one."""
        found = self._found()
        if not found:
            return b""
        # A file that another program made bigger is not read whole.
        return read_state(found[-1][1], 2 * self._file_bytes)

    def append(self, data: bytes) -> None:
        """Write whole lines to the newest file."""
        if self._fd < 0:
            self._open()
        if self._torn:
            # A power cut or a full disk left half a line: the next one begins on its own.
            data = b"\n" + data
        self._torn = True
        written = os.write(self._fd, data)
        self.size += written
        if written < len(data):
            # The disk is full: the second attempt says so.
            self.size += os.write(self._fd, data[written:])
        self._torn = False

    def hasten(self) -> None:
        """Ask the kernel to begin writing to the disk now; returns at once.

        An fsync would wait, tens of milliseconds on an SD card, and the microphone's events with it. On Linux
        this advice starts the writing of the file's dirty pages and waits for none (mm/fadvise.c).
        """
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        """Close the file. Idempotent; the next write opens it again."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _found(self) -> list[tuple[int, Path]]:
        make_state_directory(self._folder, 0o750)
        return parts(self._folder)

    def _open(self) -> None:
        found = self._found()
        self._begin(found[-1][0] if found else 1)
        self._torn = self.size > 0 and os.pread(self._fd, 1, self.size - 1) != b"\n"

    def _begin(self, number: int) -> None:
        with opened_directory(self._folder) as directory:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
            self._fd = open_file(f"flight-{number:09}.log", flags, 0o640, directory=directory)
            with contextlib.suppress(OSError):
                give_to_owner(self._fd, directory)
        self.size = os.fstat(self._fd).st_size
        self._torn = False
