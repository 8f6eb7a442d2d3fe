"""A player of streams for tests: plain aiohttp and aiortc, written from the protocol, not from our client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any

import aiohttp
import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp
from numpy.typing import NDArray

AVATAR = "avatar-ada-001"
RATE_HZ = 48_000


class Caller:
    """A user with a live session: calls, the chat socket, and the address of the stream."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str) -> None:
        self.http = http
        self.base_url = base_url
        self.token = self.licence = self.streaming_url = ""

    async def call(self, path: str, body: object) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.post(f"{self.base_url}{path}", json=body, headers=headers) as reply:
            return await reply.json()

    async def start(self) -> None:
        self.token = (await self.call("/jwt", {"user_id": "listener"}))["jwt"]
        live = await self.call("/startLiveSession", {"avatar_id": AVATAR})
        self.licence, self.streaming_url = live["LicenseId"], live["streamingUrl"]

    async def end(self) -> None:
        await self.call("/endLiveSession", {"LicenseId": self.licence})

    async def write(self, text: str) -> str:
        """Write in the live session; returns the answer's text."""
        message = {
            "avatar_id": AVATAR,
            "user_id": "listener",
            "chat_type": "text",
            "language": "en",
            "request": text,
            "requestType": "text",
            "source": "a test",
            "isLive": True,
            "LicenseId": self.licence,
        }
        async with self.http.ws_connect(f"{self.base_url}/ws/chat?token={self.token}") as socket:
            await socket.receive_json(timeout=5)
            await socket.send_json(message)
            return str((await socket.receive_json(timeout=10))["answer"])

    async def page(self) -> str:
        """The player page; its cookie is kept."""
        async with self.http.get(self.streaming_url, params={"token": self.token}) as reply:
            return await reply.text()


@asynccontextmanager
async def calling(base_url: str) -> AsyncIterator[Caller]:
    """A user in a live session, for as long as it lasts."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        caller = Caller(http, base_url)
        await caller.start()
        yield caller


class Receiver:
    """One player's socket and connection.

    Attributes:
        seen: the types of the messages that came, in order.
        offered: the offer as it came.
        sound: what arrived, s16 mono 48 kHz, in pieces of one frame.
        pictures: frames of picture that arrived.
        closed: the socket was closed by the other side.
    """

    def __init__(
        self, caller: Caller, *, video: str = "as-is", microphone: MediaStreamTrack | None = None
    ) -> None:
        """``video``: "as-is", "inactive" or "declined" (port 0)."""
        self.seen: list[str] = []
        self.offered = ""
        self.sound: list[NDArray[np.int16]] = []
        self.pictures = 0
        self.closed = asyncio.Event()
        self.connected = asyncio.Event()
        self.lost = asyncio.Event()
        self._caller = caller
        self._video = video
        self._microphone = microphone
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._connection: RTCPeerConnection | None = None
        self._early: list[dict[str, Any]] = []
        self._ids: list[str] = []

    async def __aenter__(self) -> Receiver:
        await self._group.__aenter__()
        self._socket = await self._caller.http.ws_connect(f"{self._caller.base_url}/")
        self._tasks.append(self._group.create_task(self._listen(self._socket)))
        await self.send({"type": "listStreamers"})
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if self._connection is not None:
            await self._connection.close()
        if self._socket is not None:
            await self._socket.close()
        await self._group.__aexit__(None, None, None)

    async def send(self, message: object) -> None:
        assert self._socket is not None
        await self._socket.send_str(json.dumps(message))

    def samples(self) -> NDArray[np.int16]:
        """All sound so far."""
        return np.concatenate(self.sound) if self.sound else np.zeros(0, np.int16)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            fields = json.loads(message.data)
            self.seen.append(fields["type"])
            match fields["type"]:
                case "streamerList" if fields["ids"]:
                    (only,) = fields["ids"]
                    await self.send({"type": "subscribe", "streamerId": only})
                case "streamerList" | "subscribeFailed":
                    await asyncio.sleep(0.05)
                    await self.send({"type": "listStreamers"})
                case "offer":
                    await self._answer(fields["sdp"])
                case "iceCandidate":
                    await self._candidate(fields["candidate"])
        self.closed.set()

    async def _answer(self, sdp: str) -> None:
        self.offered = sdp
        connection = self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.on("track", self._track)
        connection.on("connectionstatechange", self._state)
        await self.send({"type": "layerPreference", "spatialLayer": 0, "temporalLayer": 0, "playerId": ""})
        await connection.setRemoteDescription(RTCSessionDescription(readable(sdp), "offer"))
        loopback(connection)
        if self._microphone is not None:
            connection.addTrack(self._microphone)
        for transceiver in connection.getTransceivers():
            if transceiver.kind == "video" and self._video != "as-is":
                transceiver.direction = "inactive"
        await connection.setLocalDescription(await connection.createAnswer())
        complete = connection.localDescription.sdp
        bare, candidates = without_candidates(complete)
        for one in candidates[:1]:
            await self.send({"type": "iceCandidate", "candidate": one})
        if self._video == "declined":
            bare = declined(bare)
        await self.send(
            {"type": "answer", "sdp": restored(bare, sdp), "minBitrateBps": 0, "maxBitrateBps": 0}
        )
        for one in candidates[1:]:
            await self.send({"type": "iceCandidate", "candidate": one})
        await self.send(
            {"type": "iceCandidate", "candidate": {"candidate": "", "sdpMid": "0", "sdpMLineIndex": 0}}
        )

    async def _candidate(self, found: dict[str, Any]) -> None:
        assert self._connection is not None
        candidate = candidate_from_sdp(found["candidate"].removeprefix("candidate:"))
        candidate.sdpMid = found["sdpMid"]
        await self._connection.addIceCandidate(candidate)

    def _state(self) -> None:
        assert self._connection is not None
        if self._connection.connectionState == "connected":
            self.connected.set()
        if self._connection.connectionState in {"closed", "failed"}:
            self.lost.set()

    def _track(self, track: MediaStreamTrack) -> None:
        self._tasks.append(self._group.create_task(self._play(track)))

    async def _play(self, track: MediaStreamTrack) -> None:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, av.AudioFrame):
                    self.sound += [one.to_ndarray()[0] for one in resampler.resample(frame)]
                else:
                    self.pictures += 1


def loopback(connection: RTCPeerConnection) -> None:
    """Use 127.0.0.1 and nothing else: aiortc never does by itself."""
    for transceiver in connection.getTransceivers():
        ice: Any = transceiver.receiver.transport.transport.iceGatherer._connection
        gather = ice.get_component_candidates

        async def gathered(
            component: int, addresses: list[str], timeout: int = 5, *, gather: Any = gather
        ) -> Any:
            return await gather(component, ["127.0.0.1"], timeout)

        ice.get_component_candidates = gathered


def readable(sdp: str) -> str:
    """An offer with VP9 or AV1 as one that aiortc reads: it is called VP8."""
    return sdp.replace(" VP9/90000", " VP8/90000").replace(" AV1/90000", " VP8/90000")


def restored(answer: str, offer: str) -> str:
    """``answer`` with the offer's own picture formats, where they were called something else."""
    if readable(offer) == offer:
        return answer
    (theirs,) = [part for part in offer.split("m=") if part.startswith("video")]
    formats = theirs.splitlines()[0].split(" ")[3:]
    maps = [line for line in theirs.splitlines() if line.startswith(("a=rtpmap", "a=fmtp"))]
    parts = answer.split("m=")
    for number, part in enumerate(parts):
        if part.startswith("video"):
            first, *rest = part.splitlines()
            kept = [line for line in rest if not line.startswith(("a=rtpmap", "a=fmtp", "a=rtcp-fb"))]
            lines = [" ".join(first.split(" ")[:3] + formats), *kept, *maps]
            parts[number] = "\r\n".join(lines) + "\r\n"
    return "m=".join(parts)


