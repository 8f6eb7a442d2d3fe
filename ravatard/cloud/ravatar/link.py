"""One open socket to RAVATAR: chunks and lines out, answers in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Protocol

from ravatard.cloud.ravatar.wire import Unknown, received
from ravatard.cloud.replies import cause_of
from ravatard.core.events import Answered, Capabilities, StreamBroke
from ravatard.errors import LinkError, LinkTimeout
from ravatard.ports import Socket, SocketClosed

log = logging.getLogger(__name__)

#: Close codes that speak of the token: 1008 (policy, RFC 6455 7.4.1) and the usual private ones for 401, 403.
_TOKEN_CODES = frozenset({1008, 4001, 4003, 4401, 4403})


class Speaker(Protocol):
    """What the socket needs to know of the session it speaks in."""

    def audio_message(self, pcm: bytes) -> str:
        """The message for one chunk."""
        ...

    def text_message(self, text: str) -> str:
        """The message for one line of text."""
        ...

    def token_refused(self) -> None:
        """The socket was closed for its token's sake."""
        ...


class RavatarWire:
    """One open socket."""

    def __init__(self, socket: Socket, capabilities: Capabilities, cloud: Speaker, send_s: float) -> None:
        self._socket = socket
        self._capabilities = capabilities
        self._cloud = cloud
        self._send_s = send_s

    @property
    def capabilities(self) -> Capabilities:
        """What the service can do."""
        return self._capabilities

    async def send_audio(self, pcm: bytes) -> None:
        """One chunk in the live session."""
        await self._send(self._cloud.audio_message(pcm))

    async def send_text(self, text: str) -> None:
        """One line of text in the live session."""
        await self._send(self._cloud.text_message(text))

    async def receive(self) -> AsyncIterator[Answered | StreamBroke]:
        """What the service says, until the socket closes."""
        told: set[str] = set()
        while True:
            try:
                meaning = received(await self._socket.receive())
            except SocketClosed as closed:
                if closed.code in _TOKEN_CODES:
                    self._cloud.token_refused()
                raise LinkError(f"the service closed the socket ({_closing(closed.code)})") from None
            except OSError as error:
                raise LinkError(f"the socket broke ({cause_of(error)})") from None
            if not isinstance(meaning, Unknown):
                yield meaning
            elif meaning.malformed and meaning.what not in told:
                told.add(meaning.what)
                log.warning("the service sent something that is no message: %s; it is ignored", meaning.what)
            else:
                log.debug("the service sent a message that says nothing to us: %s", meaning.what)

    async def _send(self, message: str) -> None:
        try:
            async with asyncio.timeout(self._send_s):
                await self._socket.send(message)
        except TimeoutError:
            raise LinkTimeout(f"the socket did not take a message within {self._send_s:g} s") from None
        except (SocketClosed, OSError) as error:
            raise LinkError(f"the socket broke while sending ({cause_of(error)})") from None


def _closing(code: int | None) -> str:
    if code is None:
        return "the connection broke"
    if code == 1009:
        return "1009: a message was too large"
    return f"code {code}"
