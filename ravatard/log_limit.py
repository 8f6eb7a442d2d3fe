"""Limit of the log: one token bucket for each place in the code that logs, and lines of a readable length.

A stranger's messages may make any place log again and again. Lines beyond the bucket are counted instead, and
the count is logged once a minute.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ravatard.core.token_bucket import DAY_S, TokenBucket

#: Lines of one place at once, and in a minute of the long run: some turns of a lively conversation.
AT_ONCE = 60
PER_MINUTE = 12
#: Longest message, and the longest at debug, where whole descriptions are logged.
LONGEST = 2_000
LONGEST_AT_DEBUG = 16_000
SUMMARY_EVERY_S = 60.0

_PER_DAY = int(PER_MINUTE * DAY_S / 60)


@dataclass(slots=True)
class _Place:
    """One place that logs; ``left_out``: lines since the last summary, ``last``: the newest of them."""

    bucket: TokenBucket
    left_out: int = 0
    last: logging.LogRecord | None = field(default=None, repr=False)


class LogLimit(logging.Filter):
    """Filter of a handler: passes what fits, and counts the rest.

    Levels below info are not counted: who switches debugging on wants all of it.
    """

    def __init__(
        self, emit: Callable[[logging.LogRecord], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Count nothing yet.

        Args:
            emit: takes the records with the counts: ``handle`` of the handler that has this filter.
            clock: seconds of a monotonic clock.
        """
        super().__init__()
        self._emit = emit
        self._clock = clock
        #: (file, line) -> place: as many as there are calls in the code.
        self._places: dict[tuple[str, int], _Place] = {}
        self._summary_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True for a record to log."""
        if record.levelno < logging.INFO or record.name == __name__:
            return True
        now = self._clock()
        if now >= self._summary_at:
            self._summary_at = now + SUMMARY_EVERY_S
            self.sum_up()
        place = self._places.get((record.pathname, record.lineno))
        if place is None:
            place = _Place(TokenBucket(_PER_DAY, AT_ONCE, now))
            self._places[record.pathname, record.lineno] = place
        place.bucket.passed(now)
        if place.bucket.left >= 1:
            place.bucket.spend(1)
            return True
        place.left_out += 1
        place.last = record
        return False

    def sum_up(self) -> None:
        """Log the counts of all places now."""
        for place in [one for one in self._places.values() if one.left_out]:
            left_out, last = place.left_out, place.last
            place.left_out, place.last = 0, None
            if last is not None:
                self._emit(_summary(last, left_out))


def _summary(last: logging.LogRecord, left_out: int) -> logging.LogRecord:
    """Return the record that stands for ``left_out`` lines."""
    text = f"{left_out} more lines like this of {last.name} are left out: {_message(last)}"
    values = {"name": __name__, "levelno": last.levelno, "levelname": last.levelname, "msg": text}
    return logging.makeLogRecord(values | {"pathname": last.pathname, "lineno": last.lineno})


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - an argument with a broken repr must not end the daemon
        return str(record.msg)


class ShortLines(logging.Filter):
    """Filter that cuts long messages; behind the redaction, which must see secrets whole."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut the message; return True, as every record passes."""
        longest = LONGEST if record.levelno >= logging.INFO else LONGEST_AT_DEBUG
        text = _message(record)
        if len(text) > longest:
            record.msg = f"{text[:longest]}… ({len(text) - longest} characters more)"
            record.args = None
        return True
