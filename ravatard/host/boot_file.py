"""Settings file that the owner put on the boot partition with a PC's card reader.

The partition is FAT: no owners, no modes, readable with the card in hand. So a file that was taken over is
renamed, overwritten and removed, in this order: its name is gone before its content is, and a power cut in
between leaves no half of it under a name that is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ravatard.errors import ConfigError, RavatardError
from ravatard.host.durable import remove_file, replace_file, sync_directory, write_all

#: Raspberry Pi OS mounts the partition at the first since bookworm, and at the second before that.
DIRECTORIES = (Path("/boot/firmware"), Path("/boot"))
NAME = "ravatard.yaml"
ERRORS = "ravatard-errors.txt"
DONE = "ravatard-done.txt"
_TAKEN = f"{NAME}.taken"
#: How a name begins that was meant as NAME; the service's unit has the same in its conditions.
_MEANT = "ravatar"
_NOTES = (Path(DONE).stem, Path(ERRORS).stem)
#: Endings that editors and PCs give to text. Others, such as .deb or .bak, were chosen.
_TEXT_ENDINGS = (
    "",
    ".yaml",
    ".yml",
    ".yam",
    ".txt",
    ".text",
    ".conf",
    ".cfg",
    ".ini",
    ".json",
    ".htm",
    ".html",
)
_DOCUMENT_ENDINGS = (".rtf", ".doc", ".docx", ".odt", ".pages")
#: Block for overwriting: the file may be large, such as a recording under the wrong name.
_BLOCK = b"\n" * 65_536


class BootFileError(ConfigError):
    """The file on the boot partition cannot be taken over."""


class NotRemovedError(RavatardError):
    """The file was taken over and could not be removed."""


@dataclass(frozen=True, slots=True)
class BootPartition:
    """Directory that may hold a settings file.

    Attributes:
        directory: mount point of the partition.
    """

    directory: Path

    @property
    def file(self) -> Path:
        """Path of the settings file; it need not exist."""
        return self.directory / NAME

    def has_file(self) -> bool:
        """Return True if there is a settings file.

        Raises:
            BootFileError: there is no regular file under its name, or it cannot be examined.
        """
        try:
            mode = self.file.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise BootFileError(f"{self.file} cannot be examined: {error.strerror}") from error
        if not stat.S_ISREG(mode):
            what = "a link" if stat.S_ISLNK(mode) else "not a regular file"
            raise BootFileError(f"{self.file} is {what}; put the file itself there")
        return True

    def misnamed(self) -> Path | None:
        """Return a file with a misspelt name that was probably meant as the settings file."""
        try:
            found = sorted(path for path in self.directory.iterdir() if _was_meant(path.name))
        except OSError:
            return None
        return next((path for path in found if not path.is_dir()), None)

    def finish_removal(self) -> bool:
        """Finish a removal interrupted by a power cut; True if there was one.

        Raises:
            NotRemovedError: the file cannot be removed.
        """
        left = os.path.lexists(self.directory / _TAKEN)
        if left:
            self._erase()
        return left

    def remove(self) -> None:
        """Remove the settings file and overwrite its content, as far as a card allows.

        Raises:
            NotRemovedError: it is still there, under one name or the other.
        """
        self.finish_removal()
        try:
            self.file.rename(self.directory / _TAKEN)
            sync_directory(self.directory)
        except OSError as error:
            raise self._stuck(error) from error
        self._erase()

    def write_done(self, lines: Iterable[str]) -> None:
        """Write the note of success if there is room for it, and remove the note of mistakes."""
        with suppress(OSError):
            replace_file(self.directory / DONE, _for_a_pc(lines))
        self.remove_errors()

    def write_errors(self, lines: Iterable[str]) -> None:
        """Write the note of mistakes; an identical note is left alone.

        Raises:
            BootFileError: the note cannot be written.
        """
        note, content = self.directory / ERRORS, _for_a_pc(lines)
        try:
            if note.is_file() and note.read_bytes() == content:
                return
            replace_file(note, content)
        except OSError as error:
            raise BootFileError(f"{note} cannot be written: {error.strerror}") from error

    def remove_errors(self) -> None:
        """Remove the note of mistakes, if there is one that can be removed."""
        with suppress(OSError):
            remove_file(self.directory / ERRORS)

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
            f"({error.strerror}), and a person with the card can read it; mount {self.directory} writable "
            "and start again"
        )


def is_document(path: Path) -> bool:
    """Return True for the name of a word processor's document."""
    return _ending(path.name) in _DOCUMENT_ENDINGS


def find_partition(directories: Iterable[Path] = DIRECTORIES) -> BootPartition | None:
    """Return the first of ``directories`` with a file for us in it; None when there is nothing to do."""
    for directory in directories:
        boot = BootPartition(directory)
        if any(os.path.lexists(directory / name) for name in (NAME, _TAKEN, ERRORS)) or boot.misnamed():
            return boot
    return None


def _was_meant(name: str) -> bool:
    small = name.lower()
    if name in (NAME, _TAKEN):
        return False
    known = _ending(name) in _TEXT_ENDINGS + _DOCUMENT_ENDINGS
    return known and small.startswith(_MEANT) and not small.startswith(_NOTES)


def _ending(name: str) -> str:
    return Path(name.strip()).suffix.lower()


def _for_a_pc(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()
