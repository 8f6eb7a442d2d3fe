"""Impairment of the network between streamer and player: packets are lost, late, or all blocked."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from ravatard.sim.streaming.options import StreamFaults

#: RFC 5761: second byte of control packets, which are never impaired.
_CONTROL = range(192, 224)

Send = Callable[[bytes], Awaitable[None]]


class Impairment:
    """Impairment of packets of sound and picture. Attributes may be changed at any time.

    Attributes:
        loss: part of the packets that is lost, of 1.
        jitter_s: longest extra delay of a packet.
        dead: True while all packets are blocked, control packets included.
        counts: packets "sent", "lost" and "late".
    """

    def __init__(self, faults: StreamFaults) -> None:
        self.loss = faults.loss
        self.jitter_s = faults.jitter_ms / 1000
        self.dead = False
        self.counts: Counter[str] = Counter()
        # Faults must be repeatable; this randomness protects no secret.
        self._chance = random.Random(faults.seed)  # noqa: S311

    def set(self, loss: float, jitter_s: float) -> None:
        """Set loss and jitter."""
        self.loss, self.jitter_s = loss, jitter_s

    def through(self, send: Send, group: asyncio.TaskGroup) -> Send:
        """Return ``send`` under the impairment; late packets are sent by tasks of ``group``."""

        async def late(packet: bytes, wait_s: float) -> None:
            await asyncio.sleep(wait_s)
            try:
                await send(packet)
            except ConnectionError:
                return  # The connection closed while the packet was on its way.

        async def impaired(packet: bytes) -> None:
            if self.dead:
                self.counts["lost"] += 1
            elif packet[1] in _CONTROL:
                await send(packet)
            elif self._chance.random() < self.loss:
                self.counts["lost"] += 1
            elif self.jitter_s:
                self.counts["late"] += 1
                group.create_task(late(packet, self._chance.random() * self.jitter_s), name="late-packet")
            else:
                self.counts["sent"] += 1
                await send(packet)

        return impaired
