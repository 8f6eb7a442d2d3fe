from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.avatar.turns.speaker_side import LONGEST_SPEECH, SameAnswer, SpeakerSide, Speaks, speeches


def test_without_evidence_we_speak_after_a_while_and_from_then_on_at_once() -> None:
    side = SpeakerSide()
    side.asked()

    assert side.answered(10.0, "Hello.") == ""
    assert side.due_s() == 11.5
    assert side.due(11.4) == ""
    assert side.due(11.5) == "Hello."
    assert side.due(12.0) == ""
    side.asked()
    assert side.answered(20.0, "Again.") == "Again."


def test_a_service_that_speaks_is_never_doubled() -> None:
    side = SpeakerSide()
    side.asked()
    side.answered(10.0, "Hello.")
    side.evidence()

    assert (side.due_s(), side.due(99.0)) == (None, "")


def test_evidence_may_come_before_the_text_has_ended() -> None:
    side = SpeakerSide()
    side.asked()
    side.evidence()

    assert side.answered(10.0, "Hello.") == ""
    assert side.due_s() is None


def test_a_service_that_spoke_before_is_given_longer_and_the_fallback_is_not_kept() -> None:
    side = SpeakerSide()
    side.asked()
    side.evidence()
    side.asked()
    side.answered(10.0, "Hello.")

    assert side.due_s() == 15.0
    assert side.due(15.0) == "Hello."
    assert side.side is Speaks.AUTO


def test_a_setting_decides_without_a_trial() -> None:
    us, service = SpeakerSide(Speaks.US), SpeakerSide(Speaks.SERVICE)

    assert us.answered(0.0, "Hello.") == "Hello."
    assert us.answered(0.0, "  ") == ""
    assert service.answered(0.0, "Hello.") == ""
    assert service.due(99.0) == ""
    us.evidence()
    assert us.side is Speaks.US


def test_the_same_answer_within_ten_seconds_is_one_answer() -> None:
    same = SameAnswer()

    assert not same.repeated(0.0, "Hello,  World")
    assert same.repeated(9.9, "hello, world ")
    assert not same.repeated(10.1, "Hello, world")
    assert not same.repeated(10.2, "Other")
    assert not same.repeated(10.3, "Hello, world")


def test_a_long_text_is_cut_at_ends_of_sentences() -> None:
    sentence = "This is one sentence of some length. "

    parts = speeches(sentence * 60)

    assert len(parts) == 3
    assert all(part.endswith(".") for part in parts)
    assert " ".join(parts) == (sentence * 60).strip()


@given(st.text(st.sampled_from("ab .!?\n"), max_size=5_000))
def test_parts_are_short_and_lose_nothing(text: str) -> None:
    parts = speeches(text)

    assert all(0 < len(part) <= LONGEST_SPEECH for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
