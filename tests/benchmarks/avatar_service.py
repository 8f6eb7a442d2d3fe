"""The simulated AvaTar API in a process of its own, and the appliance that belongs to it."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.benchmarks.appliance import ROOT
from tests.benchmarks.sdk import FRAME_BYTES, FRAMES_PER_S
from tests.integration.daemon import Config
from tests.integration.program import Program

#: The picture of an avatar that is on: 480p, 45 kB a message.
PICTURE = ("--picture-frames-per-s", f"{FRAMES_PER_S:g}", "--picture-size-bytes", str(FRAME_BYTES))
NO_PICTURE = ("--picture-frames-per-s", "0")


class AvatarService(Program):
    """``ravatard simulate --kind avatar``, as :mod:`tests.benchmarks.observed_service`.

    Attributes:
        api_url: URL of its calls.
        socket_url: URL of its sockets.
    """

    api_url = ""
    socket_url = ""

    def __init__(self, journal: Path, *words: str, hum_s: float | None = None) -> None:
        """Prepare one.

        Args:
            journal: file for its messages.
            words: more of its command line.
            hum_s: seconds of each answer, which is a hum then.
        """
        self._journal = journal
        hum = {} if hum_s is None else {"BENCHMARK_HUM_S": str(hum_s)}
        super().__init__(
            *("simulate", "--kind", "avatar", "--port", "0", "--socket-port", "0", *words),
            environ={"PYTHONPATH": str(ROOT), "BENCHMARK_MESSAGES": str(journal)} | hum,
            launcher=[sys.executable, "-m", "tests.benchmarks.observed_service"],
        )

    @property
    def config(self) -> Config:
        """Settings of an appliance that belongs to it; the rest is as an owner gets it."""
        return {"service": {"kind": "avatar", "socket_url": self.socket_url}}

    def moments(self, direction: str, kind: str, after: float = 0.0) -> list[float]:
        """When messages of a type came ("in") or were sent ("out"), after a moment; oldest first."""
        lines = (line.split() for line in self._journal.read_text().splitlines())
        return [
            float(at) for at, way, what in lines if (way, what) == (direction, kind) and float(at) > after
        ]


@asynccontextmanager
async def avatar_service(
    journal: Path, *words: str, hum_s: float | None = None
) -> AsyncIterator[AvatarService]:
    """Start one, and wait until it listens."""
    async with AvatarService(journal, *words, hum_s=hum_s) as service:
        (urls,) = await service.until(
            lambda: re.findall(r"at (http://\S+?); sockets at (ws://\S+?);", service.stdout), "it listens"
        )
        service.api_url, service.socket_url = urls
        yield service
