"""The microphone held for the avatar's own voice: the hold ends, and no avatar answers itself on and on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio.echo.talk_over_hold import FIRST_HOLD_S, LONGEST_HOLD_S, TalkOverHold
from ravatard.core.conversation.microphone_state import MicrophoneState
from ravatard.core.states import CloseReason, MicrophoneStatus
from tests.examples import examples
from tests.unit.core.audio.echo.test_talk_over_hold import LENGTHS_S
from tests.unit.core.conversation.test_barge_in import CANCEL, SHORT_MS, answering, goes_on
from tests.unit.core.conversation.test_conversation import Talker, of
from tests.unit.core.conversation.test_playback_state import URL, in_chat, in_live_mode, sounds


def interrupts(
    talker: Talker,
    speech_ms: float = 900.0,
    reason: CloseReason = CloseReason.SILENCE,
    *,
    proven: bool = False,
) -> list[Any]:
    """A voice interrupts the avatar, and falls silent."""
    talker.opens()
    return talker.happens(ev.UtteranceClosed(talker._utterances, reason, 0, speech_ms, proven=proven))


def answered(talker: Talker) -> None:
    """What was said is answered, and the answer is heard."""
    turn = talker.hub.state.turns.turn
    assert turn is not None
    talker.happens(ev.MessageSent(turn.number, talker.now, talker.now), ev.Answered("yes", file_url=URL))
    talker.happens(ev.PlaybackEnded(talker.now))
    sounds(talker)


def held(talker: Talker | None = None) -> Talker:
    """Two interruptions in a row were not proven; the avatar's answer to the first was the last."""
    talker = answering() if talker is None else talker
    interrupts(talker)
    answered(talker)
    interrupts(talker)
    talker.happens(ev.PlaybackEnded(talker.now))
    return talker


def told(actions: list[Any]) -> list[str]:
    return [line.text for line in of(act.LogLine, actions)]


def trusted(talker: Talker) -> bool:
    return talker.hub.state.microphone.trusted


def heard_again(talker: Talker) -> Talker:
    """The user asks something else, and the avatar's answer is heard."""
    talker.says()
    answered(talker)
    return talker


# ---------------------------------------------------------------- in a conversation


def test_the_avatar_may_be_talked_over_again_after_exactly_ten_minutes() -> None:
    talker = held()

    before = talker.passes(FIRST_HOLD_S - 0.001)
    assert not trusted(talker)
    after = talker.passes(0.001)

    assert trusted(talker)
    assert told(before) == []
    assert told(after) == ["talking over the avatar is tried again, after it took its own voice for a user's"]
    assert talker.hub.state.microphone.talk_over_trouble == ""
    assert heard_again(talker).microphone() is MicrophoneStatus.OPEN


def test_one_line_tells_that_a_hold_begins_and_when_it_ends() -> None:
    talker = answering()
    interrupts(talker)
    answered(talker)

    (line,) = of(act.LogLine, interrupts(talker))

    assert line.warning
    assert line.text.startswith(
        "the avatar cannot be talked over, only stopped by a press: it took its own voice"
    )
    assert "tried again after 10 minutes" in line.text


def test_two_visitors_with_a_short_word_each_do_not_end_talking_over_for_good() -> None:
    talker, lengths_s = answering(), []
    for _ in LENGTHS_S:
        held(talker)
        begun = talker.now
        until = talker.hub.state.microphone.talk_over_hold.until
        assert until is not None
        talker.passes(until - talker.now - 1.0)
        assert not trusted(talker)
        talker.passes(1.0)
        assert trusted(talker)
        lengths_s.append(talker.now - begun)
        heard_again(talker)

    assert lengths_s == LENGTHS_S


def test_a_proven_interruption_makes_the_next_hold_ten_minutes_again() -> None:
    talker = held()
    talker.passes(LENGTHS_S[0])
    heard_again(talker)
    held(talker)
    talker.passes(LENGTHS_S[1])
    heard_again(talker)

    interrupts(talker, proven=True)
    answered(talker)
    held(talker)
    talker.passes(FIRST_HOLD_S)

    assert trusted(talker)


def test_a_word_that_is_too_short_or_was_cut_off_proves_nothing() -> None:
    for speech_ms, reason in ((SHORT_MS, CloseReason.SILENCE), (900.0, CloseReason.LOST)):
        talker = held()
        talker.passes(FIRST_HOLD_S)
        heard_again(talker)

        interrupts(talker, speech_ms, reason, proven=True)

        assert talker.hub.state.microphone.talk_over_hold.next_s == LENGTHS_S[1]


