"""The hold for the avatar's own voice: how long it is, and what it says of itself."""

from __future__ import annotations

from ravatard.core.audio.echo.talk_over_hold import FIRST_HOLD_S, LONGEST_HOLD_S, TalkOverHold
from ravatard.core.audio.progress import Progress
from ravatard.core.control.status_microphone import MicrophoneReport
from ravatard.core.homeassistant.report import LONGEST_FAULT
from ravatard.core.states import MicrophoneStatus

#: Lengths of the holds, one after the other.
LENGTHS_S = [minutes * 60.0 for minutes in (10, 40, 160, 640, 1440, 1440, 1440)]


def test_each_hold_is_four_times_as_long_as_the_one_before_and_none_is_longer_than_a_day() -> None:
    hold, lengths_s = TalkOverHold(), []
    for now in range(len(LENGTHS_S)):
        hold = hold.begun(float(now))
        assert hold.until == now + hold.length_s
        lengths_s.append(hold.length_s)
        hold = hold.ended()

    assert lengths_s == LENGTHS_S
    assert (lengths_s[0], lengths_s[-1]) == (FIRST_HOLD_S, LONGEST_HOLD_S)


def test_a_proven_interruption_makes_the_next_hold_a_first_one_and_leaves_this_one() -> None:
    hold = TalkOverHold().begun(0.0).ended().begun(1000.0)

    proven = hold.disproved()

    assert (proven.until, proven.length_s) == (hold.until, hold.length_s)
    assert proven.ended().begun(0.0).length_s == FIRST_HOLD_S


def test_a_hold_is_over_at_its_end_and_not_before() -> None:
    hold = TalkOverHold().begun(100.0)

    assert not hold.is_over(100.0 + FIRST_HOLD_S - 0.001)
    assert hold.is_over(100.0 + FIRST_HOLD_S)
    assert not hold.ended().is_over(1e9)


def test_its_sentence_tells_the_minutes_also_where_faults_are_cut() -> None:
    hold = TalkOverHold()
    assert hold.reason == ""
    hold = hold.begun(0.0)
    assert "10 minutes" in hold.reason
    for _ in range(6):
        hold = hold.begun(0.0)

    (fault,) = MicrophoneReport(Progress()).degraded(MicrophoneStatus.OPEN, hold.reason)

    assert "1440 minutes" in fault
    assert len(fault) <= LONGEST_FAULT
