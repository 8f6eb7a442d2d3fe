"""Packets on a bad network: lost and late as often as asked, control packets spared."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.sim.streaming.impairment import Impairment
from ravatard.sim.streaming.options import StreamFaults

SOUND = b"\x80\x60sound"
CONTROL = b"\x80\xc8control"


class _Wire:
    """Takes down what is sent, and when."""

    def __init__(self, *, closed: bool = False) -> None:
        self.sent: list[tuple[float, bytes]] = []
        self._closed = closed

    async def send(self, packet: bytes) -> None:
        if self._closed:
            raise ConnectionError
        self.sent.append((asyncio.get_running_loop().time(), packet))


async def _sent(impairment: Impairment, packet: bytes = SOUND, count: int = 1_000) -> list[float]:
    """When so many packets came, in the order they came in."""
    wire = _Wire()
    async with asyncio.TaskGroup() as group:
        send = impairment.through(wire.send, group)
        for _ in range(count):
            await send(packet)
    return [at for at, _ in wire.sent]


async def test_on_a_good_network_everything_comes_at_once() -> None:
    assert await _sent(Impairment(StreamFaults())) == [0.0] * 1_000


async def test_as_many_are_lost_as_asked_the_same_in_every_run() -> None:
    faults = StreamFaults(loss=0.05)

    first, again = [len(await _sent(Impairment(faults))) for _ in range(2)]

    assert first == again
    assert 930 <= first <= 970


@pytest.mark.slow
async def test_packets_are_late_by_up_to_the_jitter() -> None:
    times = await _sent(Impairment(StreamFaults(jitter_ms=50)))

    assert len(times) == 1_000
    assert 0.0 <= min(times) < 0.01
    assert 0.04 < max(times) <= 0.05


async def test_control_packets_are_neither_lost_nor_late() -> None:
    impairment = Impairment(StreamFaults(loss=1.0, jitter_ms=50))

    assert await _sent(impairment, CONTROL) == [0.0] * 1_000


async def test_when_all_is_dead_nothing_comes() -> None:
    impairment = Impairment(StreamFaults())
    impairment.dead = True

    assert await _sent(impairment) == []
    assert await _sent(impairment, CONTROL) == []


async def test_a_late_packet_may_find_the_connection_closed() -> None:
    impairment = Impairment(StreamFaults(jitter_ms=50))
    async with asyncio.TaskGroup() as group:
        await impairment.through(_Wire(closed=True).send, group)(SOUND)

    assert impairment.counts["late"] == 1
