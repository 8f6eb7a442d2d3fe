"""One exchange: counting, closing silence, the answer's deadline."""

from __future__ import annotations

from ravatard.core.audio_format import silence
from ravatard.core.conversation.turn import SILENCE_PERIOD_S, Turn
from ravatard.core.states import Cause, TurnOutcome


def closed_turn(*, messages: int = 2, at: float = 10.0, silence_s: float = 1.0) -> Turn:
    turn = Turn(1, Cause.VOICE, 8.0)
    for _ in range(messages):
        turn = turn.captured(silence(4096))
    return turn.closed(at, 1500.0, answer_s=30.0, silence_s=silence_s)


def test_what_was_captured_is_counted() -> None:
    captured = Turn(7, Cause.BUTTON, 0.0).captured(silence(4096)).captured(silence(1600))

    turn = captured.closed(2.0, 250.0, 30.0, 5.0).answered(3.25)

    summary = turn.summary(TurnOutcome.ANSWERED)
    assert (summary.turn, summary.cause, summary.messages) == (7, Cause.BUTTON, 2)
    assert (summary.spoken_ms, summary.speech_ms, summary.answer_ms) == (356.0, 250.0, 1250.0)


def test_silence_goes_on_at_the_pace_it_would_be_heard_and_stops_at_its_limit() -> None:
    turn = closed_turn(silence_s=1.0)

    sent_at = []
    while turn.silence_due is not None:
        now = turn.silence_due
        silenced = turn.silenced(now)
        assert silenced is not None
        turn = silenced
        sent_at.append(round(now - 10.0, 3))

    assert sent_at == [0.256, 0.512, 0.768]
    assert turn.summary(TurnOutcome.UNANSWERED).silence_messages == 3


def test_silence_is_not_sent_before_it_is_due() -> None:
    turn = closed_turn()

    assert turn.silenced(10.0 + SILENCE_PERIOD_S - 0.001) is None


def test_after_a_stall_silence_is_sent_once_and_not_in_a_burst() -> None:
    first = closed_turn(silence_s=5.0).silenced(13.0)

    assert first is not None
    assert first.silence_due == 13.0
    second = first.silenced(13.0)
    assert second is not None
    assert second.silence_due == 13.0 + SILENCE_PERIOD_S


def test_a_turn_that_sent_nothing_needs_no_silence() -> None:
    assert closed_turn(messages=0).silence_due is None
    assert closed_turn(silence_s=0.0).silence_due is None


def test_an_answer_ends_the_silence_and_the_waiting() -> None:
    turn = closed_turn().answered(10.5).answered(12.0)

    assert turn.deadline is None
    assert turn.summary(TurnOutcome.ANSWERED).answer_ms == 500.0


def test_an_answer_before_the_gate_closed_counts_as_immediate() -> None:
    captured = Turn(1, Cause.VOICE, 0.0).captured(silence(4096))

    turn = captured.answered(1.0).closed(2.0, 500.0, 30.0, 5.0)

    assert turn.summary(TurnOutcome.ANSWERED).answer_ms == 0.0


def test_the_answers_time_counts_from_the_last_words_that_went_out() -> None:
    turn = closed_turn(at=10.0)

    turn = turn.sent(25.0, 30.0, voice=True)
    assert turn.answer_by == 55.0
    turn = turn.sent(26.0, 30.0, voice=False)

    assert turn.answer_by == 55.0
    assert turn.begun


def test_sending_before_the_close_sets_no_deadline_for_the_answer() -> None:
    turn = Turn(1, Cause.VOICE, 0.0).sent(1.0, 30.0, voice=True)

    assert turn.answer_by is None
    assert turn.deadline is None


def test_without_an_answer_there_is_no_time_to_it() -> None:
    assert closed_turn().summary(TurnOutcome.UNANSWERED).answer_ms is None
