"""Service's end of a WebRTC connection: answers an offer, hears its track, speaks on its own. Uses aiortc."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler

from ravatard.core.audio_format import SAMPLE_BYTES
from ravatard.sim.avatar.session import SimAvatarSession
from ravatard.sim.avatar.sound_pieces import AVATAR_RATE_HZ
from ravatard.sim.streaming.tracks import PictureTrack, VoiceTrack


class OfferRefused(Exception):
    """The offer cannot be answered; the message is a sentence."""


class AvatarPeer:
    """Connection of one session, from its offer to its end."""

    def __init__(
        self, session: SimAvatarSession, addresses: tuple[str, ...], group: asyncio.TaskGroup
    ) -> None:
        """``addresses``: own addresses it may use; empty: all but loopback."""
        self._session = session
        self._addresses = addresses
        self._group = group
        self._hearing: list[asyncio.Task[None]] = []
        # Without a list of its own aiortc asks a server on the internet.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on("track", self._track)

    @property
    def state(self) -> str:
        """Connection state: "new", "connecting", "connected", "failed" or "closed"."""
        return self._connection.connectionState

    async def answer(self, offer: str, direction: Literal["sendrecv", "sendonly", "inactive"]) -> str:
        """Answer ``offer``; ``direction`` is that of its sound, from this side.

        Raises:
            OfferRefused: it is no offer that aiortc could use.
        """
        connection = self._connection
        try:
            await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            self._add_tracks(direction)
            answer = await connection.createAnswer()
        except Exception as error:
            # On garbage aiortc raises arbitrary exceptions of its parser.
            await self.close()
            raise OfferRefused(f"{type(error).__name__} in the offer") from error
        self._stay_here()
        await connection.setLocalDescription(answer)
        return str(connection.localDescription.sdp)

    async def close(self) -> None:
        """Close the connection; the client notices at once."""
        await self._connection.close()
        for hearing in self._hearing:
            # The track of a connection that never came about does not end by itself.
            hearing.cancel()

    # ------------------------------------------------------------------ inside

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _add_tracks(self, direction: str) -> None:
        for transceiver in self._connection.getTransceivers():
            if transceiver.kind == "video":
                self._connection.addTrack(PictureTrack(self._session.mouth.speech, self._now))
                transceiver.direction = "sendonly"
                continue
            if direction != "inactive":
                self._connection.addTrack(VoiceTrack(self._session.mouth.speech, self._now))
            transceiver.direction = direction

    def _stay_here(self) -> None:
        """Use the given addresses: aiortc by itself never uses loopback."""
        if not self._addresses:
            return
        for transceiver in self._connection.getTransceivers():
            ice: Any = transceiver.sender.transport.transport.iceGatherer._connection  # noqa: SLF001
            ice.get_component_candidates = _only(ice.get_component_candidates, self._addresses)

    def _track(self, track: MediaStreamTrack) -> None:
        self._hearing.append(self._group.create_task(self._hear(track), name="avatar-ear"))

    async def _hear(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler("s16", "mono", AVATAR_RATE_HZ)
        try:
            while True:
                frame = await track.recv()
                if not isinstance(frame, AudioFrame):
                    continue
                for even in resampler.resample(frame):
                    pcm = bytes(even.planes[0])[: even.samples * SAMPLE_BYTES]
                    self._session.track_heard(pcm, self._now())
        except MediaStreamError:
            return


def _only(gather: Any, wanted: tuple[str, ...]) -> Any:
    async def gathered(component: int, addresses: list[str], timeout: int = 5) -> Any:
        del addresses
        return await gather(component, list(wanted), timeout)

    return gathered
