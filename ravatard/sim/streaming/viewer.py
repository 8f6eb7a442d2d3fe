"""One player's signalling socket, from the upgrade to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from aiohttp import WSMsgType, web

from ravatard.sim.streaming import signalling
from ravatard.sim.streaming.description import AnswerRefused
from ravatard.sim.streaming.streamer import Streamer

if TYPE_CHECKING:  # aiortc is loaded when the first player subscribes, and only then.
    from ravatard.sim.streaming.stream_peer import StreamPeer


class StreamDirectory(Protocol):
    """What a socket asks the house for."""

    def listed(self, mine: Streamer | None) -> list[Streamer]:
        """The streamers a socket may be told of; ``mine``: the only one its cookie is for."""
        ...

    def refusal(self, streamer_id: str, found: Streamer | None) -> str:
        """Why this one cannot be had, "" when it can."""
        ...

    async def player(self, streamer: Streamer, remote: str) -> StreamPeer:
        """A connection to offer."""
        ...

    def keep_playing(self, player: StreamPeer, streamer: Streamer) -> None:
        """The socket is gone and the media go on."""
        ...

    def violation(self, kind: str, detail: str) -> None:
        """The player broke the protocol."""
        ...


class Viewer:
    """One socket.

    Attributes:
        streamer: what it is subscribed to, or None.
        mine: the only streamer its cookie is for, or None.
        player: its connection, or None.
        leave: set to close the socket.
        keep_media: the connection outlives the socket.
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

    async def run(self, greeting: str) -> None:
        """Say ``greeting`` and answer until the socket closes; a cancelled one closes its connection too."""
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self._hang_up(), name="stream-hang-up")
                await self._say(greeting)
                async for message in self._socket:
                    if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                        await self._heard(signalling.read(message.data))
                watching.cancel()
        finally:
            await self._part()

    # ------------------------------------------------------------------ inside

    async def _hang_up(self) -> None:
        await self.leave.wait()
        await self._socket.close()

    async def _heard(self, message: signalling.Message) -> None:
        match message:
            case signalling.ListStreamers():
                ids = [one.streamer_id for one in self._directory.listed(self.mine)]
                await self._say(signalling.streamer_list(ids))
            case signalling.Subscribe(streamer_id):
                await self._subscribe(streamer_id)
            case signalling.Unsubscribe():
                await self._part()
            case signalling.SdpAnswer(sdp):
                await self._answered(sdp)
            case signalling.IceCandidate() if self.player is not None:
                await self.player.candidate(message)
            case signalling.Ping(time):
                await self._say(signalling.pong(time))
            case signalling.IceCandidate() | signalling.UnknownSignal():
                return

    async def _subscribe(self, streamer_id: str) -> None:
        await self._part()
        found = next(
            (one for one in self._directory.listed(self.mine) if one.streamer_id == streamer_id), None
        )
        refusal = self._directory.refusal(streamer_id, found)
        if refusal or found is None:
            await self._say(signalling.subscribe_failed(refusal))
            return
        self.streamer = found
        found.players += 1
        self.player = await self._directory.player(found, self._remote)
        sdp, candidates = await self.player.offer()
        await self._say(signalling.offer(sdp))
        for text, mid, line in candidates:
            await self._say(signalling.ice_candidate(text, mid, line, self.player.fragment))

    async def _answered(self, sdp: str) -> None:
        if self.player is None:
            self._directory.violation("stream_order", "an answer before any offer")
            return
        try:
            await self.player.answered(sdp)
        except AnswerRefused as refused:
            self._directory.violation("stream_answer", str(refused))

    async def _part(self) -> None:
        """Give the subscription up."""
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

    async def _say(self, text: str) -> None:
        try:
            await self._socket.send_str(text)
        except ConnectionError:
            return  # The reading side notices by itself.
