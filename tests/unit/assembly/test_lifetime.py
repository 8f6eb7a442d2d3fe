"""The log reports omitted lines while the appliance runs, though nothing else is logged."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ravatard.assembly.lifetime import REPORTED_EVERY_S, _OmissionReports
from ravatard.log_rate import BURST, REPORT_S, RateLimit, ReportingHandler


class Kept(ReportingHandler):
    """Keeps what passes a limit in the time of the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.addFilter(RateLimit(self.handle, asyncio.get_running_loop().time))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


async def test_omitted_lines_are_reported_within_their_minute() -> None:
    handler = Kept()
    root = logging.getLogger()
    root.addHandler(handler)
    reports = _OmissionReports(asyncio.get_running_loop())
    try:
        for number in range(BURST + 5):
            logging.getLogger("ravatard.test").warning("request %d", number)
        await asyncio.sleep(REPORT_S - 1)
        before = handler.lines[BURST:]
        await asyncio.sleep(1 + REPORTED_EVERY_S)
    finally:
        reports.cancel()
        root.removeHandler(handler)

    assert before == []
    assert handler.lines[BURST:] == ["5 more like this: request …"]


async def test_the_reports_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr("ravatard.assembly.lifetime.report_omissions", lambda: asked.append(loop.time()))
    reports = _OmissionReports(loop)

    await asyncio.sleep(2 * REPORTED_EVERY_S)
    reports.cancel()
    await asyncio.sleep(60.0)

    assert asked == pytest.approx([REPORTED_EVERY_S, 2 * REPORTED_EVERY_S])
