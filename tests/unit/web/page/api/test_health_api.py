"""Log, doctor and bundle, with commands that a test plays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any, cast

import pytest

from ravatard.ports.page import CommandFailed
from ravatard.web.page.access.doorkeeper import Visitor
from ravatard.web.page.api.health_api import HealthApi
from ravatard.web.page.api.health_types import Examine
from ravatard.web.page.call import ApiCall
from ravatard.web.page.log_ring import LogRing
from ravatard.web.page.refused import RequestRefused
from tests.unit.web.page.test_log_ring import record


class Commands:
    """Commands whose output is ``output``, after ``hold`` is set."""

    def __init__(self, output: bytes | None) -> None:
        self.ran: list[tuple[str, ...]] = []
        self.hold: asyncio.Event | None = None
        self._output = output

    async def run(self, *words: str, limit_s: float, statuses: Any = (0,)) -> bytes:
        self.ran.append(words)
        if self.hold is not None:
            await self.hold.wait()
        if self._output is None:
            raise CommandFailed("there is no doctor")
        return self._output


def call(body: Any = None, **query: int) -> ApiCall:
    return ApiCall(cast(Any, None), body, None, "a", True, query)


async def refusal_meanwhile(commands: Commands, first: Awaitable[object], second: Awaitable[object]) -> int:
    """The status with which ``second`` is refused while ``first`` waits for its command."""

    async def awaited() -> None:
        await first

    commands.hold = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(awaited())
        await asyncio.sleep(0)
        with pytest.raises(RequestRefused) as refused:
            await second
        commands.hold.set()
    return refused.value.status


async def test_a_stranger_is_not_told_the_version_and_the_document_is_made_once() -> None:
    api = HealthApi(Commands(b""), LogRing(), "9.8.7")
    known = call()
    known.visitor = Visitor("1", "browser", ("read",), owner=True)

    strange, other = await api.openapi(call()), await api.openapi(call())

    assert b"9.8.7" not in strange.body
    assert strange.body is other.body
    assert json.loads((await api.openapi(known)).body)["info"]["version"] == "9.8.7"


FOUND = {"ravatard": "1", "exit_status": 1, "checks": []}


async def test_the_last_findings_are_kept() -> None:
    commands = Commands(json.dumps(FOUND).encode())
    api = HealthApi(commands, LogRing(), "1")
    before = await api.findings(call())

    found = await api.examine(call(Examine(only=["disk"], echo=True)))

    assert before.ended_at is None
    assert (await api.findings(call())) == found
    assert found.exit_status == 1
    assert commands.ran == [("doctor", "--json", "--echo", "--only", "disk")]


async def test_two_examinations_at_once_are_one_too_many() -> None:
    commands = Commands(json.dumps(FOUND).encode())
    commands.hold = asyncio.Event()
    api = HealthApi(commands, LogRing(), "1")
    async with asyncio.TaskGroup() as group:
        group.create_task(api.examine(call(Examine())))
        await asyncio.sleep(0)
        with pytest.raises(RequestRefused) as error:
            await api.bundle(call())
        commands.hold.set()

    assert error.value.status == 409


async def test_a_command_that_fails_is_a_sentence() -> None:
    api = HealthApi(Commands(None), LogRing(), "1")

    with pytest.raises(RequestRefused, match="there is no doctor") as error:
        await api.examine(call(Examine()))

    assert error.value.status == 503


async def test_lines_of_the_log_come_in_pieces_and_say_what_was_missed() -> None:
    ring = LogRing(lines=3)
    for at in range(5):
        ring.handle(record(str(at)))
    api = HealthApi(Commands(b""), ring, "1")

    first = await api.log(call(limit=2))
    rest = await api.log(call(after=first.next))
    none = await api.log(call(after=rest.next))

    assert ([one.text for one in first.lines], first.missed, first.next) == (["2", "3"], 2, 4)
    assert ([one.text for one in rest.lines], rest.missed, rest.next) == (["4"], 0, 5)
    assert (none.lines, none.next) == ([], 5)
    # A page that outlived the daemon begins anew.
    assert (await api.log(call(after=99))).next == 5
