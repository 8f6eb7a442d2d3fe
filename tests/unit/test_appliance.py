"""The appliance run's own parts that need no virtual machine: its table, its line to the guest, its agent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.appliance.guest.agent import LATE, obey
from tests.appliance.guest_link import GuestError, GuestLink
from tests.appliance.listening import changes, longest_lit_ms
from tests.appliance.table import Row, table


def test_the_table_says_what_was_seen_how_long_it_took_and_how_many_passed() -> None:
    text = table([Row("start", "READY=1", True, 3.2), Row("kill -9", "word " * 30, False, 61.0)])

    lines = text.splitlines()
    assert lines[1] == "pass  start      3 s  READY=1"
    assert lines[2].startswith("FAIL  kill -9   61 s  word word")
    assert lines[3].startswith(" " * 22 + "word")
    assert lines[-1] == "1 of 2 passed in 64 s"


def test_a_watched_line_is_read_as_times_and_levels() -> None:
    seen = changes("0 0\n1520 1\n1999 0\n2100 1\n2150 0")

    assert seen[:3] == [(0, False), (1520, True), (1999, False)]
    assert longest_lit_ms(seen) == 479
    assert longest_lit_ms([]) == 0


def test_the_agent_tells_status_and_both_streams_of_a_command() -> None:
    told: list[dict[str, object]] = []

    obey({"id": 4, "command": "echo out; echo err >&2; exit 3", "within_s": 10}, told.append, cwd="/")

    assert told == [{"id": 4, "status": 3, "output": "out\nerr\n"}]


def test_the_agent_ends_a_command_that_takes_too_long_with_all_it_started() -> None:
    told: list[dict[str, object]] = []

    obey({"id": 5, "command": "sleep 600 & sleep 600", "within_s": 0.05}, told.append, cwd="/")

    assert told == [{"id": 5, "status": LATE, "output": ""}]


@asynccontextmanager
async def _guest(folder: Path, *answers: dict[str, Any]) -> AsyncIterator[GuestLink]:
    """A link to a guest that says the first answer by itself, then one for each request, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, answer in enumerate(answers):
            request = json.loads(await reader.readline()) if number else {}
            writer.write(b"not for us\n" + json.dumps(request | answer).encode() + b"\n")
        await reader.readline()
        writer.close()

    server = await asyncio.start_unix_server(serve, folder / "agent")
    link = GuestLink()
    async with asyncio.TaskGroup() as group, server:
        reading = group.create_task(link.run(folder / "agent"))
        yield link
        reading.cancel()


def test_a_command_gets_the_answer_with_its_number(tmp_path: Path) -> None:
    async def scene() -> None:
        async with _guest(tmp_path, {"boot": "first"}, {"status": 0, "output": "six"}) as link:
            await link.booted(None, 5)

            result = await link.ask("echo six", 5)

            assert (link.boot, result.status, result.output) == ("first", 0, "six")

    asyncio.run(scene())


def test_a_machine_that_goes_away_fails_what_was_asked_of_it(tmp_path: Path) -> None:
    async def scene() -> None:
        async with _guest(tmp_path, {"boot": "first"}) as link:
            await link.booted(None, 5)

            with pytest.raises(GuestError, match="gone"):
                await link.ask("sleep 5", 5)
            with pytest.raises(GuestError, match="off"):
                await link.ask("true", 5)

    asyncio.run(scene())


def test_the_same_boot_is_not_another_one(tmp_path: Path) -> None:
    async def scene() -> None:
        async with _guest(tmp_path, {"boot": "first"}) as link:
            await link.booted(None, 5)

            with pytest.raises(GuestError, match="not up within"):
                await link.booted("first", 0.05)

    asyncio.run(scene())
