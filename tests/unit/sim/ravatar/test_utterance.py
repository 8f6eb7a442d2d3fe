from __future__ import annotations

from ravatard.sim.options import TurnDetectorOptions
from ravatard.sim.ravatar import utterance
from ravatard.sim.sound.container import Recording
from tests.unit.sim.caller import quiet, tone

HEARING = TurnDetectorOptions()


def test_a_text_is_understood_word_for_word() -> None:
    understood = utterance.text("Hello!")

    assert (understood.heard, understood.request) == ('you write "Hello!"', "Hello!")
    assert not understood.silent


def test_a_long_text_is_quoted_by_its_beginning() -> None:
    understood = utterance.text("a" * 300)

    assert understood.heard == f'you write "{"a" * 80}"'
    assert understood.request == "a" * 300


def test_a_recording_is_understood_as_how_long_somebody_spoke() -> None:
    pcm = quiet(0.5) + tone(2.1) + quiet(0.5)

    understood = utterance.recording(Recording("WebM", 9_000, pcm), HEARING)

    assert understood == utterance.Understood(
        "you for 2.1 seconds", "(speech, 2.1 s)", "WebM, 3.1 s, 2.1 s of it speech"
    )


def test_silence_is_understood_as_silence() -> None:
    understood = utterance.recording(Recording("Ogg", 900, quiet(1.0)), HEARING)

    assert understood.silent
    assert understood.request == "(silence, 1.0 s)"


def test_what_nobody_could_decode_is_taken_for_speech_and_noted() -> None:
    understood = utterance.recording(Recording("Ogg", 900, None), HEARING)

    assert not understood.silent
    assert understood.request == "(Ogg recording)"
    assert understood.noted == "Ogg of 900 bytes, taken unheard: PyAV is not installed"
