"""A PixelStreaming service in one process, for the player's tests: page, signalling server and streamer."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import aiortc
import av
import numpy as np
from aiohttp import WSMsgType, web
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from ravatard.secret import Secret

RATE_HZ = 48_000
FRAME = 960
TOKEN = "token-of-the-test"


def melody(seconds: float) -> np.ndarray[Any, np.dtype[np.int16]]:
    """A sound that is never silent and unlike itself at any other time."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(7)
    sound = np.zeros_like(t)
    for voice in range(4):
        steps = noise.uniform(150, 1_500, int(seconds * 8) + 2)
        pitch = np.interp(t * 8, np.arange(len(steps)), steps) * (1 + voice / 3)
        sound += np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HZ)
    return (sound / 4 * 12_000).astype(np.int16)


class Voice(AudioStreamTrack):
    """Plays a sound at its own pace, again and again."""

    def __init__(self, sound: np.ndarray[Any, np.dtype[np.int16]]) -> None:
        super().__init__()
        self._sound = sound
        self._sent = 0
        self._begun: float | None = None

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        if self._begun is None:
            self._begun = loop.time()
        await asyncio.sleep(max(0.0, self._begun + self._sent / RATE_HZ - loop.time()))
        at = self._sent % (len(self._sound) - FRAME)
        frame = av.AudioFrame.from_ndarray(self._sound[None, at : at + FRAME], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._sent, Fraction(1, RATE_HZ)
        self._sent += FRAME
        return frame


class Picture(VideoStreamTrack):
    """A small picture, five times a second."""

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(0.2)
        pts, base = await self.next_timestamp()
        frame = av.VideoFrame.from_ndarray(np.zeros((90, 160, 3), np.uint8), format="rgb24")
        frame.pts, frame.time_base = pts, base
        return frame


@dataclass
class Air:
    """What happens to RTP on its way."""

    loss: float = 0.0
    jitter_s: float = 0.0
    seed: int = 1
    sent: int = 0
    dropped: int = 0
    mute: bool = False


@dataclass
class Behaviour:
    """How this service behaves.

    Attributes:
        order: the sections of the offer.
        codec: another name for VP8 in the offer, with its payload type, or "".
        max_bundle: the streamer has one transport from the start.
        ids: the streamer lists, one after the other; the last stays.
        servers: ICE servers in the configuration.
        refuse_socket: sockets without the token are refused.
        lead: query of the address to which the page is redirected, as it is to be asked for.
        refuse_page: the status of the page, "forbidden" for a redirect to the
            vendor's page, "closing" for that page in place.
        air: loss and jitter.
        offers: whether there is an offer at all.
    """

    order: tuple[str, ...] = ("video", "audio", "application")
    codec: str = ""
    codec_type: int = 0
    max_bundle: bool = False
    ids: tuple[tuple[str, ...], ...] = (("Avatar",),)
    servers: tuple[dict[str, Any], ...] = ()
    refuse_socket: bool = False
    refuse_page: int | str = 0
    lead: str = ""
    air: Air = field(default_factory=Air)
    offers: bool = True


async def gone(_parameters: object) -> None:
    raise asyncio.CancelledError


class Service:
    """The service; counts what its player did."""

    def __init__(self, behaviour: Behaviour, sound: np.ndarray[Any, np.dtype[np.int16]]) -> None:
        self.behaviour = behaviour
        self.url = Secret("")
        self.connections: list[aiortc.RTCPeerConnection] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.received: list[dict[str, Any]] = []
        self.upgrades: list[web.Request] = []
        self.answers: list[str] = []
        self.asked_for: list[str] = []
        self.asked = asyncio.Event()
        self._sound = sound
        self._lists = list(behaviour.ids)
        self._timers: set[asyncio.TimerHandle] = set()

    async def get(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._signal(request)
        self.asked_for.append(request.raw_path)
        if self.behaviour.lead and not request.raw_path.startswith("/led"):
            return web.Response(status=302, headers={"Location": f"/led{self.behaviour.lead}"})
        if request.path == "/forbidden.html":
            return web.Response(text="<script>parent.postMessage('ravatar-session-close')</script>")
        if self.behaviour.refuse_page == "forbidden":
            raise web.HTTPFound("/forbidden.html")
        if self.behaviour.refuse_page == "closing":
            return web.Response(text="<script>parent.postMessage('ravatar-session-close')</script>")
        if request.query.get("token") != TOKEN:
            return web.Response(status=401)
        if isinstance(self.behaviour.refuse_page, int) and self.behaviour.refuse_page:
            return web.Response(status=self.behaviour.refuse_page)
        response = web.Response(
            text="<script>parent.postMessage('ravatar-session-start')</script>", content_type="text/html"
        )
        response.set_cookie("visit", "7")
        return response

    async def _signal(self, request: web.Request) -> web.StreamResponse:
        self.upgrades.append(request)
        if self.behaviour.refuse_socket and request.query.get("token") != TOKEN:
            return web.Response(status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        options = {"iceServers": list(self.behaviour.servers)}
        await socket.send_json(
            {"type": "config", "protocolVersion": "1.3.0", "peerConnectionOptions": options}
        )
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            message = json.loads(frame.data)
            self.received.append(message)
            self.asked.set()
            await self._meant(message, socket)
        return socket

    async def _meant(self, message: dict[str, Any], socket: web.WebSocketResponse) -> None:
        match message["type"]:
            case "listStreamers":
                ids = self._lists.pop(0) if len(self._lists) > 1 else self._lists[0]
                await socket.send_json({"type": "streamerList", "ids": ids})
            case "subscribe" if self.behaviour.offers:
                await socket.send_json({"type": "offer", "sdp": await self._offer()})
            case "answer":
                self.answers.append(message["sdp"])
                answer = self._own_names(message["sdp"])
                await self.connections[-1].setRemoteDescription(
                    aiortc.RTCSessionDescription(sdp=answer, type="answer")
                )
            case "ping":
                await socket.send_json({"type": "pong", "time": message["time"]})

    async def offer_again(self) -> None:
        """A second offer on the same socket, of a new connection; returns when it is answered."""
        answered = len(self.answers)
        await self.sockets[-1].send_json({"type": "offer", "sdp": await self._offer()})
        while len(self.answers) == answered:
            self.asked.clear()
            await self.asked.wait()

    async def _offer(self) -> str:
        policy = aiortc.RTCBundlePolicy.MAX_BUNDLE if self.behaviour.max_bundle else None
        configuration = aiortc.RTCConfiguration(iceServers=[])
        if policy is not None:
            configuration.bundlePolicy = policy
        connection = aiortc.RTCPeerConnection(configuration)
        self.connections.append(connection)
        for kind in self.behaviour.order:
            if kind == "video":
                connection.addTrack(Picture())
            elif kind == "audio":
                connection.addTrack(Voice(self._sound))
            else:
                connection.createDataChannel("cirrus")
        await self._prepare(connection)
        await connection.setLocalDescription(await connection.createOffer())
        return self._other_names(connection.localDescription.sdp)

    async def _prepare(self, connection: aiortc.RTCPeerConnection) -> None:
        """Loopback candidates, and bad air for whatever is sent."""
        ends: list[Any] = [one.receiver for one in connection.getTransceivers()]
        for end in [*ends, *([connection.sctp] if connection.sctp else [])]:
            ice = end.transport.transport
            ice._send = self._through_air(ice._send)
            agent = ice.iceGatherer._connection
            gather = agent.get_component_candidates
            agent.get_component_candidates = lambda component, addresses, gather=gather: gather(
                component, ["127.0.0.1"]
            )

    def _through_air(self, send: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        air, loop = self.behaviour.air, asyncio.get_running_loop()
        chance = random.Random(air.seed)
        tasks: set[asyncio.Task[None]] = set()

        def late(data: bytes) -> None:
            task = loop.create_task(quietly(data))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        async def quietly(data: bytes) -> None:
            try:
                await send(data)
            except ConnectionError:
                pass

        async def through(data: bytes) -> None:
            is_rtp = 128 <= data[0] < 192 and not 192 <= data[1] < 224
            if is_rtp:
                air.sent += 1
                if air.mute:
                    return
                if chance.random() < air.loss:
                    air.dropped += 1
                    return
                if air.jitter_s:
                    self._timers.add(loop.call_later(chance.random() * air.jitter_s, late, data))
                    return
            await send(data)

        return through

    def _other_names(self, sdp: str) -> str:
        """Only one codec in the video section, under the name of one that aiortc may not know."""
        if not self.behaviour.codec:
            return sdp
        kind = self.behaviour.codec_type
        found = re.search(r"a=rtpmap:(\d+) VP8/90000", sdp)
        assert found
        head, mark, rest = sdp.partition("m=video ")
        first, end, lines = rest.partition("\r\n")
        section, following, others = lines.partition("m=")
        kept = [
            line
            for line in section.split("\r\n")
            if not re.match(r"a=(rtpmap|fmtp|rtcp-fb|ssrc-group):?", line)
        ]
        words = [*first.split()[:2], str(kind)]
        extra = f"a=rtpmap:{kind} {self.behaviour.codec}/90000\r\na=fmtp:{kind} x-own=1\r\n"
        return head + mark + " ".join(words) + end + "\r\n".join(kept) + extra + following + others

    def _own_names(self, sdp: str) -> str:
        if not self.behaviour.codec:
            return sdp
        kind = self.behaviour.codec_type
        assert f"a=rtpmap:{kind} {self.behaviour.codec}/90000" in sdp, sdp
        assert re.search(rf"^m=video \d+ \S+ {kind}\r$", sdp, re.M), sdp
        sdp = re.sub(rf"(?m)^(m=video \d+ \S+) {kind}", r"\1 97", sdp)
        sdp = re.sub(rf"a=fmtp:{kind} x-own=1\r\n", "", sdp)
        return sdp.replace(f"a=rtpmap:{kind} {self.behaviour.codec}/90000", "a=rtpmap:97 VP8/90000")

    async def video_packets(self) -> int:
        """Packets of video that were sent on the latest connection."""
        sent = 0
        for sender in self.connections[-1].getSenders():
            if sender.kind == "video":
                for report in (await sender.getStats()).values():
                    sent += report.packetsSent if report.type == "outbound-rtp" else 0
        return sent

    async def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
        for socket in self.sockets:
            await socket.close()
        for connection in self.connections:
            for one in connection.getTransceivers():
                # A connection that is closed while it connects fails with nobody looking.
                transport: Any = one.receiver.transport.transport
                transport.start = gone
            connecting = connection.connectionState != "connected"
            await connection.close()
            if connecting:
                await asyncio.sleep(0.05)
                for one in connection.getTransceivers():
                    await one.receiver.transport.transport.iceGatherer._connection.close()


@asynccontextmanager
async def service(
    behaviour: Behaviour, sound: np.ndarray[Any, np.dtype[np.int16]], place: str = "127.0.0.1"
) -> AsyncIterator[Service]:
    """Runs the service on a port of this machine, at one of its addresses."""
    running = Service(behaviour, sound)
    application = web.Application()
    application.router.add_get("/{path:.*}", running.get)
    runner = web.AppRunner(application, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, place, 0)
    await site.start()
    port = runner.addresses[0][1]
    host = f"[{place}]" if ":" in place else place
    running.url = Secret(f"http://{host}:{port}/stream")
    try:
        yield running
    finally:
        await running.close()
        await runner.cleanup()