def test_the_microphone_is_held_while_the_avatar_is_heard_until_the_hold_is_over() -> None:
    talker = heard_again(held())
    assert talker.microphone() is MicrophoneStatus.HELD

    talker.passes(FIRST_HOLD_S)

    # The answer was stopped for its length meanwhile.
    assert heard_again(talker).microphone() is MicrophoneStatus.OPEN


def test_an_answer_that_sounds_while_the_hold_ends_is_not_talked_over_yet() -> None:
    talker = held()
    talker.passes(FIRST_HOLD_S - 5.0)
    heard_again(talker)

    talker.passes(5.0)

    assert trusted(talker)
    assert talker.microphone() is MicrophoneStatus.HELD


def test_unmuting_ends_it_at_once_and_the_next_is_longer_all_the_same() -> None:
    talker = held()
    talker.happens(ev.MuteAsked(True), ev.MicrophoneClosed(), ev.MuteAsked(False))
    assert not trusted(talker)

    actions = talker.happens(ev.MicrophoneReady("usb"), ev.EchoRemoved(True))

    assert trusted(talker)
    assert told(actions)[0] == "microphone open: usb"
    assert told(actions)[1].startswith("talking over the avatar is tried again")
    assert told(talker.passes(LENGTHS_S[0])) == []
    held(heard_again(talker))
    assert talker.hub.state.microphone.talk_over_hold.length_s == LENGTHS_S[1]


def test_a_microphone_that_opens_without_a_hold_tells_of_none() -> None:
    assert told(answering().happens(ev.MicrophoneReady("usb"))) == ["microphone open: usb"]


def test_a_microphone_that_opens_while_it_is_being_closed_ends_it_too() -> None:
    talker = held()
    talker.happens(ev.MuteAsked(True))

    actions = talker.happens(ev.MicrophoneReady("usb"))

    assert len(told(actions)) == 1
    assert talker.hub.state.microphone.talk_over_hold.until is None


def test_a_process_that_can_cancel_does_not_end_it() -> None:
    talker = held()

    talker.happens(ev.EchoRemoved(True))

    assert not trusted(talker)
    talker.passes(FIRST_HOLD_S)
    assert trusted(talker)


def test_a_process_that_cannot_cancel_meanwhile_keeps_its_reason() -> None:
    talker = held()

    talker.happens(ev.EchoRemoved(False, "it crashed 2 times"))
    assert talker.hub.state.microphone.talk_over_trouble == "it crashed 2 times"
    actions = talker.passes(FIRST_HOLD_S)

    assert not trusted(talker)
    assert talker.hub.state.microphone.talk_over_trouble == "it crashed 2 times"
    assert told(actions) == ["the avatar cannot be talked over, only stopped by a press: it crashed 2 times"]


def test_a_process_that_cannot_and_then_can_again_is_believed_when_the_hold_is_over() -> None:
    talker = held()
    talker.happens(ev.EchoRemoved(False, "it crashed"), ev.EchoRemoved(True))
    assert not trusted(talker)

    talker.passes(FIRST_HOLD_S)

    assert trusted(talker)


def test_a_hold_is_not_made_longer_by_what_happens_in_it() -> None:
    talker = held()
    until = talker.hub.state.microphone.talk_over_hold.until
    talker.passes(100.0)

    actions = talker.happens(ev.Answered("hello", self_heard=True))

    assert not any("own voice" in text for text in told(actions))
    assert talker.hub.state.microphone.talk_over_hold.until == until


def test_an_answer_to_the_avatars_own_words_is_held_for_the_same_time() -> None:
    talker = answering()

    talker.happens(ev.Answered("hello", self_heard=True))
    assert not trusted(talker)
    talker.passes(FIRST_HOLD_S)

    assert trusted(talker)


def test_a_hold_a_tail_and_a_long_press_may_end_in_the_same_moment() -> None:
    hold = TalkOverHold().begun(0.0)
    state = MicrophoneState(
        MicrophoneStatus.HELD, held=True, free_at=5.0, toggle_at=5.0, tells_echo=True, talk_over_hold=hold
    )
    assert state.deadline == 5.0

    after, effects = state.on_time(FIRST_HOLD_S)

    assert [type(effect).__name__ for effect in effects] == ["LogLine", "Hold", "Mute", "MuteChanged"]
    assert (after.trusted, after.held, after.muted, after.deadline) == (True, False, True, None)


# ---------------------------------------------------------------- an avatar that hears itself


#: So many answers to itself are a loop.
TOO_OFTEN = 6
#: How the avatar's own voice is found, and what becomes of it.
ECHOES = ("a word", "a rest", "too long", "in the tail", "beside a piece", "not understood")


