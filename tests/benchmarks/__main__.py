"""``make bench``, or ``python -m tests.benchmarks [--quick] [--only NAME] [--seconds N]``: all figures, one report."""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks import cpu
from tests.benchmarks.report import Table


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure.

    Attributes:
        quick: everything in a minute and a half, with fewer repetitions.
        seconds: length of a window of idle CPU.
    """

    quick: bool
    seconds: float


PARTS: dict[str, Callable[[Effort], Awaitable[Sequence[Table]]]] = {
    "cpu": lambda effort: cpu.measure(seconds=effort.seconds, rounds=1 if effort.quick else 3),
}


def main() -> int:
    """Print the report; exit status 1 when something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure ravatard.")
    parser.add_argument("--quick", action="store_true", help="a minute and a half instead of ten")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--seconds", type=float, help="length of each CPU window")
    chosen = parser.parse_args()
    effort = Effort(chosen.quick, chosen.seconds or (8.0 if chosen.quick else 21.5))
    print(f"ravatard on Python {platform.python_version()}, {platform.machine()}\n")
    return asyncio.run(_run(chosen.only or list(PARTS), effort))


async def _run(names: Sequence[str], effort: Effort) -> int:
    failed = []
    for name in names:
        begun = time.monotonic()
        print(f"measuring {name} …", file=sys.stderr)
        try:
            tables = await PARTS[name](effort)
        except Exception:  # noqa: BLE001 - one part that fails must not cost the others' figures
            traceback.print_exc()
            failed.append(name)
            continue
        for table in tables:
            print(f"{table}\n", flush=True)
        print(f"{name} took {time.monotonic() - begun:.0f} s", file=sys.stderr)
    if failed:
        print(f"NOT MEASURED: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
