"""All figures in one report: ``make bench``, or ``python -m tests.benchmarks [--quick] [--only NAME]``.

Nothing here fails for being slow: a figure that misses its aim is printed as such. Other load on the machine
moves what is timed; the ratios within one run stand.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks import (
    cpu,
    encoding,
    fleet,
    footprint,
    gate_quality,
    growth,
    imports,
    latency,
    lifecycle,
    media,
    outage,
    recovery,
    speaker,
    voice,
)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure.

    Attributes:
        quick: all in two and a half minutes, with fewer repetitions.
        seconds: length of each window of CPU.
    """

    quick: bool
    seconds: float

    def choose(self, full: int, quick: int) -> int:
        """How often to repeat something."""
        return quick if self.quick else full


Report = Sequence[object]


async def _cpu(effort: Effort) -> Report:
    return await cpu.measure(seconds=effort.seconds, rounds=effort.choose(3, 1))


async def _latency(effort: Effort) -> Report:
    return await latency.measure(chunks=effort.choose(300, 30), presses=effort.choose(100, 20))


async def _lifecycle(effort: Effort) -> Report:
    return await lifecycle.measure(lives=effort.choose(20, 4))


async def _recovery(effort: Effort) -> Report:
    return await recovery.measure(rounds=effort.choose(20, 3))


async def _outage(effort: Effort) -> Report:
    return await outage.measure(rounds=effort.choose(20, 4))


async def _speaker(effort: Effort) -> Report:
    return await speaker.measure(seconds=effort.seconds, rounds=effort.choose(20, 5))


async def _voice(effort: Effort) -> Report:
    return await voice.measure(
        seconds=effort.seconds,
        presses=effort.choose(50, 8),
        answers=effort.choose(20, 5),
        whole_demo=not effort.quick,
    )


async def _fleet(_: Effort) -> Report:
    return fleet.measure(devices=10_000)


async def _imports(_: Effort) -> Report:
    return await imports.measure()


async def _memory(_: Effort) -> Report:
    return await footprint.measure()


async def _growth(effort: Effort) -> Report:
    return await growth.measure(warm_up=effort.choose(50, 10), turns=effort.choose(300, 30))


async def _messages(effort: Effort) -> Report:
    return encoding.measure(rounds=effort.choose(11, 3))


async def _gate(effort: Effort) -> Report:
    """The gate's quality, where its recordings are."""
    title = "Gate quality: the appliance's gate beside plain webrtcvad, 3 of 4 frames"
    try:
        gate_quality.speech_folder()
    except SystemExit as reason:
        return [f"{title}\n  not measured here: {reason}"]
    words = [sys.executable, "-m", "tests.benchmarks.gate_quality", *(["--quick"] if effort.quick else [])]
    run = await asyncio.to_thread(subprocess.run, words, stdout=subprocess.PIPE, text=True, check=True)
    return [f"{title}\n{run.stdout}"]


PARTS: dict[str, Callable[[Effort], Awaitable[Report]]] = {
    "cpu": _cpu,
    "latency": _latency,
    "lifecycle": _lifecycle,
    "recovery": _recovery,
    "outage": _outage,
    "speaker": _speaker,
    "voice": _voice,
    "fleet": _fleet,
    "imports": _imports,
    "memory": _memory,
    "growth": _growth,
    "messages": _messages,
    "media": lambda effort: media.measure(rounds=effort.choose(9, 3)),
    "gate": _gate,
}


def main() -> int:
    """Print the report; exit status 1 when something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure the appliance.")
    parser.add_argument("--quick", action="store_true", help="two and a half minutes instead of eleven")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument(
        "--seconds", type=float, metavar="N", help="length of each window of CPU (default: 21.5, quick: 6)"
    )
    chosen = parser.parse_args()
    effort = Effort(chosen.quick, chosen.seconds or (6.0 if chosen.quick else 21.5))
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    print(
        f"ravatard on Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"load {load}\n",
        flush=True,
    )
    return asyncio.run(_run(chosen.only or list(PARTS), effort))


async def _run(names: Sequence[str], effort: Effort) -> int:
    failed = []
    for name in names:
        begun = time.monotonic()
        print(f"measuring: {name} …", end="", file=sys.stderr, flush=True)
        try:
            report = await PARTS[name](effort)
        except Exception:  # noqa: BLE001 - one part that fails must not cost the figures of the others
            print(file=sys.stderr)
            traceback.print_exc()
            failed.append(name)
            continue
        print(f" {time.monotonic() - begun:.0f} s", file=sys.stderr)
        for table in report:
            print(f"{table}\n", flush=True)
    if failed:
        print(f"NOT MEASURED: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
