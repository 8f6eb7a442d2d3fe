"""The wake word in the status: counted, with the last scores."""

from __future__ import annotations

from ravatard.core import events as ev
from ravatard.core.control.status_wakeword import SCORES_KEPT, WakeWordReport


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


def test_the_last_scores_are_kept_with_what_they_led_to() -> None:
    report = WakeWordReport()

    for number in range(SCORES_KEPT + 3):
        report.on_event(ev.WakeMissed(number / 100))
    report.on_event(ev.Woken(0.956))

    found = report.snapshot("okay_nabu")
    assert found["word"] == "okay_nabu"
    assert len(found["last_scores"]) == SCORES_KEPT
    assert found["last_scores"][-2:] == [{"score": 0.12, "hit": False}, {"score": 0.96, "hit": True}]
