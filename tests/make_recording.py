"""Makes the recording that ``ravatard demo`` uses as its microphone: ``python -m tests.make_recording``.

Spoken by espeak-ng, so that the project ships no voice of anybody; a soft, steady microphone noise is added,
and pauses long enough for an answer. The noise has a fixed seed: the same espeak-ng gives the same file.
"""

from __future__ import annotations

import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import ravatard.sim

TARGET = Path(ravatard.sim.__file__).parent / "data" / "demo.wav"
RATE_HZ = 16_000
NOISE_DBFS = -66.0
LEVEL_DBFS = -24.0
#: What is said, and the pause after it in seconds: longer than the silence that ends an utterance.
REQUESTS = (
    ("en-gb", "Hello! Can you hear me?", 3.4),
    ("en-us", "What is the weather like tomorrow?", 3.4),
    ("en-gb+f3", "Thank you. And when does the museum open?", 3.4),
    ("en-us", "Good bye.", 2.6),
)


def spoken(voice: str, text: str) -> NDArray[np.float64]:
    """``text`` as samples at 16 kHz, -1 to 1, without silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        raw, made = Path(folder, "raw.wav"), Path(folder, "made.wav")
        subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", raw, text], check=True)
        subprocess.run(["sox", raw, "-r", str(RATE_HZ), "-b", "16", "-c", "1", "-D", made], check=True)
        with wave.open(str(made)) as source:
            samples = np.frombuffer(source.readframes(source.getnframes()), "<i2") / 32768
    heard = np.flatnonzero(np.abs(samples) > 0.01)
    samples = samples[heard[0] : heard[-1]]
    loud = samples[np.abs(samples) > 0.05]
    gain = 10 ** (LEVEL_DBFS / 20) / float(np.sqrt((loud**2).mean()))
    levelled: NDArray[np.float64] = samples * gain
    return levelled


def main() -> None:
    """Write the recording."""
    pieces = [np.zeros(RATE_HZ * 3 // 2)]
    for voice, text, pause_s in REQUESTS:
        pieces += [spoken(voice, text), np.zeros(int(RATE_HZ * pause_s))]
    samples = np.concatenate(pieces)
    samples += np.random.RandomState(1).standard_normal(len(samples)) * 10 ** (NOISE_DBFS / 20)
    TARGET.parent.mkdir(exist_ok=True)
    with wave.open(str(TARGET), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(RATE_HZ)
        target.writeframes(np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
