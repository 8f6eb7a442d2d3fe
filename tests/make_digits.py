"""Makes the spoken digits of the owner's page: ``python -m tests.make_digits``.

One file a language, spoken by espeak-ng (which is GPL; what it says is not): ten lengths, then the ten
digits, each cut to its sound. 8 kHz mono, mu-law: a voice on a telephone.
"""

from __future__ import annotations

import audioop
import io
import shutil
import struct
import subprocess
import wave

import numpy as np
import soxr

from ravatard.web.page.digits import FOLDER, LANGUAGES, RATE_HZ

WORDS_A_MINUTE = 190
#: Below this share of a digit's loudest 10 ms is silence.
QUIET = 0.02
PEAK = 0.7


def spoken(language: str, digit: int) -> bytes:
    """One digit as s16le mono 8 kHz, cut to its sound."""
    program = shutil.which("espeak-ng") or "espeak-ng"
    voice = {"en": "en-gb", "es": "es"}.get(language, language)
    done = subprocess.run(
        [program, "-v", voice, "-s", str(WORDS_A_MINUTE), "--stdout", str(digit)],
        capture_output=True,
        check=True,
    )
    with wave.open(io.BytesIO(done.stdout)) as file:
        rate = file.getframerate()
        # What espeak-ng writes to a pipe states a length that is too long.
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64) / 32768
    sound = soxr.resample(sound, rate, RATE_HZ)
    step = RATE_HZ // 100
    levels = [float(np.abs(sound[at : at + step]).max()) for at in range(0, len(sound), step)]
    loud = [at for at, level in enumerate(levels) if level > QUIET * max(levels)]
    cut = sound[loud[0] * step : (loud[-1] + 1) * step]
    fade = RATE_HZ // 200
    cut[:fade] *= np.linspace(0, 1, fade)
    cut[-fade:] *= np.linspace(1, 0, fade)
    sound = (cut / np.abs(cut).max() * PEAK * 32767).astype("<i2")
    return bytes(sound.tobytes())


def write(language: str) -> None:
    """Write the file of one language."""
    digits = [audioop.lin2ulaw(spoken(language, digit), 2) for digit in range(10)]
    index = struct.pack("<10I", *map(len, digits))
    content = index + b"".join(digits)
    (FOLDER / f"{language}.ulaw").write_bytes(content)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in LANGUAGES:
        write(one)
