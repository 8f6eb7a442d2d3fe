"""Options of the wake word: section ``wakeword``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting

#: Words whose models come with the extra `wakeword`.
BUILT_IN_WORDS = ("okay_nabu", "hey_jarvis", "hey_mycroft")
#: Range of a score that may be set as the sensitivity.
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.5, 0.99
#: Cut-offs that were measured here, in the place of the author's. okay_nabu at its own 0.85 took one
#: recording of 46 for the word, nine times in three hours of a dialogue made of them, and at 0.88 three
#: times; of 120 words that a request followed it hears 5 fewer (tests/benchmarks/wake_word.py).
MEASURED_CUTOFFS = {"okay_nabu": 0.88}
#: Shares of what a cut-off leaves to certainty (low), or to one half (high). okay_nabu takes that dialogue
#: for the word 11 times an hour from 0.75 on, and 40 times from 0.5 on; so high goes no lower than 0.76, and
#: noise lowers nothing, though of words 10 dB above it two in five are missed.
_LOW_SHARE, _HIGH_SHARE = 0.7, 0.3


@dataclass(frozen=True, slots=True)
class WakeWordOptions:
    """Section ``wakeword``: the word that opens the gate with ``gate.mode`` wakeword."""

    word: str = setting(
        "okay_nabu",
        "okay_nabu, hey_jarvis, hey_mycroft, or NAME of a microWakeWord model of your own: NAME.json and its "
        ".tflite in the folder wakewords beside this file.",
    )
    sensitivity: str = setting(
        "normal",
        "low, normal, high, or the score from 0.5 to 0.99 that counts as the word: a "
        "lower one hears more, also what only resembles the word. `ravatard meter` shows the scores.",
    )
    follow_up_s: float = setting(
        8.0,
        "After an answer the user may go on for this long without the word; 0: never.",
        unit="s",
        low=0,
        high=60,
        restart=False,
    )
    in_answer: Literal["stop", "turn", "off"] = setting(
        "stop",
        "The word while the avatar answers: stop: ends the answer; turn: ends it and opens a turn; off: "
        "nothing. Needs `echo: cancel`, `external` or `off`: through the avatar's own voice the word is not "
        "found.",
        restart=False,
    )


def threshold_for(sensitivity: str, cutoff: float) -> float:
    """Return the score from which a sound counts as the word.

    Args:
        sensitivity: as configured.
        cutoff: of the model, as its author states it.

    Raises:
        ValueError: no such sensitivity.
    """
    match sensitivity:
        case "normal":
            return cutoff
        case "low":
            return min(HIGHEST_THRESHOLD, cutoff + _LOW_SHARE * (1.0 - cutoff))
        case "high":
            return max(LOWEST_THRESHOLD, cutoff - _HIGH_SHARE * (cutoff - LOWEST_THRESHOLD))
    score = float(sensitivity)
    if not LOWEST_THRESHOLD <= score <= HIGHEST_THRESHOLD:
        raise ValueError(f"{sensitivity} is not from {LOWEST_THRESHOLD:g} to {HIGHEST_THRESHOLD:g}")
    return score
