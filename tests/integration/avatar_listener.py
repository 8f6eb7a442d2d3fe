"""A client of the AvaTar API for tests: plain aiohttp and aiortc, written from the document alone."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from fractions import Fraction
from typing import Any

import aiohttp
import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from numpy.typing import NDArray

from tests.integration.program import until
from tests.integration.receiver import RATE_HZ, loopback

FRAME = RATE_HZ // 50


class AvatarListener:
    """One session and its socket.

    Attributes:
        session_id: the session.
        events: what came on the socket, frames left out.
        frames: frame events that came.
        close_code: close code of the socket once it is closed.
        socket: the socket, once it is open.
    """

    def __init__(self, http: aiohttp.ClientSession, api_url: str, socket_url: str) -> None:
        self.http = http
        self.api_url = api_url
        self.socket_url = socket_url
        self.session_id = ""
        self.events: list[dict[str, Any]] = []
        self.frames: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self.socket: aiohttp.ClientWebSocketResponse | None = None

    async def call(self, name: str, **fields: object) -> tuple[int, Any]:
        async with self.http.post(f"{self.api_url}/{name}", json=fields) as reply:
            return reply.status, await reply.json()

    async def send(self, kind: str, **fields: object) -> None:
        assert self.socket is not None
        await self.socket.send_json({"type": kind, **fields})

    async def speak(self, pcm: bytes) -> None:
        """One turn by the socket, s16le mono 24 kHz in pieces of 256 ms."""
        await self.send("start_listening")
        for start in range(0, len(pcm), 12_288):
            sound = base64.b64encode(pcm[start : start + 12_288]).decode()
            await self.send("audio_buffer_append", data={"audio": sound})
        await self.send("audio_buffer_commit")
        await self.send("stop_listening")

    def found(self, **fields: object) -> list[dict[str, Any]]:
        """The events with these fields."""
        return [one for one in self.events if fields.items() <= one.items()]

    async def until(self, **fields: object) -> dict[str, Any]:
        """Wait for an event with these fields."""
        found = await until(lambda: self.found(**fields), f"an event {fields}", story=lambda: str(self.kinds))
        return found[0]

    @property
    def kinds(self) -> list[str]:
        return [
            f"{one['type']} {one.get('status') or one.get('role') or one.get('code') or ''}"
            for one in self.events
        ]

    async def listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Take events until the socket is closed."""
        async for message in socket:
            event = json.loads(message.data)
            (self.frames if event["type"] == "frame" else self.events).append(event)
        self.close_code = socket.close_code


@asynccontextmanager
async def listening(api_url: str, socket_url: str, *, opened: bool = True) -> AsyncIterator[AvatarListener]:
    """A client with a session and its socket, for as long as it lasts."""
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        listener = AvatarListener(http, api_url, socket_url)
        listener.session_id = (await listener.call("streaming.new", quality="low"))[1]["session_id"]
        if not opened:
            yield listener
            return
        async with http.ws_connect(f"{socket_url}/{listener.session_id}", max_msg_size=0) as socket:
            listener.socket = socket
            task = group.create_task(listener.listen(socket))
            yield listener
        task.cancel()


class Microphone(MediaStreamTrack):
    """Silence, or the sound that is spoken: 20 ms at a time, s16 mono 48 kHz."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._rest = b""
        self._sent = 0
        self._began: float | None = None

    async def speak(self, pcm: bytes) -> None:
        """Say it, and return when it was said."""
        self._rest = pcm
        await until(lambda: not self._rest, "all is said")

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        self._began = loop.time() if self._began is None else self._began
        await asyncio.sleep(self._began + self._sent / RATE_HZ - loop.time())
        piece, self._rest = self._rest[: FRAME * 2], self._rest[FRAME * 2 :]
        frame = av.AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(piece.ljust(FRAME * 2, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._sent, Fraction(1, RATE_HZ)
        self._sent += FRAME
        return frame


class Media:
    """A WebRTC connection: our microphone, and the avatar's voice.

    Attributes:
        answer: the service's answer, as it came.
        connection: the connection.
    """

    def __init__(self, microphone: Microphone) -> None:
        self.answer: Any = None
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.microphone = microphone
        self._sound: list[NDArray[np.int16]] = []

    def samples(self) -> NDArray[np.int16]:
        """All sound so far, s16 mono 48 kHz."""
        return np.concatenate(self._sound) if self._sound else np.zeros(0, np.int16)

    async def play(self, track: MediaStreamTrack) -> None:
        """Take the sound of a track."""
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, av.AudioFrame):
                    self._sound += [one.to_ndarray()[0] for one in resampler.resample(frame)]


@asynccontextmanager
async def media(listener: AvatarListener, *, video: bool = False) -> AsyncIterator[Media]:
    """Offer, and take the answer; the connection lasts as long as this."""
    made = Media(Microphone())
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[None]] = []
        made.connection.on("track", lambda track: tasks.append(group.create_task(made.play(track))))
        made.connection.addTrack(made.microphone)
        if video:
            made.connection.addTransceiver("video", "recvonly")
        loopback(made.connection)
        await made.connection.setLocalDescription(await made.connection.createOffer())
        offer = {"type": "offer", "sdp": made.connection.localDescription.sdp}
        status, made.answer = await listener.call(
            "streaming.start", session_id=listener.session_id, sdp=offer
        )
        try:
            if status == 200:
                found = made.answer["sdp"]
                sdp = found if isinstance(found, str) else found["sdp"]
                await made.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
                # aiortc's own task would outlive a connection that is closed earlier.
                await until(lambda: made.connection.connectionState == "connected", "the media are connected")
            yield made
        finally:
            await made.connection.close()
            for task in tasks:
                task.cancel()
