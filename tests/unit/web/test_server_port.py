"""A port that cannot be had is told once, with its remedy, and tried again with growing waits."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from ravatard.errors import ConfigError
from ravatard.web.server_port import ServerPort
from tests.unit.stages.fakes import running


class Server:
    """Server that fails so many times, and notes when it was opened."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error = error
        self.times = times
        self.tried_at: list[float] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[int]:
        self.tried_at.append(asyncio.get_running_loop().time())
        if len(self.tried_at) <= self.times:
            raise self.error
        yield 8_480


def _port(wanted: int = 8_480, low: str = "") -> ServerPort:
    return ServerPort("no page", "page.port", wanted, low=low)


def _taken() -> OSError:
    # As asyncio words it.
    return OSError(errno.EADDRINUSE, "error while attempting to bind on address ('0.0.0.0', 8480)")


async def test_it_is_tried_again_with_growing_waits_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    port, server = _port(), Server(_taken(), times=7)
    begun_at = asyncio.get_running_loop().time()

    async with running(partial(port.serve, server.opened, lambda number: f"there: {number}")):
        await asyncio.sleep(1.0)
        fault = port.fault
        await asyncio.sleep(200.0)

        assert [round(at - begun_at) for at in server.tried_at] == [0, 2, 6, 14, 30, 62, 122, 182]
        assert (port.number, port.fault) == (8_480, "")

    assert port.number is None
    assert fault == (
        "no page: port 8480 cannot be had, another program has it; stop that, or set page.port to another one"
    )
    told = [one.message for one in caplog.records if one.name.startswith("ravatard")]
    assert told == [f"{fault}. Trying again", "there: 8480"]


@pytest.mark.parametrize(
    ("error", "wanted", "low", "said"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied"),
            80,
            "",
            "port 80 cannot be had, it is for root alone; set page.port to 1024 or more",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied"),
            80,
            "a socket unit hands it over",
            "port 80 cannot be had, it is for root alone; a socket unit hands it over",
        ),
        (
            OSError(errno.EADDRNOTAVAIL, "error while attempting to bind"),
            8_480,
            "",
            "port 8480 cannot be had (cannot assign requested address); set page.port to another one",
        ),
        (ConfigError("the certificate is old"), 8_480, "", "the certificate is old"),
    ],
)
async def test_each_reason_has_its_remedy(error: Exception, wanted: int, low: str, said: str) -> None:
    port = _port(wanted, low)
    async with running(partial(port.serve, Server(error, times=1).opened, str)):
        await asyncio.sleep(1.0)

        assert port.fault == f"no page: {said}"
