"""The floor of what waits for another process: one byte to a bare interpreter and back, again and again.

It rises with the machine's load as everything does that crosses a pipe and is woken for it. So a delay
divided by it can be compared with another day's.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from types import TracebackType
from typing import Self

_ECHO = "import os\nwhile data := os.read(0, 1):\n    os.write(1, data)"
#: Rarely enough that caches are cold and the processor sleeps, as for what is measured.
_EVERY_S = 0.05
#: A delay's values are cut into so many rounds, in the order in which they came.
ROUNDS = 5


class Yardstick:
    """Such round trips from ``async with`` to its end, beside what is measured there.

    Attributes:
        values_ms: of every round trip.
    """

    def __init__(self) -> None:
        self.values_ms: list[float] = []

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _ECHO), stdin=pipe, stdout=pipe
        )
        self._measuring = asyncio.create_task(self._measure())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._measuring.cancel()
        self._process.kill()
        await self._process.wait()

    async def _measure(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        while True:
            await asyncio.sleep(_EVERY_S)
            begun = time.monotonic()
            self._process.stdin.write(b".")
            await self._process.stdout.readexactly(1)
            self.values_ms.append((time.monotonic() - begun) * 1000)

    def beside(self, values_ms: Sequence[float]) -> dict[str, list[float]]:
        """The ratio of each round, for a row: the median of its delays by that of its round trips."""
        return {"/ a round trip of one byte": by_rounds(values_ms, self.values_ms)}


def by_rounds(values: Sequence[float], floor: Sequence[float]) -> list[float]:
    """Both cut into :data:`ROUNDS` in order: medians of the one by medians of the other; [] of too few."""
    if min(len(values), len(floor)) < ROUNDS:
        return []
    pairs = zip(_rounds(values), _rounds(floor), strict=True)
    medians = [(statistics.median(some), statistics.median(below)) for some, below in pairs]
    return [some / below for some, below in medians] if all(below > 0 for _, below in medians) else []


def _rounds(values: Sequence[float]) -> list[Sequence[float]]:
    ends = [len(values) * number // ROUNDS for number in range(ROUNDS + 1)]
    return [values[first:end] for first, end in pairwise(ends)]
