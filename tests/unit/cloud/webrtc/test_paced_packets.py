"""Packets of the microphone go out at their pace, faster when they are late, and never by themselves."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.cloud.webrtc.paced_packets import PacedPackets


async def taken(packets: PacedPackets, count: int) -> list[tuple[float, bytes, int]]:
    """The next packets, each with the time at which it came."""
    loop = asyncio.get_running_loop()
    found = []
    for _ in range(count):
        packet, ticks = await packets.next()
        found.append((loop.time(), packet, ticks))
    return found


async def test_what_waits_goes_out_at_twice_its_pace_and_the_last_ones_at_their_own() -> None:
    packets = PacedPackets()
    for number in range(8):
        packets.put(bytes([number]))

    found = await taken(packets, 8)

    times = [at - found[0][0] for at, _, _ in found]
    assert times == pytest.approx([0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.09])
    assert [packet[0] for _, packet, _ in found] == list(range(8))
    assert [later[2] - found[0][2] for later in found] == [960 * number for number in range(8)]


async def test_nothing_is_sent_while_nothing_is_said_and_the_clock_goes_on() -> None:
    packets = PacedPackets()
    packets.put(b"a")
    (first,) = await taken(packets, 1)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(60.0):
            await packets.next()
    packets.put(b"b")
    (second,) = await taken(packets, 1)

    assert (second[2] - first[2]) / 48_000 == pytest.approx(60.0, abs=0.1)
    assert packets.sent == 2


async def test_what_is_cleared_is_not_sent() -> None:
    packets = PacedPackets()
    for _ in range(5):
        packets.put(b"a")
    await packets.next()

    packets.clear()

    await packets.drained()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await packets.next()
    assert packets.sent == 1
