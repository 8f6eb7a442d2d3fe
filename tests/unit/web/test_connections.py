"""Limits on connections of all clients at once; those of each client are in ``kiosk/test_admission.py``."""

from __future__ import annotations

import asyncio

from ravatard.web.connections import Connections, Place
from tests.unit.web.kiosk.test_admission import Connection


def arrive(connections: Connections, client: int) -> Connection:
    connection = Connection(client)
    connection.protocol = connections.protocol()
    connection.protocol.connection_made(connection)
    return connection


def test_all_clients_together_have_so_many() -> None:
    async def run() -> None:
        connections = Connections(
            lambda transport: Place(transport.get_extra_info("peername")[1], 2, asyncio.Protocol),
            request_s=9,
            most=3,
        )
        made = [arrive(connections, client) for client in (1, 1, 1, 2, 3)]

        assert [one.over for one in made] == [False, False, True, False, True]
        made[0].abort()
        assert not arrive(connections, 3).over

    asyncio.run(run())


def test_a_client_without_a_place_is_cut_off() -> None:
    async def run() -> None:
        assert arrive(Connections(lambda _: None, request_s=9), 1).over

    asyncio.run(run())


async def test_the_next_request_has_a_deadline_too() -> None:
    connections = Connections(lambda _: Place(1, 9, asyncio.Protocol), request_s=1)
    connection = arrive(connections, 1)
    connection.is_closing = lambda: False  # type: ignore[method-assign]
    connections.asked(connection)
    connections.awaited(connection, 5.0)

    await asyncio.sleep(4.9)
    assert not connection.over
    await asyncio.sleep(0.2)

    assert connection.over
