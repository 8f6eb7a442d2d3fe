"""After an interruption the rest of a live answer is kept back."""

from __future__ import annotations

from ravatard.core.audio.interruption import LONGEST_MS, QUIET_MS, InterruptionFilter
from ravatard.core.audio_format import VOICE

LOUD = b"\x00\x20\x00\xe0" * (VOICE.bytes_for(20) // 4)
QUIET = b"\x02\x00\xfe\xff" * (VOICE.bytes_for(20) // 4)


def passed(silencer: InterruptionFilter, piece: bytes, ms: float) -> int:
    return sum(silencer.passes(piece) for _ in range(round(ms / 20)))


def test_without_an_interruption_everything_passes() -> None:
    silencer = InterruptionFilter()

    assert passed(silencer, LOUD, 1000) == 50
    assert silencer.passes(b"")


def test_the_rest_of_an_answer_is_kept_back_until_its_pause() -> None:
    silencer = InterruptionFilter()
    silencer.arm()

    assert passed(silencer, LOUD, 3000) == 0
    assert passed(silencer, QUIET, QUIET_MS) == 0
    assert passed(silencer, LOUD, 1000) == 50


def test_a_pause_between_words_does_not_let_the_rest_pass() -> None:
    silencer = InterruptionFilter()
    silencer.arm()

    for _ in range(5):
        assert passed(silencer, QUIET, QUIET_MS / 2) == 0
        assert passed(silencer, LOUD, 200) == 0


def test_another_answer_passes_at_once() -> None:
    silencer = InterruptionFilter()
    silencer.arm()
    passed(silencer, LOUD, 100)

    silencer.disarm()

    assert silencer.passes(LOUD)


def test_a_voice_without_any_pause_is_heard_again_in_the_end() -> None:
    silencer = InterruptionFilter()
    silencer.arm()

    assert passed(silencer, LOUD, LONGEST_MS) == 0
    assert silencer.passes(LOUD)


def test_an_empty_piece_is_no_sound() -> None:
    silencer = InterruptionFilter()
    silencer.arm()

    assert not silencer.passes(b"")
