"""The wake word in the status: counted, with the last scores."""

from __future__ import annotations

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.control.status_wakeword import SCORES_KEPT, WakeWordReport
from ravatard.core.states import Cause


def test_hits_near_misses_and_false_wakes_are_counted() -> None:
    report = WakeWordReport()

    for event in (
        ev.Woken(0.9),
        ev.WakeUnused(),
        ev.WakeMissed(0.7),
        ev.Woken(0.8),
        ev.MicrophoneEnded(),
    ):
        report.on_event(event)

    assert report.counts == {"wakes": 2, "wake_near_misses": 1, "wakes_unused": 1}


WOKEN = ev.Woken(0.9)
OPENED = ev.UtteranceOpened(1, Cause.WAKEWORD, 0)


@pytest.mark.parametrize(
    ("what", "unused"),
    [
        ((WOKEN, ev.WakeUnused()), 1),
        # The gate never said so: it is told to wait again, or held, or hears the word once more.
        ((WOKEN, ev.Tick(), act.FollowUp(allowed=False)), 1),
        ((WOKEN, ev.Tick(), act.Hold(held=True)), 1),
        ((WOKEN, WOKEN, OPENED), 1),
        # It says so when it was told already.
        ((WOKEN, ev.Tick(), act.FollowUp(allowed=False), ev.WakeUnused()), 1),
        # Used: by words, by stopping the avatar, by a press, or by another appliance.
        ((WOKEN, OPENED, ev.Tick(), act.FollowUp(allowed=False), WOKEN, OPENED), 0),
        ((WOKEN, act.FollowUp(allowed=False), ev.Tick(), WOKEN, OPENED), 0),
        ((WOKEN, ev.ButtonPressed(0.0), WOKEN, OPENED), 0),
        ((WOKEN, ev.AnsweredElsewhere(), WOKEN, OPENED), 0),
        # Nothing is known of what followed.
        ((WOKEN, ev.MicrophoneLost("gone"), WOKEN, OPENED), 0),
        ((WOKEN, act.FollowUp(allowed=True), act.Hold(held=False), OPENED, act.Hold(held=True)), 0),
    ],
)
def test_a_word_after_which_nothing_was_said_is_counted_whatever_the_cause(
    what: tuple[ev.Event | act.Action, ...], unused: int
) -> None:
    report = WakeWordReport()

    for one in what:
        if isinstance(one, act.FollowUp | act.Hold):
            report.on_action(one)
        else:
            report.on_event(one)  # type: ignore[arg-type]

    assert report.counts["wakes_unused"] == unused


def test_the_last_scores_are_kept_with_what_they_led_to() -> None:
    report = WakeWordReport()

    for number in range(SCORES_KEPT + 3):
        report.on_event(ev.WakeMissed(number / 100))
    report.on_event(ev.Woken(0.956))

    found = report.snapshot("okay_nabu")
    assert found["word"] == "okay_nabu"
    assert len(found["last_scores"]) == SCORES_KEPT
    assert found["last_scores"][-2:] == [{"score": 0.12, "hit": False}, {"score": 0.96, "hit": True}]
