"""Textfile: the figures as a file for node_exporter, replaced as a whole each time."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shlex
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from ravatard.installation import is_services

log = logging.getLogger(__name__)

#: node_exporter, another user, reads it.
_MODE = 0o644


class Textfile:
    """File that is written again and again.

    Attributes:
        fault: one sentence while it cannot be written, else "".
    """

    def __init__(self, path: Path, every_s: float) -> None:
        """Write ``path`` every ``every_s`` seconds, once it is kept."""
        self.fault = ""
        self._path = path
        self._every_s = every_s
        self._is_over = False

    async def keep(self, text: Callable[[], Awaitable[bytes]]) -> NoReturn:
        """Write what ``text`` returns, for ever. A file that cannot be written is tried again.

        When this ends the file is removed: node_exporter would go on to report an appliance that is off.
        """
        try:
            while True:
                # In a thread: a card that is busy, or a share, may take seconds.
                content = await text()
                try:
                    await asyncio.to_thread(self._replace, content)
                except RuntimeError as error:
                    # The system gives no more threads.
                    self._failed(OSError(errno.EAGAIN, str(error)))
                await asyncio.sleep(self._every_s)
        finally:
            self._is_over = True
            self._remove()

    def _remove(self) -> None:
        with suppress(OSError):
            self._path.unlink()

    def _replace(self, content: bytes) -> None:
        """Replace the file by a rename: a reader, or a power cut, sees the old one or the new one.

        It is not flushed to the disk: after a power cut the figures are worthless.
        """
        # The textfile collector reads names that end in .prom alone.
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            new.unlink(missing_ok=True)
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
            with os.fdopen(file, "wb") as stream, suppress(PermissionError):
                stream.write(content)
                # Whatever the umask of the service. FAT and some shares know no such mode.
                os.fchmod(file, _MODE)
            new.replace(self._path)
        except OSError as error:
            self._failed(error)
            return
        if self._is_over:
            # This was not waited for.
            self._remove()
        if self.fault:
            log.info("%s is written again", self._path)
        self.fault = ""

    def _failed(self, error: OSError) -> None:
        why = error.strerror or error
        fault = f"the figures cannot be written to {self._path} ({why}); {self._remedy(error)}"
        if fault != self.fault:
            log.warning("%s", fault)
        self.fault = fault

    def _remedy(self, error: OSError) -> str:
        folder = self._path.parent
        # A folder that the unit does not name is read-only for it, or not there at all (systemd.exec(5)).
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT):
            return "make room for it, or correct metrics.textfile"
        if not is_services():
            return f"make the folder {folder} one that you may write to, or correct metrics.textfile"
        return (
            f"`sudo systemctl edit ravatard`, with the lines [Service] and ReadWritePaths={folder}; then "
            f"`sudo install -d -o ravatard {shlex.quote(str(folder))}` and `sudo systemctl restart ravatard`"
        )
