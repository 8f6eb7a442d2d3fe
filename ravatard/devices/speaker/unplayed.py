"""Voices that were given to a speaker and are not played, for the daemon to tell; each once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from ravatard.ports.speaker import UnplayedVoice

#: Voices that wait to be told, and those that were told; the oldest are forgotten.
_MOST = 16


class UnplayedVoices:
    """Voices that wait to be told."""

    def __init__(self) -> None:
        self._waiting: deque[UnplayedVoice] = deque(maxlen=_MOST)
        self._known: deque[int] = deque(maxlen=_MOST)
        self._changed = asyncio.Event()

    def add(self, voice: int, reason: str) -> None:
        """Have ``voice`` told, unless it was added before."""
        if voice not in self._known:
            self._known.append(voice)
            self._waiting.append(UnplayedVoice(voice, reason))
            self._changed.set()

    def look_again(self) -> None:
        """End the current :meth:`wait`: there may be more to add, or another time to wait."""
        self._changed.set()

    def take(self) -> UnplayedVoice | None:
        """Return the oldest that waits, or None."""
        return self._waiting.popleft() if self._waiting else None

    async def wait(self, seconds: float | None) -> None:
        """Wait for ``seconds`` at most (None: without limit), or until something changes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()
