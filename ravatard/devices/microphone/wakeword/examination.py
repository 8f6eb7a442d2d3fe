"""Examination of a wake word's model: known sound passes through it, and its scores must be of some use.

A model may be whole and run, and be none all the same: damaged weights score nothing ever, or everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ravatard.core.audio_format import RATE_HZ, bytes_for
from ravatard.devices.microphone.detectors.wake_word import FEATURES
from ravatard.errors import DeviceError

#: Speech without the word, s16le mono 16 kHz behind a header of 44 bytes: see
#: :mod:`ravatard.devices.microphone.detectors.neural_vad`.
_KNOWN_SPEECH = Path(__file__).parents[1] / "detectors" / "known_speech.wav"
_HEADER_BYTES = 44
#: Highest score of a model whose bytes stand for 0 to 1, and a little more.
_CERTAIN = 1.01
_FRAME_MS = 20
_NOISE_S = 1
#: Steps of made features that look for a score that moves: bands of a level of their own, held as long as a
#: sound of speech. The models of the library answer 0 to speech and noise, and move within 200 of these; so
#: many take 0.1 s of a PC's processor.
_MOST_STEPS = 2_000
_HELD, _BANDS = 3, 10
#: Of the first of them a model may take few for the word: none of the library does.
_JUDGED_STEPS = 240
_MOST_TAKEN = _JUDGED_STEPS // 2
#: Highest value of a feature, as the library makes them.
_LOUDEST = 26.0
#: The first scores of a model with an empty memory may differ from the rest without a reason.
_FIRST = _JUDGED_STEPS // 4


class _Chance:
    """The same numbers each time: a linear congruence by Knuth, its upper bits."""

    def __init__(self) -> None:
        self._seed = 1

    def next(self) -> int:
        """Return the next number, 0 to 65535."""
        self._seed = (self._seed * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return self._seed >> 48


class Examined(Protocol):
    """A detector of a model: :class:`ravatard.devices.microphone.detectors.wake_word.MicroDetector`."""

    @property
    def highest_score(self) -> float:
        """Highest score that the model can give."""
        ...

    def score(self, frame: bytes) -> float:
        """Return the score at the end of a frame (s16le mono 16 kHz)."""
        ...

    def score_of(self, levels: list[float]) -> float:
        """Return the score when features of these levels are heard for a step of the model."""
        ...

    def forget(self) -> None:
        """Forget what was heard."""
        ...


def examine(detector: Examined, threshold: float) -> None:
    """Have a detector judge known sound.

    Args:
        detector: of the model.
        threshold: score from which a sound counts as the word.

    Raises:
        DeviceError: it cannot be used.
    """
    highest = detector.highest_score
    if not threshold < highest <= _CERTAIN:
        raise DeviceError(
            f"its scores are {highest:.4g} at most, and must be able to be more than {threshold:.7g}, and "
            "not more than 1"
        )
    _ask(detector, "speech without the word", _KNOWN_SPEECH.read_bytes()[_HEADER_BYTES:], threshold)
    _ask(detector, "noise", _noise(), threshold)
    _ask_for_movement(detector, threshold)


def _ask(detector: Examined, name: str, pcm: bytes, threshold: float) -> None:
    """Raise DeviceError if a sound that is called ``name`` counts as the word."""
    detector.forget()
    step = bytes_for(_FRAME_MS)
    highest = max(detector.score(pcm[at : at + step]) for at in range(0, len(pcm), step))
    if highest > threshold:
        raise DeviceError(f"it takes {name} for the word, with a score of {highest:.2f}")


def _noise() -> bytes:
    chance = _Chance()
    return b"".join(chance.next().to_bytes(2, "little") for _ in range(_NOISE_S * RATE_HZ))


def _ask_for_movement(detector: Examined, threshold: float) -> None:
    """Raise DeviceError if no made features change the score, or if half of them count as the word."""
    taken, before = 0, None
    for step, levels in enumerate(_made_features()):
        score = detector.score_of(levels)
        taken += step < _JUDGED_STEPS and score > threshold
        if step == _FIRST:
            before = score
        if step > _JUDGED_STEPS and score != before:
            break
    else:
        raise DeviceError("its score never moves, whatever it hears")
    if taken > _MOST_TAKEN:
        raise DeviceError(f"it takes {taken} of {_JUDGED_STEPS} sounds without the word for the word")


def _made_features() -> Iterator[list[float]]:
    chance = _Chance()
    for _ in range(_MOST_STEPS // _HELD):
        bands = [_LOUDEST * chance.next() / 65536 for _ in range(_BANDS)]
        levels = [level for level in bands for _ in range(FEATURES // _BANDS)]
        yield from (levels for _ in range(_HELD))
