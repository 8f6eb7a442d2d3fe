from __future__ import annotations

import pytest

from ravatard.devices.speaker.wakefulness import SleepState, Wakefulness


@pytest.mark.parametrize(("idle_s", "due_s"), [(10.0, 10.0), (0.2, 1.0)])
def test_after_its_silence_sleep_is_due_but_never_between_two_heartbeats(idle_s: float, due_s: float) -> None:
    wakefulness = Wakefulness(idle_s)
    wakefulness.opened(5.0)
    wakefulness.use(7.0)

    assert not wakefulness.is_sleep_due(7.0 + due_s - 0.1)
    assert wakefulness.is_sleep_due(7.0 + due_s)


def test_one_that_is_to_stay_open_never_sleeps() -> None:
    assert not Wakefulness(0).is_sleep_due(1e9)


def test_while_a_user_interacts_it_does_not_sleep_and_the_silence_counts_from_the_end() -> None:
    wakefulness = Wakefulness(10)
    wakefulness.want(True, 1.0)
    during = wakefulness.is_sleep_due(500.0)
    wakefulness.want(False, 500.0)

    assert not during
    assert not wakefulness.is_sleep_due(509.0)
    assert wakefulness.is_sleep_due(510.0)


@pytest.mark.parametrize("state", [SleepState.FALLING, SleepState.ASLEEP, SleepState.WAKING])
def test_only_a_device_that_is_open_falls_asleep(state: SleepState) -> None:
    wakefulness = Wakefulness(10)
    wakefulness.state = state

    assert not wakefulness.is_sleep_due(500.0)


def test_opened_it_was_woken_or_is_new() -> None:
    wakefulness = Wakefulness(10)
    new = wakefulness.opened(1.0)
    wakefulness.state = SleepState.WAKING

    assert not new
    assert wakefulness.opened(2.0)
    assert wakefulness.state is SleepState.AWAKE
