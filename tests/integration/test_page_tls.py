"""TLS of the owner's page: what has not shaken hands is within the limits, too."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from ravatard.assembly.page import tls_context
from ravatard.web.page.options import PageOptions
from ravatard.web.page.server import MOST_UNKNOWN
from tests.integration.page_rig import serving_page
from tests.integration.program import until

pytestmark = pytest.mark.integration


async def test_silent_connections_are_counted_before_their_handshake(tmp_path: Path) -> None:
    options = PageOptions(listen="loopback", port=0, tls="self-made")
    async with serving_page(tmp_path, options, tls=lambda: tls_context(options, tmp_path)) as served:
        port = served.page.port
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_UNKNOWN + 6)]
        # Nothing was sent yet, so that only a closed one can be read.
        ends = [asyncio.ensure_future(ended(reader)) for reader, _ in silent]
        await until(lambda: sum(end.done() for end in ends) == 6, "those above the limit are closed")
        # A handshake that is broken off leaves its place.
        for _, writer in silent:
            writer.transport.abort()
        await asyncio.gather(*ends)
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

        async def answered() -> bool:
            try:
                async with served.session.get(f"https://127.0.0.1:{port}/healthz", ssl=trusting) as reply:
                    return reply.status == 204
            except aiohttp.ClientError:
                return False

        for _ in range(100):
            if await answered():
                break
            await asyncio.sleep(0.05)
        assert await answered()


async def ended(reader: asyncio.StreamReader) -> None:
    """Wait for the end of a connection, in whatever way."""
    with suppress(OSError):
        await reader.read()
