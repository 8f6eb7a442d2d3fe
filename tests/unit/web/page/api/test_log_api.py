"""Flight recorder and journal as the page gets them."""

from __future__ import annotations

import json

import pytest

from ravatard.web.page.api.log_api import MOST_LINES, LogApi, recorded_lines
from ravatard.web.page.refused import RequestRefused
from tests.unit.web.page.api.test_health_api import Commands, call, refusal_meanwhile
from tests.unit.web.page.samples import PlayedJournal

REPLAY: list[dict[str, object]] = [
    {"note": "missing: 3 files before 7"},
    {"at": 100.0, "began": "start", "version": "1", "wall_s": 1_700_000_000.0},
    {"at": 101.5, "event": "MicrophoneLost", "text": "MicrophoneLost(reason='unplugged')"},
    {"at": 102.0, "what": "look", "value": "ready"},
    {"at": 103.0, "gap": "over budget"},
    {"equal": True, "events": 4, "states": 2},
    {"at": 900.0, "began": "options", "wall_s": 1_700_005_000.0},
    {"at": 901.0, "equal": False, "after": "Listened", "replayed": "a", "recorded": "b"},
]


def output(rows: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_a_replay_becomes_lines_with_dates_and_levels() -> None:
    lines = recorded_lines(output(REPLAY) + b"no JSON\n")

    assert [(one.at, one.level, one.text) for one in lines] == [
        (0.0, "warning", "missing: 3 files before 7"),
        (1_700_000_000.0, "info", "started"),
        (1_700_000_001.5, "warning", "MicrophoneLost(reason='unplugged')"),
        (1_700_000_002.0, "info", "look: ready"),
        (1_700_000_003.0, "warning", "over budget"),
        (1_700_005_000.0, "info", "goes on: options"),
        (1_700_005_001.0, "warning", "from here on the recording and its replay differ"),
    ]


def test_the_newest_of_too_many_lines_are_kept() -> None:
    rows: list[dict[str, object]] = [{"note": str(number)} for number in range(MOST_LINES + 5)]

    lines = recorded_lines(output(rows))

    assert (len(lines), lines[0].text, lines[-1].text) == (MOST_LINES, "5", str(MOST_LINES + 4))


async def test_a_log_that_cannot_be_read_says_what_to_do() -> None:
    journal = PlayedJournal()
    api = LogApi(Commands(None), journal)
    assert [one.text for one in (await api.journal(call())).lines] == ["Started ravatard.service"]
    journal.missing = "type this"

    with pytest.raises(RequestRefused, match="type this"):
        await api.journal(call())
    with pytest.raises(RequestRefused, match="there is no doctor"):
        await api.recorded(call())


async def test_one_log_is_read_at_a_time() -> None:
    commands = Commands(b"")
    api = LogApi(commands, PlayedJournal())

    assert await refusal_meanwhile(commands, api.recorded(call()), api.journal(call())) == 409
