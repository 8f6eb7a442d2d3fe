"""Announcements: when they are played, and what the microphone does meanwhile."""

from __future__ import annotations

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.announcements import Announcements
from ravatard.core.indication import Look
from ravatard.core.options.quiet import QuietOptions
from ravatard.core.states import MicrophoneStatus, TalkState
from tests.unit.core.conversation.test_conversation import Talker, of
from tests.unit.core.conversation.test_playback_state import URL, aloud, in_chat, sounds


def asked(number: int = 1, volume: int | None = None) -> ev.AnnouncementAsked:
    return ev.AnnouncementAsked(number, volume)


def played(talker: Talker) -> list[int]:
    return [one.number for _, one in talker.log if isinstance(one, act.PlayAnnouncement)]


def test_while_nothing_is_heard_it_is_played_at_once_at_its_own_volume() -> None:
    talker = Talker(aloud(volume=80))

    assert of(act.PlayAnnouncement, talker.happens(asked(volume=30))) == [act.PlayAnnouncement(1, 30, 80)]


def test_they_are_played_one_after_the_other() -> None:
    talker = in_chat()

    talker.happens(asked(1), asked(2))
    assert played(talker) == [1]
    talker.happens(ev.AnnouncementBegun(1), ev.AnnouncementEnded(7))
    assert played(talker) == [1]
    talker.happens(ev.AnnouncementEnded(1))

    assert played(talker) == [1, 2]


def test_it_waits_until_the_answer_is_over() -> None:
    talker = in_chat()
    talker.opens()
    talker.happens(asked())
    talker.closes()
    talker.happens(ev.Answered("hello", file_url=URL))
    sounds(talker)
    assert played(talker) == []

    talker.happens(ev.PlaybackEnded(talker.now))
    talker.passes(3)

    assert played(talker) == [1]


def test_it_waits_for_a_held_button() -> None:
    talker = in_chat()
    talker.happens(ev.ButtonPressed(talker.now), asked())
    assert played(talker) == []

    talker.happens(ev.ButtonReleased(talker.now))

    assert played(talker) == [1]


def test_the_microphone_is_held_as_for_an_answer() -> None:
    talker = in_chat()
    talker.happens(asked(), ev.AnnouncementBegun(1))
    sounds(talker)

    assert (talker.hub.talk, talker.hub.microphone) == (TalkState.SPEAKING, MicrophoneStatus.HELD)
    assert talker.hub.indication.look is Look.SPEAKING
    talker.happens(ev.PlaybackEnded(talker.now), ev.AnnouncementEnded(1))
    talker.passes(3)

    assert (talker.hub.talk, talker.hub.microphone) == (TalkState.IDLE, MicrophoneStatus.OPEN)


def test_it_is_not_counted_as_what_the_avatar_says_without_being_asked() -> None:
    talker = in_chat()

    for number in range(1, 6):
        talker.happens(asked(number), ev.AnnouncementBegun(number))
        sounds(talker)
        stopped = talker.passes(60)
        talker.happens(ev.PlaybackEnded(talker.now), ev.AnnouncementEnded(number))
        talker.passes(3)
        assert of(act.StopPlayback, stopped) == []
    assert played(talker) == [1, 2, 3, 4, 5]
    assert talker.hub.state.playback.budget.allows(talker.now)


def test_one_without_end_is_stopped_like_an_answer() -> None:
    talker = in_chat()
    talker.happens(asked(), ev.AnnouncementBegun(1))
    sounds(talker)

    assert of(act.StopPlayback, talker.passes(301)) == [act.StopPlayback()]


def test_a_press_stops_it() -> None:
    talker = in_chat()
    talker.happens(asked(), ev.AnnouncementBegun(1))
    sounds(talker)

    assert of(act.StopPlayback, talker.happens(ev.ButtonPressed(talker.now))) == [act.StopPlayback()]


def test_one_that_was_not_played_is_told_and_the_next_follows() -> None:
    talker = in_chat()
    talker.happens(asked(1), asked(2))

    told = talker.happens(ev.AnnouncementEnded(1, "this is no sound"))

    assert act.LogLine("an announcement was not played to its end: this is no sound") in told
    assert played(talker) == [1, 2]


def test_in_quiet_hours_it_returns_to_the_soft_volume() -> None:
    talker = Talker(aloud(volume=80, quiet=QuietOptions("22:00", "7:00", volume=20)))
    talker.happens(ev.QuietChanged(True))

    assert of(act.PlayAnnouncement, talker.happens(asked(volume=60))) == [act.PlayAnnouncement(1, 60, 20)]


def test_nothing_waits_in_the_beginning() -> None:
    assert Announcements().next(80) == (Announcements(), ())
