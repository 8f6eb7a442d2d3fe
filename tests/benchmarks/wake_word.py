"""How well the wake word is heard, and how seldom by mistake, through the appliance's own gate.

``python -m tests.benchmarks.wake_word [--hours H] [--word okay_nabu] [--sensitivity normal] [--words DIR]``

Hits: the word by synthetic voices (espeak-ng and flite, which must be installed) and by recordings in DIR,
alone and with a request right behind it, clean and in noise. Beside them stand the hits of the detector alone
on the whole sound: what the gate loses is ours, the rest is the model's. False hits: recordings beside the
repository (or in $RAVATARD_SPEECH) in random order like a dialogue, and an avatar's sentences by the same
synthetic voices, each for ``--hours``. Synthetic voices are no people: read the table as a ranking and as a
list of failures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ravatard.core.actions import Hold
from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import RATE_HZ, bytes_for
from ravatard.core.events import UtteranceOpened, WakeMissed, Woken
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.core.wakeword.watch import WakeWord
from ravatard.devices.microphone.detectors.wake_word import MicroDetector
from ravatard.devices.microphone.vad import speech_detector
from ravatard.devices.microphone.wakeword.trial import find_and_try
from ravatard.devices.microphone.wakeword.tried import TriedModel
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
    speech_folder,
    white,
)

SPELLINGS = {
    "okay_nabu": ("okay nabu", "okay nahboo"),
    "hey_jarvis": ("hey jarvis",),
    "hey_mycroft": ("hey mycroft",),
}
REQUEST = "what is the weather today"
#: Sound before the word, and behind what is said.
_BEFORE, _BEHIND = 3 * RATE_HZ, 2 * RATE_HZ
_BLOCK = bytes_for(20)
#: Scores that would be hits with another sensitivity.
_LOWER = (0.75, 0.65, 0.5)
_MOST_TEXTS = 4


@dataclass(slots=True)
class Tally:
    """Hits of one voice or of all."""

    said: int = 0
    hits: int = 0
    #: Those of the detector alone on the whole sound, at the threshold of the gate and at 0.5.
    alone: int = 0
    likely: int = 0
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


class Ear:
    """The appliance's gate with the detector, as the sound process runs them."""

    def __init__(self, tried: TriedModel, folder: Path) -> None:
        file = folder / "model.tflite"
        file.write_bytes(tried.content)
        self._detector, self._alone = (MicroDetector(file, tried.outputs) for _ in range(2))
        self.threshold = tried.threshold

    def gate(self) -> Gate:
        """Return a gate that has heard nothing."""
        self._detector.forget()
        word = WakeWord(self._detector, self.threshold)
        detector = speech_detector(VoiceOptions().aggressiveness)
        return Gate(
            GateOptions(), VoiceOptions(), detector, mode=GateMode.WAKEWORD, extras=GateExtras(word=word)
        )

    def highest(self, pcm: bytes) -> float:
        """Return the highest score of a detector that hears all of ``pcm``."""
        self._alone.forget()
        return max(self._alone.score(pcm[at : at + _BLOCK]) for at in range(0, len(pcm), _BLOCK))


def hears(gate: Gate, pcm: bytes) -> Iterator[tuple[int, object]]:
    """Yield each event with the sample at which it came."""
    for at in range(0, len(pcm), _BLOCK):
        for event in gate.feed(pcm[at : at + _BLOCK], 0.0):
            yield gate.samples, event


@dataclass(frozen=True, slots=True)
class Condition:
    """How the word is said.

    Attributes:
        name: of the row.
        noise: makes noise of RMS 1; None: a quiet room.
        snr_db: the word over that noise.
        goes_on: a request follows without a pause.
    """

    name: str
    noise: Callable[[int, np.random.Generator], Samples] | None = None
    snr_db: float = 0.0
    goes_on: bool = False


CONDITIONS = (
    Condition("clean, then a pause"),
    Condition("clean, goes on", goes_on=True),
    Condition("pink noise, 20 dB", pink, 20.0),
    Condition("pink noise, 10 dB", pink, 10.0),
    Condition("white noise, 10 dB", white, 10.0),
)


def spoken(voices: Voices, word: str, recorded: dict[str, list[Samples]]) -> dict[str, list[Samples]]:
    """Return the word by every voice, at every speed and in every spelling, and as it was recorded."""
    texts = SPELLINGS.get(word, (word.replace("_", " "),))
    made = {
        voice: [voices.say(voice, text, speed) for text in texts for speed in SPEEDS]
        for voice in voices.names
    }
    return made | recorded


def hits(ear: Ear, voices: Voices, said: dict[str, list[Samples]], condition: Condition) -> dict[str, Tally]:
    """Let the gate hear every one of ``said``; return the hits by voice."""
    rng = np.random.default_rng(1)
    found = {voice: Tally() for voice in said}
    for voice, words in said.items():
        speaker = voice if voice in voices.names else voices.names[0]
        rest = voices.say(speaker, REQUEST, SPEEDS[1]) if condition.goes_on else np.zeros(0)
        for word in words:
            sound = np.concatenate([np.zeros(_BEFORE), word, rest, np.zeros(_BEHIND)])
            if condition.noise is not None:
                sound = sound + condition.noise(len(sound), rng) * SPEECH * 10 ** (-condition.snr_db / 20)
            _count(found[voice], ear, pcm_of(sound, rng), _BEFORE + len(word))
    return found


