"""Vault: the content of the file of passwords and tokens, which the command line writes, too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from ravatard.ports.page import AccessFile
from ravatard.web.page.access.record import AccessRecord, DamagedAccess, changing, decoded
from ravatard.web.page.refused import RequestRefused

log = logging.getLogger(__name__)

#: Changes that wait for a disk that takes none, besides those that end something: more than anyone makes.
MOST_UNSAVED = 64

#: Makes new content of what is there; None: leave it.
Change = Callable[[AccessRecord], AccessRecord | None]


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
        #: Changes that are in force here, and not in the file yet. Each of them does nothing the second time.
        self._unsaved: list[Change] = []
        self.refresh()

    def refresh(self) -> None:
        """Read the file again if it has changed. One that cannot be read lets no caller in."""
        stamp = self._file.stamp()
        if stamp == self._stamp:
            return
        try:
            self._record = decoded(self._file.read())
            self._record = _all_of(self._unsaved)(self._record) or self._record
            self._stamp, trouble = stamp, ""
        except DamagedAccess as error:
            self._stamp, trouble = stamp, str(error)
        except OSError as error:
            # Tried again each time: a machine in need recovers, and the file stays as it was.
            self._stamp, trouble = object(), f"the page's passwords cannot be read: {error}"
        if trouble:
            self._record = None
        if trouble and trouble != self.trouble:
            log.warning("the page lets no caller in: %s", trouble)
        self.trouble = trouble

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
    def has_unsaved(self) -> bool:
        """True if a change is in force here, and not in the file."""
        return bool(self._unsaved)

    @property
    def has_room(self) -> bool:
        """True if one more change that ends no access may be in force without being in the file."""
        return len(self._unsaved) < MOST_UNSAVED

    @property
    def claimed(self) -> bool:
        """True if there is a password; also while that cannot be known."""
        self.refresh()
        return self._record is None or self._record.password is not None

    async def change(self, change: Change) -> None:
        """Write what ``change`` makes of the newest content, durably; None from it: leave it.

        Raises:
            RequestRefused: it cannot be written; the old content stays.
        """
        async with self._writing:
            unsaved = tuple(self._unsaved)
            try:
                await asyncio.to_thread(self._file.update, changing(_all_of([*unsaved, change])))
            except DamagedAccess as error:
                raise RequestRefused(503, "no-passwords", str(error)) from error
            except OSError as error:
                why = f"it cannot be saved: {error.strerror or error}"
                raise RequestRefused(503, "not-saved", why) from error
            except RuntimeError as error:
                # The system gives no more threads.
                raise RequestRefused(503, "not-saved", f"it cannot be saved: {error}") from error
            self._unsaved = [one for one in self._unsaved if one not in unsaved]
        self.refresh()

    async def change_at_once(self, change: Change) -> None:
        """Do as :meth:`change`; it is in force before it is written, and also if it cannot be.

        Args:
            change: does nothing the second time, nor to content that it is not meant for. It is written with
                the next change that can be.

        Raises:
            RequestRefused: it cannot be written, and is in force until the appliance restarts.
        """
        self.refresh()
        if self._record is not None:
            self._record = change(self._record) or self._record
        self._unsaved.append(change)
        try:
            await self.change(_unchanged)
        except RequestRefused as error:
            if error.code != "not-saved":
                raise
            why = f"it is in force, but only until the appliance restarts: {error}"
            log.warning("a change of the page's passwords: %s", why)
            raise RequestRefused(503, "not-saved", why) from error


def _unchanged(before: AccessRecord) -> None:
    del before


def _all_of(changes: Sequence[Change]) -> Change:
    """Return one change that makes all ``changes``, one after the other."""

    def change(before: AccessRecord) -> AccessRecord | None:
        record = before
        for one in changes:
            record = one(record) or record
        return None if record == before else record

    return change
