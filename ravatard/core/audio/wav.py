"""Headers of WAV files: read chunk by chunk, and written for PCM; no I/O.

The standard library's ``wave`` knows no floats, no WAVE_FORMAT_EXTENSIBLE (before Python 3.12), and believes
lengths; streamed files carry lengths of 0 or 0xFFFFFFFF.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from ravatard.core.audio_format import AudioFormat
from ravatard.errors import MediaError

#: mmreg.h: format tags.
_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 0x0001, 0x0003, 0x0006, 0x0007, 0xFFFE
#: ksmedia.h: a KSDATAFORMAT_SUBTYPE is its format tag followed by these bytes.
_SUBTYPE_TAIL = bytes.fromhex("000000001000800000aa00389b71")
#: Format tag and bits per sample -> coding.
CODINGS: Mapping[tuple[int, int], str] = {
    (_PCM, 8): "u8",
    (_PCM, 16): "s16",
    (_PCM, 24): "s24",
    (_PCM, 32): "s32",
    (_FLOAT, 32): "f32",
    (_FLOAT, 64): "f64",
    (_ALAW, 8): "alaw",
    (_ULAW, 8): "ulaw",
}
#: Bytes of one sample, by coding.
SAMPLE_BYTES: Mapping[str, int] = {
    **{"u8": 1, "alaw": 1, "ulaw": 1, "s16": 2, "s24": 3},
    **{"s32": 4, "f32": 4, "f64": 8},
}
RATES_HZ = range(4_000, 384_001)
MOST_CHANNELS = 32
RIFF_BYTES = 12
_RIFF = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FMT = struct.Struct("<HHIIHH")
#: The whole of WAVE_FORMAT_EXTENSIBLE; the rest of the chunk says nothing about the samples.
_MOST_FMT_BYTES = 40
#: As many bytes as :meth:`WavHeader.step` ever looks at.
STEP_BYTES = _CHUNK.size + _MOST_FMT_BYTES
#: Chunks before the data; a file of zeros is one empty chunk every eight bytes.
_MOST_CHUNKS = 1_000
#: Names of chunks that programs really write in front of the samples, or after them.
_KNOWN_CHUNKS = frozenset(
    name.encode().ljust(4)
    for name in "fmt data LIST JUNK junk PAD FLLR fact bext id3 ID3 cue smpl inst plst ltxt note labl umid "
    "iXML axml _PMX SAUR PEAK peak chna cart levl acid strc afsp AFAn wavl slnt DISP minf elm1 regn".split()
)


class UnknownCoding(MediaError):
    """A WAV file whose samples are coded in a way that the caller does not read."""


@dataclass(frozen=True, slots=True)
class WavShape:
    """Sample format of a WAV file.

    Attributes:
        rate_hz: frames a second.
        channels: interleaved channels.
        coding: "u8", "s16", "s24", "s32", "f32", "f64", "alaw" or "ulaw"; little-endian.
    """

    rate_hz: int
    channels: int
    coding: str

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return SAMPLE_BYTES[self.coding] * self.channels


def is_wav(head: bytes | bytearray) -> bool:
    """Return True if a file that begins with ``head`` (12 bytes or more) says it is RIFF WAVE."""
    return head[:4] == b"RIFF" and head[8:RIFF_BYTES] == b"WAVE"


class WavHeader:
    """The chunks of a WAV file up to its samples.

    Call :meth:`step` with the file's bytes from position 12 on and advance by what it returns, until
    ``in_data`` is true.

    Attributes:
        shape: format of the samples; None before the format chunk.
        in_data: the samples begin at the current position.
        data_bytes: stated length of the samples; None where the file states none (0 or 0xFFFFFFFF).
    """

    def __init__(
        self,
        name: str,
        codings: Mapping[tuple[int, int], str] = CODINGS,
        rates_hz: range = RATES_HZ,
        otherwise_hz: int | None = None,
    ) -> None:
        """Begin at the first chunk.

        Args:
            name: of the file, in error messages.
            codings: codings that the caller reads, by format tag and bits per sample.
            rates_hz: rates that the caller reads.
            otherwise_hz: taken for any other rate, and one channel for none; None: such a file is broken.
        """
        self.shape: WavShape | None = None
        self.in_data = False
        self.data_bytes: int | None = None
        self._name = name
        self._codings = codings
        self._rates_hz = rates_hz
        self._otherwise_hz = otherwise_hz
        self._chunks = 0
        self._after_odd = False

    def step(self, head: bytes | bytearray) -> int | None:
        """Read the chunk that ``head`` begins with; return the bytes to advance, None when more are needed.

        Args:
            head: bytes at the current position; STEP_BYTES are always enough.

        Raises:
            UnknownCoding: the caller does not read samples of this coding.
            MediaError: the header is broken.
        """
        if self._after_odd:
            if len(head) <= _CHUNK.size:
                return None
            self._after_odd = False
            if _has_pad(head):
                return 1
        if len(head) < _CHUNK.size:
            return None
        name: bytes
        length: int
        name, length = _CHUNK.unpack_from(head)
        if name == b"data":
            if self.shape is None:
                raise MediaError(f"{self._name} is a broken WAV file: its data come before their format")
            self.in_data = True
            self.data_bytes = None if length in (0, 0xFFFFFFFF) else length
            return _CHUNK.size
        if name == b"fmt ":
            end = _CHUNK.size + min(length, _MOST_FMT_BYTES)
            if len(head) < end:
                return None
            self.shape = self._read_format(bytes(head[_CHUNK.size : end]))
        self._chunks += 1
        if self._chunks > _MOST_CHUNKS:
            raise MediaError(
                f"{self._name} is a broken WAV file: {_MOST_CHUNKS} chunks and no data chunk among them"
            )
        self._after_odd = bool(length & 1)
        return _CHUNK.size + length

    def _read_format(self, chunk: bytes) -> WavShape:
        if len(chunk) < _FMT.size:
            raise MediaError(f"{self._name} is a broken WAV file: its format is cut off")
        tag, channels, rate_hz, _, _, bits = _FMT.unpack_from(chunk)
        if tag == _EXTENSIBLE and chunk[26:40] == _SUBTYPE_TAIL:
            (tag,) = struct.unpack_from("<H", chunk, 24)
        coding = self._codings.get((tag, bits))
        if coding is None:
            raise UnknownCoding(f"{self._name} holds {bits}-bit samples of WAV format {tag:#06x}")
        if self._otherwise_hz is not None:
            rate_hz = rate_hz if rate_hz in self._rates_hz else self._otherwise_hz
            channels = channels or 1
        if rate_hz not in self._rates_hz or not 1 <= channels <= MOST_CHANNELS:
            raise MediaError(
                f"{self._name} says it has {channels} channels at {rate_hz} Hz; understood are 1 to "
                f"{MOST_CHANNELS} channels at {self._rates_hz[0]} to {self._rates_hz[-1]} Hz"
            )
        return WavShape(rate_hz, channels, coding)


def _has_pad(head: bytes | bytearray) -> bool:
    """Return True if ``head``, which follows a chunk of odd length, begins with the pad byte.

    The format asks for that byte (a zero), and some writers forget it: the chunk's name decides.
    """
    padded, bare = bytes(head[1:5]), bytes(head[:4])
    if padded in _KNOWN_CHUNKS or bare in _KNOWN_CHUNKS:
        return padded in _KNOWN_CHUNKS
    return not (_is_name(bare) and not _is_name(padded))


def _is_name(chunk: bytes) -> bool:
    """Return True if ``chunk`` can be the name of a chunk: four printable ASCII characters."""
    return all(0x20 <= byte < 0x7F for byte in chunk)


def wav_header(shape: AudioFormat, data_bytes: int) -> bytes:
    """Return the header of a WAV file with ``data_bytes`` of PCM (integer samples), 44 bytes long."""
    bytes_a_second = shape.rate_hz * shape.frame_bytes
    form = _FMT.pack(
        _PCM, shape.channels, shape.rate_hz, bytes_a_second, shape.frame_bytes, 8 * shape.sample_bytes
    )
    riff_bytes = 4 + _CHUNK.size + len(form) + _CHUNK.size + data_bytes
    return b"".join(
        (
            _RIFF.pack(b"RIFF", riff_bytes, b"WAVE"),
            *(_CHUNK.pack(b"fmt ", len(form)), form),
            _CHUNK.pack(b"data", data_bytes),
        )
    )
