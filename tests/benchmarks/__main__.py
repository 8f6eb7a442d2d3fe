"""All figures in one report: ``make bench``, or ``python -m tests.benchmarks [--quick] [--only NAME]``.

A figure that misses its aim is printed as such, and fails nothing. Other load on the machine moves what is
timed; the ratios to a floor of the same run stand. They are compared with those that were kept last, and what
became worse by more than a tenth fails the run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks import (
    avatar,
    encoding,
    fleet,
    footprint,
    full_collections,
    gate_quality,
    group_room,
    growth,
    imports,
    kept,
    latency,
    lifecycle,
    media,
    other_programs,
    outage,
    owner_page,
    peers,
    recovery,
    sdk,
    sleep_proof,
    sleep_soak,
    speaker,
    speaker_asleep,
    voice,
    wake_word,
    whole,
)
from tests.benchmarks.comparison import Verdict


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure.

    Attributes:
        quick: with fewer repetitions.
        seconds: length of each window of CPU.
        minutes: length of the random sleep, where it is asked for.
        hours: length of each sound that is not the wake word; None: the usual.
    """

    quick: bool
    seconds: float
    minutes: float
    hours: float | None = None

    def choose(self, full: int, quick: int) -> int:
        """How often to repeat something."""
        return quick if self.quick else full


Report = Sequence[object]


async def _whole(effort: Effort) -> Report:
    return await whole.measure(
        seconds=effort.seconds,
        rounds=effort.choose(5, 3),
        starts=effort.choose(15, 5),
        turns=effort.choose(20, 6),
    )


async def _latency(effort: Effort) -> Report:
    return await latency.measure(chunks=effort.choose(300, 30), presses=effort.choose(100, 20))


async def _lifecycle(effort: Effort) -> Report:
    return await lifecycle.measure(lives=effort.choose(20, 4))


async def _recovery(effort: Effort) -> Report:
    return await recovery.measure(rounds=effort.choose(20, 3))


async def _outage(effort: Effort) -> Report:
    return await outage.measure(rounds=effort.choose(20, 4))


async def _speaker(effort: Effort) -> Report:
    rounds = effort.choose(20, 5)
    asleep = await speaker_asleep.measure(seconds=effort.seconds, rounds=rounds)
    return [asleep, *await speaker.measure(seconds=effort.seconds, rounds=rounds)]


async def _sleep(effort: Effort) -> Report:
    return await sleep_proof.measure(asleep_s=5.0 if effort.quick else 60.0, presses=effort.choose(10, 3))


async def _sleep_hour(effort: Effort) -> Report:
    return await sleep_soak.measure(minutes=effort.minutes)


async def _peers(effort: Effort) -> Report:
    return await peers.measure(seconds=effort.seconds, rounds=effort.choose(5, 3))


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


async def _page(effort: Effort) -> Report:
    return await owner_page.measure(
        loads=effort.choose(20, 7), seconds=effort.seconds, rounds=effort.choose(5, 2)
    )


async def _collections(effort: Effort) -> Report:
    return full_collections.measure(rounds=effort.choose(7, 3))


async def _growth(effort: Effort) -> Report:
    return await growth.measure(warm_up=effort.choose(50, 10), turns=effort.choose(300, 30))


async def _messages(effort: Effort) -> Report:
    return encoding.measure(rounds=effort.choose(11, 3))


async def _sdk(effort: Effort) -> Report:
    return await sdk.measure(seconds=effort.seconds, rounds=effort.choose(15, 5))


async def _avatar(effort: Effort) -> Report:
    return await avatar.measure(
        seconds=effort.seconds,
        rounds=effort.choose(3, 1),
        chunks=effort.choose(200, 20),
        times=effort.choose(30, 8),
    )


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


async def _wake_word(effort: Effort) -> Report:
    return [
        "Wake word: hits by synthetic voices, false hits, delays",
        *await wake_word.measure(quick=effort.quick, hours=effort.hours),
    ]


async def _other_programs(effort: Effort) -> Report:
    return await other_programs.measure(
        rounds=effort.choose(3, 1), changes=effort.choose(50, 10), idle_s=effort.choose(300, 60)
    )


