"""Open socket to RAVATAR: sends chunks, utterances and lines, receives answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ravatard.cloud.ravatar.wire import (
    AudioTemplate,
    FaultyAnswer,
    UnknownMessage,
    received,
    text_message,
    utterance_message,
)
from ravatard.cloud.replies import cause_of
from ravatard.cloud.token import TokenKeeper
from ravatard.core.audio_format import samples_in, seconds_of
from ravatard.core.capabilities import Capabilities
from ravatard.core.events import Answered, ServiceMessage, StreamBroke
from ravatard.core.pace import MessagePace
from ravatard.errors import InternalError, LinkError, LinkTimeout, NoSessionError
from ravatard.ports.network import Socket, SocketClosed
from ravatard.secret import Secret

log = logging.getLogger(__name__)

#: Close codes that concern the token: 1008 (policy, RFC 6455 7.4.1) and the usual private ones for 401, 403.
_TOKEN_CODES = frozenset({1008, 4001, 4003, 4401, 4403})

#: Messages of a service at once, and a second: an answer comes in a few. Each takes some 0.1 ms, ten times
#: as much on the slowest board; a flood of them must not hold the event loop.
_BURST = 50
_PER_S = 25.0
#: A service that sends faster than that for so long has lost its way; a new connection may do better.
_FLOOD_S = 10.0
#: Longer messages take more than a millisecond to read.
_LARGE = 128 * 1024
#: Different faults of messages that are logged, for each socket.
_MOST_REPORTED = 10


@dataclass(frozen=True, slots=True)
class SocketToken:
    """Token a socket was opened with, and the keeper that may have a newer one."""

    token: Secret
    tokens: TokenKeeper


@dataclass(frozen=True, slots=True)
class WireProfile:
    """Mode of a socket, and all that follows from it.

    Attributes:
        capabilities: capabilities from ``/connection``, in this mode.
        common: the fields of every message.
        license_id: in live mode, gives the LicenseId of the session that is held now, or raises
            NoSessionError; None in chat mode, which has no sessions.
        changed: returns when the mode is another one.
    """

    capabilities: Capabilities
    common: dict[str, Any]
    license_id: Callable[[], Secret] | None
    changed: Callable[[], Awaitable[None]]


class RavatarConnection:
    """One open socket.

    Each has its own fields and its own token: while one takes the place of another both are open.
    """

    def __init__(self, socket: Socket, profile: WireProfile, token: SocketToken, send_s: float) -> None:
        """Take over an open socket; the opener closes it.

        Args:
            socket: the socket.
            profile: the mode, and all that follows from it.
            token: the token it was opened with.
            send_s: limit in seconds for handing over one message.
        """
        self._socket = socket
        self._profile = profile
        self._token = token
        self._send_s = send_s
        self._template: tuple[Secret, AudioTemplate] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Capabilities of the service."""
        return self._profile.capabilities

    async def send_audio(self, pcm: bytes) -> None:
        """Send one chunk in the live session that is held.

        Raises:
            NoSessionError: none is held, or chat mode has none.
            LinkError: see :meth:`ravatard.ports.cloud.Connection.send_audio`.
        """
        license_id = self._license_id()
        if license_id is None:
            raise NoSessionError("in chat mode an utterance is sent whole, not in chunks")
        if self._template is None or self._template[0] != license_id:
            self._template = license_id, AudioTemplate(self._profile.common, license_id)
        await self._send(self._template[1].fill(pcm), self._send_s)

    async def send_utterance(self, pcm: bytes) -> None:
        """Send a whole utterance: in chat mode, or in the live session that is held.

        It may take ``send_s`` and the utterance's own length: a network fast enough for live mode carries it
        in that time.

        Raises:
            NoSessionError: in live mode, none is held.
            LinkError: see :meth:`ravatard.ports.cloud.Connection.send_utterance`.
        """
        # Chat Mode document: isPushToTalk is "true when VAD is disabled", not when the service says nothing.
        push_to_talk = self.capabilities.listens is False
        message = utterance_message(self._profile.common, pcm, self._license_id(), push_to_talk=push_to_talk)
        await self._send(message, self._send_s + seconds_of(samples_in(pcm)))

    async def send_text(self, text: str) -> None:
        """Send one line of text: in chat mode, or in the live session that is held.

        Raises:
            NoSessionError: in live mode, none is held.
            LinkError: see :meth:`ravatard.ports.cloud.Connection.send_text`.
        """
        await self._send(text_message(self._profile.common, text, self._license_id()), self._send_s)

    async def end_utterance(self) -> None:
        """Raise InternalError: the service finds the end of an utterance itself."""
        raise InternalError("RAVATAR has no mark for the end of an utterance")

    async def cancel_utterance(self) -> None:
        """Raise InternalError: what was sent cannot be taken back."""
        raise InternalError("RAVATAR cannot take back an utterance")

    async def interrupt(self) -> None:
        """Raise InternalError: the service cannot be interrupted."""
        raise InternalError("RAVATAR takes no order to stop its answer")

    async def outdated(self) -> None:
        """Return when the mode has changed, or there is a newer token than that of this socket."""
        outdated = asyncio.Event()

        async def set_after(change: Awaitable[None]) -> None:
            await change
            outdated.set()

        async with asyncio.TaskGroup() as group:
            newer = self._token.tokens.newer(self._token.token)
            waiting = [
                group.create_task(set_after(newer), name="newer token"),
                group.create_task(set_after(self._profile.changed()), name="other mode"),
            ]
            await outdated.wait()
            for task in waiting:
                task.cancel()

    async def receive(self) -> AsyncIterator[ServiceMessage]:
        """Yield the service's messages until the socket closes."""
        reported: set[str] = set()
        flood = _Flood()
        while True:
            try:
                message = await self._socket.receive()
                await flood.keep_pace()
                meaning = await _meaning(message)
            except SocketClosed as closed:
                if closed.code in _TOKEN_CODES:
                    self._token.tokens.refused(self._token.token)
                raise LinkError(_close_reason(closed.code)) from None
            except OSError as error:
                raise LinkError(f"the socket broke ({cause_of(error)})") from None
            if isinstance(meaning, FaultyAnswer):
                # Each is an answer that is not heard; the log has a limit of its own.
                log.warning("the sound of an answer cannot be read: %s", meaning.fault)
                if meaning.answer is not None:
                    yield meaning.answer
            elif not isinstance(meaning, UnknownMessage):
                yield meaning
            elif meaning.malformed and meaning.look not in reported and len(reported) < _MOST_REPORTED:
                reported.add(meaning.look)
                log.warning("the service sent something that is no message: %s; it is ignored", meaning.look)
            else:
                log.debug("ignored a message of the service: %s", meaning.look)

    def _license_id(self) -> Secret | None:
        return self._profile.license_id() if self._profile.license_id is not None else None

    async def _send(self, message: str, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                await self._socket.send(message)
        except TimeoutError:
            raise LinkTimeout(f"the socket did not take a message within {limit_s:g} s") from None
        except (SocketClosed, OSError) as error:
            raise LinkError(f"the socket broke while sending ({cause_of(error)})") from None


class _Flood:
    """Messages that come faster than a service has reason to send them. They wait, and then the link goes."""

    def __init__(self) -> None:
        self._pace = MessagePace(_PER_S, _BURST)
        self._since: float | None = None

    async def keep_pace(self) -> None:
        """Wait as long as the next message must.

        Raises:
            LinkError: it has gone on for too long.
        """
        now = asyncio.get_running_loop().time()
        wait_s = self._pace.wait_s(now)
        if wait_s <= 0.0:
            self._since = None
            return
        self._since = now if self._since is None else self._since
        if now - self._since > _FLOOD_S:
            raise LinkError(f"the service sends more than {_PER_S:g} messages a second; connecting anew")
        await asyncio.sleep(wait_s)


async def _meaning(data: str | bytes) -> Answered | StreamBroke | FaultyAnswer | UnknownMessage:
    """Return the meaning of a message; one with sound in it is read beside the event loop."""
    return received(data) if len(data) <= _LARGE else await asyncio.to_thread(received, data)


def _close_reason(code: int | None) -> str:
    # RFC 6455, 7.4.1: 1006 stands for a connection that broke without a close frame.
    if code in (None, 1006):
        return "the connection to the service broke off"
    shown = "1009: a message was too large" if code == 1009 else f"code {code}"
    return f"the service closed the socket ({shown})"
