"""The settings file that somebody put on the boot partition, with a PC's card reader and no other access.

The partition is FAT: no owners, no modes, readable to whoever holds the card. So a file that was taken is
renamed, written over and removed, in this order; its first name is gone before its content is, and a power
cut in between leaves no half of it under a name that is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ravatard.errors import ConfigError, RavatardError
from ravatard.host.durable import replace_file, sync_directory, write_all

#: Raspberry Pi OS mounts the partition at the first since bookworm, and at the second before.
DIRECTORIES = (Path("/boot/firmware"), Path("/boot"))
NAME = "ravatard.yaml"
ERRORS = "ravatard-errors.txt"
DONE = "ravatard-done.txt"
_TAKEN = f"{NAME}.taken"
#: What a PC that hides the ends of names makes of NAME.
_MISNAMED = (f"{NAME}.txt", "ravatard.yml", "ravatard.yml.txt")
#: Overwritten block by block: the file may be a recording that was named by mistake.
_BLOCK = b"\n" * 65_536


class BootFileError(ConfigError):
    """The file on the boot partition is none that can be taken."""


class NotRemovedError(RavatardError):
    """The file was taken, and is still there."""


@dataclass(frozen=True, slots=True)
class BootPartition:
    """A directory in which a settings file may be left.

    Attributes:
        directory: where the partition is mounted.
    """

    directory: Path

    @property
    def file(self) -> Path:
        """The settings file; it need not be there."""
        return self.directory / NAME

    def has_file(self) -> bool:
        """Whether there is a settings file.

        Raises:
            BootFileError: something else has its name.
        """
        try:
            mode = self.file.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise BootFileError(f"{self.file} cannot be looked at: {error.strerror}") from error
        if not stat.S_ISREG(mode):
            what = "a link" if stat.S_ISLNK(mode) else "no file"
            raise BootFileError(f"{self.file} is {what}; put the file itself there")
        return True

    def misnamed(self) -> Path | None:
        """A file that was probably meant to be the settings file."""
        return next((path for name in _MISNAMED if os.path.lexists(path := self.directory / name)), None)

    def clear_up(self) -> bool:
        """Finish what a power cut has interrupted; True when something was left of a file that was taken.

        Raises:
            NotRemovedError: it cannot be removed.
        """
        left = os.path.lexists(self.directory / _TAKEN)
        if left:
            self._erase()
        return left

    def remove(self) -> None:
        """Remove the settings file, and its content from the card as far as a card lets anybody.

        Raises:
            NotRemovedError: it is still there, under one name or the other.
        """
        self.clear_up()
        try:
            self.file.rename(self.directory / _TAKEN)
            sync_directory(self.directory)
        except OSError as error:
            raise self._stuck(error) from error
        self._erase()

    def tell_done(self, lines: Iterable[str]) -> None:
        """Leave a note of what was taken, and none of mistakes. Without room for it there is no note."""
        with suppress(OSError):
            replace_file(self.directory / DONE, _for_a_pc(lines))
        self.forget_errors()

    def tell_errors(self, lines: Iterable[str]) -> None:
        """Leave a note of what is wrong; nothing is written when it says so already.

        Raises:
            BootFileError: there is no such note.
        """
        note, content = self.directory / ERRORS, _for_a_pc(lines)
        try:
            if note.is_file() and note.read_bytes() == content:
                return
            replace_file(note, content)
        except OSError as error:
            raise BootFileError(f"{note} cannot be written: {error.strerror}") from error

    def forget_errors(self) -> None:
        """Remove the note of mistakes; nothing when there is none, or it cannot be removed."""
        with suppress(OSError):
            (self.directory / ERRORS).unlink(missing_ok=True)

    def _erase(self) -> None:
        taken = self.directory / _TAKEN
        try:
            if stat.S_ISREG(taken.lstat().st_mode):
                file = os.open(taken, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    left = os.fstat(file).st_size
                    while left > 0:
                        write_all(file, _BLOCK[:left])
                        left -= len(_BLOCK)
                    os.fsync(file)
                finally:
                    os.close(file)
            taken.unlink()
            sync_directory(self.directory)
        except OSError as error:
            raise self._stuck(error) from error

    def _stuck(self, error: OSError) -> NotRemovedError:
        return NotRemovedError(
            f"the settings of {self.file} are in effect, but the file cannot be removed "
            f"({error.strerror}), and who has the card can read it; mount {self.directory} writable and "
            "start again"
        )


def find_partition(directories: Iterable[Path] = DIRECTORIES) -> BootPartition | None:
    """The first of ``directories`` with anything of ours in it; None when there is nothing to do."""
    for directory in directories:
        if any(os.path.lexists(directory / name) for name in (NAME, _TAKEN, ERRORS, *_MISNAMED)):
            return BootPartition(directory)
    return None


def _for_a_pc(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()
