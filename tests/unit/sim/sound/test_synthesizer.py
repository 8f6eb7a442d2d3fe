from __future__ import annotations

import pytest

from ravatard.sim.sound.speech import recorded, voice_of
from ravatard.sim.sound.synthesizer import Synthesizer

TEXT = "I heard you. How interesting!"


@pytest.mark.parametrize("program", [None, "no-such-synthesizer"])
def test_without_a_program_an_answer_is_a_recording(program: str | None) -> None:
    synthesizer = Synthesizer(program)

    for _ in range(2):
        assert voice_of(synthesizer.wav(TEXT)) == recorded(TEXT)


@pytest.mark.parametrize("text", ["", "  ", "?!", "\udc80", "a" * 100_000])
def test_any_text_is_a_wav(text: str) -> None:
    wav = Synthesizer(None).wav(text)

    assert (wav[:4], wav[8:12]) == (b"RIFF", b"WAVE")
    assert len(voice_of(wav)) > 48_000
