"""Sounds for the benchmark of the wake word: synthetic voices, an avatar's speech, a dialogue, noise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from ravatard.core.audio_format import RATE_HZ

Samples = NDArray[np.float64]

#: RMS of speech and of the room's noise, of full scale.
SPEECH, ROOM = 0.1, 0.0006
_ROOT = Path(__file__).parents[2]
#: Nothing of a room's noise is below.
_LOWEST_HZ = 50
#: Recordings, or their utterances, that say a word.
SAYS_WORD = {"alexa": ("picovoice-en", "picovoice-en#3")}


class Said(NamedTuple):
    """A sound, and what was said in it."""

    text: str
    sound: Samples


def levelled(said: Samples) -> Samples:
    """Return ``said`` without silence around it, RMS :data:`SPEECH`."""
    loud = np.flatnonzero(np.abs(said) > 0.02 * np.abs(said).max())
    said = said[loud[0] : loud[-1] + 1]
    level: Samples = said * SPEECH / np.sqrt(np.mean(said**2))
    return level


def read(path: Path) -> Samples:
    """Return a WAV file of 16 bits, mono, at 16 kHz."""
    with wave.open(str(path)) as source:
        pcm, rate_hz = source.readframes(source.getnframes()), source.getframerate()
    sound: Samples = np.frombuffer(pcm, "<i2").astype(np.float64) / 32_768
    # Voices of 24 and 32 kHz have sound above 8 kHz, which must not be folded into what is heard.
    return sound if rate_hz == RATE_HZ else soxr.resample(sound, rate_hz, RATE_HZ)


def pcm_of(sound: Samples, rng: np.random.Generator) -> bytes:
    """Return s16le of ``sound`` in a quiet room."""
    noisy = sound + rng.normal(0.0, ROOM, len(sound))
    return bytes((np.clip(noisy, -1.0, 1.0) * 32_767).astype("<i2").tobytes())


def white(samples: int, rng: np.random.Generator) -> Samples:
    """Return noise like that of water or a fan close by, RMS 1."""
    return rng.normal(0.0, 1.0, samples)


def pink(samples: int, rng: np.random.Generator) -> Samples:
    """Return noise with as much energy in each octave, like that of a room with people in it, RMS 1."""
    spectrum = np.fft.rfft(white(samples, rng))
    number = np.arange(len(spectrum))
    spectrum[number < _LOWEST_HZ * samples / RATE_HZ] = 0.0
    sound = np.fft.irfft(spectrum / np.sqrt(np.maximum(number, 1)), samples)
    level: Samples = sound / np.sqrt(np.mean(sound**2))
    return level


def recorded_words(folder: Path | None, word: str) -> dict[str, list[Samples]]:
    """Return recordings of the word by voice: files WORD.VOICE.ANYTHING.wav."""
    found: dict[str, list[Samples]] = {}
    for path in sorted(folder.glob(f"{word}.*.wav")) if folder else ():
        found.setdefault(path.name.split(".")[1], []).append(levelled(read(path)))
    return found


def speech_folder() -> Path | None:
    """Return the folder of the recordings, or None."""
    beside = _ROOT.parent / "shared" / "speech"
    folder = Path(os.environ.get("RAVATARD_SPEECH", beside)) / "src"
    return folder if folder.is_dir() else None


def dialogue(folder: Path, rng: np.random.Generator) -> Iterator[Said]:
    """Yield for ever: one recording after the other, at levels and after pauses as in a dialogue.

    Each is played up to a tenth faster or slower than it was spoken, so that it is not the same again.
    """
    files = [(path.stem, read(path)) for path in sorted(folder.glob("*.wav"))]
    while True:
        name, one = files[rng.integers(len(files))]
        places = np.arange(0.0, len(one) - 1, rng.uniform(0.9, 1.1))
        one = np.interp(places, np.arange(len(one)), one)
        loud = one * SPEECH / max(1e-6, float(np.sqrt(np.mean(one**2))))
        pause = np.zeros(round(rng.uniform(0.05, 1.2) * RATE_HZ))
        yield Said(name, np.concatenate([loud * 10 ** (rng.uniform(-12.0, 3.0) / 20), pause]))


def scenes(folder: Path, made: Path) -> Iterator[Said]:
    """Yield the labelled scenes: speech, noise and background, two and a half hours; made in ``made``.

    Each comes in pieces, which end with their utterance and the silence behind it.
    """
    command = [sys.executable, str(folder.parent / "make_corpus.py"), "--out", str(made / "scenes")]
    subprocess.run(command, check=True, capture_output=True, timeout=1_200)
    manifest = json.loads((made / "scenes" / "manifest.json").read_text())
    for scene in manifest["scenes"]:
        sound, begun, spoken = read(made / "scenes" / scene["file"]), 0, ""
        for utterance in scene["utterances"]:
            yield Said(f"{scene['name']}: {spoken}", sound[begun : utterance["onset"]])
            begun, spoken = utterance["onset"], utterance["source"]
        yield Said(f"{scene['name']}: {spoken}", sound[begun:])
