"""Waiting for other programs, which have no event to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def came_true(condition: Callable[[], bool], within_s: float) -> bool:
    """Return True as soon as ``condition`` is true, False when it is not within ``within_s``."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + within_s
    while not condition():
        if loop.time() > give_up_at:
            return False
        await asyncio.sleep(0.5)
    return True
