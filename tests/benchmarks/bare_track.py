"""Floor of WebRTC: ``python bare_track.py API_URL SOCKET_URL [send]``, a client of aiortc alone.

It starts a session, receives the avatar's track, and with "send" sends a tone as its microphone.
"""

from __future__ import annotations

import asyncio
import math
import sys
from array import array
from fractions import Fraction
from typing import Any

import aiohttp
import aiortc
import av

_RATE_HZ = 48_000
_SAMPLES = _RATE_HZ // 50


class Tone(aiortc.MediaStreamTrack):
    """A tone of 300 Hz, 20 ms at a time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._due = asyncio.get_running_loop().time()
        self._at = 0
        sound = (round(9_000 * math.sin(2 * math.pi * 300 * at / _RATE_HZ)) for at in range(_SAMPLES))
        self._pcm = array("h", sound).tobytes()

    async def recv(self) -> Any:
        """The next frame, when it is due."""
        self._due += 0.02
        await asyncio.sleep(self._due - asyncio.get_running_loop().time())
        frame = av.AudioFrame(format="s16", layout="mono", samples=_SAMPLES)
        frame.planes[0].update(self._pcm)
        frame.sample_rate, frame.time_base = _RATE_HZ, Fraction(1, _RATE_HZ)
        frame.pts, self._at = self._at, self._at + _SAMPLES
        return frame


async def main(api_url: str, socket_url: str, *, sends: bool) -> None:
    """Receive until killed."""
    connection = aiortc.RTCPeerConnection()
    heard: asyncio.Queue[Any] = asyncio.Queue(1)
    connection.on("track", heard.put_nowait)
    if sends:
        connection.addTransceiver(Tone(), direction="sendrecv")
    else:
        connection.addTransceiver("audio", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    async with aiohttp.ClientSession() as pool:
        async with pool.post(f"{api_url}/streaming.new", json={"quality": "low"}) as reply:
            session_id = (await reply.json())["session_id"]
        async with pool.ws_connect(f"{socket_url}/{session_id}") as socket:
            offer = {"type": "offer", "sdp": connection.localDescription.sdp}
            call = {"session_id": session_id, "sdp": offer}
            async with pool.post(f"{api_url}/streaming.start", json=call) as reply:
                answer = (await reply.json())["sdp"]
            await connection.setRemoteDescription(aiortc.RTCSessionDescription(**answer))
            if sends:
                await socket.send_str('{"type":"start_listening"}')
            track = await heard.get()
            while True:
                await track.recv()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sends="send" in sys.argv[3:]))
