"""Messages that come while too many wait are dropped and counted, and the library is told nothing."""

from __future__ import annotations

import aiomqtt

from ravatard.mqtt.flood import FloodMeter
from ravatard.mqtt.library_guard import WAITING_LIMIT, bounded_queue


async def test_the_queue_is_bounded_and_never_full() -> None:
    meter = FloodMeter(lambda: 0.0)
    queue = bounded_queue(meter)(maxsize=0)
    message = aiomqtt.Message("a", b"", 0, False, 1, None)
    for _ in range(WAITING_LIMIT + 5):
        queue.put_nowait(message)

    assert queue.qsize() == WAITING_LIMIT
    assert meter.dropped == 5