def declined(answer: str) -> str:
    """``answer`` with its picture declined as a browser declines it: port 0, not bundled."""
    lines = answer.split("\r\n")
    at = next(number for number, line in enumerate(lines) if line.startswith("m=video"))
    lines[at] = "m=video 0 " + lines[at].split(" ", 2)[2]
    mid = next(line for line in lines[at:] if line.startswith("a=mid:")).removeprefix("a=mid:")
    group = next(number for number, line in enumerate(lines) if line.startswith("a=group:BUNDLE"))
    lines[group] = " ".join(word for word in lines[group].split(" ") if word != mid)
    return "\r\n".join(lines)


def without_candidates(sdp: str) -> tuple[str, list[dict[str, Any]]]:
    """The description without its candidates, and those as a browser sends them."""
    kept: list[str] = []
    found: list[dict[str, Any]] = []
    mid, line_number = "", -1
    mids = [line.removeprefix("a=mid:") for line in sdp.split("\r\n") if line.startswith("a=mid:")]
    for line in sdp.split("\r\n"):
        if line.startswith("m="):
            line_number += 1
            mid = mids[line_number]
        if line.startswith("a=candidate:"):
            found.append({"candidate": line[2:], "sdpMid": mid, "sdpMLineIndex": line_number})
        elif line != "a=end-of-candidates":
            kept.append(line)
    return "\r\n".join(kept), found


def correlation(sound: NDArray[np.int16], wanted: bytes) -> tuple[float, int]:
    """How like ``wanted`` (s16le mono 48 kHz) the best place in ``sound`` is, and where that place begins."""
    pattern = np.frombuffer(wanted, "<i2").astype(np.float64)
    heard = sound.astype(np.float64)
    if len(heard) < len(pattern):
        return 0.0, 0
    size = 1 << (len(heard) + len(pattern)).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(pattern, size)), size)
    product = product[: len(heard) - len(pattern) + 1]
    energy = np.cumsum(np.concatenate([[0.0], heard**2]))
    energy = energy[len(pattern) :] - energy[: -len(pattern)]
    like = product / np.sqrt(np.maximum(energy, 1.0) * max(1.0, float((pattern**2).sum())))
    best = int(np.argmax(like))
    return float(like[best]), best
