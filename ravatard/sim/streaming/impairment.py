"""The network between streamer and player when it is bad: packets that are lost, late, or all gone."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from ravatard.sim.streaming.options import StreamFaults

#: RFC 5761: with these in their second byte packets are control packets, which are never touched.
_CONTROL = range(192, 224)

Send = Callable[[bytes], Awaitable[None]]


class Impairment:
    """What happens to packets of sound and picture. Everything may be changed while it lasts.

    Attributes:
        loss: the part of the packets that is lost, of 1.
        jitter_s: each packet comes up to this much later.
        dead: nothing gets through, control packets included.
        counts: packets "sent", "lost" and "late".
    """

    def __init__(self, faults: StreamFaults) -> None:
        self.loss = faults.loss
        self.jitter_s = faults.jitter_ms / 1000
        self.dead = False
        self.counts: Counter[str] = Counter()
        # A fault that cannot be repeated helps nobody; nothing here is a secret.
        self._chance = random.Random(faults.seed)  # noqa: S311

    def set(self, loss: float, jitter_s: float) -> None:
        """The impairment changes."""
        self.loss, self.jitter_s = loss, jitter_s

    def through(self, send: Send, group: asyncio.TaskGroup) -> Send:
        """``send`` as the impairment lets it; late packets go out from tasks of ``group``."""

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
