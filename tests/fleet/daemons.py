"""Real daemons of a fleet: chat mode, a silent FIFO for a microphone, a machine id of their own each."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from tests.fleet.servers import free_port
from tests.integration.daemon import Daemon

#: Starts beside each other on two cores.
_AT_ONCE = 4


class FleetDaemon(Daemon):
    """A daemon that the others take for another machine.

    Attributes:
        name: in the fleet.
        figures: port of its figures.
        fifo: its microphone.
    """

    def __init__(self, folder: Path, number: int, service_port: int, broker_port: int) -> None:
        """Write its files."""
        self.name, self.figures = f"daemon-{number:02d}", free_port()
        self.folder = folder / self.name
        self.folder.mkdir()
        self.fifo = self.folder / "microphone"
        os.mkfifo(self.fifo)
        machine_id = self.folder / "machine-id"
        machine_id.write_text(f"{number:032x}\n")
        more = {"mqtt": {"host": "127.0.0.1", "port": broker_port}} if broker_port else {}
        super().__init__(
            self.folder,
            f"http://127.0.0.1:{service_port}",
            {
                "service": {"user_id": self.name},
                "ravatar": {"mode": "chat"},
                "microphone": {"fifo": str(self.fifo)},
                "metrics": {"listen": "loopback", "port": self.figures},
                **more,
            },
            environ={"RUNTIME_DIRECTORY": str(self.folder)},
            launcher=(
                *("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/machine-id && exec "$@"'),
                str(machine_id),
            ),
        )

    @property
    def works(self) -> bool:
        """True while its light says that it is ready."""
        return self.shows("ready")


@contextmanager
def silence(*daemons: FleetDaemon) -> Iterator[None]:
    """Feed the microphones of ``daemons``."""
    fifos = [str(one.fifo) for one in daemons]
    process = subprocess.Popen([sys.executable, "-m", "tests.fleet.silence", *fifos])
    try:
        yield
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def fleet_of(
    folder: Path, count: int, service_port: int, broker_port: int
) -> AsyncIterator[list[FleetDaemon]]:
    """Start ``count`` daemons, a few at a time, and end them all."""
    daemons = [FleetDaemon(folder, number, service_port, broker_port) for number in range(count)]
    async with AsyncExitStack() as stack:
        for first in range(0, count, _AT_ONCE):
            group = daemons[first : first + _AT_ONCE]
            stack.enter_context(silence(*group))
            for one in group:
                await stack.enter_async_context(one)
            for one in group:
                await one.showing("ready", 120.0)
        yield daemons
        for one in daemons:
            if one.status is None:
                one.send(signal.SIGTERM)
        await asyncio.sleep(3.0)
