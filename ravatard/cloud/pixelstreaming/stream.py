"""Open stream: its signalling socket, its media connection, and the conditions that end it.

Media and signalling fail apart from each other: sound goes on when the socket dies, and a dead streamer may
keep its socket. So once there is sound, the end of the socket ends nothing, and missing packets do.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import aiohttp

from ravatard.cloud.bounded_socket import BoundedReader, Flooded, end_socket
from ravatard.cloud.media.addresses import admitted
from ravatard.cloud.pixelstreaming.signalling import (
    Action,
    Note,
    Offered,
    RemoteCandidate,
    Send,
    Signalling,
    StreamFailed,
)
from ravatard.cloud.pixelstreaming.stun_turn import checked_helpers
from ravatard.cloud.pixelstreaming.terms import Terms
from ravatard.cloud.webrtc.ice import RemoteAddress, parse_candidate
from ravatard.cloud.webrtc.reception import Reception
from ravatard.cloud.webrtc.sdp import AudioOffer, candidates, prepare, without_passwords
from ravatard.errors import LinkError, LinkTimeout

if TYPE_CHECKING:  # 70 MB, loaded when a stream is opened
    from ravatard.cloud.webrtc.peer import Peer

log = logging.getLogger(__name__)

#: Messages that wait while one is handled; with more, reading the socket pauses.
_INBOX = 64
#: Limit for sending one message.
_SEND_S = 5.0
#: aiortc closes in some 20 ms; the whole player has two seconds, and a gathering may take one to end.
_CLOSE_S = 0.5
#: Limit for the signalling socket's close.
_SOCKET_CLOSE_S = 0.5


class _SocketLost(Exception):
    """Loss of the signalling socket; the message says how.

    Attributes:
        code: the close code, or None.
    """

    def __init__(self, how: str, code: int | None) -> None:
        super().__init__(how)
        self.code = code


class StreamConnection:
    """One stream, from an open socket to the end of the sound."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, reception: Reception, terms: Terms) -> None:
        """Take over ``socket``; :meth:`close` closes it."""
        self._socket = socket
        self._reception = reception
        self._terms = terms
        self._signalling = Signalling(terms.address.streamer, terms.avoided)
        self._close: _SocketLost | None = None
        self._inbox: asyncio.Queue[str | bytes | _SocketLost | None] = asyncio.Queue(_INBOX)
        self._socket_lost = ""
        self._peer: Peer | None = None
        self._offer: AudioOffer | None = None

    @property
    def avoid_next(self) -> frozenset[str]:
        """Types of messages to avoid on the next socket of this signalling server."""
        if self._close is None:
            return self._signalling.avoided
        return self._signalling.closed(self._close.code)

    async def run(self) -> LinkError:
        """Play until it ends; return the reason. Cancelling is safe at any time."""
        if self._terms.address.player_offers:
            log.warning("the stream asks the player for the offer (BrowserSendOffer); we wait for its own")
        async with asyncio.TaskGroup() as group:
            # The reason is returned, as a group would wrap an exception.
            reader = group.create_task(self._read(), name="pixelstreaming socket")
            try:
                return await self._follow()
            except LinkError as error:
                return error
            finally:
                reader.cancel()

    async def close(self) -> None:
        """Close media and socket, in less than two seconds in any case."""
        counts = self._reception.jitter.counts
        if counts.received:
            log.debug("the stream's packets: %s", counts)
        try:
            if self._peer is not None:
                await self._close_peer(self._peer)
        finally:
            await end_socket(self._socket, _SOCKET_CLOSE_S)

    async def _close_peer(self, peer: Peer) -> None:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await peer.close()
        except TimeoutError:
            log.warning("the media connection did not close within %g s", _CLOSE_S)

    async def _read(self) -> None:
        """Move messages from the socket to the inbox, up to a limit. Ends with the socket."""
        # Every message counts: a stream needs few.
        reader = BoundedReader(self._socket, lambda _: True)
        while True:
            try:
                message = await reader.receive()
            except Flooded:
                await self._inbox.put(_SocketLost("dropped: its server sends messages without end", None))
                return
            if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                await self._inbox.put(message.data)
            else:
                code = self._socket.close_code
                await self._inbox.put(_SocketLost(f"closed with code {code}" if code else "broken", code))
                return

    async def _follow(self) -> LinkError:
        """Handle messages and deadlines, one after the other."""
        loop = asyncio.get_running_loop()
        await self._do(self._signalling.opened(loop.time()))
        while True:
            failure = self._failure(loop.time())
            if failure is not None:
                return failure
            try:
                async with asyncio.timeout_at(self._wake_at()):
                    message = await self._inbox.get()
            except TimeoutError:
                await self._do(self._signalling.tick(loop.time()))
                continue
            if isinstance(message, _SocketLost):
                self._close = message
                self._lose_socket(str(message))
            elif message is not None:
                await self._do(self._signalling.received(message, loop.time()))

    def _failure(self, now: float) -> LinkError | None:
        """Return the failure that ended the stream, or None."""
        if self._peer is not None and self._peer.lost:
            return LinkError(f"the stream ended: {self._peer.lost}")
        last_at, silence_s = self._reception.last_at, self._terms.options.rtp_s
        if last_at is None:
            if self._socket_lost:
                return LinkError(f"the stream failed before there was sound: {self._socket_lost}")
            if now >= self._terms.sound_by:
                limit_s, awaited = self._terms.options.connect_s, self._signalling.awaiting
                return LinkTimeout(f"no sound from the stream within {limit_s:g} s (waited for {awaited})")
        elif now >= last_at + silence_s:
            also = f", and {self._socket_lost}" if self._socket_lost else ""
            return LinkError(f"the stream ended: no packet for {silence_s:g} s{also}")
        return None

    def _wake_at(self) -> float:
        last_at = self._reception.last_at
        limit = self._terms.sound_by if last_at is None else last_at + self._terms.options.rtp_s
        return limit if self._socket_lost else min(limit, self._signalling.deadline)

    def _lose_socket(self, how: str) -> None:
        if self._socket_lost:
            return
        self._socket_lost = f"the signalling socket is {how}"
        if self._reception.last_at is not None:
            log.info("%s; the sound goes on for as long as it comes", self._socket_lost)

    async def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send(text):
                    await self._send(text)
                case Offered():
                    await self._answer(action)
                case RemoteCandidate():
                    await self._add(action)
                case StreamFailed(reason):
                    self._fail(reason)
                case Note(text, unusual):
                    log.log(logging.WARNING if unusual else logging.INFO, "%s", text)

    def _fail(self, reason: str) -> None:
        if self._reception.last_at is None:
            raise LinkError(f"the stream failed: {reason}")
        self._lose_socket(f"of no use any more ({reason})")

    async def _send(self, text: str) -> None:
        if self._socket_lost:
            return
        try:
            async with asyncio.timeout(_SEND_S):
                await self._socket.send_str(text)
        except TimeoutError:
            self._lose_socket(f"stuck: it took no message within {_SEND_S:g} s")
        except (aiohttp.ClientError, ConnectionError, RuntimeError):
            # Closed already; the reader reports how.
            return

    async def _answer(self, offered: Offered) -> None:
        """Answer an offer, with the present connection or a new one."""
        offer = prepare(offered.sdp, self._may_reach)
        # aiortc parses it next: reading it twice in one turn of the loop is too long for a small board.
        await asyncio.sleep(0)
        log.debug("the stream's offer: %s", without_passwords(offered.sdp))
        peer = self._peer
        if peer is None or self._offer is None or self._offer.transport != offer.transport:
            peer = await self._new_peer(offered)
        self._offer = offer
        answer = await self._answer_of(peer, offer)
        addresses = candidates(answer)
        if not addresses:
            raise LinkError("this machine has no network address to give to the stream; is the network up?")
        await self._do(self._signalling.answered(answer))
        for found in addresses:
            await self._do(self._signalling.found(*found))

    async def _answer_of(self, peer: Peer, offer: AudioOffer) -> str:
        begun = asyncio.get_running_loop().time()
        limit = begun + self._terms.options.connect_s
        try:
            async with asyncio.timeout_at(self._terms.sound_by if self._reception.last_at is None else limit):
                return await peer.answer(offer)
        except TimeoutError:
            raise LinkTimeout("the stream's offer could not be answered in time") from None

    async def _new_peer(self, offered: Offered) -> Peer:
        from ravatard.cloud.webrtc.peer import Peer

        if self._peer is not None:
            log.info("the stream begins anew")
            await self._close_peer(self._peer)
        helpers, dropped = await checked_helpers(
            offered.servers, self._terms.routes, self._terms.options.gather_s
        )
        if dropped:
            log.info("ICE servers that are not used: %s", ", ".join(dropped))
        self._peer = Peer(
            helpers,
            self._reception,
            self._wake,
            gather_s=self._terms.options.gather_s,
            relay_only=self._terms.address.relay_only,
            loopback=self._terms.loopback,
        )
        return self._peer

    def _may_reach(self, address: RemoteAddress) -> bool:
        return bool(admitted([address.host], self._terms.reaches))

    async def _add(self, candidate: RemoteCandidate) -> None:
        address = parse_candidate(candidate.text)
        if address is None or self._peer is None or self._offer is None or not self._may_reach(address):
            return
        bundled = self._offer.first_mid
        # One transport carries all sections; a candidate named after another section would be dropped.
        mid, index = (candidate.mid, candidate.index) if bundled is None else (bundled, None)
        await self._peer.add(address, mid, index)

    def _wake(self) -> None:
        """Wake the handler to look at the connection's state. A full inbox wakes it by itself."""
        if not self._inbox.full():
            self._inbox.put_nowait(None)
