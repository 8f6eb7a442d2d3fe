"""Reception of RTP packets, in place of aiortc's jitter buffer: packets in, concealed sound out to the sink.

aiortc's own buffer keeps four packets back, conceals nothing, and after a loss throws good packets away and
stays 300 ms behind for good.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from ravatard.cloud.webrtc.jitter import Decode, Fill, JitterBuffer, Restart, Step
from ravatard.core.audio.audibility import is_audible
from ravatard.ports.voice import VoiceSink

log = logging.getLogger(__name__)

#: An inaudible packet that came so often in a row, byte by byte, is not decoded any more: half a second. An
#: encoder that is given silence repeats one packet, and the state of the decoder stays as it is.
_SAME_PACKETS = 25


class Packet(Protocol):
    """Fields that are read of an RTP packet of aiortc."""

    @property
    def ssrc(self) -> int:
        """The sender's number of the stream."""
        ...

    @property
    def sequence_number(self) -> int:
        """16 bit, wraps."""
        ...

    @property
    def timestamp(self) -> int:
        """32 bit, in samples, wraps."""
        ...

    @property
    def payload(self) -> bytes:
        """One Opus packet."""
        ...


class RtpCodec(Protocol):
    """:class:`ravatard.cloud.webrtc.opus.OpusDecoder`, or another."""

    def decode(self, payload: bytes, samples: int) -> bytes:
        """Return a packet's sound."""
        ...

    def fill(self, samples: int, following: bytes) -> bytes:
        """Return concealing sound for a gap."""
        ...

    def reset(self) -> None:
        """Reset the decoder."""
        ...


class Reception:
    """Receiving end of one stream's sound; outlives the connection that feeds it.

    Attributes:
        last_at: loop time of the last packet; None before the first.
        jitter: the buffer, for its counts.
    """

    def __init__(self, codec: RtpCodec, sink: VoiceSink, clock: Callable[[], float]) -> None:
        """Expect packets; ``clock`` gives the loop's time. The first one reports ``online`` to the sink."""
        self.last_at: float | None = None
        self.jitter = JitterBuffer()
        self._codec = codec
        self._sink = sink
        self._clock = clock
        self._payload = self._pcm = b""
        self._same = 0

    def add(self, packet: Packet) -> tuple[bool, None]:
        """Take one packet; called by aiortc after it was counted for the receiver reports.

        Returns:
            For aiortc: request no key frame, decode nothing.
        """
        if self.last_at is None:
            log.info("the avatar's voice is connected")
            self._sink.online()
        self.last_at = self._clock()
        steps = self.jitter.add(packet.ssrc, packet.sequence_number, packet.timestamp, packet.payload)
        for step in steps:
            self._take(step)
        return False, None

    def _take(self, step: Step) -> None:
        match step:
            case Decode(payload, samples):
                self._sink.feed(self._decoded(payload, samples))
            case Fill(samples, following):
                self._payload = b""
                self._sink.feed(self._codec.fill(samples, following))
            case Restart():
                self._payload = b""
                self._codec.reset()

    def _decoded(self, payload: bytes, samples: int) -> bytes:
        """Return a packet's sound; that of a silence that goes on is the same again."""
        if payload != self._payload:
            self._payload, self._same = payload, 0
        elif self._same < _SAME_PACKETS:
            self._same += 1
        else:
            return self._pcm
        self._pcm = self._codec.decode(payload, samples)
        if self._same and is_audible(self._pcm):
            self._same = 0
        return self._pcm
