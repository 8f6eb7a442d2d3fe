"""How well the wake word is heard, and how seldom by mistake, through the appliance's own gate.

``python -m tests.benchmarks.wake_word [--hours H] [--word okay_nabu] [--sensitivity normal]``

Hits: the word by synthetic voices (espeak-ng and flite, which must be installed), alone and with a request
right behind it, clean and with noise 10 dB below. False hits: the recordings beside the repository (or in
$RAVATARD_SPEECH) in random order like a dialogue, and an avatar's sentences by the same synthetic voices,
each for ``--hours``. Synthetic voices are no people: read the table as a ranking and as a list of failures.
"""

from __future__ import annotations

import argparse
import asyncio
import audioop
import os
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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

Samples = NDArray[np.float64]

ESPEAK = (
    *("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029", "en-us+m3", "en-us+m7"),
    *("en-gb+m2", "en-gb+f5", "en-us+f2", "en-us+f3", "en-us+f4", "en-us+klatt", "en-us+Alex", "en-us+Annie"),
)
FLITE = ("slt", "rms", "awb", "kal16")
SPEEDS = (140, 165, 190)
SPELLINGS = {
    "okay_nabu": ("okay nabu", "okay nahboo"),
    "hey_jarvis": ("hey jarvis",),
    "hey_mycroft": ("hey mycroft",),
}
REQUEST = "what is the weather today"
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
_SPEECH, _ROOM = 0.1, 0.0006
_BLOCK = bytes_for(20)


@dataclass(slots=True)
class Tally:
    """Hits of one voice or of all."""

    said: int = 0
    hits: int = 0
    #: Milliseconds from the end of the word to the hit, and to the opening of the gate.
    hit_ms: list[float] = field(default_factory=list)
    open_ms: list[float] = field(default_factory=list)
    #: Milliseconds of the end of the word that are sent; less than 0: so much of what follows is lost.
    tail_ms: list[float] = field(default_factory=list)

    def row(self, name: str) -> str:
        """Return the hits as one line."""
        return f"{name:24} {self.hits:3d} of {self.said:3d}  {100 * self.hits / max(1, self.said):5.1f} %"


class Voices:
    """Synthetic voices, each phrase made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, str, int], Samples] = {}
        self.names = [*ESPEAK, *(f"flite {name}" for name in FLITE if shutil.which("flite"))]

    def say(self, voice: str, text: str, speed: int) -> Samples:
        """Return ``text`` without silence around it, RMS :data:`_SPEECH`."""
        key = (voice, text, speed)
        if key not in self._made:
            self._made[key] = self._say(voice, text, speed)
        return self._made[key]

    def _say(self, voice: str, text: str, speed: int) -> Samples:
        file = self._folder / "said.wav"
        if voice.startswith("flite "):
            stretch = f"duration_stretch={165 / speed:.2f}"
            command = [
                "flite",
                "-voice",
                voice.removeprefix("flite "),
                "--setf",
                stretch,
                "-t",
                text,
                "-o",
                str(file),
            ]
        else:
            command = ["espeak-ng", "-v", voice, "-s", str(speed), "-w", str(file), text]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        said = read(file)
        loud = np.flatnonzero(np.abs(said) > 0.02 * np.abs(said).max())
        said = said[loud[0] : loud[-1] + 1]
        level: Samples = said * _SPEECH / np.sqrt(np.mean(said**2))
        return level


def read(path: Path) -> Samples:
    """Return a WAV file of 16 bits, mono, at 16 kHz."""
    with wave.open(str(path)) as source:
        pcm, rate_hz = source.readframes(source.getnframes()), source.getframerate()
    if rate_hz != RATE_HZ:
        pcm = audioop.ratecv(pcm, 2, 1, rate_hz, RATE_HZ, None)[0]
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32_768


def pcm_of(sound: Samples, noise_rms: float, rng: np.random.Generator) -> bytes:
    """Return s16le of ``sound`` in noise."""
    noisy = sound + rng.normal(0.0, noise_rms, len(sound))
    return bytes((np.clip(noisy, -1.0, 1.0) * 32_767).astype("<i2").tobytes())


class Ear:
    """The appliance's gate with the detector, as the sound process runs them."""

    def __init__(self, tried: TriedModel, folder: Path) -> None:
        file = folder / "model.tflite"
        file.write_bytes(tried.content)
        self._detector = MicroDetector(file, tried.outputs)
        self._threshold = tried.threshold

    def gate(self) -> Gate:
        """Return a gate that has heard nothing."""
        self._detector.forget()
        word = WakeWord(self._detector, self._threshold)
        detector = speech_detector(VoiceOptions().aggressiveness)
        return Gate(
            GateOptions(), VoiceOptions(), detector, mode=GateMode.WAKEWORD, extras=GateExtras(word=word)
        )


