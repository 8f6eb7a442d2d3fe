"""One utterance at a recogniser that speaks the Wyoming protocol."""

from __future__ import annotations

import asyncio

from ravatard.cloud.replies import cause_of
from ravatard.cloud.speech_to_text import wire
from ravatard.errors import LinkError, LinkTimeout, PeerError

#: An event that is no transcript says that the recogniser is at work; more than so many say that it raves.
MOST_EVENTS = 10_000


class WyomingRecognition:
    """One utterance, on a stream of its own; implements :class:`ravatard.ports.recogniser.Recognition`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, language: str, deadline_s: float
    ) -> None:
        """Take over an open stream; the opener closes it. ``deadline_s``: for sending, and for the words."""
        self._reader = reader
        self._writer = writer
        self._request = wire.request(language)
        self._deadline_s = deadline_s

    async def feed(self, pcm: bytes) -> None:
        """See :meth:`ravatard.ports.recogniser.Recognition.feed`."""
        await self._send(wire.sound(pcm))

    async def text(self) -> str:
        """See :meth:`ravatard.ports.recogniser.Recognition.text`."""
        await self._send(wire.end())
        try:
            async with asyncio.timeout(self._deadline_s):
                for _ in range(MOST_EVENTS):
                    if (words := await self._words()) is not None:
                        return words
        except TimeoutError:
            raise LinkTimeout(f"the recogniser gave no words within {self._deadline_s:g} s") from None
        except asyncio.IncompleteReadError:
            raise LinkError("the recogniser ended the connection before it gave any words") from None
        except asyncio.LimitOverrunError:
            raise LinkError("a line of the recogniser's answer is too long") from None
        except PeerError as error:
            raise LinkError(str(error)) from None
        except OSError as error:
            raise LinkError(f"the recogniser broke off ({cause_of(error)})") from None
        raise LinkError(f"the recogniser sent {MOST_EVENTS} events without words")

    async def _words(self) -> str | None:
        """Read one event; return its words if it is the transcript."""
        event = wire.head(await self._reader.readuntil(b"\n"))
        data = await self._reader.readexactly(event.data_bytes)
        await self._reader.readexactly(event.payload_bytes)
        return wire.words(event, data)

    async def _send(self, data: bytes) -> None:
        request, self._request = self._request, b""
        try:
            async with asyncio.timeout(self._deadline_s):
                self._writer.write(request + data)
                await self._writer.drain()
        except TimeoutError:
            raise LinkTimeout(f"the recogniser took no sound within {self._deadline_s:g} s") from None
        except OSError as error:
            raise LinkError(f"the recogniser broke off ({cause_of(error)})") from None