class EchoChamber:
    """A room without a user, in which the avatar hears itself whenever it is listened over.

    Attributes:
        self_answers: answers to its own voice that were played, in each time between two holds.
    """

    def __init__(self) -> None:
        self.talker = answering()
        self.self_answers = [0]
        self._was_trusted = True

    def passes(self, seconds: float) -> None:
        self.talker.passes(seconds)
        self._look()

    def speaks(self, kind: str) -> None:
        """The avatar says something by itself, and what the microphone makes of it is answered, too."""
        self.talker.happens(ev.Answered("by itself", file_url=URL))
        sounds(self.talker)
        for _ in range(TOO_OFTEN):
            if self.talker.microphone() is not MicrophoneStatus.OPEN or not self._answers_itself(kind):
                break
            sounds(self.talker)
        self._look()
        self.talker.happens(ev.PlaybackEnded(self.talker.now))
        self.talker.passes(1.0)

    def _answers_itself(self, kind: str) -> bool:
        """Return True if its own voice was answered."""
        talker = self.talker
        if kind == "in the tail":
            talker.happens(ev.PlaybackEnded(talker.now))
        talker.opens()
        talker.chunk()
        if kind == "beside a piece":
            talker.happens(ev.Answered("a further piece", file_url=URL))
        reason = CloseReason.LONGEST if kind == "too long" else CloseReason.SILENCE
        speech_ms = SHORT_MS if kind == "a rest" else 900.0
        talker.happens(ev.UtteranceClosed(talker._utterances, reason, 0, speech_ms, proven=False))
        turn = talker.hub.state.turns.turn
        if turn is None:
            # Not sent, or taken back: an answer that goes on is no new one.
            goes_on(talker)
            return bool(talker.hub.state.barge_in.resumed)
        talker.happens(ev.MessageSent(turn.number, talker.now, talker.now))
        if kind == "not understood":
            talker.happens(ev.NothingSaid())
            goes_on(talker)
            return False
        played = talker.happens(ev.Answered("to itself", file_url=URL))
        self.self_answers[-1] += len(of(act.PlayAnswer, played))
        self._look()
        return True

    def _look(self) -> None:
        if trusted(self.talker) and not self._was_trusted:
            self.self_answers.append(0)
        self._was_trusted = trusted(self.talker)


@settings(deadline=None, max_examples=examples(200))
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 3.0, FIRST_HOLD_S - 1.0, FIRST_HOLD_S, LENGTHS_S[1], LONGEST_HOLD_S]),
            st.sampled_from(ECHOES),
        ),
        max_size=25,
    )
)
def test_an_avatar_that_hears_itself_answers_itself_at_most_once_before_each_hold(
    story: list[tuple[float, str]],
) -> None:
    room = EchoChamber()

    for pause_s, kind in story:
        room.passes(pause_s)
        room.speaks(kind)

    assert max(room.self_answers) <= 1


@pytest.mark.parametrize("kind", ["a word", "too long", "in the tail", "beside a piece"])
def test_an_avatar_that_hears_itself_does_so_once_and_then_is_held(kind: str) -> None:
    room = EchoChamber()

    for _ in range(3):
        room.speaks(kind)
        assert not trusted(room.talker)
        room.passes(LONGEST_HOLD_S)

    assert room.self_answers == [1, 1, 1, 0]


def test_a_day_of_self_hearing_is_a_few_answers() -> None:
    room = EchoChamber()
    begins_s = [sum(LENGTHS_S[:holds]) for holds in range(len(LENGTHS_S))]

    for _ in range(24 * 60):
        room.passes(59.0)
        room.speaks("a word")

    assert sum(room.self_answers) == len([at for at in begins_s if at < LONGEST_HOLD_S]) == 5


def test_a_microphone_that_was_never_believed_is_not_held_longer() -> None:
    talker = in_chat(CANCEL)
    talker.happens(ev.EchoRemoved(False, "no library"))

    talker.happens(ev.Answered("hello", self_heard=True))

    assert talker.hub.state.microphone.talk_over_hold == TalkOverHold()


def test_a_service_that_answers_before_the_utterance_is_over_answers_the_avatar_twice_and_no_more() -> None:
    talker = in_live_mode(CANCEL)
    talker.happens(ev.EchoRemoved(True))
    talker.says()
    talker.happens(ev.SessionStarted(), ev.Answered("hello"))
    sounds(talker)
    answers = 0

    while talker.microphone() is MicrophoneStatus.OPEN and answers < TOO_OFTEN:
        talker.opens()
        talker.chunk()
        talker.happens(ev.Answered("to itself"))
        answers += 1
        talker.happens(ev.PlaybackEnded(talker.now))
        sounds(talker)
        talker.happens(ev.UtteranceClosed(talker._utterances, CloseReason.SILENCE, 0, 900.0, proven=False))

    assert answers == 2
    assert not trusted(talker)
