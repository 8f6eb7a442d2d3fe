"""One open socket to RAVATAR: chunks, utterances and lines out, answers in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ravatard.cloud.ravatar.wire import (
    AudioTemplate,
    UnknownMessage,
    received,
    text_message,
    utterance_message,
)
from ravatard.cloud.replies import cause_of
from ravatard.cloud.token import TokenKeeper
from ravatard.core.audio_format import samples_in, seconds_of
from ravatard.core.capabilities import Capabilities
from ravatard.core.events import Answered, StreamBroke
from ravatard.errors import LinkError, LinkTimeout, NoSessionError
from ravatard.ports.network import Socket, SocketClosed
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: Close codes that speak of the token: 1008 (policy, RFC 6455 7.4.1) and the usual private ones for 401, 403.
_TOKEN_CODES = frozenset({1008, 4001, 4003, 4401, 4403})


@dataclass(frozen=True, slots=True)
class SocketToken:
    """The token a socket was opened with, and who knows a newer one."""

    token: Secret
    tokens: TokenKeeper


@dataclass(frozen=True, slots=True)
class WireProfile:
    """How one talks on a socket.

    Attributes:
        capabilities: what ``/connection`` told, for the mode.
        common: the fields of every message.
        licence: in live mode, gives the live session that is held now, or raises NoSessionError when none is;
            None in chat mode, which has none.
        changed: returns when the mode is another one.
    """

    capabilities: Capabilities
    common: dict[str, Any]
    licence: Callable[[], Secret] | None
    changed: Callable[[], Awaitable[None]]


class RavatarConnection:
    """One open socket.

    Each has its own fields and its own token: while one takes the place of another both are open.
    """

    def __init__(self, socket: Socket, manner: WireProfile, badge: SocketToken, send_s: float) -> None:
        """Take over an open socket; whoever opened it closes it.

        Args:
            socket: the socket.
            manner: the mode, and all that follows from it.
            badge: the token it was opened with.
            send_s: how long it may take a message to be handed over.
        """
        self._socket = socket
        self._manner = manner
        self._badge = badge
        self._send_s = send_s
        self._template: tuple[Secret, AudioTemplate] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What the service can do."""
        return self._manner.capabilities

    async def send_audio(self, pcm: bytes) -> None:
        """One chunk in the live session that is held.

        Raises:
            NoSessionError: none is held, or chat mode has none.
            LinkError: see :meth:`ravatard.ports.cloud.Connection.send_audio`.
        """
        licence = self._licence()
        if licence is None:
            raise NoSessionError("in chat mode an utterance is sent whole, not in chunks")
        if self._template is None or self._template[0] != licence:
            self._template = licence, AudioTemplate(self._manner.common, licence)
        await self._send(self._template[1].fill(pcm), self._send_s)

    async def send_utterance(self, pcm: bytes) -> None:
        """A whole utterance: in chat mode, or in the live session that is held.

        It may take as long as the speech itself on top: what carries live mode carries it in that time.

        Raises:
            NoSessionError: in live mode, none is held.
            LinkError: see :meth:`ravatard.ports.cloud.Connection.send_utterance`.
        """
        # Chat Mode document: isPushToTalk is "true when VAD is disabled", not when nothing is said of it.
        push_to_talk = self.capabilities.listens is False
        message = utterance_message(self._manner.common, pcm, self._licence(), push_to_talk=push_to_talk)
        await self._send(message, self._send_s + seconds_of(samples_in(pcm)))

    async def send_text(self, text: str) -> None:
        """One line of text: in chat mode, or in the live session that is held.

        Raises:
            NoSessionError: in live mode, none is held.
            LinkError: see :meth:`ravatard.ports.cloud.Connection.send_text`.
        """
        await self._send(text_message(self._manner.common, text, self._licence()), self._send_s)

    async def outdated(self) -> None:
        """Returns when there is a newer token than that of this socket, or another mode than its own."""
        outdated = asyncio.Event()

        async def told(news: Awaitable[None]) -> None:
            await news
            outdated.set()

        async with asyncio.TaskGroup() as group:
            newer = self._badge.tokens.newer(self._badge.token)
            waiting = [
                group.create_task(told(newer), name="newer token"),
                group.create_task(told(self._manner.changed()), name="other mode"),
            ]
            await outdated.wait()
            for task in waiting:
                task.cancel()

    async def receive(self) -> AsyncIterator[Answered | StreamBroke]:
        """What the service says, until the socket closes."""
        told: set[str] = set()
        while True:
            try:
                meaning = received(await self._socket.receive())
            except SocketClosed as closed:
                if closed.code in _TOKEN_CODES:
                    self._badge.tokens.refused(self._badge.token)
                raise LinkError(_parting(closed.code)) from None
            except OSError as error:
                raise LinkError(f"the socket broke ({cause_of(error)})") from None
            if not isinstance(meaning, UnknownMessage):
                yield meaning
            elif meaning.malformed and meaning.what not in told:
                told.add(meaning.what)
                log.warning("the service sent something that is no message: %s; it is ignored", meaning.what)
            else:
                log.debug("the service sent a message that says nothing to us: %s", meaning.what)

    def _licence(self) -> Secret | None:
        return self._manner.licence() if self._manner.licence is not None else None

    async def _send(self, message: str, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                await self._socket.send(message)
        except TimeoutError:
            raise LinkTimeout(f"the socket did not take a message within {limit_s:g} s") from None
        except (SocketClosed, OSError) as error:
            raise LinkError(f"the socket broke while sending ({cause_of(error)})") from None


def _parting(code: int | None) -> str:
    # RFC 6455, 7.4.1: 1006 is what is told when nobody said goodbye.
    if code in (None, 1006):
        return "the connection to the service broke off"
    said = "1009: a message was too large" if code == 1009 else f"code {code}"
    return f"the service closed the socket ({said})"
