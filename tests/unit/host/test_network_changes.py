"""Changes of the network, as the kernel announces them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from ravatard.core.events import NetworkChanged
from ravatard.host.network_changes import SETTLED_S, KernelNetworkChanges
from ravatard.stages.mailbox import Inbox
from ravatard.stages.network import network
from tests.unit.stages.fakes import running


class Kernel:
    """The end of the socket that announces."""

    def __init__(self) -> None:
        self._ours, self._kernels = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ours.setblocking(False)

    def opening(self) -> socket.socket:
        return self._ours

    def announces(self, count: int = 1) -> None:
        for _ in range(count):
            self._kernels.send(b"an address")

    def close(self) -> None:
        self._kernels.close()


async def seen(announce: Callable[[Kernel], None], seconds: float) -> int:
    """Number of NetworkChanged events within ``seconds`` after ``announce``."""
    kernel, inbox, count = Kernel(), Inbox(), 0
    try:
        async with running(lambda: network(KernelNetworkChanges(kernel.opening), inbox)):
            await asyncio.sleep(0.1)
            announce(kernel)
            try:
                async with asyncio.timeout(seconds):
                    while True:
                        assert isinstance(await inbox.get(), NetworkChanged)
                        count += 1
            except TimeoutError:
                return count
    finally:
        kernel.close()


async def test_a_row_of_announcements_is_one_change() -> None:
    assert await seen(lambda kernel: kernel.announces(12), 10 * SETTLED_S) == 1


async def test_a_quiet_network_is_no_change() -> None:
    assert await seen(lambda _: None, 10 * SETTLED_S) == 0


async def test_a_sandbox_without_announcements_is_none_either() -> None:
    def refused() -> socket.socket:
        raise PermissionError("not in this sandbox")

    inbox = Inbox()
    async with running(lambda: network(KernelNetworkChanges(refused), inbox)) as task:
        await asyncio.sleep(3600.0)

        assert not task.done()
