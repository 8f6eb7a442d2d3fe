"""Limits on log lines: a token bucket for each place in the program that logs, and a longest line."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ravatard.core.token_bucket import DAY_S, TokenBucket

#: Lines of one place that may come at once, and seconds until one more may.
BURST = 20
AGAIN_S = 3.0
#: The same for all sentences of a place that logs whole sentences ("%s"): each kind of sentence is a place of
#: its own, so that none is lost for another one, and endless new kinds do not get around the limit.
SENTENCES_BURST = 200
SENTENCES_AGAIN_S = 0.5
#: The owner asked for every detail.
DEBUG_TIMES = 10
#: Seconds between two reports of what was left out.
REPORT_S = 60.0
#: Places remembered; the one used longest ago is forgotten first.
_MOST_PLACES = 512
_KIND_LENGTH = 80
_DIGITS = re.compile(r"[0-9]+")
_ARGUMENT = re.compile(r"%[-+ #0-9.*]{0,8}[a-zA-Z]")
#: Longest line, with room for the time and the logger's name below 2 kB; longest traceback.
LINE_BYTES = 1_900
TRACEBACK_BYTES = 16_000

#: ``extra`` of a line that says who changed what: no flood of others may hide it. Only for what the owner or
#: a program trusted with the settings does.
AUDIT = {"audit": "change"}

Emit = Callable[[logging.LogRecord], object]


class _Omission(logging.LogRecord):
    """Record that reports omitted lines; never limited itself."""


@dataclass(slots=True)
class _Place:
    """One place that logs.

    Attributes:
        bucket: lines that it may log now.
        level: level of its lines.
        omitted: lines since the last report that were not logged.
    """

    bucket: TokenBucket
    level: int
    omitted: int = 0


class RateLimit(logging.Filter):
    """Passes a limited number of records of each place, and reports the number of the others.

    A place is a logger with a format; of a format that is a whole sentence from elsewhere, each kind of
    sentence is a place as well, whatever its numbers. A critical record always passes, and so does one that
    has the attribute ``audit`` (:data:`AUDIT`).

    The reports are emitted :data:`REPORT_S` after the first omission, with a record of any place or by a
    timer (:meth:`report_if_due`), and at the end (:meth:`report`).
    """

    def __init__(self, emit: Emit, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the function that emits a report, and a clock in seconds."""
        super().__init__()
        self._emit = emit
        self._clock = clock
        self._places: OrderedDict[tuple[str, ...], _Place] = OrderedDict()
        self._report_at = float("inf")
        self._lock = threading.RLock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True for a record within the limit."""
        if isinstance(record, _Omission):
            return True
        now = self._clock()
        with self._lock:
            passes = record.levelno >= logging.CRITICAL or hasattr(record, "audit") or self._take(record, now)
        if now >= self._report_at:
            self.report()
        return passes

    def report_if_due(self) -> None:
        """Emit the reports if it is time for them; for a timer, when nothing else is logged."""
        if self._clock() >= self._report_at:
            self.report()

    def report(self) -> None:
        """Emit a report for each place that has omitted lines."""
        with self._lock:
            self._report_at = float("inf")
            reports = [_report(key, place) for key, place in self._places.items() if place.omitted]
        for report in reports:
            self._emit(report)

    def _take(self, record: logging.LogRecord, now: float) -> bool:
        """Take a token from the bucket of each place of ``record``; return False if one has none."""
        places = [self._place(*named, record.levelno, now) for named in _places(record)]
        for place in places:
            place.bucket.passed(now)
            if place.bucket.left < 1:
                place.omitted += 1
                self._report_at = min(self._report_at, now + REPORT_S)
                return False
        for place in places:
            place.bucket.spend(1)
        return True

    def _place(self, key: tuple[str, ...], burst: int, again_s: float, level: int, now: float) -> _Place:
        place = self._places.get(key)
        if place is None:
            if len(self._places) >= _MOST_PLACES:
                self._forget_one()
            times = DEBUG_TIMES if level <= logging.DEBUG else 1
            day = int(times * (burst + DAY_S / again_s))
            place = self._places[key] = _Place(TokenBucket(day, times * burst, now), level)
        self._places.move_to_end(key)
        return place

    def _forget_one(self) -> None:
        """Forget the place used longest ago; its omissions are counted with those of its format."""
        key, place = self._places.popitem(last=False)
        rest = self._places.get(key[:2])
        if rest is not None:
            rest.omitted += place.omitted


class ReportingHandler(logging.Handler):
    """Handler that reports omitted lines when it is closed."""

    def close(self) -> None:
        """Report what a :class:`RateLimit` among the filters has omitted, and close."""
        for one in self.filters:
            if isinstance(one, RateLimit):
                one.report()
        super().close()


def _report(key: tuple[str, ...], place: _Place) -> logging.LogRecord:
    """Return the record that reports the omissions of ``place``, which begins to count anew."""
    count, place.omitted = place.omitted, 0
    sample = _ARGUMENT.sub("…", key[-1])[:_KIND_LENGTH]
    return _Omission(key[0], place.level, __file__, 0, "%d more like this: %s", (count, sample), None)


def _places(record: logging.LogRecord) -> Iterator[tuple[tuple[str, ...], int, float]]:
    """Yield the key of each place of ``record``, the narrowest first, with its burst and seconds a line."""
    form = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    sentence = record.args[0] if isinstance(record.args, tuple) and record.args else None
    if form == "%s" and isinstance(sentence, str):
        # The words before a colon are ours, those behind it are another's.
        kind = _DIGITS.sub("#", sentence[:_KIND_LENGTH].partition(":")[0])
        yield (record.name, form, kind), BURST, AGAIN_S
        yield (record.name, form), SENTENCES_BURST, SENTENCES_AGAIN_S
    else:
        yield (record.name, form[:_KIND_LENGTH]), BURST, AGAIN_S


def shortened(text: str, limit_bytes: int = LINE_BYTES) -> str:
    """Return the beginning of ``text`` that has at most ``limit_bytes`` in UTF-8, and "…" for the rest."""
    if len(text) * 4 <= limit_bytes:
        return text
    encoded = text[:limit_bytes].encode(errors="backslashreplace")
    if len(text) <= limit_bytes and len(encoded) <= limit_bytes:
        return text
    return encoded[: limit_bytes - 3].decode(errors="ignore") + "…"


def shortened_traceback(text: str) -> str:
    """Return ``text`` with shortened lines, and without its middle if it is long: its end says the most."""
    lines = [shortened(line) for line in text.split("\n")]
    head: list[str] = []
    tail: list[str] = []
    left = TRACEBACK_BYTES
    while lines and left > 0:
        end = len(tail) <= len(head)
        line = lines.pop() if end else lines.pop(0)
        left -= len(line.encode(errors="backslashreplace"))
        (tail if end else head).append(line)
    middle = [f"  … {len(lines)} lines …"] if lines else []
    return "\n".join([*head, *middle, *reversed(tail)])
