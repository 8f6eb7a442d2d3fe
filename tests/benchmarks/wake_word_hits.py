"""Hits of the wake word: many voices, alone and among other sound, through the appliance's own gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from ravatard.core.actions import Hold
from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES
from ravatard.core.events import ChunkCaptured, UtteranceOpened, Woken
from tests.benchmarks.wake_word_ear import Ear, hears
from tests.benchmarks.wake_word_sounds import SPEECH, Samples, pcm_of, pink, recorded_words, white
from tests.benchmarks.wake_word_voices import SPEEDS, Voices

#: Spellings that each engine reads as the word; what sounds the same counts once.
SPELLINGS = {
    "okay_nabu": ("okay nabu", "okay nahboo"),
    "hey_jarvis": ("hey jarvis",),
    "hey_mycroft": ("hey mycroft",),
    "alexa": ("alexa",),
}
#: What follows the word at once: a vowel, a stop, a hiss and a nasal begin them.
REQUESTS = ("what is the weather today", "turn on the light", "stop the music", "never mind that now")
TALK = "I was there yesterday with my sister, and it was very nice"
#: Sound before the word, and behind what is said; between talk or an answer and the word.
_BEFORE, _BEHIND, _BETWEEN = 3 * RATE_HZ, 2 * RATE_HZ, RATE_HZ
#: A score that is nearer to the word than to anything else.
_LIKELY = 0.5


@dataclass(slots=True)
class Tally:
    """Hits of one voice or of all."""

    said: int = 0
    hits: int = 0
    #: Those of the detector alone on the whole sound, at the threshold of the gate and at 0.5.
    alone: int = 0
    likely: int = 0
    #: Words that nothing followed, and after which the gate opened.
    opened: int = 0
    #: Requests right behind the word that were to be sent, and that were, byte by byte.
    asked: int = 0
    whole: int = 0
    #: Milliseconds from the end of the word to the hit, and to the opening of the gate.
    hit_ms: list[float] = field(default_factory=list)
    open_ms: list[float] = field(default_factory=list)
    #: Milliseconds of the end of the word that are sent; less than 0: so much of what follows is lost.
    tail_ms: list[float] = field(default_factory=list)

    def __iadd__(self, other: Tally) -> Tally:
        """Add the hits of another voice."""
        self.said += other.said
        self.hits += other.hits
        self.alone += other.alone
        self.likely += other.likely
        self.opened += other.opened
        self.asked += other.asked
        self.whole += other.whole
        self.hit_ms += other.hit_ms
        self.open_ms += other.open_ms
        self.tail_ms += other.tail_ms
        return self

    @property
    def share(self) -> float:
        """Hits, percent of what was said."""
        return 100 * self.hits / max(1, self.said)

    def row(self, name: str) -> str:
        """Return the hits as one line."""
        percent = 100 / max(1, self.said)
        return (
            f"{name:30} {self.hits:3d} of {self.said:3d}  {self.share:5.1f} %  "
            f"(detector alone {self.alone * percent:5.1f} %, from 0.5 on {self.likely * percent:5.1f} %)"
        )

    def delays(self) -> str:
        """Return how late hits and openings were, and whether requests were whole."""
        text = ""
        for name, values in (("hit", self.hit_ms), ("open", self.open_ms), ("word sent", self.tail_ms)):
            if values:
                low, middle, high, most = np.percentile(values, [0, 50, 95, 100])
                text += f"; {name} {middle:.0f} ms ({low:.0f} to {most:.0f}, 95 % {high:.0f})"
        if self.opened:
            text += f"; {self.opened} opened the gate alone"
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


CLEAN = Condition("clean, then a pause")
NOISY = (
    Condition("pink noise, 10 dB", pink, 10.0),
    Condition("white noise, 10 dB", white, 10.0),
)
GOES_ON = Condition("clean, goes on", goes_on=True)
CONDITIONS = (
    CLEAN,
    GOES_ON,
    Condition("clean, after other talk", talked=True),
    Condition("clean, after an answer", goes_on=True, answered=True),
    Condition("pink noise, 20 dB", pink, 20.0),
    *NOISY,
    Condition("pink noise, 10 dB, goes on", pink, 10.0, goes_on=True),
)


def spoken(voices: Voices, word: str, folder: Path | None = None) -> dict[str, list[Samples]]:
    """Return the word by every voice, at every pace and in every spelling, and as it was recorded.

    Args:
        voices: synthetic ones.
        word: name of the model.
        folder: of recordings.
    """
    texts = SPELLINGS.get(word, (word.replace("_", " "),))
    made: dict[str, list[Samples]] = {}
    for voice in voices.names:
        kept = made.setdefault(voice, [])
        for one in (voices.say(voice, text, pace) for text in texts for pace in SPEEDS):
            if not any(np.array_equal(one, other) for other in kept):
                kept.append(one)
    return made | recorded_words(folder, word)


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
    request = REQUESTS[seed % len(REQUESTS)]
    rest = speaker(request) if condition.goes_on else np.zeros(0)
    parts, held = [np.zeros(_BEFORE)], range(0)
    if condition.talked:
        parts += [speaker(TALK), np.zeros(_BETWEEN)]
    if condition.answered:
        parts += [word, speaker(request), np.zeros(2 * _BETWEEN)]
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
            one = scene(condition, word, partial(voices.say, name, speed=SPEEDS[len(SPEEDS) // 2]), number)
            _count(found[voice], ear, one)
    return found


def _count(tally: Tally, ear: Ear, one: Scene) -> None:
    tally.said += 1
    # Of a scene with two words only the second one counts.
    begin = one.held.stop * SAMPLE_BYTES
    highest = ear.highest(one.pcm, begin)
    tally.alone += highest > ear.threshold
    tally.likely += highest > _LIKELY
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
    tally.opened += opened is not None and not one.asked
    if woken and one.asked:
        tally.asked += 1
        wanted = one.pcm[one.end * SAMPLE_BYTES : (one.end + one.asked) * SAMPLE_BYTES]
        tally.whole += opened is not None and sent[(one.end - opened) * SAMPLE_BYTES :].startswith(wanted)


def summed(found: dict[str, Tally]) -> Tally:
    """Return the hits of all voices."""
    total = Tally()
    for one in found.values():
        total += one
    return total


def self_wakes(ear: Ear, said: dict[str, list[Samples]]) -> int:
    """Let a gate that is held hear the word by every voice; return how often it wakes."""
    gate = ear.gate()
    gate.command(Hold(held=True), 0.0)
    rng = np.random.default_rng(4)
    words = [word for words in said.values() for word in words]
    return sum(isinstance(event, Woken) for one in words for _, event in hears(gate, pcm_of(one, rng)))
