"""The newest lines of the log."""

from __future__ import annotations

import asyncio
import logging

from ravatard.web.page.log_ring import TEXT_LIMIT, LogRing


def record(text: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("ravatard.x", level, "file.py", 1, text, None, None)


def test_lines_are_numbered_and_the_oldest_go() -> None:
    ring = LogRing(lines=3)
    for at in range(5):
        ring.handle(record(f"line {at}"))

    assert [(one.number, one.text) for one in ring.after(0, 10)] == [
        (3, "line 2"),
        (4, "line 3"),
        (5, "line 4"),
    ]
    assert [one.number for one in ring.after(3, 1)] == [4]
    assert list(ring.after(5, 10)) == []
    assert list(ring.after(99, 10)) == []
    assert ring.newest == 5


def test_levels_have_names_and_long_texts_are_cut() -> None:
    ring = LogRing()
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL, 35):
        ring.handle(record("x" * (TEXT_LIMIT + 10), level))

    lines = ring.after(0, 10)
    assert [one.level for one in lines] == ["debug", "info", "warning", "error", "critical", "warning"]
    assert len(lines[0].text) == TEXT_LIMIT + 1


def test_a_traceback_is_kept_as_the_filter_left_it() -> None:
    ring = LogRing()
    failed = record("it failed")
    failed.exc_text = "Traceback …"

    ring.handle(failed)

    assert ring.after(0, 1)[0].text == "it failed\nTraceback …"


async def test_who_subscribes_is_told_once_for_many_lines_until_it_ends() -> None:
    ring = LogRing()
    told: list[int] = []
    end = ring.subscribe(lambda: told.append(ring.newest))

    for at in range(3):
        ring.handle(record(str(at)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told == [3]
    end()
    ring.handle(record("more"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert told == [3]


def test_a_loop_that_is_closed_is_not_told() -> None:
    ring = LogRing()

    async def subscribe() -> None:
        ring.subscribe(lambda: None)

    asyncio.run(subscribe())
    ring.handle(record("after the end"))

    assert ring.newest == 1


def test_behind_any_number_is_nothing() -> None:
    ring = LogRing(lines=3)
    ring.handle(record("one"))

    assert ring.after(2**63 - 1, 5) == []
