"""Options of the wake word: section ``wakeword``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ravatard.setting import setting

#: Range of a score that may be set as the sensitivity.
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.5, 0.99
#: What a sensitivity is, in words for a person.
SENSITIVITIES = (
    f"write low, normal, high, or a score from {LOWEST_THRESHOLD:g} to {HIGHEST_THRESHOLD:g}, such as 0.85"
)
_NUMBER = re.compile(r"0?\.[0-9]{1,9}")
#: Of the models of the library a score is the mean of this many outputs, 30 ms apart, where their author says
#: 5. With a cut-off that is 0.01 to 0.02 higher it hears as many words and takes as much other speech for
#: them, 40 ms sooner; no number from 2 to 12 hears more (tests/benchmarks/wake_word_scores.py).
MEASURED_OUTPUTS = 3
#: Shares of what a cut-off leaves to certainty (low), or to one half (high), of a model of the owner's.
_LOW_SHARE, _HIGH_SHARE = 0.7, 0.3


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Scores from which a sound counts as the word, by sensitivity."""

    low: float
    normal: float
    high: float

    @classmethod
    def around(cls, normal: float) -> Cutoffs:
        """Return those of a model whose author states ``normal``."""
        return cls(
            low=min(HIGHEST_THRESHOLD, normal + _LOW_SHARE * (1.0 - normal)),
            normal=normal,
            high=max(LOWEST_THRESHOLD, normal - _HIGH_SHARE * (normal - LOWEST_THRESHOLD)),
        )


#: Cut-offs of the models of the library, in the place of their author's. They were chosen on 5.5 hours of
#: other speech, a dialogue and labelled scenes: with ``normal`` it is taken for the word at most twice, with
#: ``low`` never, and with ``high`` at most eleven times, by the model alone
#: (tests/benchmarks/wake_word_scores.py); through the gate "Hey Jarvis" is, with ``normal``, three times.
MEASURED_CUTOFFS = {
    "hey_jarvis": Cutoffs(low=0.96, normal=0.80, high=0.55),
    "okay_nabu": Cutoffs(low=0.92, normal=0.90, high=0.84),
    "hey_mycroft": Cutoffs(low=0.99, normal=0.98, high=0.92),
    "alexa": Cutoffs(low=0.95, normal=0.85, high=0.60),
}
#: Words whose models come with the extra `wakeword`.
BUILT_IN_WORDS = tuple(MEASURED_CUTOFFS)


@dataclass(frozen=True, slots=True)
class WakeWordOptions:
    """Section ``wakeword``: the word that opens the gate with ``gate.mode`` wakeword."""

    word: str = setting(
        "hey_jarvis",
        "hey_jarvis, okay_nabu, hey_mycroft, alexa, or NAME of a microWakeWord model of your own: NAME.json "
        "and its .tflite in the folder wakewords beside this file. At a reload, the word that runs stays if "
        "this one cannot be used.",
        restart=False,
    )
    sensitivity: str = setting(
        "normal",
        "low, normal, high, or the score from 0.5 to 0.99 that counts as the word: a "
        "lower one hears more, also what only resembles the word. `ravatard meter` shows the scores.",
        restart=False,
    )
    follow_up_s: float = setting(
        8.0,
        "After an answer the user may go on for this long without the word, ten times in a row; 0: never.",
        unit="s",
        low=0,
        high=60,
        restart=False,
    )
    in_answer: Literal["stop", "turn", "off"] = setting(
        "stop",
        "The word while the avatar answers: stop: ends the answer; turn: ends it and opens a turn; off: "
        "nothing. Needs `echo: off`, or `cancel` or `external` with `barge_in: voice`: through the avatar's "
        "own voice the word is not found.",
        restart=False,
    )


def threshold_for(sensitivity: str, cutoffs: Cutoffs) -> float:
    """Return the score from which a sound counts as the word.

    Args:
        sensitivity: as configured.
        cutoffs: of the model.

    Raises:
        ValueError: there is no such sensitivity; the message says what to write.
    """
    match sensitivity:
        case "low":
            return cutoffs.low
        case "normal":
            return cutoffs.normal
        case "high":
            return cutoffs.high
    # Of what float() takes, "+0.9", "0.6_5" and digits of other scripts are slips of the pen.
    score = float(sensitivity) if _NUMBER.fullmatch(sensitivity) else 0.0
    if not LOWEST_THRESHOLD <= score <= HIGHEST_THRESHOLD:
        raise ValueError(f"found {sensitivity!r:.40}; {SENSITIVITIES}")
    return score
