"""Makes the short signals of the speaker: ``python -m tests.make_earcons``.

Notes of a soft bell. Each signal is known by its rhythm and by where its pitch goes, also by somebody who
cannot name notes: rising opens, falling closes, low and repeated is trouble.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ravatard.core.audio_format import VOICE_RATE_HZ
from ravatard.core.states import Earcon
from ravatard.devices.speaker.earcons import SHIPPED

#: Root mean square of the sounding part; peaks are some 6 dB above: beside a voice, not over it.
LEVEL_DBFS = -18.0
FADE_MS = 5
#: A bell with little metal in it: partials and their strength, and how fast it dies away.
PARTIALS = ((1.0, 1.0), (2.0, 0.22), (3.0, 0.06))
DECAY_S = 0.11

# Equal temperament, a' = 440 Hz.
A3, D4, A4, D5, E5, A5 = (440.0 * 2 ** (steps / 12) for steps in (-12, -7, 0, 5, 7, 12))


@dataclass(frozen=True, slots=True)
class Note:
    """A tone, or with 0 Hz a pause."""

    hz: float
    ms: int


#: listening: up, quickly. sent: down, quickly. muted: down, slowly and low. offline: low twice, with a
#: pause as of somebody knocking. error: low three times. no-money: two high, then low, as a till that closes.
SCORE: dict[Earcon, tuple[Note, ...]] = {
    Earcon.LISTENING: (Note(A4, 60), Note(E5, 100)),
    Earcon.SENT: (Note(E5, 50), Note(A4, 80)),
    Earcon.MUTED: (Note(D5, 120), Note(A4, 120), Note(D4, 140)),
    Earcon.OFFLINE: (Note(D4, 100), Note(0.0, 100), Note(D4, 140)),
    Earcon.ERROR: (Note(A3, 70), Note(0.0, 40), Note(A3, 70), Note(0.0, 40), Note(A3, 140)),
    Earcon.NO_MONEY: (Note(A5, 60), Note(0.0, 40), Note(A5, 60), Note(0.0, 40), Note(D4, 200)),
}


def tone(note: Note) -> NDArray[np.float64]:
    """One note, faded in and out."""
    t = np.arange(VOICE_RATE_HZ * note.ms // 1000) / VOICE_RATE_HZ
    made: NDArray[np.float64] = np.zeros(len(t))
    if note.hz:
        for ratio, strength in PARTIALS:
            made += strength * np.sin(2 * np.pi * note.hz * ratio * t)
        made *= np.exp(-t / DECAY_S)
        ramp = np.linspace(0.0, 1.0, VOICE_RATE_HZ * FADE_MS // 1000)
        made[: len(ramp)] *= ramp
        made[-len(ramp) :] *= ramp[::-1]
    return made


def made(earcon: Earcon) -> NDArray[np.int16]:
    """``earcon``, 48 kHz mono, 16 bits."""
    samples = np.concatenate([tone(note) for note in SCORE[earcon]])
    sounding = samples[samples != 0]
    samples *= 10 ** (LEVEL_DBFS / 20) / float(np.sqrt((sounding**2).mean()))
    whole: NDArray[np.int16] = np.rint(samples * 32767).astype("<i2")
    return whole


def main() -> None:
    """Write all of them."""
    SHIPPED.mkdir(exist_ok=True)
    for earcon in Earcon:
        with wave.open(str(Path(SHIPPED, f"{earcon.value}.wav")), "wb") as target:
            target.setnchannels(1)
            target.setsampwidth(2)
            target.setframerate(VOICE_RATE_HZ)
            target.writeframes(made(earcon).tobytes())


if __name__ == "__main__":
    main()
