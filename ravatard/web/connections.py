"""Port of a server, and its connections: limits for each client, and a deadline for every request."""

from __future__ import annotations

import asyncio
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections import Counter
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import cast

MakeProtocol = Callable[[], asyncio.Protocol]


@dataclass(frozen=True, slots=True)
class Place:
    """Place for one connection.

    Attributes:
        client: whom it is counted for.
        most: number of connections that this client may have at once.
        protocol: makes the protocol of the server it is handed to.
    """

    client: Hashable
    most: int
    protocol: MakeProtocol


class Connections:
    """Hands each new connection to a server, or closes it.

    A connection on which no whole request comes in time is closed: browsers open some in advance, and a
    hostile client sends a request by the byte.
    """

    def __init__(
        self,
        place: Callable[[asyncio.Transport], Place | None],
        *,
        request_s: float,
        most: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare.

        Args:
            place: returns the place for a connection; None: there is none.
            request_s: time for a whole request.
            most: number of connections of all clients at once; None: no limit but theirs.
            tls: certificate; None: without TLS. The handshake begins when a connection is counted, and not
                before: each one takes a quarter of a megabyte.
        """
        self._place = place
        self._request_s = request_s
        self._most = most
        self._tls = tls
        self._open: Counter[Hashable] = Counter()
        self._silent: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}

    def protocol(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        return _Arrival(self)

    def asked(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a whole request has come on ``transport``, which then is not closed as a silent one."""
        timer = None if transport is None else self._silent.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def awaited(self, transport: asyncio.BaseTransport | None, within_s: float) -> None:
        """Expect the next request on ``transport``, whole, within this time."""
        if transport is not None and not transport.is_closing():
            self.asked(transport)
            self._expect(transport, within_s)

    def _expect(self, transport: asyncio.BaseTransport, within_s: float) -> None:
        timer = asyncio.get_running_loop().call_later(within_s, self._close_silent, transport)
        self._silent[transport] = timer

    def arrived(self, transport: asyncio.Transport) -> None:
        """Hand a new connection to its server, or close it."""
        place = self._place(transport)
        full = self._most is not None and self._open.total() >= self._most
        if place is None or full or self._open[place.client] >= place.most:
            transport.abort()
            return
        self._open[place.client] += 1
        if self._tls is None:
            self.hand_over(transport, place, lambda: self._left(place.client))
            return
        secured = _Secured(self, place, self._tls, self._request_s, lambda: self._left(place.client))
        transport.set_protocol(secured)
        secured.connection_made(transport)

    def hand_over(self, transport: asyncio.Transport, place: Place, left: Callable[[], None]) -> None:
        """Hand a connection that was counted to its server; ``left`` is called at its end."""
        self._expect(transport, self._request_s)

        def ended() -> None:
            self.asked(transport)
            left()

        protocol = _Admitted(place.protocol(), ended)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def _close_silent(self, transport: asyncio.BaseTransport) -> None:
        self._silent.pop(transport, None)
        cast(asyncio.Transport, transport).abort()

    def _left(self, client: Hashable) -> None:
        self._open[client] -= 1
        if self._open[client] <= 0:
            # Addresses are many; only those that are connected are counted.
            del self._open[client]


class _Arrival(asyncio.Protocol):
    """Connection whose client is not known yet."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connections.arrived(cast(asyncio.Transport, transport))


class _Secured(SSLProtocol):
    """Connection that was counted: its TLS, and a call at its end, which may come before TLS is there."""

    def __init__(
        self,
        connections: Connections,
        place: Place,
        context: ssl.SSLContext,
        limit_s: float,
        left: Callable[[], None],
    ) -> None:
        loop = cast(asyncio.BaseEventLoop, asyncio.get_running_loop())
        inner = _Handed(connections, place)
        waiter = loop.create_future()
        # How the handshake ended is of no use to the server.
        waiter.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        super().__init__(loop, inner, context, waiter, server_side=True, ssl_handshake_timeout=ceil(limit_s))
        self._when_left = left

    def connection_lost(self, exc: BaseException | None) -> None:
        self._when_left()
        super().connection_lost(exc)


class _Handed(asyncio.Protocol):
    """Connection whose TLS is there: goes to its server."""

    def __init__(self, connections: Connections, place: Place) -> None:
        self._connections = connections
        self._place = place

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connections.hand_over(cast(asyncio.Transport, transport), self._place, lambda: None)


class _Admitted(asyncio.Protocol):
    """Connection that was admitted: its server's protocol, and a call at its end."""

    def __init__(self, inner: asyncio.Protocol, left: Callable[[], None]) -> None:
        self._inner = inner
        self._left = left
        self.data_received = inner.data_received  # type: ignore[method-assign]
        self.eof_received = inner.eof_received  # type: ignore[method-assign]
        self.pause_writing = inner.pause_writing  # type: ignore[method-assign]
        self.resume_writing = inner.resume_writing  # type: ignore[method-assign]
        self.connection_made = inner.connection_made  # type: ignore[method-assign]

    def connection_lost(self, error: Exception | None) -> None:
        self._left()
        self._inner.connection_lost(error)


def bind_port(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address of this machine, and does not block.

    Raises:
        OSError: the port is taken, or the address is none of this machine.
    """
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)
        made.bind((host, port))
    except OSError:
        with suppress(OSError):
            made.close()
        raise
    return made
