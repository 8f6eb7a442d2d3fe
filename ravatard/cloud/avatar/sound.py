"""Sound of one answer, which comes as a run of ``audio`` events: one voice, however it is cut. Pure.

Source: the API reference, event ``audio``: "base64_encoded_wav". Services put a WAV header in each event, in
the first only, or in none; a header that is played is a click, and so is a converter that begins anew.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from ravatard.cloud.avatar.events import AudioPiece
from ravatard.core.audio.wav import RATES_HZ, RIFF_BYTES, STEP_BYTES, WavHeader, WavShape, is_wav
from ravatard.core.voice.inline_sound import inline_sound
from ravatard.core.voice.wav_reader import Samples
from ravatard.core.voice.wav_voice import WavVoice
from ravatard.errors import MediaError

#: API reference, event ``audio``: "sample_rate": 24000.
DEFAULT_RATE_HZ = 24_000
_FILE = re.compile(rb"RIFF....WAVE", re.DOTALL)
_CHUNK = struct.Struct("<4sI")
#: A longer header has no sound behind it; and no service joins more files in one piece. A new sample format
#: costs some milliseconds.
_LONGEST_HEADER = 64 * 1024
_MOST_FILES = 16
#: Bytes that are converted at once: the caller may let others run in between.
_AT_ONCE = 48_000
#: Characters that are none of base64, and a run of others with the padding behind it.
_ODD = re.compile(r"[^A-Za-z0-9+/_=-]")
_PADDED = re.compile(r"([^=]++)(=*+)")
#: Base64 has so many characters for each odd one, or is something else.
_LEAST_PER_ODD = 50
#: Bytes that are text, and no sound: samples of these alone would be a roar. Fewer may be chance.
_TEXT = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_LEAST_TEXT = 16
#: Beginnings of files that are none of ours.
_OTHER_FILES = {b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC", b"\x1a\x45\xdf\xa3": "WebM"}


def sound_of(piece: AudioPiece) -> bytes:
    """Return the bytes of a piece; what is odd in its base64 costs itself only.

    Raises:
        MediaError: it is no base64.
    """
    try:
        return inline_sound(piece.data)
    except ValueError as error:
        if (mended := _mended(piece.data)) is not None:
            return mended
        raise MediaError(f"a piece of the answer's sound cannot be read: {error}") from None


def _mended(text: str) -> bytes | None:
    """Return the bytes of base64 with a few odd characters in it, or of several behind each other.

    A character in the place of another one costs its three bytes, one too many costs nothing: what leaves
    whole groups of four tells which it is. None: too much of it is odd.
    """
    if text[:100].lstrip()[:5].casefold() == "data:":
        text = text.partition(",")[2]
    text = "".join(text.split())
    if len(_ODD.findall(text)) > len(text) // _LEAST_PER_ODD:
        return None
    made = bytearray()
    for one in _PADDED.finditer(text):
        digits, padding = one[1], len(one[2])
        replaced, dropped = _ODD.sub("A", digits), _ODD.sub("", digits)
        chosen = dropped if (len(dropped) + padding) % 4 == 0 else replaced
        made += inline_sound(chosen[:-1] if len(chosen) % 4 == 1 else chosen)
    return bytes(made) or None


class PiecedSound:
    """Turns the pieces of one answer into s16le mono 48 kHz.

    Call :meth:`take` with each piece in order of arrival, then :meth:`flush`. A fault costs its
    piece; the next one goes on. Samples may be cut between pieces, and so may a header.
    """

    def __init__(self) -> None:
        self._voice = WavVoice()
        self._begin()

    def _begin(self) -> None:
        self._shape: WavShape | None = None
        #: Header whose rest is still to come, and frame whose rest is.
        self._header = b""
        self._held = b""
        #: Bytes of sound that the header promises beyond those that came; None: no promise.
        self._left: int | None = None

    def take(self, piece: AudioPiece) -> Iterator[bytes]:
        """Return the next sound, as :meth:`feed` does, of a piece as it came.

        Raises:
            MediaError: as :meth:`feed`, or the piece is no base64.
        """
        yield from self.feed(sound_of(piece), piece.sample_rate_hz)

    def feed(self, data: bytes, rate_hz: int | None = None) -> Iterator[bytes]:
        """Return the next sound, s16le mono 48 kHz, a second at most at a time; some samples are held back.

        Args:
            data: a WAV file, or bytes that follow those before.
            rate_hz: stated rate of bare samples, s16le mono; a header before them overrules it.

        Raises:
            MediaError: the piece is a broken file, or of a kind that is not understood.
        """
        for samples in self._samples(data, rate_hz):
            shape = samples.shape
            step = max(1, _AT_ONCE // shape.frame_bytes) * shape.frame_bytes
            for at in range(0, len(samples.pcm), step):
                if made := self._voice.convert(Samples(shape, samples.pcm[at : at + step])):
                    yield made

    def flush(self) -> bytes:
        """Return the samples held back: no more pieces come. The next piece begins a new answer."""
        self._begin()
        return self._voice.flush()

    def _samples(self, data: bytes, rate_hz: int | None) -> Iterator[Samples]:
        header, self._header = self._header, b""
        if not _is_file(data):
            data = header + data
        if _is_file(data):
            yield from self._files(data, _known_rate(rate_hz))
        elif len(data) < RIFF_BYTES and b"RIFF".startswith(data[:4]) and data:
            self._header = data
        else:
            if self._shape is None:
                _refuse_other_files(data)
                self._shape = WavShape(_known_rate(rate_hz), 1, "s16")
            if self._shape.coding == "s16" and _is_text(data):
                raise MediaError("a piece of the answer's sound is text")
            yield from self._body(data, self._shape)

    def _files(self, data: bytes, otherwise_hz: int) -> Iterator[Samples]:
        """Take the WAV files in a row that ``data`` is; ``otherwise_hz``: for one whose rate cannot be."""
        start, files = 0, 0
        while start < len(data):
            files += 1
            if files > _MOST_FILES:
                raise MediaError("a piece of the answer's sound holds more headers than sound")
            header, at = _read_header(data, start, otherwise_hz)
            if header is None or header.shape is None:
                self._header = data[start:]
                return
            another = _FILE.search(data, at)
            end = len(data) if another is None else another.start()
            self._shape, self._held, self._left = header.shape, b"", header.data_bytes
            yield from self._body(data[at:end], header.shape)
            start = end

    def _body(self, data: bytes, shape: WavShape) -> Iterator[Samples]:
        """Take the samples that follow a header, or those before."""
        left, self._left = self._left, None
        if left is not None and left > len(data):
            self._left = left - len(data)
        over = left is not None and left < len(data) and _is_other_chunk(data[left:], odd=bool(left & 1))
        data = self._held + (data[:left] if over else data)
        whole = len(data) - len(data) % shape.frame_bytes
        self._held = b"" if over else data[whole:]
        if whole:
            yield Samples(shape, data[:whole])


def _known_rate(rate_hz: int | None) -> int:
    return rate_hz if rate_hz is not None and rate_hz in RATES_HZ else DEFAULT_RATE_HZ


def _is_text(data: bytes) -> bool:
    """Return True if all of ``data`` is text, such as an error in the place of sound."""
    if len(data) < _LEAST_TEXT:
        return False
    rest = data.translate(None, _TEXT)
    try:
        # Text of other languages has some bytes beyond ASCII, which are letters when decoded.
        return rest.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _read_header(data: bytes, start: int, otherwise_hz: int) -> tuple[WavHeader | None, int]:
    """Return the header of the file at ``start``, and the position of its samples; None: it is cut off.

    Raises:
        MediaError: it is broken.
    """
    header, at = WavHeader("the answer's sound", otherwise_hz=otherwise_hz), start + RIFF_BYTES
    while not header.in_data:
        advance = header.step(data[at : at + STEP_BYTES + 1])
        at += advance or 0
        if advance is None or (at > len(data) and not header.in_data):
            if len(data) - start > _LONGEST_HEADER:
                raise MediaError("the answer's sound is a broken WAV file: its header does not end")
            return None, start
    return header, at


def _is_file(data: bytes) -> bool:
    return len(data) >= RIFF_BYTES and is_wav(data)


def _is_other_chunk(rest: bytes, *, odd: bool) -> bool:
    """Return True if what follows the stated end of the sound is no sound: a length may lie.

    Args:
        rest: bytes behind the stated end.
        odd: the stated length is odd, so that a byte of padding follows.
    """
    rest = rest[1:] if odd and rest[:1] == b"\0" else rest
    if len(rest) < _CHUNK.size:
        return True
    name, length = _CHUNK.unpack_from(rest)
    return all(0x20 <= byte < 0x7F for byte in name) and length <= len(rest) - _CHUNK.size


def _refuse_other_files(data: bytes) -> None:
    for beginning, name in _OTHER_FILES.items():
        if data.startswith(beginning):
            raise MediaError(f"the answer's sound is {name}; the API's is WAV")
