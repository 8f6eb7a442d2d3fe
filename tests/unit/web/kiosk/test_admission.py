"""Limits on the connections of the page's server, with owners of sockets as a test says."""

from __future__ import annotations

import asyncio
from typing import Any

from ravatard.web.kiosk.admission import MOST_CONNECTIONS, MOST_STRANGERS, REQUEST_S, Admission

OWN, STRANGER, OTHER, UNKNOWN = 1000, 4711, 4712, None


class Connection(asyncio.Transport):
    """One connection, held by a test.

    Attributes:
        over: True when it was closed.
        protocol: its protocol.
    """

    def __init__(self, owner: int | None) -> None:
        super().__init__({"peername": ("127.0.0.1", owner), "sockname": ("127.0.0.1", 8470)})
        self.over = False
        self.protocol: asyncio.BaseProtocol = asyncio.Protocol()

    def abort(self) -> None:
        self.over = True
        if isinstance(self.protocol, asyncio.Protocol):
            self.protocol.connection_lost(None)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol


class Named(asyncio.Protocol):
    """Protocol of a server with a name."""

    def __init__(self, name: str) -> None:
        self.name = name


class Door:
    """An admission whose connections say themselves who owns them."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.admission = Admission(
            frozenset({0, OWN}),
            lambda: self._made("page"),
            lambda: self._made("refusal"),
            owner=lambda client, _: client[1],
        )

    def _made(self, name: str) -> Named:
        self.reached.append(name)
        return Named(name)

    def open(self, owner: int | None) -> Connection:
        connection = Connection(owner)
        connection.protocol = self.admission.protocol()
        connection.protocol.connection_made(connection)
        return connection


async def test_each_user_reaches_the_server_meant_for_him() -> None:
    door = Door()
    for owner in (0, OWN, STRANGER, UNKNOWN):
        door.admission.asked(door.open(owner))

    assert door.reached == ["page", "page", "refusal", "refusal"]


async def test_no_crowd_of_strangers_takes_the_room_of_a_user() -> None:
    door = Door()
    crowd: list[Any] = [door.open(owner) for _ in range(50) for owner in (STRANGER, OTHER, UNKNOWN)]
    own = [door.open(OWN) for _ in range(MOST_CONNECTIONS + 3)]
    root = door.open(0)

    assert sum(not one.over for one in crowd) == MOST_STRANGERS
    assert [one.over for one in own] == [False] * MOST_CONNECTIONS + [True] * 3
    assert not root.over
    for one in (*crowd, *own, root):
        one.over or one.abort()
    assert not door.open(OWN).over


async def test_a_silent_connection_is_closed_and_one_that_asks_is_not() -> None:
    door = Door()
    silent, asking = door.open(OWN), door.open(OWN)
    door.admission.asked(asking)

    await asyncio.sleep(REQUEST_S - 0.1)
    assert [silent.over, asking.over] == [False, False]
    await asyncio.sleep(0.2)

    assert [silent.over, asking.over] == [True, False]
