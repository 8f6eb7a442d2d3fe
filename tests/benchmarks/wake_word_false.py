"""False hits of the wake word: long sound without it, through the appliance's own gate."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import RATE_HZ
from ravatard.core.events import WakeMissed, Woken
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.vad import speech_detector
from tests.benchmarks.wake_word_ear import Ear, hears
from tests.benchmarks.wake_word_sounds import SENTENCES, SPEEDS, Said, Voices, pcm_of

#: Begins like okay_nabu.
NEARLY = SENTENCES[2]
#: Scores that would be hits with another sensitivity.
LOWER = (0.75, 0.65, 0.5)
_MOST_TEXTS = 4


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
            for least in LOWER
        )
        texts = "; ".join(f"{times} x {text!r:.60}" for text, times in self.texts.most_common(_MOST_TEXTS))
        return (
            f"{self.hours:.2f} h: {count} false, {count / self.hours:.2f} an hour (it would be {lower}), "
            f"{len(self.near)} near misses, {self.cpu_ms:.1f} ms/s{': ' + texts if texts else ''}"
        )


def false_hits(ear: Ear, sounds: Iterator[Said], hours: float) -> FalseHits:
    """Let a gate hear ``hours`` of what is not the word, or as much as there is."""
    rng, found = np.random.default_rng(2), FalseHits()
    gate = ear.gate()
    cpu_s, wanted = 0.0, hours * 3600 * RATE_HZ
    for said in sounds:
        if gate.samples >= wanted:
            break
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


def near_misses(ear: Ear, voices: Voices) -> str:
    """Return how often a sentence that begins like the word is taken for it, as one line."""
    rng, woken, said = np.random.default_rng(5), 0, 0
    for voice in voices.names:
        for speed in SPEEDS:
            sentence = np.concatenate([np.zeros(3 * RATE_HZ), voices.say(voice, NEARLY, speed)])
            said += 1
            woken += any(isinstance(event, Woken) for _, event in hears(ear.gate(), pcm_of(sentence, rng)))
    return f"{NEARLY!r} wakes it {woken} times of {said}"


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