def hears(gate: Gate, pcm: bytes) -> Iterator[tuple[int, object]]:
    """Yield each event with the sample at which it came."""
    for at in range(0, len(pcm), _BLOCK):
        for event in gate.feed(pcm[at : at + _BLOCK], 0.0):
            yield gate.samples, event


def hits(ear: Ear, voices: Voices, word: str, snr_db: float | None, *, goes_on: bool) -> dict[str, Tally]:
    """Say the word by every voice, at every speed and in every spelling; return the hits by voice."""
    rng = np.random.default_rng(1)
    noise_rms = _ROOM if snr_db is None else _SPEECH * 10 ** (-snr_db / 20)
    found = {voice: Tally() for voice in voices.names}
    for voice, tally in found.items():
        for text in SPELLINGS.get(word, (word.replace("_", " "),)):
            for speed in SPEEDS:
                said = voices.say(voice, text, speed)
                rest = voices.say(voice, REQUEST, speed) if goes_on else np.zeros(RATE_HZ)
                sound = np.concatenate([np.zeros(2 * RATE_HZ), said, rest, np.zeros(RATE_HZ)])
                _count(tally, ear.gate(), pcm_of(sound, noise_rms, rng), 2 * RATE_HZ + len(said))
    return found


def _count(tally: Tally, gate: Gate, pcm: bytes, end: int) -> None:
    tally.said += 1
    woken = False
    for at, event in hears(gate, pcm):
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
        total.hit_ms += one.hit_ms
        total.open_ms += one.open_ms
        total.tail_ms += one.tail_ms
    return total


def speech_folder() -> Path | None:
    """Return the folder of the recordings, or None."""
    beside = Path(__file__).parents[3] / "shared" / "speech"
    folder = Path(os.environ.get("RAVATARD_SPEECH", beside)) / "src"
    return folder if folder.is_dir() else None


def dialogue(folder: Path, rng: np.random.Generator) -> Iterator[Samples]:
    """Yield for ever: one recording after the other, at levels and after pauses as in a dialogue."""
    files = [read(path) for path in sorted(folder.glob("*.wav"))]
    while True:
        one = files[rng.integers(len(files))]
        loud = one * _SPEECH / max(1e-6, float(np.sqrt(np.mean(one**2))))
        yield loud * 10 ** (rng.uniform(-12.0, 3.0) / 20)
        yield np.zeros(round(rng.uniform(0.05, 1.2) * RATE_HZ))


def avatar(voices: Voices, rng: np.random.Generator) -> Iterator[Samples]:
    """Yield for ever: an avatar's sentences."""
    names = [name for name in voices.names if name != "en-us+klatt"]
    while True:
        voice, text = names[rng.integers(len(names))], SENTENCES[rng.integers(len(SENTENCES))]
        yield voices.say(voice, text, SPEEDS[rng.integers(len(SPEEDS))])
        yield np.zeros(round(rng.uniform(0.2, 2.0) * RATE_HZ))


def false_hits(
    ear: Ear, sounds: Iterator[Samples], hours: float, *, held: bool = False
) -> tuple[int, int, float]:
    """Let a gate hear ``hours`` of what is not the word; return hits, near misses and CPU in ms/s."""
    rng = np.random.default_rng(2)
    gate = ear.gate()
    if held:
        gate.command(Hold(held=True), 0.0)
    woken = missed = 0
    cpu_s, wanted = 0.0, round(hours * 3600 * RATE_HZ)
    while gate.samples < wanted:
        pcm = pcm_of(next(sounds), _ROOM, rng)
        begun = time.process_time()
        for _, event in hears(gate, pcm):
            woken += isinstance(event, Woken)
            missed += isinstance(event, WakeMissed)
        cpu_s += time.process_time() - begun
    return woken, missed, cpu_s * 1000 / (gate.samples / RATE_HZ)


