"""Earcons: short signals of the speaker, from the shipped WAV files or the owner's own.

Rising tones mean that the microphone opens, falling ones that it closes, equal and low ones trouble. The
shipped files are made by ``python -m tests.make_earcons``.
"""

from __future__ import annotations

import audioop
from collections.abc import Mapping
from pathlib import Path

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE
from ravatard.core.states import Earcon
from ravatard.core.voice.wav_reader import WavReader
from ravatard.core.voice.wav_voice import WavVoice
from ravatard.devices.speaker.earcon_options import EarconOptions
from ravatard.errors import ConfigError, MediaError

SHIPPED = Path(__file__).with_name("earcons")
LONGEST_S = 3.0
#: Less than three seconds of the widest possible shape, which no real file has.
_LARGEST_BYTES = 8 * (1 << 20)


def earcons(options: EarconOptions, shipped: Path = SHIPPED) -> Mapping[Earcon, bytes]:
    """Return every earcon as s16le mono 48 kHz; none if they are off. Reads files.

    Args:
        options: section ``earcons``.
        shipped: folder of the shipped files, for earcons without a file of the owner.

    Raises:
        ConfigError: a file in the owner's folder is unusable, or there is no such folder.
    """
    if not options.enabled:
        return {}
    own = None if options.folder is None else Path(options.folder)
    if own is not None and not own.is_dir():
        raise ConfigError(f"earcons.folder {own} is not a folder; create it, or unset earcons.folder")
    gain = 10 ** (options.volume_db / 20)
    return {earcon: _louder(_sound(earcon, own, shipped), gain) for earcon in Earcon}


def _sound(earcon: Earcon, own: Path | None, shipped: Path) -> bytes:
    name = f"{earcon.value}.wav"
    if own is not None and (own / name).exists():
        return read_sound(own / name)
    return read_sound(shipped / name)


def read_sound(path: Path) -> bytes:
    """Return the WAV file ``path`` as s16le mono 48 kHz.

    Raises:
        ConfigError: it cannot be read, is no WAV file, or is too long.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"the signal {path} cannot be read: {error.strerror}") from error
    too_long = ConfigError(f"the signal {path} is longer than {LONGEST_S:g} s; cut it, or remove it")
    if len(content) > _LARGEST_BYTES:
        raise too_long
    reader = WavReader()
    try:
        pieces = reader.feed(content) + reader.finish()
    except MediaError as error:
        raise ConfigError(f"the signal {path} cannot be used: {error}") from error
    if sum(len(piece.pcm) / piece.shape.frame_bytes / piece.shape.rate_hz for piece in pieces) > LONGEST_S:
        raise too_long
    voice = WavVoice()
    return b"".join(voice.convert(piece) for piece in pieces) + voice.flush()


def _louder(pcm: bytes, gain: float) -> bytes:
    if gain == 1.0:
        return pcm
    return bytes(audioop.mul(pcm, SAMPLE_BYTES, gain))


def duration_ms(pcm: bytes) -> float:
    """Return the length of an earcon."""
    return len(pcm) * 1000 / (VOICE.rate_hz * VOICE.frame_bytes)
