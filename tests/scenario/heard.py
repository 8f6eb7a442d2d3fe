"""How the avatar is heard in virtual time: a live voice, files of the simulated service, and their sound."""

from __future__ import annotations

import asyncio
import audioop
import io
import wave
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn
from urllib.parse import urlsplit

from ravatard.core.audio_format import VOICE, VOICE_RATE_HZ
from ravatard.errors import LinkError, MediaError
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret
from ravatard.sim.exchange import Request
from ravatard.sim.ravatar.cloud import SimCloud

PIECE_MS = 20
LOUD = b"\x00\x20\x00\xe0" * (VOICE.bytes_for(PIECE_MS) // 4)
QUIET = bytes(VOICE.bytes_for(PIECE_MS))


def spoken(text: str) -> bytes:
    """An answer as a WAV file: a tenth of a second of sound for each letter."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(b"\x00\x20\x00\xe0" * (800 * len(text)))
    return file.getvalue()


class FakeVoice:
    """A ``VoicePlayer`` that plays what a test says.

    Attributes:
        opened: streams that were connected.
        closed: streams that are over.
        broken: the reason why no stream can be had, or "".
    """

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.broken = ""
        self._sink: VoiceSink | None = None
        self._breaks = asyncio.Event()

    async def play(self, url: Secret, token: Secret, sink: VoiceSink) -> NoReturn:
        """See ``ravatard.ports.voice.VoicePlayer``."""
        assert url.reveal().startswith("http")
        assert token.reveal()
        if self.broken:
            raise LinkError(self.broken)
        self.opened += 1
        self._sink = sink
        self._breaks.clear()
        sink.online()
        try:
            await self._breaks.wait()
            raise LinkError("the stream broke")
        finally:
            self.closed += 1
            self._sink = None

    def breaks(self) -> None:
        """The stream breaks."""
        self._breaks.set()

    async def says(self, seconds: float, piece: bytes = LOUD) -> None:
        """The avatar speaks, or (with ``QUIET``) is silent, for so long."""
        for _ in range(round(seconds * 1000 / PIECE_MS)):
            if self._sink is not None:
                self._sink.feed(piece)
            await asyncio.sleep(PIECE_MS / 1000)


class Download:
    """A file that was fetched whole."""

    def __init__(self, body: bytes, content_type: str) -> None:
        self._body = body
        self.content_type = content_type

    async def pieces(self) -> AsyncIterator[bytes]:
        """Its bytes."""
        yield self._body


class Shelf:
    """A ``Fetch`` that asks the simulated service without a network."""

    def __init__(self, sim: SimCloud) -> None:
        self._sim = sim

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Download]:
        """Fetch a file of the service."""
        request = Request.of("GET", urlsplit(url).path, {"host": urlsplit(url).netloc})
        reply = self._sim.handle(request, asyncio.get_running_loop().time())
        if reply.status != 200:
            raise MediaError(f"the file is not there ({reply.status}).")
        yield Download(reply.body, reply.headers["content-type"])


class WavOnly:
    """A ``Decoder`` for mono 16-bit WAV."""

    async def pcm(self, pieces: AsyncIterator[bytes], content_type: str = "") -> AsyncGenerator[bytes, None]:
        """Its sound at 48 kHz, in pieces."""
        del content_type
        body = b"".join([piece async for piece in pieces])
        try:
            with wave.open(io.BytesIO(body)) as file:
                rate, pcm = file.getframerate(), file.readframes(file.getnframes())
        except (wave.Error, EOFError) as error:
            raise MediaError(f"this is no WAV file: {error}.") from None
        pcm = audioop.ratecv(pcm, 2, 1, rate, VOICE_RATE_HZ, None)[0]
        step = VOICE.bytes_for(100)
        for start in range(0, len(pcm), step):
            yield pcm[start : start + step]

    async def prepare(self) -> None:
        """Ready at any time."""

    async def close(self) -> None:
        """Nothing to end."""
