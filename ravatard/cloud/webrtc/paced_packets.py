"""Packets of the microphone on their way to a track: paced, and none at all while no utterance is open."""

from __future__ import annotations

import asyncio
from collections import deque

from ravatard.cloud.webrtc.opus_encoder import FRAME_TICKS

#: Clock of RTP for Opus (RFC 7587, section 4.1).
_TICKS_PER_S = 48_000
_FRAME_S = FRAME_TICKS / _TICKS_PER_S
#: While more waits than what has just been said, packets go out at twice their pace.
_CATCHING_UP_S = _FRAME_S / 2
_BACKLOG = 2
#: Two minutes; what is beyond it is no utterance any more.
_MOST_PACKETS = 6_000


class PacedPackets:
    """Queue of encoded packets; full, the oldest is dropped.

    Attributes:
        sent: packets that were taken so far.
        sent_bytes: their bytes.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.sent_bytes = 0
        self._waiting: deque[bytes] = deque(maxlen=_MOST_PACKETS)
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._next_at = 0.0
        self._ticks = 0

    def put(self, packet: bytes) -> None:
        """Add the next 20 ms."""
        self._waiting.append(packet)
        self._empty.clear()
        self._filled.set()

    def clear(self) -> None:
        """Drop what waits."""
        self._waiting.clear()
        self._empty.set()

    async def next(self) -> tuple[bytes, int]:
        """Return the next packet when it is due, and its time on RTP's clock. Cancelling loses none."""
        loop = asyncio.get_running_loop()
        while True:
            while not self._waiting:
                self._filled.clear()
                await self._filled.wait()
            if (wait_s := self._next_at - loop.time()) > 0.0:
                await asyncio.sleep(wait_s)
            # It may have been cleared meanwhile.
            if self._waiting:
                break
        packet = self._waiting.popleft()
        now = loop.time()
        period_s = _CATCHING_UP_S if len(self._waiting) > _BACKLOG else _FRAME_S
        # A timer that fires late is made up for, an utterance before this one is not.
        self._next_at = max(self._next_at, now - _FRAME_S) + period_s
        self._ticks = max(self._ticks + FRAME_TICKS, round(now * _TICKS_PER_S))
        self.sent += 1
        self.sent_bytes += len(packet)
        if not self._waiting:
            self._empty.set()
        return packet, self._ticks

    async def drained(self) -> None:
        """Return when nothing waits."""
        await self._empty.wait()
