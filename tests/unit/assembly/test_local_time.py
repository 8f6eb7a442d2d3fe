"""The time on this machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ravatard.assembly.local_time import local_time


def test_it_is_now() -> None:
    assert abs((local_time() - datetime.now(UTC)).total_seconds()) < 60


def test_a_zone_that_is_set_while_it_runs_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XYZ-5")
    east = local_time()
    monkeypatch.setenv("TZ", "XYZ+5")
    west = local_time()
    monkeypatch.undo()
    local_time()

    assert (east.utcoffset(), west.utcoffset()) == (timedelta(hours=5), timedelta(hours=-5))
    assert (east.hour - west.hour) % 24 in (9, 10, 11)
