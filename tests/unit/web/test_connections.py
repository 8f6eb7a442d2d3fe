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
        made = [arrive(connections, client) for client in (1, 1, 1, 2)]
        for one in made:
            connections.asked(one)
        made.append(arrive(connections, 3))

        assert [one.over for one in made] == [False, False, True, False, True], "each is at work"
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


def limited(most: int, most_unknown: int | None = None) -> Connections:
    return Connections(
        lambda transport: Place(transport.get_extra_info("peername")[1], 24, asyncio.Protocol, most_unknown),
        request_s=9,
        most=most,
    )


async def test_neighbours_with_idle_connections_keep_no_other_out() -> None:
    connections = limited(6)
    idle = [arrive(connections, client) for client in (1, 1, 2, 2, 2, 3)]

    owner = [arrive(connections, 9), arrive(connections, 9)]

    assert not any(one.over for one in owner)
    # The one that has waited longest of the client that has most; then of the first of those with two.
    assert [one.over for one in idle] == [True, False, True, False, False, False]
    assert arrive(connections, 2).over, "they have as many as the others, and wait for their turn"


async def test_one_on_which_a_caller_was_recognised_gives_way_to_none() -> None:
    connections = limited(2)
    known, other = arrive(connections, 1), arrive(connections, 1)
    for one in (known, other):
        connections.recognised(one, known=True)

    assert connections.is_known(known)
    assert arrive(connections, 2).over
    connections.recognised(other, known=False)
    assert not arrive(connections, 2).over
    assert (known.over, other.over) == (False, True)


async def test_a_client_that_is_not_recognised_has_fewer() -> None:
    connections = limited(9, most_unknown=2)
    first, second = arrive(connections, 1), arrive(connections, 1)
    for one in (first, second):
        connections.asked(one)

    assert arrive(connections, 1).over, "both are at work"
    connections.recognised(first, known=True)

    assert not arrive(connections, 1).over
    assert not second.over


async def test_silent_connections_of_an_address_keep_no_owner_out_who_shares_it() -> None:
    connections = limited(9, most_unknown=2)
    silent = [arrive(connections, 1), arrive(connections, 1)]

    owner = arrive(connections, 1)

    assert [one.over for one in (*silent, owner)] == [True, False, False]
    connections.recognised(owner, known=True)
    others = [arrive(connections, 1) for _ in range(5)]
    assert not owner.over
    assert sum(not one.over for one in (*silent, *others)) == 2
