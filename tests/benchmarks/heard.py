"""What came out of an appliance's speaker, sample by sample, with the moment at which each was handed out."""

from __future__ import annotations

import asyncio
import shlex
import sys
import time
from array import array
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.integration.daemon import Config
from tests.integration.receiver import correlation

RATE_HZ = 48_000
_EAR = Path(__file__).with_name("ear.py")
#: -34 dBFS: an answer, and no noise of a codec's.
_LOUD = 650
#: Less like what is looked for than this, and it was not found.
_FOUND = 0.8


class Heard:
    """The speaker of one appliance: :mod:`tests.benchmarks.ear` as its ``speaker.command``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def config(self) -> Config:
        """What makes an appliance play into it."""
        words = [sys.executable, "-I", "-S", str(_EAR), str(self._path)]
        return {"speaker": {"enabled": True, "command": shlex.join(words)}, "earcons": {"enabled": False}}

    def blocks(self, after: float = 0.0) -> list[tuple[float, NDArray[np.int16]]]:
        """The blocks that came after a moment, with their moments."""
        if not self._path.exists():
            return []
        notes = self._path.read_bytes()
        numbers = array("d", notes[: len(notes) // 16 * 16])
        moments, ends = list(numbers[::2]), np.cumsum(numbers[1::2]).astype(int)
        first = next((at for at, moment in enumerate(moments) if moment > after), len(moments))
        begin = int(ends[first - 1]) if first else 0
        with Path(f"{self._path}.pcm").open("rb") as file:
            file.seek(begin)
            sound = file.read()
        starts = [begin, *ends[first:]]
        return [
            (moments[first + at], np.frombuffer(sound[start - begin : end - begin], "<i2"))
            for at, (start, end) in enumerate(pairwise(starts))
        ]

    def loud_at(self, after: float) -> list[float]:
        """When blocks came, after a moment, in which an answer can be heard."""
        return [at for at, block in self.blocks(after) if np.abs(block.astype(int)).max(initial=0) > _LOUD]

    async def loud(self, after: float, within_s: float = 15.0) -> float:
        """Wait for the first such block; returns when it came.

        Raises:
            TimeoutError: none comes.
        """
        async with asyncio.timeout(within_s):
            while not (found := self.loud_at(after)):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        return found[0]

    async def silent(self, for_s: float, within_s: float = 30.0) -> None:
        """Wait until nothing was heard for so long.

        Raises:
            TimeoutError: it does not fall silent.
        """
        async with asyncio.timeout(within_s):
            await asyncio.sleep(for_s)
            while self.loud_at(time.monotonic() - for_s):  # noqa: ASYNC110 - another process
                await asyncio.sleep(for_s / 4)

    def found_at(self, pieces: Sequence[tuple[float, NDArray[np.int16]]]) -> list[float]:
        """How much later than at its own moment the first sample of each piece came, in seconds.

        Pieces that are not found within a second are left out.
        """
        late = []
        blocks = self.blocks()
        for said_at, piece in pieces:
            near = [(at, block) for at, block in blocks if said_at - 0.05 < at < said_at + 1.2]
            if not near:
                continue
            like, place = correlation(np.concatenate([block for _, block in near]), piece.tobytes())
            ends = np.cumsum([len(block) for _, block in near])
            if like >= _FOUND:
                late.append(near[int(np.searchsorted(ends, place, "right"))][0] - said_at)
        return late
