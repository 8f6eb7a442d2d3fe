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
        most_unknown: of these, connections on which no caller was recognised; None: all of them.
    """

    client: Hashable
    most: int
    protocol: MakeProtocol
    most_unknown: int | None = None


@dataclass(slots=True, eq=False)
class _Seat:
    """Connection that is counted.

    Attributes:
        client: whom it is counted for.
        known: a caller was recognised on it; it gives way to no other.
        left: it is not counted any more.
    """

    client: Hashable
    known: bool = False
    left: bool = False


class Connections:
    """Hands each new connection to a server, or closes it.

    A connection on which no whole request comes in time is closed: browsers open some in advance, and a
    hostile client sends a request by the byte. When all are taken, one that waits for a request gives way to
    a client that has fewer: neighbours who open many keep no other out. Where unknown callers are counted,
    one gives way to the newest of its own client, too: people may share an address, as behind a router.
    """

    def __init__(
        self,
        place: Callable[[asyncio.Transport], Place | None],
        *,
        request_s: float,
        most: int | None = None,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """Prepare.

        Args:
            place: returns the place for a connection; None: there is none.
            request_s: time for a whole request.
            most: number of connections of all clients at once; None: no limit but theirs.
            tls: returns the context for a new connection; None: without TLS. The handshake begins when a
                connection is counted, and not before: each one takes a quarter of a megabyte.
        """
        self._place = place
        self._request_s = request_s
        self._most = most
        self._tls = tls
        self._open: Counter[Hashable] = Counter()
        self._seats: dict[asyncio.BaseTransport, _Seat] = {}
        #: Those that wait for a request, or for their TLS; the one that has waited longest is the first.
        self._silent: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}

    def protocol(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        return _Arrival(self)

    def asked(self, transport: asyncio.BaseTransport | None) -> None:
        """Note that a whole request has come on ``transport``, which then is not closed as a silent one."""
        timer = None if transport is None else self._silent.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def recognised(self, transport: asyncio.BaseTransport | None, *, known: bool) -> None:
        """Note that the caller of a request on ``transport`` was recognised, or is not any more."""
        if transport is not None and (seat := self._seats.get(transport)) is not None:
            seat.known = known

    def is_known(self, transport: asyncio.BaseTransport | None) -> bool:
        """Return True if the newest caller on ``transport`` was recognised."""
        return transport is not None and transport in self._seats and self._seats[transport].known

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
        if place is None or not self._has_room(place):
            transport.abort()
            return
        seat = _Seat(place.client)
        self._open[place.client] += 1
        if self._tls is None:
            self.hand_over(transport, place, seat)
            return
        self._seats[transport] = seat
        self._expect(transport, self._request_s)
        context = self._tls()
        secured = _Secured(self, place, seat, context, self._request_s, lambda: self._left(transport, seat))
        transport.set_protocol(secured)
        secured.connection_made(transport)

    def _has_room(self, place: Place) -> bool:
        """Return True if there is room for a connection; one that waits may have given way to it."""
        if place.most_unknown is None:
            if self._open[place.client] >= place.most:
                return False
        elif not self._has_room_among_its_own(place, place.most_unknown):
            return False
        return self._most is None or self._open.total() < self._most or self._give_way(place.client)

    def _has_room_among_its_own(self, place: Place, most_unknown: int) -> bool:
        """Return True if the client of ``place`` may have one more; its own silent one may have given way."""
        theirs = (one for one in self._seats.values() if one.client == place.client)
        unknown = sum(not one.known and not one.left for one in theirs)
        if self._open[place.client] < place.most and unknown < most_unknown:
            return True
        longest = next((pair for pair in self._idle() if pair[1].client == place.client), None)
        if longest is not None:
            self._push_out(*longest)
        return longest is not None

    def _give_way(self, client: Hashable) -> bool:
        """Close a silent connection of the client that has most; False: none has more than ``client``."""
        # Of several with as many: the one that has waited longest.
        found = max(self._idle(), key=lambda pair: self._open[pair[1].client], default=None)
        if found is None or self._open[found[1].client] <= self._open[client]:
            return False
        self._push_out(*found)
        return True

    def _idle(self) -> list[tuple[asyncio.BaseTransport, _Seat]]:
        """Return the silent connections without a known caller, the one that has waited longest first."""
        idle = ((one, self._seats[one]) for one in self._silent if one in self._seats)
        return [(one, seat) for one, seat in idle if not seat.known and not seat.left]

    def _push_out(self, transport: asyncio.BaseTransport, seat: _Seat) -> None:
        """Close a silent connection; counted out at once, since its transport tells its end later."""
        self._left(transport, seat)
        self._close_silent(transport)

    def hand_over(
        self,
        transport: asyncio.Transport,
        place: Place,
        seat: _Seat,
        raw: asyncio.BaseTransport | None = None,
    ) -> None:
        """Hand a connection that was counted to its server; ``raw``: the one below its TLS."""
        if raw is not None:
            self.asked(raw)
            self._seats.pop(raw, None)
        self._seats[transport] = seat
        self._expect(transport, self._request_s)

        def ended() -> None:
            self._left(transport, seat)

        protocol = _Admitted(place.protocol(), ended)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def _close_silent(self, transport: asyncio.BaseTransport) -> None:
        self.asked(transport)
        cast(asyncio.Transport, transport).abort()

    def _left(self, transport: asyncio.BaseTransport, seat: _Seat) -> None:
        """Count a connection out; the second time nothing."""
        self.asked(transport)
        self._seats.pop(transport, None)
        if seat.left:
            return
        seat.left = True
        self._open[seat.client] -= 1
        if self._open[seat.client] <= 0:
            # Addresses are many; only those that are connected are counted.
            del self._open[seat.client]


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
        seat: _Seat,
        context: ssl.SSLContext,
        limit_s: float,
        left: Callable[[], None],
    ) -> None:
        loop = cast(asyncio.BaseEventLoop, asyncio.get_running_loop())
        inner = _Handed(connections, place, seat, self)
        waiter = loop.create_future()
        # How the handshake ended is of no use to the server.
        waiter.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        super().__init__(loop, inner, context, waiter, server_side=True, ssl_handshake_timeout=ceil(limit_s))
        self._when_left = left
        self.below: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.below = transport
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._when_left()
        super().connection_lost(exc)


class _Handed(asyncio.Protocol):
    """Connection whose TLS is there: goes to its server."""

    def __init__(self, connections: Connections, place: Place, seat: _Seat, secured: _Secured) -> None:
        self._connections = connections
        self._place = place
        self._seat = seat
        self._secured = secured

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        above = cast(asyncio.Transport, transport)
        self._connections.hand_over(above, self._place, self._seat, self._secured.below)


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
