"""A model that runs and whose scores are of no use is refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ravatard.devices.microphone.wakeword.examination import examine
from ravatard.errors import DeviceError


class FakeDetector:
    """A detector whose scores are made by functions: of the number of a call."""

    def __init__(
        self,
        sound: Callable[[int], float] = lambda _: 0.0,
        made: Callable[[int], float] = lambda _: 0.0,
        highest: float = 255 / 256,
    ) -> None:
        self.highest_score = highest
        self.forgotten = 0
        self._sound, self._made = sound, made
        self._frames = self._steps = 0

    def score(self, frame: bytes) -> float:
        assert 0 < len(frame) <= 640
        self._frames += 1
        return self._sound(self._frames)

    def score_of(self, levels: list[float]) -> float:
        assert len(levels) == 40
        assert all(0 <= level <= 26 for level in levels)
        self._steps += 1
        return self._made(self._steps)

    def forget(self) -> None:
        self.forgotten += 1


def moves_late(step: int) -> float:
    """A little score now and then, as the models of the library have it."""
    return 0.01 if step % 300 == 299 else 0.0


def test_a_model_that_is_silent_on_speech_and_noise_and_moves_at_all_is_good() -> None:
    detector = FakeDetector(made=moves_late)

    examine(detector, 0.97)

    # Neither sound follows the other.
    assert detector.forgotten == 2


@pytest.mark.parametrize("score", [0.0, 0.457])
def test_a_score_that_never_moves_is_refused(score: float) -> None:
    detector = FakeDetector(made=lambda step: score if step > 5 else 0.0)

    with pytest.raises(DeviceError, match="its score never moves"):
        examine(detector, 0.97)


def test_a_model_that_takes_other_speech_for_the_word_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"it takes speech without the word for the word, .* of 1\.00"):
        examine(FakeDetector(lambda _: 0.996, moves_late), 0.97)


def test_a_model_that_takes_noise_for_the_word_is_refused() -> None:
    with pytest.raises(DeviceError, match="it takes noise for the word"):
        examine(FakeDetector(lambda frame: 0.996 if frame > 40 else 0.0, moves_late), 0.97)


def test_a_model_that_takes_most_sounds_for_the_word_is_refused() -> None:
    with pytest.raises(DeviceError, match="of 240 sounds without the word for the word"):
        examine(FakeDetector(made=lambda step: 0.98 + 0.001 * (step % 7)), 0.97)


@pytest.mark.parametrize("highest", [0.0, 2.55e-7, 0.97, 2.0, float("nan"), -1.0])
def test_a_model_whose_scores_cannot_reach_the_threshold_or_go_beyond_one_is_refused(highest: float) -> None:
    with pytest.raises(DeviceError, match=r"its scores are .* at most"):
        examine(FakeDetector(made=moves_late, highest=highest), 0.97)
