"""States, turns, presses and their pace, as Home Assistant gets them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ravatard.core.actions import TurnSummary
from ravatard.core.homeassistant.pacing import WINDOW_S, Pacing
from ravatard.core.homeassistant.presses import GAP_S, HELD_S, Presses, PressKind
from ravatard.core.homeassistant.report import (
    LONGEST_FAULT,
    MOST_FAULTS,
    health_of,
    is_health_news,
    payload_of,
    state_of,
)
from ravatard.core.homeassistant.turn_events import TURN_EVENTS, turn_event
from ravatard.core.states import Cause, TurnOutcome
from tests.unit.web.metrics.fakes import fresh_report


def report(**more: Any) -> dict[str, Any]:
    return {**fresh_report(), **more}


@pytest.mark.parametrize(
    ("microphone", "mute", "opened"),
    [("open", "OFF", "ON"), ("held", "OFF", "ON"), ("muted", "ON", "OFF"), ("absent", "OFF", "OFF")],
)
def test_muted_is_a_device_that_is_closed(microphone: str, mute: str, opened: str) -> None:
    # What was wished for is another matter.
    state = state_of(report(muted=True, microphone={"state": microphone}))

    assert (state["mute"], state["microphone"]) == (mute, opened)


def test_faults_are_a_problem_and_bounded() -> None:
    state = state_of(report(working=False, degraded=["x" * 999] * 99))

    assert state["problem"] == "ON"
    assert state["degraded"] == ["x" * LONGEST_FAULT] * MOST_FAULTS
    assert state_of(report(working=True))["problem"] == "OFF"


def test_the_state_holds_no_text_of_service_or_device() -> None:
    planted = {"status": "planted", "avatar": "planted", "service": {"a": "planted"}, "id": "planted"}

    assert "planted" not in json.dumps(state_of(report(**planted)))


def test_health_is_rounded_and_unknown_until_it_is_known() -> None:
    known = report(health={"temperature_c": 48.6}, session={"state": "none", "day_minutes": 12.4})

    assert health_of(known) == {"temperature": 49, "minutes": 12}
    unknown = report(health=None, session={"state": "none"})
    assert health_of(unknown) == {"temperature": None, "minutes": None}


def test_a_payload_is_compact() -> None:
    assert payload_of({"a": "ü", "b": 1}) == '{"a":"ü","b":1}'.encode()


@pytest.mark.parametrize("outcome", list(TurnOutcome))
def test_every_outcome_is_an_event_of_numbers(outcome: TurnOutcome) -> None:
    summary = TurnSummary(7, outcome, Cause.VOICE, 1_530.0, 900.0, 6, 2, 840.0)

    event = turn_event(summary)

    assert event["event_type"] in TURN_EVENTS
    assert (event["spoken_s"], event["answer_s"], event["cause"]) == (1.5, 0.8, "voice")


def test_a_written_turn_without_an_answer_says_so() -> None:
    event = turn_event(TurnSummary(7, TurnOutcome.UNANSWERED, None, 0.0, 0.0, 0, 0, None))

    assert (event["event_type"], event["cause"], event["answer_s"]) == ("unanswered", "text", None)


def test_edges_are_told_at_once_and_a_long_press_is_held() -> None:
    presses = Presses()

    assert presses.pressed(1.0) == [PressKind.PRESSED]
    assert presses.pressed(1.1) == []
    assert presses.on_time(1.1) == []
    assert presses.on_time(1.0 + HELD_S) == [PressKind.HELD]
    assert presses.released(3.0) == [PressKind.RELEASED]
    assert presses.released(3.1) == []
    assert presses.deadline is None


@pytest.mark.parametrize(
    ("times", "kinds"), [(1, []), (2, [PressKind.DOUBLE]), (3, [PressKind.TRIPLE]), (4, [])]
)
def test_presses_in_a_row_are_counted(times: int, kinds: list[PressKind]) -> None:
    presses, now = Presses(), 1.0
    for _ in range(times):
        presses.pressed(now)
        presses.released(now + 0.1)
        assert presses.deadline == now + 0.1 + GAP_S
        # Not yet: another one may follow.
        assert presses.on_time(now + 0.2) == []
        now += 0.3

    assert presses.on_time(now - 0.2 + GAP_S) == kinds
    assert presses.deadline is None


def test_two_changes_go_out_at_once_and_a_rush_is_joined() -> None:
    pacing = Pacing()
    assert pacing.take(0.0) is None

    pacing.sent(b"announced", 0.0)
    pacing.offer(b"a")
    assert pacing.take(5.0) == b"a"
    pacing.offer(b"b")
    assert pacing.take(5.1) == b"b"
    for payload in (b"c", b"d", b"e"):
        pacing.offer(payload)
    assert pacing.due_at == 5.0 + WINDOW_S
    assert pacing.take(5.9) is None
    assert pacing.take(5.0 + WINDOW_S) == b"e"
    # Never more than two within a second, wherever it begins.
    pacing.offer(b"f")
    assert pacing.due_at == 5.1 + WINDOW_S


def test_a_state_that_was_sent_is_no_news() -> None:
    pacing = Pacing()
    pacing.offer(b"a")
    pacing.take(0.0)
    pacing.offer(b"b")
    pacing.offer(b"a")

    assert pacing.due_at is None


@pytest.mark.parametrize(
    ("before", "now", "is_news"),
    [
        (None, (48, 3), True),
        ((48, 3), (48, 3), False),
        ((48, 3), (48, 4), True),
        ((48, 3), (49, 3), False),
        ((48, 3), (47, 3), False),
        ((48, 3), (50, 3), True),
        ((None, 3), (None, 3), False),
        ((None, 3), (48, 3), True),
        ((48, 3), (None, 3), True),
        ((48, None), (48, None), False),
    ],
)
def test_a_temperature_that_swings_at_rest_is_no_message(
    before: tuple[int | None, int | None] | None, now: tuple[int | None, int | None], *, is_news: bool
) -> None:
    def health(values: tuple[int | None, int | None]) -> dict[str, int | None]:
        return dict(zip(("temperature", "minutes"), values, strict=True))

    assert is_health_news(None if before is None else health(before), health(now)) is is_news
