"""Guard around aiomqtt: bounds on what a broker may send, and an orderly end of its sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiomqtt

from ravatard.mqtt.flood import FloodMeter

#: Messages that may wait to be looked at; what comes while they do is dropped.
WAITING_LIMIT = 64
#: Packets that are read in one turn of the loop; what else there is waits for the next one. A packet takes a
#: tenth of a millisecond here, and half of one on a Pi Zero 2 W.
PACKETS_A_TURN = 8
#: For the TCP connection.
CONNECT_S = 4.0
#: For a goodbye.
CLOSE_S = 0.3


class HungUpError(aiomqtt.MqttError):
    """The broker ended the connection before it answered the first packet."""


def bounded_queue(meter: FloodMeter) -> type[asyncio.Queue[aiomqtt.Message]]:
    """Return a queue that drops and counts what comes while it is full."""

    class BoundedQueue(asyncio.Queue[aiomqtt.Message]):
        def __init__(self, maxsize: int = 0) -> None:
            del maxsize
            super().__init__()

        def put_nowait(self, item: aiomqtt.Message) -> None:
            if self.qsize() >= WAITING_LIMIT:
                meter.drop()
            else:
                super().put_nowait(item)

    return BoundedQueue


class SocketTurns:
    """Reader of a socket that takes at most :data:`PACKETS_A_TURN` packets in one turn of the event loop."""

    def __init__(self, client: aiomqtt.Client, loop: asyncio.AbstractEventLoop) -> None:
        """``client``: its packets are read; ``loop``: watches its socket."""
        self._client = client
        self._paho: Any = client._client  # noqa: SLF001 - the library has no other way to what it wraps
        self._loop = loop
        self._packets = 0
        self._is_due = False

    def begins_packet(self) -> None:
        """Count a packet that is about to be read.

        Raises:
            BlockingIOError: it is one too many; to paho it looks as if nothing more had come.
        """
        if self._packets >= PACKETS_A_TURN:
            raise BlockingIOError
        self._packets += 1

    def read(self, connection: socket.socket) -> None:
        """Have ``connection`` read, in the place of the library, which reads all that TLS has decoded."""
        if (descriptor := connection.fileno()) >= 0:
            self._loop.add_reader(descriptor, self._readable, connection)

    def write(self, connection: socket.socket) -> None:
        """Have ``connection`` written to as soon as that is possible, if it is still open."""
        if (descriptor := connection.fileno()) >= 0:
            self._loop.add_writer(descriptor, self._paho.loop_write)

    def _readable(self, connection: socket.socket) -> None:
        # One that is due anyway comes in this same turn.
        if not self._is_due:
            self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        self._packets, self._is_due = 0, False
        try:
            self._paho.loop_read()
        except Exception as error:  # noqa: BLE001 - carried to who waits for messages, as by the library
            over = self._client._disconnected  # noqa: SLF001
            if not over.done():
                over.set_exception(error)
                # Read here, as one that the library is told of; see guard.
                over.exception()
            return
        # What TLS has decoded already makes no socket readable.
        pending = getattr(connection, "pending", None)
        if pending is not None and connection.fileno() >= 0 and pending() > 0:
            self._is_due = True
            self._loop.call_soon(self._take, connection)


def guard(client: aiomqtt.Client, meter: FloodMeter) -> None:
    """End the connection at a packet that is too long, and at a flood of packets; watch no closed socket.

    paho asks its socket for as many bytes as a broker announces, and collects them all. aiomqtt has the loop
    watch a descriptor by its number a moment later, when it may be closed, or another connection's.
    """
    loop = asyncio.get_running_loop()
    paho: Any = client._client  # noqa: SLF001 - see SocketTurns
    paho.connect_timeout = CONNECT_S
    receive: Callable[[int], bytes] = paho._sock_recv  # noqa: SLF001 - nor to what it reads
    turns = SocketTurns(client, loop)

    def guarded(length: int) -> bytes:
        # Of a packet's first two bytes each is asked for by itself; then all the rest.
        if length > 1:
            meter.packet(length)
        if meter.flooded:
            # As if the broker had gone: paho closes everything in order.
            raise ConnectionAbortedError(meter.complaint)
        if not paho._in_packet["command"]:  # noqa: SLF001 - nor to where it is in a packet
            turns.begins_packet()
        return receive(length)

    note_begin: Callable[..., None] = paho.on_socket_open

    def begun(library: Any, userdata: Any, connection: socket.socket) -> None:
        note_begin(library, userdata, connection)
        loop.call_soon_threadsafe(turns.read, connection)

    def register(_paho: Any, _userdata: Any, connection: socket.socket) -> None:
        loop.call_soon_threadsafe(turns.write, connection)

    paho._sock_recv = guarded  # noqa: SLF001
    paho.on_socket_open = begun
    paho.on_socket_register_write = register
    _note_ends(client, paho)


def _note_ends(client: aiomqtt.Client, paho: Any) -> None:
    """Have the end of a connection noticed, also before the broker has answered, and forgotten by nothing."""
    note_end: Callable[..., None] = paho.on_disconnect

    def ended(*reasons: Any) -> None:
        answered = client._connected  # noqa: SLF001 - nor to how it began
        if answered.cancelled():
            # The library would ask it for its exception.
            return
        note_end(*reasons)
        if not answered.done():
            # The library would wait for the answer all the same.
            answered.set_exception(HungUpError())
        over = client._disconnected  # noqa: SLF001 - nor to how it ended
        if over.done() and not over.cancelled():
            # Read here: the library may forget it unread, and asyncio would complain of that.
            over.exception()

    paho.on_disconnect = ended


async def close_within_a_moment(client: aiomqtt.Client, *, answered: bool = True) -> None:
    """Say goodbye and close the socket, within a moment: ending a paid session must not wait for a broker."""
    paho: Any = client._client  # noqa: SLF001 - see guard
    if paho.socket() is not None:
        if not answered:
            # The library asks a future that was cancelled while it waited for the answer.
            paho.on_disconnect = None
        paho.disconnect()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                # The library tells of nothing once the connection counts as lost.
                while paho.socket() is not None:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
    if (left := paho.socket()) is not None:
        with suppress(OSError):
            left.shutdown(socket.SHUT_RDWR)
        # It finds the end of the stream, and closes everything in order.
        paho.loop_read()
