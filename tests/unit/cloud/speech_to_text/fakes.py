"""A recogniser's other end, in memory, and a service that only reads."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

from wyoming.asr import Transcript
from wyoming.audio import AudioChunk
from wyoming.event import Event, read_event, write_event

from ravatard.core import events as ev
from ravatard.core.capabilities import Capabilities
from ravatard.errors import LinkError, RavatardError
from ravatard.ports.recogniser import Recognition
from tests.unit.stages.fakes import CAPABILITIES, FakeCloud

READS = replace(CAPABILITIES, streams_audio=False)


def encoded(*events: Event) -> bytes:
    """Events as the package of the protocol writes them."""
    out = io.BytesIO()
    for event in events:
        write_event(event, out)
    return out.getvalue()


def transcript(text: str) -> bytes:
    return encoded(Transcript(text).event())


class Peer:
    """A recogniser that answers what a test says, as soon as the last sound came.

    Attributes:
        answer: bytes of the answer; None: silence.
        then: what becomes of the stream behind it: "open", "ends", "breaks".
        refuses: error of the next connections.
        heard: events that came.
    """

    def __init__(self, answer: bytes | None = None, then: str = "open") -> None:
        self.answer = answer
        self.then = then
        self.refuses: OSError | None = None
        self.connect_s = 0.0
        self.takes = True
        self.heard: list[Event] = []
        self.open = 0

    async def dial(self, uri: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        await asyncio.sleep(self.connect_s)
        if self.refuses is not None:
            raise self.refuses
        self.open += 1
        reader = asyncio.StreamReader(limit=64 * 1024)
        return reader, cast(asyncio.StreamWriter, _Writer(self, reader))

    @property
    def kinds(self) -> list[str]:
        return [event.type for event in self.heard]

    @property
    def sound(self) -> bytes:
        return b"".join(AudioChunk.from_event(one).audio for one in self.heard if one.type == "audio-chunk")

    def takes_in(self, data: bytes, reader: asyncio.StreamReader) -> None:
        stream = io.BytesIO(data)
        while (event := read_event(stream)) is not None:
            self.heard.append(event)
            if event.type == "audio-stop":
                if self.answer is not None:
                    reader.feed_data(self.answer)
                if self.then == "ends":
                    reader.feed_eof()
                elif self.then == "breaks":
                    reader.set_exception(ConnectionResetError("reset by peer"))


class _Writer:
    """A ``StreamWriter`` whose other end is a peer."""

    def __init__(self, peer: Peer, reader: asyncio.StreamReader) -> None:
        self._peer = peer
        self._reader = reader
        self._closed = False

    def write(self, data: bytes) -> None:
        if self._closed:
            raise ConnectionResetError("it is closed")
        self._peer.takes_in(data, self._reader)

    async def drain(self) -> None:
        if not self._peer.takes:
            await asyncio.Event().wait()

    def close(self) -> None:
        self._peer.open -= not self._closed
        self._closed = True
        if self._reader.exception() is None:
            self._reader.feed_eof()

    async def wait_closed(self) -> None:
        """It is closed at once."""


class FakeRecogniser:
    """A ``Recogniser`` whose words a test says.

    Attributes:
        words: what each utterance says, an error that it ends with, or None for never.
        away: error while it cannot be reached.
        breaks: error of the next sound.
        fed: sound of each utterance.
        open: utterances that are open.
    """

    def __init__(self, *words: str | RavatardError | None) -> None:
        self.words = list(words)
        self.away: LinkError | None = None
        self.breaks: LinkError | None = None
        self.think_s = 0.0
        self.fed: list[bytes] = []
        self.languages: list[str] = []
        self.open_now = 0

    @asynccontextmanager
    async def open(self, language: str) -> AsyncIterator[Recognition]:
        if self.away is not None:
            raise self.away
        self.open_now += 1
        self.languages.append(language)
        try:
            yield _Recognition(self)
        finally:
            self.open_now -= 1


class _Recognition:
    def __init__(self, recogniser: FakeRecogniser) -> None:
        self._recogniser = recogniser
        self._begun = False

    async def feed(self, pcm: bytes) -> None:
        if self._recogniser.breaks is not None:
            raise self._recogniser.breaks
        if not self._begun:
            self._begun = True
            self._recogniser.fed.append(b"")
        self._recogniser.fed[-1] += pcm

    async def text(self) -> str:
        words = self._recogniser.words.pop(0)
        if words is None:
            await asyncio.Event().wait()
        await asyncio.sleep(self._recogniser.think_s)
        if isinstance(words, RavatardError):
            raise words
        return str(words)


class Reader(FakeCloud):
    """A service that reads, and answers each line; its own connection as well."""

    def __init__(self, capabilities: Capabilities = READS) -> None:
        super().__init__()
        self.capabilities = capabilities
        self.answers: Callable[[str], ev.Answered | None] = lambda text: ev.Answered(f"you said {text}")

    async def send_audio(self, pcm: bytes) -> None:
        raise AssertionError("sound came through")

    async def send_text(self, text: str) -> None:
        await super().send_text(text)
        if (answer := self.answers(text)) is not None:
            self.says.put_nowait(answer)