def plain_cpu(sounds: Iterator[Samples], seconds: float) -> float:
    """Return the CPU of a gate without a wake word on the same sound, in ms/s."""
    rng, cpu_s = np.random.default_rng(2), 0.0
    detector = speech_detector(VoiceOptions().aggressiveness)
    gate = Gate(GateOptions(), VoiceOptions(), detector, mode=GateMode.VAD)
    while gate.samples < seconds * RATE_HZ:
        pcm = pcm_of(next(sounds), _ROOM, rng)
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


def lines(word: str, sensitivity: str, hours: float) -> Iterator[str]:
    """Yield the report, line by line, as it is measured."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        tried = find_and_try(WakeWordOptions(word=word, sensitivity=sensitivity), folder, os.environ)
        yield f"wake word {word}, sensitivity {sensitivity}: a hit from a score of {tried.threshold:.2f}"
        ear, voices = Ear(tried, folder), Voices(folder)
        for name, snr_db, goes_on in (
            ("clean, then a pause", None, False),
            ("10 dB, then a pause", 10.0, False),
            ("clean, goes on", None, True),
        ):
            found = hits(ear, voices, word, snr_db, goes_on=goes_on)
            total = summed(found)
            yield total.row(name) + _delays(total)
            if not goes_on:
                yield from (f"    {one.row(voice)}" for voice, one in found.items())
        rng = np.random.default_rng(3)
        yield f"self-wakes, half duplex, the avatar says the word: {_self_wakes(ear, voices, word)}"
        for name, sounds in (
            ("an avatar's sentences", avatar(voices, rng)),
            *([("a dialogue", dialogue(corpus, rng))] if (corpus := speech_folder()) else ()),
        ):
            woken, missed, cpu = false_hits(ear, sounds, hours)
            yield f"{name}, {hours:g} h: {woken} false, {missed} near misses, {cpu:.1f} ms/s"
        plain = plain_cpu(avatar(voices, np.random.default_rng(3)), 120.0)
        yield f"a gate without a wake word on the avatar's sentences: {plain:.1f} ms/s"
        without, loaded = footprint_mb(None), footprint_mb(folder / "model.tflite")
        yield f"memory of the sound process: {without:.1f} MB, with the model {loaded:.1f} MB"


def _self_wakes(ear: Ear, voices: Voices, word: str) -> int:
    gate = ear.gate()
    gate.command(Hold(held=True), 0.0)
    rng = np.random.default_rng(4)
    said = [voices.say(name, SPELLINGS.get(word, (word,))[0], 165) for name in voices.names]
    return sum(isinstance(event, Woken) for one in said for _, event in hears(gate, pcm_of(one, _ROOM, rng)))


def _delays(total: Tally) -> str:
    text = ""
    for name, values in (("hit", total.hit_ms), ("open", total.open_ms), ("word sent", total.tail_ms)):
        if values:
            low, middle, high = np.percentile(values, [0, 50, 95])
            text += f"; {name} {middle:.0f} ms (least {low:.0f}, 95 % {high:.0f})"
    return text


async def measure(*, quick: bool) -> list[str]:
    """Return the report for the list of all figures; nothing where a synthesizer is missing."""
    if shutil.which("espeak-ng") is None:
        return ["the wake word needs espeak-ng"]
    return await asyncio.to_thread(lambda: list(lines("okay_nabu", "normal", 0.02 if quick else 3.0)))


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--word", default="okay_nabu")
    parser.add_argument("--sensitivity", default="normal")
    parser.add_argument("--hours", type=float, default=3.0)
    arguments = parser.parse_args()
    for line in lines(arguments.word, arguments.sensitivity, arguments.hours):
        print(line, flush=True)


if __name__ == "__main__":
    main()
