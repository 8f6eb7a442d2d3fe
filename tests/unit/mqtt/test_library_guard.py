"""Messages that come while too many wait are dropped and counted, and the library is told nothing."""

from __future__ import annotations

import array
import asyncio
import fcntl
import socket
import termios
from typing import Any

import aiomqtt
import pytest

from ravatard.mqtt.flood import FloodMeter
from ravatard.mqtt.library_guard import PACKETS_A_TURN, WAITING_LIMIT, bounded_queue, guard


async def test_the_queue_is_bounded_and_never_full() -> None:
    meter = FloodMeter(lambda: 0.0)
    queue = bounded_queue(meter)(maxsize=0)
    message = aiomqtt.Message("a", b"", 0, False, 1, None)
    for _ in range(WAITING_LIMIT + 5):
        queue.put_nowait(message)

    assert queue.qsize() == WAITING_LIMIT
    assert meter.dropped == 5


class Flooded:
    """A connection with more packets than can be read in a turn, of which TLS has decoded some already."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)

    def fileno(self) -> int:
        return self._ours.fileno()

    def pending(self) -> int:
        """Bytes that TLS has decoded: here all that wait."""
        waiting = array.array("i", [0])
        fcntl.ioctl(self._ours, termios.FIONREAD, waiting)
        return waiting[0]

    def recv(self, length: int) -> bytes:
        return self._ours.recv(length)

    def comes(self, data: bytes) -> None:
        self._theirs.sendall(data)

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()


#: PUBLISH of MQTT 5, QoS 2, to topic "a", which paho keeps until it is released (OASIS MQTT 5.0, 3.3).
QOS_2 = b"\x34\x07\0\1a\0\7\0x"


@pytest.mark.integration
async def test_a_turn_of_the_loop_takes_a_few_packets_also_of_those_that_wait_decoded() -> None:
    loop = asyncio.get_running_loop()
    client = aiomqtt.Client("broker.example", protocol=aiomqtt.ProtocolVersion.V5)
    meter = FloodMeter(loop.time)
    guard(client, meter)
    paho: Any = client._client
    connection = Flooded()
    taken: list[int] = []
    a_turn: list[int] = []
    paho._sock = connection

    def handled() -> int:
        taken.append(1)
        return 0

    paho._packet_handle = handled
    connection.comes(QOS_2 * 3 * PACKETS_A_TURN)
    paho._in_messages = dict.fromkeys(range(500))
    paho.on_socket_open(paho, None, connection)
    while len(taken) < 3 * PACKETS_A_TURN:
        before = len(taken)
        await asyncio.sleep(0)
        a_turn.append(len(taken) - before)
    loop.remove_reader(connection.fileno())
    assert client._misc_task is not None
    client._misc_task.cancel()
    paho._sock = None
    connection.close()

    assert max(a_turn) == PACKETS_A_TURN
    assert not meter.flooded
