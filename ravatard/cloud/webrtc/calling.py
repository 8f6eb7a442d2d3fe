"""WebRTC connection that this side offers: a microphone track of encoded packets, and the other's sound.

Like :mod:`ravatard.cloud.webrtc.peer` it imports aiortc, and is imported when a connection is wanted.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import aiortc
import av

from ravatard.cloud.webrtc.paced_packets import PacedPackets
from ravatard.cloud.webrtc.peer import _JITTER_BUFFER, Peer, _other_version
from ravatard.cloud.webrtc.sdp import AudioOffer
from ravatard.errors import LinkError

_TIME_BASE = Fraction(1, 48_000)


class _PacketTrack(aiortc.MediaStreamTrack):
    """Track whose packets are encoded already; aiortc sends nothing while none comes."""

    kind = "audio"

    def __init__(self, packets: PacedPackets) -> None:
        super().__init__()
        self._packets = packets

    async def recv(self) -> Any:
        payload, ticks = await self._packets.next()
        packet = av.Packet(payload)
        packet.pts, packet.time_base = ticks, _TIME_BASE
        return packet


class _Discarding:
    """Stand-in for the jitter buffer of a picture that is not shown."""

    def add(self, _packet: Any) -> tuple[bool, None]:
        return False, None


class CallingPeer(Peer):
    """Offering end of one connection; see :class:`ravatard.cloud.webrtc.peer.Peer`."""

    @property
    def connected(self) -> bool:
        """True while media can flow."""
        return bool(self._connection.connectionState == "connected")

    async def offer(self, packets: PacedPackets | None, *, video: bool) -> str:
        """Return the offer, with all of our candidates.

        Args:
            packets: the microphone; None only receives.
            video: offer to receive a picture, too, for a service that demands it; it is dropped undecoded.

        Raises:
            LinkError: aiortc is another version.
        """
        connection = self._connection
        if packets is None:
            transceiver = connection.addTransceiver("audio", direction="recvonly")
        else:
            transceiver = connection.addTransceiver(_PacketTrack(packets), direction="sendrecv")
        codecs = aiortc.RTCRtpSender.getCapabilities("audio").codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == "audio/opus"])
        self._take_over([transceiver.receiver])
        if video:
            receiver = connection.addTransceiver("video", direction="recvonly").receiver
            if not hasattr(receiver, _JITTER_BUFFER):
                raise _other_version("its jitter buffer")
            setattr(receiver, _JITTER_BUFFER, _Discarding())
        self._limit_agents()
        await connection.setLocalDescription(await connection.createOffer())
        return str(connection.localDescription.sdp)

    async def accept(self, answer: AudioOffer) -> None:
        """Take the answer.

        Raises:
            LinkError: it does not fit the offer.
        """
        self._candidates |= answer.candidates
        try:
            await self._connection.setRemoteDescription(
                aiortc.RTCSessionDescription(sdp=answer.shown, type="answer")
            )
        except Exception as error:
            # aiortc's parsers raise anything for a malformed description.
            raise LinkError(f"the service's answer cannot be used ({type(error).__name__})") from error
