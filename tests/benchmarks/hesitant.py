"""Scenes of speakers who pause in their sentences, beside as many who do not.

Made with the functions of ``make_corpus.py`` and in its form. One speaker says some utterances, then comes
the next. A speaker either pauses as in the recording, or often for 300 to 1,200 ms: between two recordings,
or at the softest place in the middle of one. What an invented pause cannot show is how a voice sounds before
it.
"""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

#: The longest pause of one speaker after the other, ms; 0: pauses as in the recording.
HABITS_MS = (0, 500, 0, 700, 0, 900, 0, 1_200)
SHORTEST_PAUSE_MS = 300
#: Who hesitates does so in this part of the utterances, for at least this part of the longest pause.
HESITATES = 0.6
LEAST = 0.6
SPEAKERS = 32
UTTERANCES = 8
#: Between two utterances; longer than any pause, so that two are never one.
GAP_S = (2.5, 4.0)
#: A recording that is shorter has no middle to pause in.
LONG_S = 0.9
#: Name of each scene, and the level of its pink noise under that of speech, dB; None: a microphone's noise.
SCENES = {"hesitant": None, "hesitant20": 20, "hesitant10": 10}
NOISE_SAMPLES = 1 << 19
#: Beginnings of names of which one speaker recorded several files.
SPEAKERS_OF_FILES = ("alsa", "jfk", "librivox", "ps-cards", "ps-chan3")

#: An utterance as ``make_corpus.utterances`` has it: source, samples, islands, recorded or not.
Utterance = tuple[str, Any, list[list[int]], bool]


@dataclass(frozen=True, slots=True)
class Said:
    """Samples of one utterance, and its islands within them."""

    sound: Any
    islands: list[list[int]]

    @property
    def longest_pause(self) -> int:
        """The longest pause between two islands, samples."""
        return max((after[0] - before[1] for before, after in pairwise(self.islands)), default=0)


def speaker_of(source: str) -> str:
    """Return the speaker, as far as the name of a recording tells."""
    name = source.partition("#")[0]
    return next((speaker for speaker in SPEAKERS_OF_FILES if name.startswith(speaker)), name)


def divided(corpus: ModuleType, said: Said, pause: int) -> Said | None:
    """Return ``said`` with ``pause`` samples of silence at its softest place, or None: it is too short."""
    numpy, step = corpus.np, corpus.SR // 100
    first, last = said.islands[0][0], said.islands[-1][1]
    if last - first < LONG_S * corpus.SR:
        return None
    power = numpy.convolve(said.sound**2, numpy.ones(4 * step), "same")
    quarter = (last - first) // 4
    at = first + quarter + int(numpy.argmin(power[first + quarter : last - quarter]))
    head, tail = said.sound[:at].copy(), said.sound[at:].copy()
    head[-step:] *= numpy.linspace(1, 0, step)
    tail[:step] *= numpy.linspace(0, 1, step)
    return Said(
        numpy.concatenate((head, numpy.zeros(pause), tail)), [[first, at], [at + pause, last + pause]]
    )


def joined(corpus: ModuleType, one: Said, other: Said, pause: int) -> Said:
    """Return two utterances as one, with ``pause`` samples between the speech of both."""
    numpy = corpus.np
    between = max(0, pause - (len(one.sound) - one.islands[-1][1]) - other.islands[0][0])
    shift = len(one.sound) + between
    islands = [*one.islands, *([first + shift, last + shift] for first, last in other.islands)]
    return Said(numpy.concatenate((one.sound, numpy.zeros(between), other.sound)), islands)


def say(corpus: ModuleType, random: Any, recordings: list[Said], longest_ms: int) -> Said:
    """Return one utterance of a speaker whose longest pause is this."""
    one: Said = recordings[random.randint(len(recordings))]
    if not longest_ms or random.uniform() > HESITATES:
        return one
    least_ms = max(SHORTEST_PAUSE_MS, LEAST * longest_ms)
    pause = int(random.uniform(least_ms, longest_ms) * corpus.SR / 1000)
    within = divided(corpus, one, pause) if random.uniform() < 0.5 else None
    if within is not None:
        return within
    other: Said = recordings[random.randint(len(recordings))]
    return joined(corpus, one, other, pause)


def conversation(corpus: ModuleType, random: Any, pool: list[Utterance]) -> tuple[Any, list[dict[str, Any]]]:
    """Return the speech of all speakers, one after the other, and the labels of their utterances."""
    numpy, rate = corpus.np, corpus.SR
    recordings: dict[str, list[Said]] = {}
    for source, sound, islands, _ in pool:
        recordings.setdefault(speaker_of(source), []).append(Said(sound, islands))
    speakers = numpy.resize(random.permutation(sorted(recordings)), SPEAKERS)
    at = 3 * rate
    parts, labels = [numpy.zeros(at)], []
    for number, speaker in enumerate(speakers):
        longest_ms = HABITS_MS[number % len(HABITS_MS)]
        for count in range(UTTERANCES):
            said = say(corpus, random, recordings[speaker], longest_ms)
            islands = [[first + at, last + at] for first, last in said.islands]
            labels.append(
                {
                    "source": speaker,
                    "onset": islands[0][0],
                    "offset": islands[-1][1],
                    "islands": islands,
                    "habit_ms": longest_ms,
                    "count": count,
                    "pause_ms": said.longest_pause * 1000 // rate,
                }
            )
            parts += [said.sound, numpy.zeros(int(random.uniform(*GAP_S) * rate))]
            at += len(parts[-2]) + len(parts[-1])
    return numpy.concatenate(parts), labels


def noise(corpus: ModuleType, random: Any, samples: int, snr_db: int | None) -> Any:
    """Return a microphone's own noise, or pink noise ``snr_db`` under the level of speech, repeated."""
    if snr_db is None:
        return corpus.white(random, samples) * corpus.db(-66)
    once = corpus.pink(random, NOISE_SAMPLES) * corpus.db(corpus.SPEECH_DB - snr_db)
    return corpus.np.resize(once, samples)


def write(corpus: ModuleType, target: Path, name: str, sound: Any) -> None:
    """Write samples from -1 to 1 as a WAV of ``target``, s16le mono 16 kHz."""
    with wave.open(str(target / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(corpus.SR)
        file.writeframes(corpus.to16(sound).tobytes())


def make(corpus: ModuleType, pool: list[Utterance], target: Path, seed: int) -> None:
    """Write the scenes and their manifest.json into ``target``, which is made if it is not there.

    Args:
        corpus: the module ``make_corpus``.
        pool: the utterances that are said.
        target: the folder.
        seed: of every random choice.
    """
    target.mkdir(parents=True, exist_ok=True)
    scenes = []
    for number, (name, snr_db) in enumerate(SCENES.items()):
        random = corpus.np.random.RandomState(seed + 1_000 * number)
        sound, labels = conversation(corpus, random, pool)
        write(corpus, target, name, sound + noise(corpus, random, len(sound), snr_db))
        scene = {
            "name": name,
            "file": f"{name}.wav",
            "samples": len(sound),
            "kind": "speech",
            "snr_db": snr_db,
        }
        scenes.append({**scene, "utterances": labels})
    (target / "manifest.json").write_text(json.dumps({"seed": seed, "rate": corpus.SR, "scenes": scenes}))
