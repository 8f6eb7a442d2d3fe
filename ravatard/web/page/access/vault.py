"""Vault: the content of the file of passwords and tokens, which the command line writes, too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ravatard.ports.page import AccessFile
from ravatard.web.page.access.record import AccessRecord, DamagedAccess, changing, decoded
from ravatard.web.page.refused import RequestRefused

log = logging.getLogger(__name__)


class Vault:
    """Holds the file's content, and reads it again whenever the file has changed.

    Attributes:
        trouble: why no caller is let in; "" if that is not so.
    """

    def __init__(self, file: AccessFile) -> None:
        self.trouble = ""
        self._file = file
        self._stamp: object = object()
        self._record: AccessRecord | None = None
        self._writing = asyncio.Lock()
        self.refresh()

    def refresh(self) -> None:
        """Read the file again if it has changed. One that cannot be read lets no caller in."""
        stamp = self._file.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._record, self.trouble = decoded(self._file.read()), ""
        except (DamagedAccess, OSError) as error:
            damaged = isinstance(error, DamagedAccess)
            self.trouble = str(error) if damaged else f"the page's passwords cannot be read: {error}"
            self._record = None
            log.warning("the page lets no caller in: %s", self.trouble)

    @property
    def record(self) -> AccessRecord:
        """Content of the file.

        Raises:
            RequestRefused: it cannot be read.
        """
        self.refresh()
        if self._record is None:
            raise RequestRefused(503, "no-passwords", self.trouble)
        return self._record

    @property
    def claimed(self) -> bool:
        """True if there is a password; also while that cannot be known."""
        self.refresh()
        return self._record is None or self._record.password is not None

    async def change(self, change: Callable[[AccessRecord], AccessRecord | None]) -> None:
        """Write what ``change`` makes of the newest content, durably; None from it: leave it.

        Raises:
            RequestRefused: it cannot be written; the old content stays.
        """
        async with self._writing:
            try:
                await asyncio.to_thread(self._file.update, changing(change))
            except DamagedAccess as error:
                raise RequestRefused(503, "no-passwords", str(error)) from error
            except OSError as error:
                why = f"it cannot be saved: {error.strerror or error}"
                raise RequestRefused(503, "not-saved", why) from error
        self.refresh()
