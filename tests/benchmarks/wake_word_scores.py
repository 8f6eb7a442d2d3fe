"""Cut-offs of the wake words that come with the library, all on the same sound, by the detector alone.

``python -m tests.benchmarks.wake_word_scores [--hours 3] [--word alexa ...]``

For each word, and for scores that are the mean of 2 to 12 outputs: the lowest cut-off with which the dialogue
and the labelled scenes are taken for the word never, at most twice and at most eleven times, and the words
that are heard with it, in percent: by the voices that a person was recorded for, in quiet, with a request
right behind, and in pink and white noise 10 dB below. ``core/wakeword/options.py`` has what came of it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ravatard.core.audio_format import RATE_HZ, bytes_for
from ravatard.core.wakeword.options import BUILT_IN_WORDS
from ravatard.devices.microphone.detectors.wake_word import MicroDetector, load_content
from tests.benchmarks.wake_word_hits import CLEAN, GOES_ON, NOISY, Condition, scene, spoken
from tests.benchmarks.wake_word_parts import Word, model_of
from tests.benchmarks.wake_word_sounds import SAYS_WORD, Said, dialogue, pcm_of, scenes, speech_folder
from tests.benchmarks.wake_word_voices import SPEEDS, Voices

Scores = NDArray[np.float64]

#: A model gives an output for so much sound.
_OUTPUT_MS = 30
_FRAME = bytes_for(_OUTPUT_MS)
#: Scores are the mean of so many outputs.
OUTPUTS = (2, 3, 5, 7, 12)
#: False hits that are suffered, in all of the sound: low, normal and high sensitivity.
SUFFERED = (0, 2, 11)
#: Hits that are nearer to each other are one.
_APART = 2_000 // _OUTPUT_MS
#: A cut-off is one of these.
CUTOFFS = np.arange(0.5, 0.9951, 0.01)
_HEARD = (CLEAN, GOES_ON, *NOISY)


def mean_of(outputs: Scores, number: int) -> Scores:
    """Return the means of each ``number`` outputs in a row; 0 where there are fewer."""
    if len(outputs) < number:
        return np.zeros(len(outputs))
    total = np.cumsum(np.concatenate([[0.0], outputs]))
    means: Scores = np.concatenate([np.zeros(number - 1), (total[number:] - total[:-number]) / number])
    return means


def hits_in(scores: Scores, cutoff: float) -> int:
    """Return how often ``scores`` rise above ``cutoff``; what is less than two seconds apart is one."""
    above = np.flatnonzero(scores > cutoff)
    return int(np.count_nonzero(np.diff(above, prepend=-_APART) >= _APART))


def lowest_cutoff(scores: Iterable[Scores], suffered: int) -> float | None:
    """Return the lowest cut-off that ``scores`` rise above at most ``suffered`` times, or None."""
    kept = list(scores)
    return next(
        (float(cutoff) for cutoff in CUTOFFS if sum(hits_in(one, cutoff) for one in kept) <= suffered), None
    )


class Detector:
    """A model, whose single outputs are taken."""

    def __init__(self, word: str) -> None:
        self._loaded: MicroDetector = load_content(model_of(Word(word, "normal")).content, 1)
        self._rest = b""

    def outputs(self, pcm: bytes) -> Scores:
        """Return the output of each 30 ms of ``pcm``, s16le mono 16 kHz; of the last of it with the next."""
        pcm = self._rest + pcm
        whole = len(pcm) - len(pcm) % _FRAME
        self._rest = pcm[whole:]
        return np.array([self._loaded.score(pcm[at : at + _FRAME]) for at in range(0, whole, _FRAME)])

    def forget(self) -> None:
        """Forget what was heard."""
        self._rest = b""
        self._loaded.forget()


def false_outputs(words: list[str], sounds: Iterator[Said], hours: float) -> dict[str, list[Scores]]:
    """Return the outputs of each word on ``hours`` of sound, without what says the word itself."""
    rng, heard = np.random.default_rng(2), 0.0
    detectors = {word: Detector(word) for word in words}
    found: dict[str, list[Scores]] = {word: [] for word in words}
    for said in sounds:
        if heard >= hours * 3600:
            break
        pcm = pcm_of(said.sound, rng)
        heard += len(said.sound) / RATE_HZ
        for word, detector in detectors.items():
            outputs = detector.outputs(pcm)
            if not said.text.endswith(SAYS_WORD.get(word, ("\0",))):
                found[word].append(outputs)
    return {word: [np.concatenate(outputs)] for word, outputs in found.items()}


def word_outputs(word: str, voices: Voices, condition: Condition) -> list[Scores]:
    """Return the outputs on each way that a voice, for which a person was recorded, says the word."""
    detector, found = Detector(word), []
    for voice, said in spoken(voices, word).items():
        if not voices.is_person(voice):
            continue
        speaker = partial(voices.say, voice, speed=SPEEDS[len(SPEEDS) // 2])
        for number, sound in enumerate(said):
            detector.forget()
            found.append(detector.outputs(scene(condition, sound, speaker, number).pcm))
    return found


def lines(words: list[str], hours: float) -> Iterator[str]:
    """Yield the table, line by line."""
    corpus = speech_folder()
    if corpus is None:
        raise SystemExit("there are no recordings; name their folder in RAVATARD_SPEECH")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        voices = Voices(folder)
        sounds = (dialogue(corpus, np.random.default_rng(3)), scenes(corpus, folder))
        lengths = (hours, float("inf"))
        false = [false_outputs(words, one, length) for one, length in zip(sounds, lengths, strict=True)]
        for word in words:
            said = {condition.name: word_outputs(word, voices, condition) for condition in _HEARD}
            for number in OUTPUTS:
                yield f"{word}, mean of {number}: {_row(number, [one[word][0] for one in false], said)}"


def _row(number: int, false: list[Scores], said: dict[str, list[Scores]]) -> str:
    means = [mean_of(outputs, number) for outputs in false]
    cells = []
    for suffered in SUFFERED:
        cutoff = lowest_cutoff(means, suffered)
        if cutoff is None:
            cells.append(f"{suffered} false: none")
            continue
        shares = [
            100 * sum(mean_of(one, number).max() > cutoff for one in outputs) / len(outputs)
            for outputs in said.values()
        ]
        cells.append(
            f"{suffered} false from {cutoff:.2f}: {' / '.join(f'{share:.0f}' for share in shares)} %"
        )
    return "; ".join(cells)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--word", nargs="+", default=list(BUILT_IN_WORDS))
    parser.add_argument("--hours", type=float, default=3.0, help="of the dialogue")
    arguments = parser.parse_args()
    for line in lines(arguments.word, arguments.hours):
        print(line, flush=True)


if __name__ == "__main__":
    main()
