"""Connections that cannot be accepted for want of descriptors: told once a minute, not each."""

from __future__ import annotations

import asyncio
import errno
import logging
from typing import Any

log = logging.getLogger("ravatard")

#: Errors of accept(2) after which asyncio tries again in a second, having called the loop's exception handler
#: up to a hundred times for each listening socket (``BaseSelectorEventLoop._accept_connection``).
_OUT_OF = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
LOGGED_EVERY_S = 60.0


class RefusedAccepts:
    """Exception handler of an event loop: one line a minute for these, and a sentence for the status.

    Everything else goes to the loop's own handler.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """``loop`` gets this as its handler."""
        self._loop = loop
        self._logged_at = self._last_at = float("-inf")
        self._why = ""
        loop.set_exception_handler(self._handle)

    def faults(self) -> tuple[str, ...]:
        """Return a sentence if connections could not be accepted within the last minute."""
        if self._loop.time() - self._last_at >= LOGGED_EVERY_S:
            return ()
        return (
            f"new connections cannot be taken ({self._why}): commands, pages and programs may be refused; "
            "end those that keep many connections open",
        )

    def _handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _OUT_OF or "socket" not in context:
            loop.default_exception_handler(context)
            return
        self._last_at = loop.time()
        self._why = (error.strerror or "no memory").lower()
        if self._last_at - self._logged_at >= LOGGED_EVERY_S:
            self._logged_at = self._last_at
            log.warning("%s", self.faults()[0])