async def _room(effort: Effort) -> Report:
    return await group_room.measure(tries=effort.choose(200, 10), claims=effort.choose(100, 20))


PARTS: dict[str, Callable[[Effort], Awaitable[Report]]] = {
    "whole": _whole,
    "latency": _latency,
    "lifecycle": _lifecycle,
    "recovery": _recovery,
    "outage": _outage,
    "speaker": _speaker,
    "sleep": _sleep,
    "voice": _voice,
    "fleet": _fleet,
    "imports": _imports,
    "memory": _memory,
    "collections": _collections,
    "growth": _growth,
    "page": _page,
    "messages": _messages,
    "media": lambda effort: media.measure(rounds=effort.choose(9, 3)),
    "sdk": _sdk,
    "avatar": _avatar,
    "gate": _gate,
    "wake word": _wake_word,
}


#: Only on request: they install something, need a broker, or take as long as they are told to.
OPTIONAL: dict[str, Callable[[Effort], Awaitable[Report]]] = {
    "peers": _peers,
    "other programs": _other_programs,
    "room": _room,
    "sleep-hour": _sleep_hour,
}
#: Exit status: all is well, something could not be measured or compared, something became worse.
FINE, FAILED, BECAME_WORSE = 0, 1, 3


def main() -> int:
    """Print the report, and what became worse since the tables that were kept.

    The exit status is 3 when something did; 1 when something could not be measured, or compared.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure the appliance.")
    parser.add_argument("--quick", action="store_true", help="ten minutes instead of half an hour")
    parser.add_argument(
        "--only", action="append", choices=[*PARTS, *OPTIONAL], help="only this part; may be repeated"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="N", help="length of each window of CPU (default: 21.5, quick: 6)"
    )
    parser.add_argument(
        "--minutes", type=float, default=60.0, metavar="N", help="length of sleep-hour (default: 60)"
    )
    parser.add_argument(
        "--hours",
        type=float,
        metavar="N",
        help="length of each sound that is not the wake word (default: 1, quick: a minute)",
    )
    parser.add_argument(
        "--keep", action="store_true", help="write the tables to tests/benchmarks/kept, to compare with later"
    )
    chosen = parser.parse_args()
    effort = Effort(
        chosen.quick, chosen.seconds or (6.0 if chosen.quick else 21.5), chosen.minutes, chosen.hours
    )
    print(f"ravatard on {kept.this_machine()}, load {_load():.1f}\n", flush=True)
    return asyncio.run(run(chosen.only or list(PARTS), effort, Verdict(keeps=chosen.keep)))


def _load() -> float:
    return os.getloadavg()[0]


async def run(names: Sequence[str], effort: Effort, verdict: Verdict) -> int:
    """Measure these parts, print their tables and the verdict; returns the exit status."""
    failed, not_kept = [], []
    for name in names:
        begun, load = time.monotonic(), _load()
        print(f"measuring: {name} …", end="", file=sys.stderr, flush=True)
        try:
            report = await (PARTS | OPTIONAL)[name](effort)
        except Exception:  # noqa: BLE001 - one part that fails must not cost the figures of the others
            print(file=sys.stderr)
            traceback.print_exc()
            failed.append(name)
            continue
        print(f" {time.monotonic() - begun:.0f} s", file=sys.stderr)
        for table in report:
            print(f"{table}\n", flush=True)
        measured = kept.run_of(report, "quick" if effort.quick else "full", load)
        verdict.add(name, measured)
        if verdict.keeps and (fault := kept.fault_of(measured)):
            not_kept.append(f"NOT KEPT: {name} {fault}: measure it again, without --quick")
        elif verdict.keeps:
            print(f"kept: {kept.write(name, report, measured, verdict.folder)}\n")
    print("\n".join([str(verdict), *not_kept]))
    if failed:
        print(f"NOT MEASURED: {', '.join(failed)}")
    if failed or not_kept or verdict.unreadable:
        return FAILED
    return BECAME_WORSE if verdict.is_worse else FINE


if __name__ == "__main__":
    sys.exit(main())
