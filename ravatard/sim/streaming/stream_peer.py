"""Streamer's end of a peer connection: offer, answer, candidates, sound. It alone uses aiortc's."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp

from ravatard.sim.streaming.description import AnswerRefused, Description, RewrittenOffer
from ravatard.sim.streaming.impairment import Impairment
from ravatard.sim.streaming.options import SimStreamOptions
from ravatard.sim.streaming.signalling import IceCandidate
from ravatard.sim.streaming.speech_track import SpeechTrack
from ravatard.sim.streaming.tracks import PictureTrack, VoiceTrack

#: RFC 8839, section 5.1: foundation, component, transport, priority, address, port, …
_CANDIDATE = re.compile(r"(\S+ \d+ (?:udp|UDP) \d+) (\S+) (\d+ typ \S+.*)")
_EARLIEST = 64


@dataclass(frozen=True, slots=True)
class StreamEnvironment:
    """Environment of a player's connection.

    Attributes:
        options: offer and signalling.
        impairment: impairment of its packets.
        addresses: own addresses it may use; empty: all but loopback.
        group: task group of its tasks.
        now: the front's clock.
    """

    options: SimStreamOptions
    impairment: Impairment
    addresses: tuple[str, ...]
    group: asyncio.TaskGroup
    now: Callable[[], float]


class StreamPeer:
    """Connection of a player, from the offer to its end.

    Attributes:
        counts: received from the player: "upstream" frames, data channel "messages".
        offered: the offer as sent.
    """

    def __init__(self, speech: SpeechTrack, environment: StreamEnvironment, remote: str) -> None:
        """Prepare; ``remote`` is the address the player's socket comes from."""
        self.counts: Counter[str] = Counter()
        self.offered = ""
        self._environment = environment
        self._remote = remote
        self._rewritten: RewrittenOffer | None = None
        self._early: list[IceCandidate] = []
        self._answered = False
        self._bundled: list[str] = []
        policy = RTCBundlePolicy.MAX_BUNDLE if environment.options.max_bundle else RTCBundlePolicy.BALANCED
        # Without a list of its own aiortc asks a server on the internet.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=policy))
        self._connection.on("track", self._upstream)
        self._add_tracks(speech)
        self._channel = self._connection.createDataChannel("cirrus", ordered=True)
        self._channel.on("message", self._message)
        self._wrap_transports()

    @property
    def state(self) -> str:
        """Connection state: "new", "connecting", "connected", "failed" or "closed"."""
        return self._connection.connectionState

    async def offer(self) -> tuple[str, list[tuple[str, str, int]]]:
        """Make the offer, and the candidates (text, section, its number) that follow it."""
        options = self._environment.options
        await self._connection.setLocalDescription(await self._connection.createOffer())
        self._rewritten = RewrittenOffer(
            self._connection.localDescription.sdp,
            video=options.video,
            max_bundle=options.max_bundle,
            trickle=options.trickle,
        )
        self.offered = self._rewritten.offer
        return self.offered, self._rewritten.candidates

    @property
    def fragment(self) -> str:
        """User name fragment carried by its candidates."""
        return self._rewritten.fragment if self._rewritten else ""

    async def answered(self, sdp: str) -> None:
        """Take the answer, and the candidates that came before it.

        Raises:
            AnswerRefused: a browser's stack would refuse it, or aiortc does.
        """
        if self._rewritten is None or self._answered:
            raise AnswerRefused("there is no offer open")
        own = self._rewritten.own(sdp)
        self._bundled = Description.of(own).bundled()
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(own, "answer"))
        except Exception as error:
            # On garbage aiortc raises arbitrary exceptions of its parser.
            raise AnswerRefused(f"{type(error).__name__} in the answer") from error
        self._answered = True
        early, self._early = self._early, []
        for one in early:
            await self._add(one)

    async def candidate(self, found: IceCandidate) -> None:
        """Take a candidate; one before the answer is kept until then."""
        if self._answered:
            await self._add(found)
        elif len(self._early) < _EARLIEST:
            self._early.append(found)

    async def sent(self) -> dict[str, int]:
        """Return the packets sent, by kind: "audio" and "video"."""
        found: Counter[str] = Counter()
        for one in (await self._connection.getStats()).values():
            if one.type == "outbound-rtp":
                found[one.kind] += one.packetsSent
        return dict(found)

    async def close(self) -> None:
        """Close the connection; the player notices at once."""
        await self._connection.close()

    # ------------------------------------------------------------------ inside

    def _add_tracks(self, speech: SpeechTrack) -> None:
        options, now = self._environment.options, self._environment.now
        tracks: list[MediaStreamTrack] = [VoiceTrack(speech, now)]
        if options.video != "none":
            tracks.insert(len(tracks) if options.audio_first else 0, PictureTrack(speech, now))
        for track in tracks:
            # All tracks of a connection are one media stream: a page plays no sound without its picture.
            self._connection.addTrack(track)
        for transceiver in self._connection.getTransceivers():
            if transceiver.kind == "video":
                transceiver.direction = "sendonly"
                wanted = "video/H264" if options.video == "h264" else "video/VP8"
                known = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([one for one in known if one.mimeType == wanted])

    def _wrap_transports(self) -> None:
        """Wrap every transport in the impairment, and set the addresses it may use.

        aiortc offers neither: it never uses loopback, and sends packets straight to the socket.
        """
        environment = self._environment
        transports: set[Any] = {one.sender.transport for one in self._connection.getTransceivers()}
        if self._connection.sctp is not None:
            transports.add(self._connection.sctp.transport)
        for transport in transports:
            send = transport._send_rtp  # noqa: SLF001
            transport._send_rtp = environment.impairment.through(send, environment.group)  # noqa: SLF001
            if environment.addresses:
                ice = transport.transport.iceGatherer._connection  # noqa: SLF001
                ice.get_component_candidates = self._only_here(ice.get_component_candidates)

    def _only_here(self, gather: Any) -> Any:
        async def gathered(component: int, addresses: list[str], timeout: int = 5) -> Any:
            return await gather(component, list(self._environment.addresses), timeout)

        return gathered

    def _upstream(self, track: MediaStreamTrack) -> None:
        self._environment.group.create_task(self._drop(track), name="upstream")

    async def _drop(self, track: MediaStreamTrack) -> None:
        """Read and drop the microphone a browser may send: unread it would accumulate."""
        try:
            while True:
                await track.recv()
                self.counts["upstream"] += 1
        except MediaStreamError:
            return

    def _message(self, _message: str | bytes) -> None:
        self.counts["messages"] += 1

    async def _add(self, found: IceCandidate) -> None:
        """Hand a candidate to aiortc; useless ones are dropped: TCP, the end marker, invalid ones."""
        match = _CANDIDATE.fullmatch(found.text.removeprefix("candidate:").strip())
        if match is None:
            return
        address = match[2]
        try:
            ip_address(address)
        except ValueError:
            # A name by which a browser hides its address: the address of its socket is used.
            address = self._remote
        try:
            candidate = candidate_from_sdp(f"{match[1]} {address} {match[3]}")
            # aiortc drops candidates of sections that use another section's transport.
            candidate.sdpMid = self._bundled[0] if found.mid in self._bundled else found.mid
            candidate.sdpMLineIndex = None if self._bundled else found.line
            await self._connection.addIceCandidate(candidate)
        except (ValueError, AssertionError, IndexError):
            return
