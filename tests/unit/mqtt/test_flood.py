"""A broker may send a room's worth of messages a second, none of them long."""

from __future__ import annotations

from ravatard.mqtt.flood import LONGEST_PACKET, MOST_PACKETS, FloodMeter


def test_many_messages_over_seconds_are_none() -> None:
    now = [0.0]
    meter = FloodMeter(lambda: now[0])
    for _ in range(5):
        for _ in range(MOST_PACKETS):
            meter.packet(100)
        now[0] += 1.0

    assert not meter.flooded


def test_more_within_one_second_are() -> None:
    meter = FloodMeter(lambda: 0.0)
    for _ in range(MOST_PACKETS + 1):
        meter.packet(100)

    assert meter.flooded
    assert str(MOST_PACKETS) in meter.complaint


def test_a_long_one_is() -> None:
    meter = FloodMeter(lambda: 0.0)
    meter.packet(LONGEST_PACKET + 1)

    assert str(LONGEST_PACKET + 1) in meter.complaint


def test_what_is_dropped_is_counted() -> None:
    meter = FloodMeter(lambda: 0.0)
    meter.drop()

    assert meter.dropped == 1
    assert not meter.flooded
