"""Flood meter: packets of a broker, counted by the second, and the longest of them."""

from __future__ import annotations

from collections.abc import Callable

#: Bytes; see :data:`ravatard.mqtt.aiomqtt_broker.PACKET_LIMIT`, which a well-behaved broker is told.
LONGEST_PACKET = 65_536
#: Packets within one second. A room full of appliances has some twenty.
MOST_PACKETS = 300


class FloodMeter:
    """Judge of what a broker sends.

    Attributes:
        dropped: messages that were not looked at.
        complaint: one sentence when it is too much; "" until then.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives loop time in seconds."""
        self.dropped = 0
        self.complaint = ""
        self._clock = clock
        self._since = clock()
        self._packets = 0

    @property
    def flooded(self) -> bool:
        """True once the connection has to end."""
        return bool(self.complaint)

    def packet(self, length: int) -> None:
        """Count a packet, or a part of one that is announced with ``length`` bytes."""
        if length > LONGEST_PACKET:
            self.complaint = f"the MQTT broker sends a message of {length} bytes; it is left for a while"
        now = self._clock()
        if now - self._since >= 1.0:
            self._since, self._packets = now, 0
        self._packets += 1
        if self._packets > MOST_PACKETS:
            self.complaint = (
                f"the MQTT broker sends more than {MOST_PACKETS} messages a second; it is left for a while"
            )

    def drop(self) -> None:
        """Count a message that is not looked at."""
        self.dropped += 1
