"""Recognition of a process that waits for the machine, not for its device: for a processor, or for memory.

Imports nothing but ``os`` and ``time``: sound processes use it for the programs that they start.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

#: From this share of the time on, waiting for a processor explains a missing sign of life.
_WAITING_SHARE = 0.1
#: A runnable thread that gets less than this share of a processor waits for one; a hung one takes all of it.
_RUNNING_SHARE = 0.7
#: proc(5), /proc/PID/stat, counted from the state: major page faults.
_MAJOR_FAULTS = 9


class Scheduling:
    """View of one process's scheduling, as the kernel counts it (Documentation/scheduler/sched-stats.rst)."""

    def __init__(self, pid: int, *, root: str = "/proc", clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = f"{root}/{pid}/task"
        self._clock = clock
        self._last: tuple[float, int, int, int] | None = None

    def is_starved(self) -> bool:
        """Return True if it was kept from running since the last call, or seems to be at the first call.

        False where the kernel does not say; and for a stopped process, which will not go on by itself.
        """
        at, states = self._clock(), ""
        ran = waited = faults = 0
        try:
            threads = os.listdir(self._folder)  # noqa: PTH208 - without pathlib
        except OSError:
            return False
        for thread in threads:
            folder = f"{self._folder}/{thread}"
            fields = _read(f"{folder}/stat").rpartition(")")[2].split()
            if len(fields) > _MAJOR_FAULTS:
                states += fields[0]
                faults += int(fields[_MAJOR_FAULTS])
            counted = _read(f"{folder}/schedstat").split()
            if len(counted) >= 2:
                ran, waited = ran + int(counted[0]), waited + int(counted[1])
        last, self._last = self._last, (at, ran, waited, faults)
        if "T" in states or "t" in states:
            return False
        if last is None:
            return "R" in states
        passed_ns = max(1.0, (at - last[0]) * 1e9)
        if waited - last[2] > _WAITING_SHARE * passed_ns or faults > last[3]:
            return True
        # The wait for a processor is counted when it is over.
        return "R" in states and ran - last[1] < _RUNNING_SHARE * passed_ns


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123 - without pathlib
            return file.read()
    except OSError:
        return ""
