"""Signalling socket of a player, from the upgrade to its end."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from ravatard.sim.streaming import signalling
from ravatard.sim.streaming.description import AnswerRefused
from ravatard.sim.streaming.faults import StreamFlood
from ravatard.sim.streaming.streamer import Streamer

if TYPE_CHECKING:  # aiortc is loaded when the first player subscribes, and only then.
    from ravatard.sim.streaming.stream_peer import StreamPeer


_NOT_OF_OLD_SERVERS = (
    signalling.ListStreamers,
    signalling.Subscribe,
    signalling.Unsubscribe,
    signalling.Ping,
    signalling.UnknownSignal,
)
#: Messages of a flood in one turn of the event loop.
_TURN = 20
_UFRAG = re.compile(r"a=ice-ufrag:[^\r\n]*")


class StreamDirectory(Protocol):
    """Directory of streamers, as the sockets use it."""

    def listed(self, mine: Streamer | None) -> list[Streamer]:
        """Return the streamers that a socket may see; ``mine`` is the only one its cookie is for."""
        ...

    def refusal(self, streamer_id: str, found: Streamer | None) -> str:
        """Return why a subscription fails, "" if it succeeds."""
        ...

    async def player(self, streamer: Streamer, remote: str) -> StreamPeer:
        """Make a connection to offer."""
        ...

    def keep_playing(self, player: StreamPeer, streamer: Streamer) -> None:
        """Keep a connection without its socket."""
        ...

    def violation(self, kind: str, detail: str) -> None:
        """Record a violation of the protocol by the player."""
        ...


class Viewer:
    """Signalling socket of a player.

    Attributes:
        streamer: its subscription, or None.
        mine: the only streamer its cookie is for, or None.
        player: its connection, or None.
        leave: set to close the socket.
        keep_media: True if the connection outlives the socket.
    """

    def __init__(
        self, socket: web.WebSocketResponse, directory: StreamDirectory, mine: Streamer | None, remote: str
    ) -> None:
        self.streamer: Streamer | None = None
        self.mine = mine
        self.player: StreamPeer | None = None
        self.leave = asyncio.Event()
        self.keep_media = False
        self._socket = socket
        self._directory = directory
        self._remote = remote

    async def run(self, greeting: str, *, old: bool = False) -> None:
        """Send ``greeting`` and answer until the socket closes; cancelling closes the connection, too.

        Args:
            greeting: the first message.
            old: offer unasked, and close on messages that servers of 5.0 and 5.1 do not know.
        """
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self._hang_up(), name="stream-hang-up")
                await self._send(greeting)
                if old and (listed := self._directory.listed(self.mine)):
                    await self._subscribe(listed[0].streamer_id)
                async for message in self._socket:
                    if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                        received = signalling.read(message.data)
                        if old and isinstance(received, _NOT_OF_OLD_SERVERS):
                            await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)
                            break
                        await self._received(received)
                watching.cancel()
        finally:
            await self._unsubscribe()

    async def flood(self, fault: StreamFlood) -> None:
        """Send messages without end; returns when the socket is closed."""
        offered = self.player.offered if self.player is not None else ""
        for number in range(fault.count):
            if self._socket.closed:
                return
            if number % _TURN == 0:
                # A socket that takes everything would keep the loop of the whole simulator.
                await asyncio.sleep(0)
            match fault.kind:
                case "offers":
                    await self._send(signalling.offer(_UFRAG.sub(f"a=ice-ufrag:flood{number}", offered)))
                case "candidates":
                    text = f"candidate:1 1 udp 5 127.0.{number // 250 % 250}.{number % 250} 9 typ host"
                    await self._send(signalling.ice_candidate(text, "0", 0, ""))
                case "pings":
                    await self._ping()
                case "texts":
                    await self._send("{}")

    # ------------------------------------------------------------------ inside

    async def _hang_up(self) -> None:
        await self.leave.wait()
        await self._socket.close()

    async def _received(self, message: signalling.Message) -> None:
        match message:
            case signalling.ListStreamers():
                ids = [one.streamer_id for one in self._directory.listed(self.mine)]
                await self._send(signalling.streamer_list(ids))
            case signalling.Subscribe(streamer_id):
                await self._subscribe(streamer_id)
            case signalling.Unsubscribe():
                await self._unsubscribe()
            case signalling.SdpAnswer(sdp):
                await self._answered(sdp)
            case signalling.IceCandidate() if self.player is not None:
                await self.player.candidate(message)
            case signalling.Ping(time):
                await self._send(signalling.pong(time))
            case signalling.IceCandidate() | signalling.UnknownSignal():
                return

    async def _subscribe(self, streamer_id: str) -> None:
        await self._unsubscribe()
        found = next(
            (one for one in self._directory.listed(self.mine) if one.streamer_id == streamer_id), None
        )
        refusal = self._directory.refusal(streamer_id, found)
        if refusal or found is None:
            await self._send(signalling.subscribe_failed(refusal))
            return
        self.streamer = found
        found.players += 1
        self.player = await self._directory.player(found, self._remote)
        sdp, candidates = await self.player.offer()
        await self._send(signalling.offer(sdp))
        for text, mid, line in candidates:
            await self._send(signalling.ice_candidate(text, mid, line, self.player.fragment))

    async def _answered(self, sdp: str) -> None:
        if self.player is None:
            self._directory.violation("stream_order", "an answer before any offer")
            return
        try:
            await self.player.answered(sdp)
        except AnswerRefused as refused:
            self._directory.violation("stream_answer", str(refused))

    async def _unsubscribe(self) -> None:
        """End the subscription."""
        player, self.player = self.player, None
        streamer, self.streamer = self.streamer, None
        if streamer is not None:
            streamer.players -= 1
        if player is None or streamer is None:
            return
        if self.keep_media:
            self._directory.keep_playing(player, streamer)
        else:
            await player.close()

    async def _ping(self) -> None:
        try:
            await self._socket.ping()
        except ConnectionError:
            return

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send_str(text)
        except ConnectionError:
            return  # The receiving side notices by itself.
