"""Digits that are spoken: of every language, in order, said twice."""

from __future__ import annotations

import io
import wave

import pytest

from ravatard.web.page.digits import FOLDER, LANGUAGES, RATE_HZ, spoken


def samples(sound: bytes) -> tuple[int, bytes]:
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        return file.getnframes(), file.readframes(file.getnframes())


@pytest.mark.parametrize("language", LANGUAGES)
def test_six_digits_are_said_twice_and_fit_what_may_sound_unasked(language: str) -> None:
    frames, _ = samples(spoken("048271", language))

    # The conversation stops sound that was not asked for after 20 s.
    assert 5 < frames / RATE_HZ < 18


def test_each_digit_sounds_differently_and_alike_each_time() -> None:
    sounds = {samples(spoken(str(digit), "en"))[1] for digit in range(10)}

    assert len(sounds) == 10
    assert spoken("123456", "en") == spoken("123456", "en-GB")


def test_a_language_that_is_not_shipped_is_english() -> None:
    assert spoken("123456", "ja") == spoken("123456", "en") != spoken("123456", "de")
    assert spoken("123456", "") == spoken("123456", "en")


def test_the_files_are_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 150_000
