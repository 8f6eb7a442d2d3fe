"""False hits of the wake word: long sound without it, through the appliance's own gate."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES, bytes_for, samples_for
from ravatard.core.events import WakeMissed, Woken
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.vad import speech_detector
from tests.benchmarks.wake_word_avatar import SENTENCES
from tests.benchmarks.wake_word_ear import Ear, hears
from tests.benchmarks.wake_word_sounds import SAYS_WORD, Said, pcm_of
from tests.benchmarks.wake_word_voices import SPEEDS, Voices

#: Begins like okay_nabu.
NEARLY = SENTENCES[2]
#: Scores that would be hits with another sensitivity.
LOWER = (0.75, 0.65, 0.5)
_MOST_TEXTS = 4
#: The user's time after an answer, in which the microphone listens again.
_TURN_MS = 1_500


@dataclass(slots=True)
class FalseHits:
    """What a gate made of sound that is not the word.

    Attributes:
        hours: of sound.
        texts: what was taken for the word, and how often.
        right: hits of the word itself, which one of the recordings says.
        near: scores of the near misses.
        cpu_s: processor time of the gate.
        held: hits of a gate in half duplex on the same sound, which is the avatar's own; None: it is not.
    """

    hours: float = 0.0
    texts: Counter[str] = field(default_factory=Counter)
    right: int = 0
    near: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    held: int | None = None

    def __iadd__(self, other: FalseHits) -> FalseHits:
        """Add what was made of more sound."""
        self.hours += other.hours
        self.texts += other.texts
        self.right += other.right
        self.near += other.near
        self.cpu_s += other.cpu_s
        if other.held is not None:
            self.held = (self.held or 0) + other.held
        return self

    def __str__(self) -> str:
        count, hours = self.texts.total(), max(self.hours, 1e-9)
        lower = ", ".join(
            f"{(count + sum(score > least for score in self.near)) / hours:.1f} from {least}"
            for least in LOWER
        )
        texts = "".join(f"; {times} x {text!r:.60}" for text, times in self.texts.most_common(_MOST_TEXTS))
        right = f", {self.right} times the word itself" if self.right else ""
        held = "" if self.held is None else f"half duplex: {self.held} self-wakes; listening all the time: "
        return (
            f"{self.hours:.2f} h: {held}{count} false, {count / hours:.2f} an hour (it would be {lower})"
            f"{right}, {len(self.near)} near misses, {self.cpu_s / hours / 3.6:.1f} ms/s{texts}"
        )


class Listener:
    """A gate that hears one sound after the other, none of which is the word.

    Attributes:
        found: what it made of them.
    """

    def __init__(self, word: str, gate: Gate, held: Gate | None = None) -> None:
        """Begin.

        Args:
            word: name of its model.
            gate: hears all.
            held: a second gate, which is held while an avatar says the sounds, as the daemon holds it.
        """
        self.found = FalseHits(held=None if held is None else 0)
        self._word = word
        self._gate = gate
        self._held = held
        self._tail = samples_for(AudioOptions().tail_ms)

    def hears(self, text: str, pcm: bytes) -> None:
        """Hear ``pcm``, in which ``text`` is said."""
        begun, found = time.process_time(), self.found
        for _, event in hears(self._gate, pcm):
            if isinstance(event, Woken):
                said = text.endswith(SAYS_WORD.get(self._word, ()))
                found.right += said
                found.texts[text] += not said
            elif isinstance(event, WakeMissed):
                found.near.append(event.score)
        found.cpu_s += time.process_time() - begun
        found.hours = self._gate.samples / RATE_HZ / 3600
        if self._held is not None and found.held is not None:
            # Behind each answer is the time in which the user has the turn.
            held = range(len(pcm) // SAMPLE_BYTES + self._tail)
            turn = pcm + bytes(bytes_for(_TURN_MS))
            found.held += sum(isinstance(event, Woken) for _, event in hears(self._held, turn, held))


def listen(listeners: list[Listener], sounds: Iterator[Said], hours: float, until: float) -> None:
    """Let every listener hear ``hours`` of ``sounds``, or as much as there is until ``until``.

    Args:
        listeners: who hear.
        sounds: one after the other.
        hours: of sound.
        until: time of :func:`time.time` at which it ends.
    """
    rng = np.random.default_rng(2)
    for said in sounds:
        if listeners[0].found.hours >= hours or time.time() > until:
            break
        pcm = pcm_of(said.sound, rng)
        for listener in listeners:
            listener.hears(said.text, pcm)


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
