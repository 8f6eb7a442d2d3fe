"""Allowance of messages on a stranger's socket: one that sends without end is dropped."""

from __future__ import annotations

import asyncio

#: Messages at once, and a second in the long run. Signalling takes some fifty messages, then one a minute.
AT_ONCE = 1_000
_PER_S = 20.0
#: Messages read in one turn of the event loop.
_TURN = 32


class MessageAllowance:
    """Token bucket of one socket."""

    def __init__(self) -> None:
        """Begin with a full bucket. Needs a running event loop."""
        self._time = asyncio.get_running_loop().time
        self._left = float(AT_ONCE)
        self._at = self._time()
        self._read = 0

    async def step(self) -> bool:
        """Count a message; return False when there were too many. Lets others run now and then."""
        now = self._time()
        self._left = min(AT_ONCE, self._left + (now - self._at) * _PER_S) - 1.0
        self._at = now
        self._read += 1
        if self._read % _TURN == 0:
            await asyncio.sleep(0)
        return self._left >= 0.0