def _count(tally: Tally, ear: Ear, pcm: bytes, end: int) -> None:
    tally.said += 1
    highest = ear.highest(pcm)
    tally.alone += highest > ear.threshold
    tally.likely += highest > _LOWER[-1]
    woken = False
    for at, event in hears(ear.gate(), pcm):
        if isinstance(event, Woken) and not woken:
            woken = True
            tally.hits += 1
            tally.hit_ms.append((at - end) / 16)
        if isinstance(event, UtteranceOpened):
            tally.open_ms.append((at - end) / 16)
            tally.tail_ms.append((end - event.first_sample) / 16)


def summed(found: dict[str, Tally]) -> Tally:
    """Return the hits of all voices."""
    total = Tally()
    for one in found.values():
        total.said += one.said
        total.hits += one.hits
        total.alone += one.alone
        total.likely += one.likely
        total.hit_ms += one.hit_ms
        total.open_ms += one.open_ms
        total.tail_ms += one.tail_ms
    return total


@dataclass(slots=True)
class FalseHits:
    """What a gate made of sound that is not the word."""

    hours: float = 0.0
    texts: Counter[str] = field(default_factory=Counter)
    near: list[float] = field(default_factory=list)
    cpu_ms: float = 0.0

    def __str__(self) -> str:
        count = self.texts.total()
        lower = ", ".join(
            f"{(count + sum(score > least for score in self.near)) / self.hours:.1f} from {least}"
            for least in _LOWER
        )
        texts = "; ".join(f"{times} x {text!r:.60}" for text, times in self.texts.most_common(_MOST_TEXTS))
        return (
            f"{self.hours:.2f} h: {count} false, {count / self.hours:.2f} an hour (it would be {lower}), "
            f"{len(self.near)} near misses, {self.cpu_ms:.1f} ms/s{': ' + texts if texts else ''}"
        )


def false_hits(ear: Ear, sounds: Iterator[Said], hours: float, *, held: bool = False) -> FalseHits:
    """Let a gate hear ``hours`` of what is not the word."""
    rng, found = np.random.default_rng(2), FalseHits()
    gate = ear.gate()
    if held:
        gate.command(Hold(held=True), 0.0)
    cpu_s, wanted = 0.0, round(hours * 3600 * RATE_HZ)
    while gate.samples < wanted:
        said = next(sounds)
        pcm = pcm_of(said.sound, rng)
        begun = time.process_time()
        for _, event in hears(gate, pcm):
            if isinstance(event, Woken):
                found.texts[said.text] += 1
            elif isinstance(event, WakeMissed):
                found.near.append(event.score)
        cpu_s += time.process_time() - begun
    found.hours = gate.samples / RATE_HZ / 3600
    found.cpu_ms = cpu_s * 1000 / (gate.samples / RATE_HZ)
    return found


def plain_cpu(sounds: Iterator[Said], seconds: float) -> float:
    """Return the CPU of a gate without a wake word on the same sound, in ms/s."""
    rng, cpu_s = np.random.default_rng(2), 0.0
    detector = speech_detector(VoiceOptions().aggressiveness)
    gate = Gate(GateOptions(), VoiceOptions(), detector, mode=GateMode.VAD)
    while gate.samples < seconds * RATE_HZ:
        pcm = pcm_of(next(sounds).sound, rng)
        begun = time.process_time()
        for _ in hears(gate, pcm):
            pass
        cpu_s += time.process_time() - begun
    return cpu_s * 1000 / (gate.samples / RATE_HZ)


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


def lines(word: str, sensitivity: str, hours: float, words: Path | None = None) -> Iterator[str]:
    """Yield the report, line by line, as it is measured."""
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
            yield total.row(condition.name) + _delays(total)
            if recorded:
                yield f"    {summed({voice: found[voice] for voice in recorded}).row('recorded ones')}"
            if not condition.goes_on:
                yield from (f"    {one.row(voice)}" for voice, one in found.items())
        rng = np.random.default_rng(3)
        yield f"self-wakes, half duplex, the avatar says the word: {_self_wakes(ear, said)}"
        for name, sounds in (
            ("an avatar's sentences", avatar(voices, rng)),
            *([("a dialogue", dialogue(corpus, rng))] if (corpus := speech_folder()) else ()),
        ):
            yield f"{name}, {false_hits(ear, sounds, hours)}"
        plain = plain_cpu(avatar(voices, np.random.default_rng(3)), 120.0)
        yield f"a gate without a wake word on the avatar's sentences: {plain:.1f} ms/s"
        without, loaded = footprint_mb(None), footprint_mb(folder / "model.tflite")
        yield f"memory of the sound process: {without:.1f} MB, with the model {loaded:.1f} MB"


def _self_wakes(ear: Ear, said: dict[str, list[Samples]]) -> int:
    """Let a gate that is held hear the word by every voice; return how often it wakes."""
    gate = ear.gate()
    gate.command(Hold(held=True), 0.0)
    rng = np.random.default_rng(4)
    words = [word for words in said.values() for word in words]
    return sum(isinstance(event, Woken) for one in words for _, event in hears(gate, pcm_of(one, rng)))


def _delays(total: Tally) -> str:
    text = ""
    for name, values in (("hit", total.hit_ms), ("open", total.open_ms), ("word sent", total.tail_ms)):
        if values:
            low, middle, high = np.percentile(values, [0, 50, 95])
            text += f"; {name} {middle:.0f} ms (least {low:.0f}, 95 % {high:.0f})"
    return text


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
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--words", type=Path, metavar="DIR", help="recordings WORD.VOICE.ANYTHING.wav")
    arguments = parser.parse_args()
    for line in lines(arguments.word, arguments.sensitivity, arguments.hours, arguments.words):
        print(line, flush=True)


if __name__ == "__main__":
    main()
