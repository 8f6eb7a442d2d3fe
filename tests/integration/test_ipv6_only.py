"""A machine with IPv6 alone."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.integration.debian_programs import needs

pytestmark = [pytest.mark.integration, needs("unshare", "ip", "mosquitto")]


@pytest.mark.slow
async def test_the_whole_appliance_works_without_ipv4(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, for a network of its own")
    words = ("unshare", "-n", sys.executable, "-m", "tests.integration.ipv6_only", str(tmp_path))
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(120.0):
        said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()[-4_000:]
