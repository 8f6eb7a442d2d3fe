"""Decoder of an answer's sound: WAV here, all other formats in a process of its own.

The format is read from the file's bytes. The content type of a server or a field decides nothing: it only
appears in the message about a file that is text.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

from ravatard.core.audio.wav import UnknownCoding, is_wav
from ravatard.core.audio_format import VOICE
from ravatard.core.voice.wav_reader import Samples, WavReader
from ravatard.core.voice.wav_voice import WavVoice
from ravatard.devices.media.child import MediaChild, worker_command, worker_environ
from ravatard.devices.media.feed import decode_with
from ravatard.devices.media.text import text_kind
from ravatard.errors import MediaError
from ravatard.installation import adding

#: Enough to know the format of a file.
_SNIFFED_BYTES = 12
#: Enough to know that a file is text.
_SNIFFED_TEXT_BYTES = 512
#: A WAV file without a format chunk up to here is broken.
_MOST_HEADER_BYTES = 1 << 16
#: Length of a decoded block: an answer that came in one piece must not keep the daemon waiting.
_BLOCK_MS = 100
#: FFmpeg needs a hundredth of real time on a desktop; a small machine twelve times that.
_CPU_PER_SECOND = 0.2
_CPU_SPARE_S = 15


@dataclass(frozen=True, slots=True)
class DecodingLimits:
    """Limits for one answer.

    Attributes:
        largest_bytes: size of its file.
        longest_s: length of its sound.
        stall_s: a decoder that has input and delivers no sound for this long hangs.
    """

    largest_bytes: int = 32 * (1 << 20)
    longest_s: float = 600.0
    stall_s: float = 10.0

    @property
    def cpu_s(self) -> int:
        """Processor time for decoding it, in seconds."""
        return _CPU_SPARE_S + int(self.longest_s * _CPU_PER_SECOND)


def has_pyav() -> bool:
    """Return True if the extra ``media`` is installed; imports nothing."""
    return importlib.util.find_spec("av") is not None


class MediaDecoder:
    """The ``Decoder`` port."""

    def __init__(
        self,
        limits: DecodingLimits,
        environ: Mapping[str, str],
        *,
        command: Sequence[str] | None = None,
        installed: Callable[[], bool] = has_pyav,
        eager: bool = False,
    ) -> None:
        """No process is started yet.

        Args:
            limits: for one answer.
            environ: the daemon's environment variables; few of them are passed on.
            command: starts a decoding process; None: the shipped one.
            installed: returns True if there is a library to decode with.
            eager: let :meth:`prepare` start a process before any answer has needed one.
        """
        self._limits = limits
        self._environ = worker_environ(environ)
        self._command = list(command or worker_command(limits.cpu_s))
        self._installed = installed
        self._warm: MediaChild | None = None
        self._needed = eager

    async def prepare(self) -> None:
        """Start a decoding process, so that the next answer need not wait until its library is loaded.

        Does nothing before an answer has needed one: a service that sends WAV never does. Cheap to call if a
        process waits already; an unused one ends by itself after two minutes. :meth:`pcm` reports failures.
        """
        if not self._needed or not self._installed() or (self._warm is not None and self._warm.alive):
            return
        await self.close()
        try:
            self._warm = MediaChild(self._command, self._environ)
        except MediaError:
            return

    async def close(self) -> None:
        """End the waiting process. Idempotent."""
        if self._warm is not None:
            warm, self._warm = self._warm, None
            await warm.end()

    async def pcm(self, pieces: AsyncIterator[bytes], content_type: str = "") -> AsyncGenerator[bytes, None]:
        """Yield s16le mono 48 kHz while ``pieces`` still come in. Closing the generator ends the decoding.

        Raises:
            MediaError: the file cannot be decoded, is too large or too long.
        """
        most = VOICE.bytes_for(self._limits.longest_s * 1000)
        async with (
            aclosing(self._within_size(pieces)) as file,
            aclosing(self._decoded(file, content_type)) as sound,
        ):
            async for pcm in sound:
                if len(pcm) > most:
                    if most:
                        yield pcm[:most]
                    raise MediaError(f"the answer lasts longer than {self._limits.longest_s:g} s; cut there")
                most -= len(pcm)
                yield pcm

    async def _within_size(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        left = self._limits.largest_bytes
        async for piece in pieces:
            left -= len(piece)
            if left < 0:
                raise MediaError(f"the answer's file is larger than {self._limits.largest_bytes >> 20} MB")
            yield piece

    async def _decoded(
        self, pieces: AsyncGenerator[bytes, None], content_type: str
    ) -> AsyncGenerator[bytes, None]:
        head = b""
        while _is_short(head) and (piece := await anext(pieces, None)) is not None:
            head += piece
        if not head:
            raise MediaError("the answer's file is empty")
        if kind := text_kind(head[:_SNIFFED_TEXT_BYTES]):
            raise MediaError(f"the answer's sound cannot be decoded: it is {_named(kind, content_type)}")
        reader, seen = WavReader(), bytearray(head)
        first: list[Samples] = []
        if is_wav(head):
            # The decoder library may know a coding that we do not.
            with suppress(UnknownCoding):
                first = await _to_format(reader, seen, pieces)
        if reader.shape is not None:
            sound = _wav(reader, first, pieces)
        else:
            sound = self._in_child(_joined(bytes(seen), pieces))
        async with aclosing(sound):
            async for pcm in sound:
                yield pcm

    async def _in_child(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        self._needed = True
        if not self._installed():
            raise MediaError(f"the answer's sound is no WAV file; decoding it needs PyAV: {adding('media')}")
        child, self._warm = self._warm, None
        if child is not None and not child.alive:
            await child.end()
            child = None
        child = child or MediaChild(self._command, self._environ)
        async with aclosing(decode_with(child, pieces, self._limits.stall_s)) as sound:
            async for pcm in sound:
                yield pcm


def _is_short(head: bytes) -> bool:
    """Return True if more bytes are needed to know the format of a file that begins with ``head``."""
    return len(head) < _SNIFFED_BYTES or (len(head) < _SNIFFED_TEXT_BYTES and text_kind(head) is not None)


def _named(kind: str, content_type: str) -> str:
    if content_type.startswith("text/") or content_type.endswith("json"):
        return content_type[:40]
    return f"{kind}, and called {content_type[:40]}" if content_type else kind


async def _to_format(
    reader: WavReader, seen: bytearray, pieces: AsyncGenerator[bytes, None]
) -> list[Samples]:
    """Read on until ``reader`` knows the samples' shape; return the samples that came with it.

    Args:
        reader: a new one.
        seen: bytes of the file that were read already; the bytes read here are added.
        pieces: the rest of the file.

    Raises:
        UnknownCoding: samples in an unknown coding.
        MediaError: a broken WAV file.
    """
    samples = reader.feed(bytes(seen))
    while reader.shape is None:
        piece = await anext(pieces, None)
        if piece is None:
            reader.finish()
        elif len(seen) > _MOST_HEADER_BYTES:
            raise MediaError("the sound is a broken WAV file: it does not say what its samples are")
        else:
            seen += piece
            samples = reader.feed(piece)
    return samples


async def _wav(
    reader: WavReader, first: list[Samples], pieces: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    """Yield the samples as s16le mono 48 kHz while they come in."""
    voice, samples, over = WavVoice(), first, False
    while True:
        for block in _blocks(samples):
            if pcm := voice.convert(block):
                yield pcm
            # The consumer may not wait; let the rest of the daemon run all the same.
            await asyncio.sleep(0)
        if over:
            break
        piece = await anext(pieces, None)
        over = piece is None
        samples = reader.finish() if piece is None else reader.feed(piece)
    if pcm := voice.flush():
        yield pcm


def _blocks(samples: list[Samples]) -> Iterator[Samples]:
    for found in samples:
        size = found.shape.frame_bytes * (found.shape.rate_hz * _BLOCK_MS // 1000)
        for at in range(0, len(found.pcm), size):
            yield replace(found, pcm=found.pcm[at : at + size])


async def _joined(head: bytes, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield head
    async for piece in pieces:
        yield piece
