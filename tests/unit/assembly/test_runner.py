"""Look-ups of names beside the event loop: shared, bounded, and waited for by no exit."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from ravatard.assembly.runner import MOST_LOOKUPS, DaemonLoop, run

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]


class Names:
    """A resolver that answers when it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, error: Exception | None = None) -> None:
        self.asked: list[Any] = []
        self.go = threading.Event()
        self._error = error
        monkeypatch.setattr(socket, "getaddrinfo", self._found)

    def _found(self, host: str, *more: Any) -> Any:
        self.asked.append(host)
        self.go.wait(20)
        if self._error is not None:
            raise self._error
        return FOUND


async def looked_up(host: str) -> Any:
    return await asyncio.get_running_loop().getaddrinfo(host, 80)


def test_a_name_that_hangs_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch)

    async def impatient() -> str:
        try:
            async with asyncio.timeout(0.05):
                await looked_up("a.example")
        except TimeoutError:
            return "late"
        return "found"

    begun = time.monotonic()
    assert run(impatient()) == "late"
    assert time.monotonic() - begun < 10
    names.go.set()


def test_equal_questions_are_one_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch)

    async def both() -> list[Any]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(looked_up("a.example")) for _ in range(50)]
            await asyncio.sleep(0)
            names.go.set()
        return [task.result() for task in tasks]

    assert run(both()) == [FOUND] * 50
    assert names.asked == ["a.example"]


def test_only_so_many_names_hang_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch)

    async def many() -> int:
        refused = 0
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(looked_up(f"{one}.example")) for one in range(MOST_LOOKUPS)]
            await asyncio.sleep(0)
            try:
                await looked_up("one.more.example")
            except socket.gaierror:
                refused += 1
            names.go.set()
        assert all(task.result() == FOUND for task in tasks)
        assert await looked_up("one.more.example") == FOUND
        return refused

    assert run(many()) == 1


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long"), OSError(5)]
)
def test_errors_are_the_caller_s(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    Names(monkeypatch, error=error).go.set()

    with pytest.raises(type(error)):
        run(looked_up("a.example"))


def test_connections_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch)

    async def connect() -> None:
        async with asyncio.timeout(0.05):
            await asyncio.get_running_loop().create_connection(asyncio.Protocol, "a.example", 80)

    with pytest.raises(TimeoutError):
        run(connect(), DaemonLoop)
    assert names.asked == ["a.example"]
    names.go.set()
