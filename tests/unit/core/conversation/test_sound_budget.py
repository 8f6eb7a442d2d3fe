"""Answers that were not asked for: how long they may hold the microphone, and the paid session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.sound_budget import ASKED_S, GIVEN_BACK, LEAST_S, UNASKED_S, SoundBudget
from ravatard.core.indication import Look
from ravatard.core.options.audio import AudioOptions
from ravatard.core.states import MicrophoneStatus, SessionState, TalkState
from tests.unit.core.conversation.test_conversation import Talker, of
from tests.unit.core.conversation.test_playback_state import LIVE, URL, aloud, in_chat, in_live_mode

SOUND_S = 4.0


def plays(talker: Talker, actions: list[object]) -> None:
    """The speaker plays what it was given, at once, for SOUND_S or until it is stopped."""
    if not of(act.PlayAnswer, actions):
        talker.passes(SOUND_S)
        return
    started = talker.happens(ev.PlaybackStarted(talker.now))
    passed = talker.passes(SOUND_S)
    if not of(act.StopPlayback, started + passed):
        talker.happens(ev.PlaybackEnded(talker.now))


def streams(talker: Talker, actions: list[object]) -> None:
    """The live voice sounds by itself, whatever is answered."""
    plays(talker, [*actions, act.PlayAnswer(0, URL, b"")])


def looks(talker: Talker, hears: Callable[[Talker, list[object]], None], count: int) -> list[bool]:
    """Let the service answer without end; return for each look whether the microphone was listened to."""
    listening = []
    for _ in range(count):
        hears(talker, talker.happens(ev.Answered("Buy!", file_url=URL)))
        listening.append(talker.microphone() is MicrophoneStatus.OPEN)
        talker.passes(0.4)
        listening.append(talker.microphone() is MicrophoneStatus.OPEN)
    return listening


def held_s(talker: Talker, hears: Callable[[Talker, list[object]], None], seconds: float) -> float:
    """Return the seconds, of ``seconds``, that the microphone was held."""
    begun, held_at, held = talker.now, None, 0.0
    first = len(talker.log)
    while talker.now - begun < seconds:
        hears(talker, talker.happens(ev.Answered("Buy!", file_url=URL)))
        talker.passes(0.1)
    for at, action in talker.log[first:]:
        if isinstance(action, act.Hold):
            if action.held and held_at is None:
                held_at = at
            elif not action.held and held_at is not None:
                held, held_at = held + at - held_at, None
    return held + (talker.now - held_at if held_at is not None else 0.0)


@pytest.mark.parametrize(("begins", "hears"), [(in_chat, plays), (in_live_mode, streams)])
def test_answers_without_end_leave_the_microphone_most_of_the_time(
    begins: Callable[[], Talker], hears: Callable[[Talker, list[object]], None]
) -> None:
    talker = begins()

    assert held_s(talker, hears, 3_600.0) < 3_600.0 * 0.3
    assert any(looks(talker, hears, 40))


@pytest.mark.parametrize(("begins", "hears"), [(in_chat, plays), (in_live_mode, streams)])
def test_that_they_are_not_played_is_logged_once_until_the_user_speaks(
    begins: Callable[[], Talker], hears: Callable[[Talker, list[object]], None]
) -> None:
    talker = begins()
    looks(talker, hears, 200)

    lines = [line.text for _, line in talker.log if isinstance(line, act.LogLine)]

    assert sum("without being asked; that is not played" in line for line in lines) == 1


def test_a_greeting_and_a_reminder_are_heard() -> None:
    talker = in_chat()
    for _ in range(10):
        played = talker.happens(ev.Answered("Good morning.", file_url=URL))
        assert len(of(act.PlayAnswer, played)) == 1
        plays(talker, played)
        talker.passes(300.0)


def test_an_answer_to_the_user_may_be_long_and_in_pieces() -> None:
    talker = in_chat()
    talker.says()
    for chunk in of(act.SendUtterance, [action for _, action in talker.log]):
        talker.happens(ev.MessageSent(chunk.turn, chunk.read_at, talker.now))

    for _ in range(20):
        played = talker.happens(ev.Answered("And then,", file_url=URL))
        assert len(of(act.PlayAnswer, played)) == 1
        talker.happens(ev.PlaybackStarted(talker.now))
        assert talker.passes(10.0) == []
        talker.happens(ev.PlaybackEnded(talker.now))
        talker.passes(3.0)


def test_words_of_the_user_bring_the_voice_back() -> None:
    talker = in_chat()
    looks(talker, plays, 20)
    talker.happens(ev.TextGiven("Hello?"))
    talker.happens(ev.MessageSent(1, None, talker.now))

    assert len(of(act.PlayAnswer, talker.happens(ev.Answered("Yes?", file_url=URL)))) == 1


def test_one_endless_unasked_sound_is_stopped_soon() -> None:
    talker = in_live_mode()
    talker.happens(ev.PlaybackStarted(talker.now))

    stopped = talker.passes(UNASKED_S + 0.1)

    assert len(of(act.StopPlayback, stopped)) == 1
    assert "without being asked" in of(act.LogLine, stopped)[-1].text
    talker.passes(1.0)
    assert talker.microphone() is MicrophoneStatus.OPEN


@pytest.mark.parametrize("sound", ["", URL])
def test_unasked_answers_do_not_keep_a_paid_session_open(sound: str) -> None:
    talker = Talker(aloud())
    talker.happens(ev.LinkOnline(LIVE), ev.VoiceOnline())
    talker.says()
    talker.answers()
    assert talker.hub.session is SessionState.LIVE

    for _ in range(int((ASKED_S + 400.0) / 10.0)):
        talker.happens(ev.Answered("Buy!", file_url=sound))
        talker.passes(10.0)

    assert len(of(act.EndSession, [action for _, action in talker.log])) == 1


def test_unasked_sound_does_not_keep_a_paid_session_open() -> None:
    talker = Talker(aloud())
    talker.happens(ev.LinkOnline(LIVE), ev.VoiceOnline())
    talker.says()
    talker.answers()

    for _ in range(200):
        streams(talker, [])
        talker.passes(1.0)

    assert len(of(act.EndSession, [action for _, action in talker.log])) == 1


def test_an_unasked_answer_that_never_sounds_is_not_awaited() -> None:
    talker = in_chat()

    talker.happens(ev.Answered("Buy!", file_url=URL))

    assert (talker.talk(), talker.look()) == (TalkState.IDLE, Look.READY)


def test_a_press_stops_an_unasked_answer_before_it_sounds() -> None:
    talker = in_chat()
    talker.happens(ev.Answered("Buy!", file_url=URL))

    assert of(act.StopPlayback, talker.happens(ev.ButtonPressed(talker.now))) == [act.StopPlayback()]


def test_the_longest_answer_is_also_the_longest_unasked_one() -> None:
    talker = in_live_mode(AudioOptions(longest_answer_s=10.0))
    talker.happens(ev.PlaybackStarted(talker.now))

    stopped = talker.passes(10.1)

    assert of(act.LogLine, stopped)[-1].text == (
        "an answer was stopped: it sounded for 10 s without being asked"
    )


# ---------------------------------------------------------------- the sums


@given(st.lists(st.tuples(st.floats(0.0, 30.0), st.floats(0.0, 30.0)), max_size=60))
def test_unasked_sound_never_takes_more_than_its_share(times: list[tuple[float, float]]) -> None:
    budget, now, sounded = SoundBudget(), 0.0, 0.0
    for silent_s, wanted_s in times:
        now += silent_s
        if not budget.allows(now):
            continue
        budget = budget.started(now)
        ends_at = budget.ends_at
        assert ends_at is not None
        assert ends_at - now >= LEAST_S - 1e-6
        sound_s = min(wanted_s, ends_at - now)
        now, sounded = now + sound_s, sounded + sound_s
        budget = budget.ended(now)

    assert sounded <= UNASKED_S + GIVEN_BACK * (now - sounded) + 1e-6


def test_starting_twice_and_ending_twice_change_nothing() -> None:
    budget = SoundBudget().started(1.0)

    assert budget.started(5.0) == budget
    assert budget.ended(5.0).ended(9.0) == budget.ended(5.0)
    assert replace(budget.ended(5.0), sounding=True).ends_at == pytest.approx(5.0 + UNASKED_S - 4.0)


def test_words_while_the_avatar_is_heard_give_it_all_its_time() -> None:
    budget = SoundBudget().started(0.0).asked(10.0, 300.0)

    assert budget.ends_at == 310.0
    assert budget.is_asked(10.0 + 2 * ASKED_S)
