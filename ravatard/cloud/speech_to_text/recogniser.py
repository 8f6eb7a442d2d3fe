"""Recogniser that speaks the Wyoming protocol: a connection of its own for each utterance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from ravatard.cloud.replies import cause_of
from ravatard.errors import LinkError, LinkTimeout
from ravatard.ports.recogniser import Recognition

#: Connects to an address; raises OSError.
Dial = Callable[[str], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

#: Most bytes of a line, and of what an event announces: two minutes of speech have some 3,000 characters.
LONGEST_BYTES = 64 * 1024
#: A stream that is closed has nothing to say any more.
_CLOSE_S = 0.5


async def dial(uri: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to ``tcp://host:port`` or ``unix:///path``.

    Raises:
        OSError: it cannot be reached.
        ValueError: there is no such port.
    """
    address = urlsplit(uri)
    if address.scheme == "unix":
        return await asyncio.open_unix_connection(address.path, limit=LONGEST_BYTES)
    return await asyncio.open_connection(address.hostname, address.port, limit=LONGEST_BYTES)


class WyomingRecogniser:
    """Implements :class:`ravatard.ports.recogniser.Recogniser`."""

    def __init__(self, uri: str, deadline_s: float, dial: Dial = dial) -> None:
        """Reach nothing yet.

        Args:
            uri: see :func:`dial`.
            deadline_s: limit for reaching it, for its taking sound, and for its words.
            dial: connects.
        """
        self._uri = uri
        self._deadline_s = deadline_s
        self._dial = dial

    @asynccontextmanager
    async def open(self, language: str) -> AsyncIterator[Recognition]:
        """See :meth:`ravatard.ports.recogniser.Recogniser.open`; nothing is sent before the first sound."""
        try:
            # The protocol is loaded with the first utterance.
            from ravatard.cloud.speech_to_text.recognition import WyomingRecognition
        except ModuleNotFoundError as error:
            raise LinkError(
                f"no speech can be recognised: the Python package {error.name} is missing; install ravatard "
                "with its extra speech-to-text"
            ) from None
        reader, writer = await self._reached()
        try:
            yield WyomingRecognition(reader, writer, language, self._deadline_s)
        finally:
            writer.close()
            with suppress(OSError):
                async with asyncio.timeout(_CLOSE_S):
                    await writer.wait_closed()

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        who = f"the recogniser {self._uri} (speech_to_text.uri)"
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._dial(self._uri)
        except TimeoutError:
            raise LinkTimeout(f"{who} cannot be reached within {self._deadline_s:g} s") from None
        except (OSError, ValueError, OverflowError) as error:
            raise LinkError(f"{who} cannot be reached ({cause_of(error)})") from None
