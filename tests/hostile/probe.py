"""Probe of an event loop's lag, within another process: imported there as ``sitecustomize``.

A turn of the loop lasts from one return of its selector to the next call. Its processor time is that of the
thread, which a starved machine does not lengthen. The time for which it stood still is that of the clock,
without its processor time and without the time for which the kernel let it wait for a processor
(``schedstat``): what is left was spent in calls that block.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import selectors
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Environment variable with the file for the probe's findings.
FILE = "HOSTILE_WORLD_PROBE"
#: Turns that took less are not written down.
NOTED_MS = 15.0
_COUNT_EVERY = 100
_FRAMES = 8


@dataclass(frozen=True, slots=True)
class Turn:
    """One long turn of the loop.

    Attributes:
        at: when it began, on the system's monotonic clock.
        cpu_ms: processor time of the thread.
        still_ms: time in calls that block.
        gc_ms: part of the processor time that the garbage collector took.
        callback: the longest callback in it.
        stack: where the thread was after :data:`NOTED_MS`, or at the next moment at which Python could look.
    """

    at: float
    cpu_ms: float
    still_ms: float
    gc_ms: float
    callback: str
    stack: str


def environ(folder: Path) -> Mapping[str, str]:
    """Plant the probe; returns the environment of a process that is to be probed."""
    place = folder / "probe"
    place.mkdir()
    (place / "sitecustomize.py").write_text(Path(__file__).read_text() + "\n_install()\n")
    return {"PYTHONPATH": str(place), FILE: str(folder / "turns.jsonl")}


def found(folder: Path) -> tuple[int, list[Turn]]:
    """The number of all turns, and the long ones."""
    count, turns = 0, []
    for line in (folder / "turns.jsonl").read_text().splitlines():
        fields = json.loads(line)
        if "turns" in fields:
            count = fields["turns"]
        else:
            turns.append(Turn(**fields))
    return count, turns


def _install() -> None:
    path = os.environ.get(FILE)
    if path is None or "run" not in sys.orig_argv:
        return
    _Probe(path)


def _named(handle: Any) -> str:
    """The task of a callback, with its coroutine; or the callback."""
    owner = getattr(handle._callback, "__self__", None)
    return repr(owner if isinstance(owner, asyncio.Task) else handle)[:400]


class _Probe:
    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._thread = threading.get_ident()
        self._schedule = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
        self._begun: tuple[int, int, int] | None = None  # set while a turn lasts
        self._turns = 0
        self._gc_ns = self._gc_at = 0
        self._longest: tuple[int, str] = (0, "")
        gc.callbacks.append(self._collecting)
        self._stack = ""
        threading.Thread(target=self._sample, daemon=True).start()
        selector: Any = selectors.DefaultSelector
        handle: Any = asyncio.Handle
        selector.select = self._selecting(selector.select)
        handle._run = self._running(handle._run)

    def _waited_ns(self) -> int:
        return int(os.pread(self._schedule, 100, 0).split()[1])

    def _selecting(self, select: Any) -> Any:
        def probed(one: Any, timeout: float | None = None) -> Any:
            if threading.get_ident() != self._thread:
                return select(one, timeout)
            self._end()
            events = select(one, timeout)
            self._begun = time.monotonic_ns(), time.thread_time_ns(), self._waited_ns()
            self._gc_ns, self._longest, self._stack = 0, (0, ""), ""
            return events

        return probed

    def _running(self, run: Any) -> Any:
        def probed(handle: Any) -> Any:
            before = time.thread_time_ns()
            try:
                return run(handle)
            finally:
                took = time.thread_time_ns() - before
                if took > self._longest[0]:
                    self._longest = took, "" if took < 5_000_000 else _named(handle)

        return probed

    def _sample(self) -> None:
        """Note where the loop's thread is, once a turn has lasted for long."""
        while True:
            time.sleep(NOTED_MS / 1000)
            begun = self._begun
            if begun is not None and not self._stack and time.monotonic_ns() - begun[0] > NOTED_MS * 1e6:
                frames = traceback.extract_stack(sys._current_frames()[self._thread])[-_FRAMES:]
                self._stack = " > ".join(
                    f"{Path(one.filename).stem}:{one.lineno} {one.name}" for one in frames
                )

    def _collecting(self, phase: str, _: object) -> None:
        now = time.thread_time_ns()
        if phase == "start":
            self._gc_at = now
        else:
            self._gc_ns += now - self._gc_at

    def _end(self) -> None:
        if self._begun is None:
            return
        (wall, cpu, waited), self._begun = self._begun, None
        cpu = time.thread_time_ns() - cpu
        still = time.monotonic_ns() - wall - cpu - (self._waited_ns() - waited)
        self._turns += 1
        lines = []
        if max(cpu, still) > NOTED_MS * 1e6:
            lines.append(
                {
                    "at": wall / 1e9,
                    "cpu_ms": cpu / 1e6,
                    "still_ms": still / 1e6,
                    "gc_ms": self._gc_ns / 1e6,
                    "callback": self._longest[1],
                    "stack": self._stack,
                }
            )
        if self._turns % _COUNT_EVERY == 0:
            lines.append({"turns": self._turns})
        if lines:
            os.write(self._file, "".join(json.dumps(line) + "\n" for line in lines).encode())
