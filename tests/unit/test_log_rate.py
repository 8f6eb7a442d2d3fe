"""How many lines a place may log, and how long they may be."""

from __future__ import annotations

import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.log_rate import (
    AGAIN_S,
    AUDIT,
    BURST,
    DEBUG_TIMES,
    LINE_BYTES,
    REPORT_S,
    SENTENCES_BURST,
    TRACEBACK_BYTES,
    RateLimit,
    shortened,
    shortened_traceback,
)
from ravatard.logs import LogOptions, PlainHandler, Redaction, configure


class Log:
    """A log behind a limit, in virtual time.

    Attributes:
        now: the time in seconds.
        lines: the messages that passed.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        self.limit = RateLimit(self._emit, lambda: self.now)

    def _emit(self, record: logging.LogRecord) -> None:
        if self.limit.filter(record):
            self.lines.append(record.getMessage())

    def log(self, form: str, *words: object, level: int = logging.INFO, name: str = "one") -> None:
        self._emit(logging.LogRecord(name, level, "", 0, form, words, None))


@pytest.fixture
def log() -> Log:
    return Log()


def test_what_was_changed_is_hidden_by_no_flood(log: Log) -> None:
    for _ in range(1_000):
        log.log("changed %s", "nothing")
    record = logging.LogRecord("one", logging.INFO, "", 0, "changed %s", ("a key",), None)
    vars(record).update(AUDIT)

    assert log.limit.filter(record)


def test_a_place_has_a_burst_and_then_one_line_at_a_time(log: Log) -> None:
    for number in range(1_000):
        log.log("request %d", number)
    assert log.lines == [f"request {number}" for number in range(BURST)]

    for number in range(100):
        log.now += AGAIN_S / 10
        log.log("request %d", number)

    assert len([line for line in log.lines if line.startswith("request")]) == BURST + 10


def test_what_was_left_out_is_counted_once_a_minute(log: Log) -> None:
    for _ in range(int(3 * REPORT_S)):
        log.now += 1.0
        for number in range(10):
            log.log("request %d of %s", number, "a page")

    reports = [line for line in log.lines if "more like this" in line]
    assert 2 <= len(reports) <= 3
    assert reports[0].endswith("more like this: request … of …")
    log.limit.report()
    omitted = sum(int(line.split()[0]) for line in log.lines if "more like this" in line)
    assert omitted + len([line for line in log.lines if line.startswith("request")]) == 10 * int(3 * REPORT_S)


def test_a_timer_brings_the_report_when_nothing_else_is_logged(log: Log) -> None:
    for number in range(BURST + 7):
        log.log("request %d", number)
    log.now += REPORT_S - 1
    log.limit.report_if_due()
    assert log.lines[BURST:] == []

    for _ in range(3):
        log.now += 5.0
        log.limit.report_if_due()

    assert log.lines[BURST:] == ["7 more like this: request …"]


def test_another_place_brings_the_report_and_a_quiet_one_none(log: Log) -> None:
    for _ in range(BURST + 5):
        log.log("flood")
    log.now += REPORT_S
    log.log("calm")

    assert log.lines[BURST:] == ["5 more like this: flood", "calm"]
    log.limit.report()
    assert len(log.lines) == BURST + 2


def test_no_place_loses_a_line_for_another_ones_flood(log: Log) -> None:
    for number in range(5_000):
        log.log("%s", ": ".join(("the service says", "x" * number)))
    for sentence in ("offline: no network", "online: live", "microphone open: hw:1"):
        log.log("%s", sentence)
    log.log("flooded %d", 1)
    log.log("the same form", name="two")

    assert log.lines[BURST:] == [
        *("offline: no network", "online: live", "microphone open: hw:1", "flooded 1", "the same form")
    ]


def test_endless_new_sentences_do_not_get_around_the_limit(log: Log) -> None:
    for number in range(20_000):
        log.log("%s", chr(0x4E00 + number) * 20)

    assert len(log.lines) == SENTENCES_BURST
    log.limit.report()
    assert sum(int(line.split()[0]) for line in log.lines[SENTENCES_BURST:]) == 20_000 - SENTENCES_BURST


def test_endless_forms_are_not_remembered_for_ever(log: Log) -> None:
    for number in range(5_000):
        log.log(f"form {number}")

    assert len(log.limit._places) <= 512


def test_a_critical_line_always_passes_and_details_pass_more_often(log: Log) -> None:
    for _ in range(BURST * DEBUG_TIMES + 50):
        log.log("the end", level=logging.CRITICAL)
        log.log("detail", level=logging.DEBUG)

    assert log.lines.count("the end") == BURST * DEBUG_TIMES + 50
    assert log.lines.count("detail") == BURST * DEBUG_TIMES


@given(st.text(), st.integers(0, 3_000))
def test_a_line_is_never_longer_than_its_limit(text: str, times: int) -> None:
    cut = shortened(text * times)

    assert len(cut.encode(errors="backslashreplace")) <= LINE_BYTES
    if cut != text * times:
        assert cut.endswith("…")
        assert cut.isascii() or (text * times)[:100] == cut[:100] or not text.isprintable()


@given(st.lists(st.text(max_size=40), max_size=30), st.integers(0, 100))
def test_a_traceback_keeps_its_beginning_and_its_end(lines: list[str], times: int) -> None:
    whole = "\n".join([*lines, *["  in the middle" * 100] * times, "ValueError: the end"])

    cut = shortened_traceback(whole)

    assert cut.endswith("ValueError: the end")
    assert len(cut.encode(errors="backslashreplace")) <= TRACEBACK_BYTES + 2 * LINE_BYTES + 1_000
    assert cut == whole or "…" in cut


@pytest.mark.slow
@pytest.mark.parametrize("style", ["plain", "journal"])
def test_a_flood_of_long_lines_leaves_few_short_ones(style: str) -> None:
    stream = io.StringIO()
    handler = configure(
        LogOptions(style="journal" if style == "journal" else "plain"),
        under_systemd=False,
        stream=stream,
        find_journal=lambda: None,
    )
    flooded = logging.getLogger("ravatard.flooded")
    try:
        for number in range(300):
            flooded.warning("odd: %s", f"{number}" + "é\x00" * 4_000)
            flooded.error("broken", exc_info=ValueError("é" * 10_000))
    finally:
        handler.close()
        logging.getLogger().removeHandler(handler)

    lines = stream.getvalue().splitlines()
    assert max(len(line.encode()) for line in lines) <= 2_048
    shown = len([line for line in lines if "odd: " in line and "more" not in line])
    # The clock is real here: a slow machine shows one more for each three seconds.
    assert BURST <= shown < 2 * BURST
    assert f"{300 - shown} more like this: odd: …" in stream.getvalue()
    assert len(stream.getvalue()) < 400_000


@pytest.mark.parametrize("name", ["aiohttp.server", "aiohttp.access", "aiohttp.web"])
def test_the_web_servers_own_log_is_quiet_unless_details_are_wanted(name: str) -> None:
    for options, quiet in (
        (LogOptions(), True),
        (LogOptions(level="warning"), True),
        (LogOptions(level="debug"), False),
    ):
        stream = io.StringIO()
        handler = configure(options, under_systemd=False, stream=stream)
        logging.getLogger(name).info("Error handling request from %s", "::1")
        logging.getLogger().removeHandler(handler)

        assert (stream.getvalue() == "") == quiet


def test_a_secret_at_the_end_of_a_long_line_is_not_shown_in_half() -> None:
    record = logging.LogRecord(
        "one", logging.INFO, "", 0, "%s", ("x" * 1_880 + " token=hunter2hunter2hunter2",), None
    )

    Redaction().filter(record)

    assert "hunter" not in record.getMessage()
    assert isinstance(PlainHandler(io.StringIO()), logging.StreamHandler)
