"""Speech synthesis of answers: by espeak-ng where installed, else by recordings of the package."""

from __future__ import annotations

import asyncio
import audioop
import io
import re
import struct
import wave
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from importlib import resources

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ

#: Text of each recording in ``sim/data`` (made by tests/make_answers.py).
RECORDINGS = {
    "answer-1.wav": "I heard you. How interesting!",
    "answer-2.wav": "That was clear. Please go on.",
    "answer-3.wav": "I am still thinking about it.",
}
#: Deadline for one text; espeak-ng needs some 20 ms for a sentence.
_DEADLINE_S = 10.0
#: Longest text, half a minute of speech; longer ones are cut. Default answers are one sentence.
LONGEST_TEXT = 400
#: Options of espeak-ng: speed in words a minute, and the text by standard input: an answer quotes the user,
#: whose text must not become an option of the program.
ESPEAK_OPTIONS = ("-s", "165", "--stdin", "--stdout")
_KEPT_TEXTS = 16


class Speech:
    """Synthesizer of texts with a cache; sound is s16le mono 48 kHz."""

    def __init__(self, program: str | None = "espeak-ng", *, deadline_s: float = _DEADLINE_S) -> None:
        """Prepare; nothing runs yet.

        Args:
            program: the synthesizer; None, or one that is not installed: the recordings.
            deadline_s: deadline for one text.
        """
        self._program = program
        self._deadline_s = deadline_s
        self._made: dict[str, bytes] = {}
        # One at a time, in the order requested: the answers of a session must not overtake each other.
        self._busy = asyncio.Lock()

    async def say(self, text: str) -> bytes:
        """Return ``text`` as sound; a recording when the synthesizer is missing, fails or takes too long."""
        text = text[:LONGEST_TEXT]
        async with self._busy:
            if text not in self._made:
                self._made[text] = await self._synthesized(text) or recorded(text)
                if len(self._made) > _KEPT_TEXTS:
                    del self._made[next(iter(self._made))]
            return self._made[text]

    async def _synthesized(self, text: str) -> bytes:
        if self._program is None or not text.strip():
            return b""
        try:
            process = await asyncio.create_subprocess_exec(
                self._program, *ESPEAK_OPTIONS, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        except OSError:
            self._program = None
            return b""
        made: bytes | None = None
        try:
            async with asyncio.timeout(self._deadline_s):
                made, _ = await process.communicate(text.encode(errors="replace"))
            return voice_of(made)
        except (TimeoutError, ValueError):
            return b""
        finally:
            if made is None:
                with suppress(ProcessLookupError):
                    process.kill()
                # Its pipes are read to their end, which is near now: otherwise they stay open.
                await process.communicate()


def recorded(text: str) -> bytes:
    """Return the recording with most words in common with ``text``, s16le mono 48 kHz."""
    spoken = _words(text)
    name = max(RECORDINGS, key=lambda one: len(spoken & _words(RECORDINGS[one])))
    return voice_of((resources.files("ravatard.sim") / "data" / name).read_bytes())


def voice_of(wav: bytes) -> bytes:
    """Convert a WAV file (16 bit mono, any rate) to s16le mono 48 kHz.

    A length of 2 GiB in the header, written by a synthesizer that cannot seek, means: up to the end.

    Raises:
        ValueError: it is not such a file.
    """
    data = wav.find(b"data")
    if data < 0 or len(wav) < data + 8:
        raise ValueError("no WAV file: it has no data")
    pcm = wav[data + 8 :]
    (said_bytes,) = struct.unpack_from("<I", wav, data + 4)
    pcm = pcm[: min(said_bytes, len(pcm)) // SAMPLE_BYTES * SAMPLE_BYTES]
    header = wav[: data + 4] + struct.pack("<I", len(pcm)) + pcm
    try:
        with wave.open(io.BytesIO(header[:4] + struct.pack("<I", len(header) - 8) + header[8:])) as source:
            shape = (source.getnchannels(), source.getsampwidth())
            rate_hz = source.getframerate()
    except (wave.Error, EOFError, RuntimeError, struct.error) as error:
        raise ValueError(f"no WAV file: {error}") from None
    if shape != (1, SAMPLE_BYTES) or not 4_000 <= rate_hz <= 192_000:
        raise ValueError(
            f"16 bit mono is wanted, not {shape[1] * 8} bit with {shape[0]} channels at {rate_hz} Hz"
        )
    converted, _ = audioop.ratecv(pcm, SAMPLE_BYTES, 1, rate_hz, VOICE_RATE_HZ, None)
    return converted


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))
