"""Six digits as speech, for a user who stands beside the appliance.

The shipped files are made by ``python -m tests.make_digits``: one a language, ten lengths (32 bits,
little-endian), then the ten digits, mu-law mono 8 kHz.
"""

from __future__ import annotations

import audioop
import struct
from pathlib import Path

from ravatard.core.audio_format import SAMPLE_BYTES
from ravatard.core.language import lookup
from ravatard.web.page.sounds import as_wav

FOLDER = Path(__file__).with_name("digits")
LANGUAGES = ("en", "de", "fr", "es", "uk", "ru")
RATE_HZ = 8_000
_LENGTHS = struct.Struct("<10I")
#: Between two digits, and in the middle of six, for a user who writes them down.
_PAUSE_S = 0.35
_MIDDLE_S = 0.9
#: The speaker may be waking, and cut the first moment.
_BEFORE_S = 0.3


def spoken(code: str, language: str, folder: Path = FOLDER) -> bytes:
    """Return ``code`` as a WAV file, said twice. Reads a file of some 25 kB.

    Args:
        code: decimal digits.
        language: BCP 47 tag; a language that is not shipped becomes English.
        folder: of the shipped files.
    """
    digits = _read((folder / f"{lookup(language, LANGUAGES) or 'en'}.ulaw").read_bytes())
    half = len(code) // 2
    once = bytearray()
    for at, digit in enumerate(code):
        if at:
            once += _silence(_MIDDLE_S if at == half else _PAUSE_S)
        once += digits[int(digit)]
    return as_wav(_silence(_BEFORE_S) + once + _silence(2 * _MIDDLE_S) + once, RATE_HZ)


def _read(content: bytes) -> list[bytes]:
    """Return the ten digits of a file, each as s16le."""
    digits, at = [], _LENGTHS.size
    for length in _LENGTHS.unpack_from(content):
        digits.append(audioop.ulaw2lin(content[at : at + length], SAMPLE_BYTES))
        at += length
    return digits


def _silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE_HZ) * SAMPLE_BYTES)
