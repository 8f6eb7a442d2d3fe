"""``ravatard simulate`` as a real process, and what it tells of itself to whoever asks."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.integration.program import Program


class Simulator(Program):
    """A running ``ravatard simulate`` on a port of its own.

    Attributes:
        base_url: where it is.
        trusts: how to look at its certificate when it has one; see aiohttp.
    """

    base_url = ""
    trusts: ssl.SSLContext | bool = True

    async def state(self) -> Any:
        """What ``GET /sim/state`` answers."""
        url = f"{self.base_url}/sim/state"
        async with aiohttp.ClientSession() as session, session.get(url, ssl=self.trusts) as reply:
            return await reply.json()


@asynccontextmanager
async def simulate(*words: str) -> AsyncIterator[Simulator]:
    """Start it, and wait until it listens; ``words``: more of its command line."""
    async with Simulator("simulate", "--port", "0", *words) as program:
        urls = await program.until(lambda: re.findall(r"at (https?://\S+?);", program.stdout), "it listens")
        program.base_url = urls[0]
        yield program
