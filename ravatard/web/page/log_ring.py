"""Ring of the newest lines of the daemon's log, for the page; logging may happen in any thread."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from ravatard.ports.page import KeptLine

LINES = 1_000
#: Longest text that is kept; a traceback is cut to its end, where the error is.
TEXT_LIMIT = 4_000
_LEVELS = ((50, "critical"), (40, "error"), (30, "warning"), (20, "info"))


class LogRing(logging.Handler):
    """Keeps lines; implements :class:`ravatard.ports.page.RecentLog`.

    It cleans nothing: a filter that removes secrets must stand before it.

    Attributes:
        began: number before that of the first line.
    """

    def __init__(self, lines: int = LINES, *, began: int = 0) -> None:
        """Prepare.

        Args:
            lines: number of lines that are kept.
            began: number before that of the first line.
        """
        super().__init__()
        self._lines: deque[KeptLine] = deque(maxlen=lines)
        self._number = self.began = began
        self._told: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._telling = False

    # ------------------------------------------------------------------ the log

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record, which was cleaned."""
        text = record.getMessage()
        if record.exc_text:
            text = f"{text}\n{record.exc_text}"
        level = next((name for least, name in _LEVELS if record.levelno >= least), "debug")
        # The lock of the handler is held.
        self._number += 1
        kept = text if len(text) <= TEXT_LIMIT else f"…{text[-TEXT_LIMIT:]}"
        self._lines.append(KeptLine(self._number, record.created, level, record.name, kept))
        if self._told and self._loop is not None and not self._telling:
            self._telling = True
            try:
                self._loop.call_soon_threadsafe(self._tell)
            except RuntimeError:
                # The loop is closed: the daemon ends.
                self._telling = False

    def _tell(self) -> None:
        self._telling = False
        for told in list(self._told):
            told()

    # ------------------------------------------------------------------ the page

    def after(self, number: int, most: int) -> Sequence[KeptLine]:
        """Return the oldest ``most`` of the kept lines behind ``number``."""
        self.acquire()
        try:
            first = self._number - len(self._lines)
            begin = min(max(0, number - first), len(self._lines))
            return list(islice(self._lines, begin, begin + most))
        finally:
            self.release()

    @property
    def newest(self) -> int:
        """Number of the newest line; :attr:`began` before the first."""
        return self._number

    def subscribe(self, told: Callable[[], None]) -> Callable[[], None]:
        """Call ``told`` on the event loop after new lines; return a function that ends it."""
        self._loop = asyncio.get_running_loop()
        self._told.append(told)
        return lambda: self._told.remove(told)
