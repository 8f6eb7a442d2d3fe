"""Wait from a press to silence, from the events of a hub."""

from __future__ import annotations

import pytest

from ravatard.core import events as ev
from ravatard.core.control.press_to_silence import PressToSilence


def waits(*events: ev.Event) -> list[float]:
    press = PressToSilence()
    return [wait for event in events if (wait := press.on_event(event)) is not None]


def test_the_first_of_several_presses_counts() -> None:
    presses = [ev.ButtonPressed(at) for at in (1.0, 1.1)]

    assert waits(ev.PlaybackStarted(0.0), *presses, ev.PlaybackEnded(1.25)) == [0.25]


def test_a_sound_that_was_over_before_the_press_was_handled_takes_no_time() -> None:
    assert waits(ev.PlaybackStarted(0.0), ev.ButtonPressed(1.0), ev.PlaybackEnded(0.9)) == [0.0]


@pytest.mark.parametrize(
    "before", [(), (ev.PlaybackStarted(0.0), ev.PlaybackEnded(0.5)), (ev.PlaybackStarted(0.0),)]
)
def test_a_press_in_silence_and_a_sound_without_a_press_have_no_wait(before: tuple[ev.Event, ...]) -> None:
    after = () if len(before) == 1 else (ev.ButtonPressed(1.0),)

    assert waits(*before, *after, ev.PlaybackEnded(2.0)) == []


def test_a_speaker_that_is_lost_falls_silent_by_no_press() -> None:
    lost = ev.SpeakerLost("unplugged")

    assert waits(ev.PlaybackStarted(0.0), ev.ButtonPressed(1.0), lost, ev.PlaybackEnded(2.0)) == []
