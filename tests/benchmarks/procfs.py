"""What the kernel says about running processes: CPU time, wake-ups, memory, threads, open files (proc(5))."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_KB = re.compile(r"^(\w+): +(\d+) kB", re.M)
#: The first line of a mapping in smaps: addresses, permissions, offset, device, inode, path.
_MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ (\S+) (\d+)", re.M)
#: include/linux/posix-timers.h: the clock of another process that counts in nanoseconds, not in ticks.
_CPUCLOCK_SCHED = 2


def cpu_s(pid: int) -> float:
    """CPU time of all threads of a process since it started, those that ended included.

    /proc/pid/stat counts whole ticks (4-10 ms) on most kernels, which is too coarse here.

    Raises:
        OSError: there is no such process.
    """
    return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)


def wakeups(pid: int) -> int:
    """How often the threads of a process went to sleep and were woken: voluntary context switches."""
    return sum(
        int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", task.read_text(), re.M)[0])
        for task in Path(f"/proc/{pid}/task").glob("*/status")
    )


def threads(pid: int) -> int:
    """How many threads a process has."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def open_files(pid: int) -> int:
    """How many file descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def children_of(pid: int) -> tuple[int, ...]:
    """The children of a process, oldest first: of the daemon its sound process, and its speaker's."""
    return tuple(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def command_line(pid: int) -> list[str]:
    """The words that a process was started with."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of some processes together, in MB.

    Attributes:
        pss: proportional set size: of what is shared with others, a share.
        alone: what they would take if nobody else shared anything with them: here the simulator and the
            benchmark run the same Python, on an appliance nothing does.
        anonymous: what belongs to them alone: heap and stacks.
    """

    pss: float
    alone: float
    anonymous: float


def memory(pids: Iterable[int]) -> Memory:
    """Memory of these processes together."""
    pss = anonymous = 0.0
    files: dict[tuple[str, str], float] = {}
    for pid in pids:
        whole = dict(_KB.findall(Path(f"/proc/{pid}/smaps_rollup").read_text()))
        pss += int(whole["Pss"])
        anonymous += int(whole["Anonymous"])
        for file, kb in _file_pages(Path(f"/proc/{pid}/smaps").read_text()).items():
            # Two processes of one interpreter touch much the same pages of a file.
            files[file] = max(files.get(file, 0.0), kb)
    return Memory(pss / 1024, (anonymous + sum(files.values())) / 1024, anonymous / 1024)


def _file_pages(smaps: str) -> dict[tuple[str, str], float]:
    """Resident kB of every mapped file (device, inode), without the pages a process has changed."""
    pages: dict[tuple[str, str], float] = {}
    starts = [*_MAPPING.finditer(smaps)]
    ends = [start.start() for start in starts[1:]] + [len(smaps)]
    for start, end in zip(starts, ends, strict=True):
        if start[2] == "0":
            continue
        sizes = {name: int(kb) for name, kb in _KB.findall(smaps[start.end() : end])}
        file = (start[1], start[2])
        pages[file] = pages.get(file, 0) + sizes["Rss"] - sizes["Anonymous"]
    return pages
