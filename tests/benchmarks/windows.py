"""What some processes do in a window of time: CPU, wake-ups, messages, memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks import procfs

#: Processes of a subject by name: of an appliance "daemon", "microphone" and "speaker".
Processes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Sample:
    """What the processes of one subject did in one window.

    Attributes:
        each_ms: CPU ms per second of each named group of processes.
        wakeups: voluntary context switches per second, of all.
        messages: messages sent per second; None where nobody counts.
        memory: of these processes together, at the end.
    """

    each_ms: Mapping[str, float]
    wakeups: float
    messages: float | None
    memory: procfs.Memory

    @property
    def cpu_ms(self) -> float:
        """CPU ms per second of all processes."""
        return sum(self.each_ms.values())


@dataclass(frozen=True, slots=True)
class Subject:
    """Something measured: its processes as they are now, and how many messages it has sent so far."""

    name: str
    processes: Callable[[], Processes]
    messages: Callable[[], int] | None = None


class _Window:
    """One subject from now on. What a process did that ended meanwhile is not counted."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._loop = asyncio.get_running_loop()
        self._begun_at = self._loop.time()
        self._messages = self._sent()
        self._before = {pid: _read(pid) for pids in subject.processes().values() for pid in pids}

    def _sent(self) -> int:
        return self._subject.messages() if self._subject.messages else 0

    def sample(self) -> Sample:
        """What happened since."""
        seconds = self._loop.time() - self._begun_at
        processes = self._subject.processes()
        each_ms, wakeups = {}, 0
        for name, pids in processes.items():
            spent_s = 0.0
            for pid in pids:
                cpu_s, woken = _read(pid)
                cpu_before_s, woken_before = self._before.get(pid, (0.0, 0))
                spent_s += cpu_s - cpu_before_s
                wakeups += woken - woken_before
            each_ms[name] = spent_s * 1000 / seconds
        return Sample(
            each_ms=each_ms,
            wakeups=wakeups / seconds,
            messages=(self._sent() - self._messages) / seconds if self._subject.messages else None,
            memory=procfs.memory(pid for pids in processes.values() for pid in pids),
        )


def _read(pid: int) -> tuple[float, int]:
    with contextlib.suppress(OSError):
        return procfs.cpu_s(pid), procfs.wakeups(pid)
    return 0.0, 0


async def watch(subjects: Sequence[Subject], seconds: float) -> dict[str, Sample]:
    """One window of so many seconds, of all subjects at the same time: name -> what it did."""
    windows = {subject.name: _Window(subject) for subject in subjects}
    await asyncio.sleep(seconds)
    return {name: window.sample() for name, window in windows.items()}
