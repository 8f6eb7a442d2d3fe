"""Pace at which messages of a stranger's socket are read: what comes faster waits in its own network."""

from __future__ import annotations

import asyncio

#: Messages at once, and a second in the long run. Signalling takes some fifty messages, then one a minute.
_AT_ONCE = 200
_PER_S = 50.0


class Pace:
    """Token bucket that is waited for."""

    def __init__(self) -> None:
        """Begin with a full bucket. Needs a running event loop."""
        self._time = asyncio.get_running_loop().time
        self._left = float(_AT_ONCE)
        self._at = self._time()

    async def step(self) -> None:
        """Wait until one more message may be read; let others run now and then in any case."""
        now = self._time()
        self._left = min(_AT_ONCE, self._left + (now - self._at) * _PER_S) - 1.0
        self._at = now
        if self._left < 0.0:
            await asyncio.sleep(-self._left / _PER_S)
        elif int(self._left) % 8 == 0:
            await asyncio.sleep(0)
