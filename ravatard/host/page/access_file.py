"""File of the owner's page in the state directory: hashes of its password and tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ravatard.host.page.file_stamp import file_stamp
from ravatard.host.state_file import locked_state, make_state_directory, read_state, replace_state

NAME = "page-access.json"
#: Held while the file is changed; never written to.
LOCK = "page-access.lock"
#: The lock is held for as long as one file is written.
_LOCK_S = 5.0


class StateAccessFile:
    """Implements :class:`ravatard.ports.page.AccessFile` in a state directory."""

    def __init__(self, directory: Path) -> None:
        """``directory`` is made with the first change."""
        self._directory = directory
        self._path = directory / NAME

    def stamp(self) -> object:
        """Return a value that differs whenever the file has changed."""
        return file_stamp(self._path, follow_links=False)

    def read(self) -> bytes | None:
        """Return the content; None: there is no file.

        Raises:
            OSError: it cannot be read.
        """
        try:
            return read_state(self._path)
        except FileNotFoundError:
            return None

    def update(self, change: Callable[[bytes | None], bytes | None]) -> None:
        """Replace the content durably by what ``change`` makes of it; None: leave it. Blocks.

        Raises:
            OSError: the old content is still there.
        """
        make_state_directory(self._directory)
        with locked_state(self._directory / LOCK, _LOCK_S):
            content = change(self.read())
            if content is not None:
                replace_state(self._path, content, mode=0o600)
