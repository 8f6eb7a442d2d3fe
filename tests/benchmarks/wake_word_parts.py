"""Parts of the wake word's benchmark, which two processes take one after the other: an hour of sound each."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.devices.microphone.wakeword.trial import find_and_try
from ravatard.devices.microphone.wakeword.tried import TriedModel
from tests.benchmarks.wake_word_avatar import answers
from tests.benchmarks.wake_word_ear import Ear
from tests.benchmarks.wake_word_false import FalseHits, Listener, listen
from tests.benchmarks.wake_word_hits import CONDITIONS, Tally, hits, spoken, summed
from tests.benchmarks.wake_word_sounds import dialogue, scenes, speech_folder
from tests.benchmarks.wake_word_voices import Voices

AVATAR, DIALOGUE, SCENES = "an avatar's answers", "a dialogue", "the labelled scenes"
PROCESSES = 2
#: Of a part.
_MOST_HOURS = 1.0
#: Seeds of the parts of a sound begin here; the thresholds were chosen on other seeds.
_FIRST_SEED = 100


@dataclass(frozen=True, slots=True)
class Word:
    """The word that is listened for: options of section ``wakeword``, and a folder of recordings or None."""

    name: str
    sensitivity: str
    recordings: Path | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Sound that is not the word.

    Attributes:
        name: of the sound.
        number: from 0 on; each has sound of its own.
        hours: of sound.
    """

    name: str
    number: int
    hours: float

    def heard(self, words: list[Word], until: float) -> list[FalseHits]:
        """Let gates hear the part, or what of it is heard until ``until``; return what each made of it."""
        if time.time() > until:
            return [FalseHits() for _ in words]
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            spoken_by_avatar, corpus = self.name == AVATAR, speech_folder()
            listeners = [
                Listener(word.name, ear_for(word).gate(), ear_for(word).gate() if spoken_by_avatar else None)
                for word in words
            ]
            rng = np.random.default_rng(_FIRST_SEED + self.number)
            if spoken_by_avatar:
                listen(listeners, answers(Voices(folder), rng), self.hours, until)
            elif corpus is not None:
                said = dialogue(corpus, rng) if self.name == DIALOGUE else scenes(corpus, folder)
                listen(listeners, said, self.hours, until)
            return [listener.found for listener in listeners]


def model_of(word: Word) -> TriedModel:
    """Return the model of ``word``, with its score and outputs."""
    options = WakeWordOptions(word=word.name, sensitivity=word.sensitivity)
    return find_and_try(options, Path(), os.environ)


def ear_for(word: Word) -> Ear:
    """Return the gate's maker for ``word``."""
    return Ear(model_of(word))


def parts(name: str, hours: float) -> list[Part]:
    """Return ``hours`` of a sound in parts of an hour at most; the labelled scenes are one."""
    if name == SCENES:
        return [Part(name, 0, float("inf"))]
    lengths = [_MOST_HOURS] * int(hours // _MOST_HOURS)
    if rest := hours % _MOST_HOURS:
        lengths.append(rest)
    return [Part(name, number, length) for number, length in enumerate(lengths)]


def all_hits(words: list[Word]) -> list[dict[str, dict[str, Tally]]]:
    """Return for each word the hits of each condition by voice, in two processes."""
    asked = [(word, number) for word in words for number in range(len(CONDITIONS))]
    made = []
    with _pool() as pool:
        for (word, number), tallies in zip(
            asked, pool.map(_condition, *zip(*asked, strict=True)), strict=True
        ):
            made.append(tallies)
            _tell(f"{word.name}, {CONDITIONS[number].name}: {summed(tallies).share:.0f} % of all voices")
    found = iter(made)
    return [{condition.name: next(found) for condition in CONDITIONS} for _ in words]


def _condition(word: Word, number: int) -> dict[str, Tally]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        voices = Voices(folder)
        said = spoken(voices, word.name, word.recordings)
        return hits(ear_for(word), voices, said, CONDITIONS[number])


def all_false(words: list[Word], heard: list[Part], minutes: float) -> dict[str, list[FalseHits]]:
    """Return by sound what the gate of each word made of it; progress goes to standard error.

    Args:
        words: that are listened for.
        heard: the parts.
        minutes: it takes no longer; what was not heard by then counts as no hours.
    """
    begun = time.time()
    until = begun + minutes * 60
    total = {part.name: [FalseHits() for _ in words] for part in heard}
    with _pool() as pool:
        waiting = {pool.submit(part.heard, words, until): part for part in heard}
        for done in as_completed(waiting):
            name = waiting[done].name
            for number, more in enumerate(done.result()):
                total[name][number] += more
            counts = ", ".join(
                f"{one.texts.total()} {word.name}" for word, one in zip(words, total[name], strict=True)
            )
            minute = (time.time() - begun) / 60
            _tell(f"{minute:.0f} min: {total[name][0].hours:.2f} h of {name}, taken for it: {counts}")
    return total


def _tell(progress: str) -> None:
    print(f"  {progress}", file=sys.stderr, flush=True)


def _pool() -> ProcessPoolExecutor:
    # No fork: the libraries of some voices have threads.
    return ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"))
