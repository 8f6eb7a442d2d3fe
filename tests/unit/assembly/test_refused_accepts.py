"""Connections that cannot be accepted: one line a minute, and a sentence while it lasts."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import Any

import pytest

from ravatard.assembly.refused_accepts import LOGGED_EVERY_S, RefusedAccepts


class TimedLoop(asyncio.SelectorEventLoop):
    """A loop that is never run, with a clock of the test's."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.others: list[dict[str, Any]] = []

    def time(self) -> float:
        return self.now

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.others.append(context)


@pytest.fixture
def loop() -> Any:
    loop = TimedLoop()
    yield loop
    loop.close()


def refuse(loop: TimedLoop, number: int = errno.EMFILE) -> None:
    """As asyncio's selector loop tells it."""
    loop.call_exception_handler(
        {
            "message": "socket.accept() out of system resource",
            "exception": OSError(number, os.strerror(number)),
            "socket": object(),
        }
    )


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name.startswith("ravatard")]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_a_flood_of_them_is_one_line_a_minute(
    number: int, loop: TimedLoop, caplog: pytest.LogCaptureFixture
) -> None:
    accepts = RefusedAccepts(loop)
    for _ in range(180):
        for _ in range(100):
            refuse(loop, number)
        loop.now += 1.0

    assert len(lines(caplog)) == 3
    assert accepts.faults() == (lines(caplog)[0],)
    assert os.strerror(number).lower() in lines(caplog)[0]
    assert loop.others == []


def test_the_status_tells_it_for_a_minute_after_the_last(loop: TimedLoop) -> None:
    accepts = RefusedAccepts(loop)
    assert accepts.faults() == ()
    refuse(loop)
    loop.now += LOGGED_EVERY_S - 1
    assert "too many open files" in accepts.faults()[0]
    loop.now += 1

    assert accepts.faults() == ()


@pytest.mark.parametrize(
    "context",
    [
        {"message": "Task exception was never retrieved", "exception": ValueError()},
        {"message": "no socket's", "exception": OSError(errno.EMFILE, "too many")},
        {"message": "another error", "exception": OSError(errno.EBADF, "bad"), "socket": object()},
        {"message": "no exception"},
    ],
)
def test_everything_else_goes_where_it_went(context: dict[str, Any], loop: TimedLoop) -> None:
    accepts = RefusedAccepts(loop)

    loop.call_exception_handler(context)

    assert loop.others == [context]
    assert accepts.faults() == ()


def test_what_asyncio_itself_tells_is_recognised(caplog: pytest.LogCaptureFixture) -> None:
    """A listening socket whose process has no descriptor left."""

    class NoDescriptor(socket.socket):
        def accept(self) -> Any:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async def run() -> tuple[str, ...]:
        loop = asyncio.get_running_loop()
        accepts = RefusedAccepts(loop)
        listening = NoDescriptor()
        listening.bind(("127.0.0.1", 0))
        server = await loop.create_server(asyncio.Protocol, sock=listening)
        caller = socket.create_connection(listening.getsockname())
        for _ in range(100):
            await asyncio.sleep(0)
            if found := accepts.faults():
                break
        caller.close()
        server.close()
        return found

    # The loop of unit tests reaches nothing outside.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        found = runner.run(run())

    assert "too many open files" in found[0]
    assert len(lines(caplog)) == 1
    assert "out of system resource" not in caplog.text
