"""Whether the appliance grows: memory, files and threads of the real processes over hundreds of turns."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ravatard.sim.server import SimServer
from tests.benchmarks import procfs, scenes
from tests.benchmarks.appliance import NO_SPEAKER, Appliance, feeder, service
from tests.benchmarks.report import Aim, Row, Table, slope
from tests.integration.daemon import Config

#: The microphone runs this much faster than time. The daemon keeps up: it takes 5 % of a core then.
SPEED = 8.0
#: The service's detector hears enough silence in the utterance itself, and answers at once.
_CONFIG: Config = {
    "gate": {"silence_ms": 700},
    "session": {"keep": "always"},
    # It is faster than time on purpose, which no speaker can be: an answer would hold the microphone for as
    # long as eight turns take. The speaker's own growth over an hour is seen by ``make soak``.
    "capture": {"check_rate": False},
    **NO_SPEAKER,
}
_EVERY = 10
#: One arena of Python's allocator; less than that is no growth but chance.
_CHANCE_KB = 256.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one process. Memory in kB."""

    turns: int
    anonymous: float
    files: int
    threads: int


async def measure(*, warm_up: int, turns: int) -> list[Table]:
    """One table: daemon and sound process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "turns.pcm").write_bytes(scenes.short_turns(80))
        microphone = feeder(folder / "turns.pcm", speed=SPEED)
        async with (
            service(think_s=0) as server,
            Appliance(folder / "growth", server.base_url, microphone, _CONFIG) as appliance,
        ):
            await appliance.ready()
            pids = appliance.pids
            looks: list[list[Look]] = [[], []]
            for wanted in range(warm_up, warm_up + turns + 1, _EVERY):
                answered = partial(_answered, server, wanted)
                answers = await appliance.until(answered, f"{wanted} answers", _EVERY * 10.0 + warm_up)
                for seen, pid in zip(looks, pids, strict=True):
                    seen.append(_look(pid, answers))
            if appliance.pids != pids:
                raise RuntimeError(f"the sound process was started again\n{appliance.story()}")
            violations = server.record.counts["violations"]
    return [_table(looks, warm_up, violations)]


def _answered(server: SimServer, wanted: int) -> int:
    """How many turns were answered, once ``wanted`` were; 0 until then."""
    answers = server.record.counts["answers"]
    return answers if answers >= wanted else 0


def _look(pid: int, turns: int) -> Look:
    memory = procfs.memory([pid])
    return Look(turns, memory.anonymous * 1024, procfs.open_files(pid), procfs.threads(pid))


def _table(looks: Sequence[Sequence[Look]], warm_up: int, violations: int) -> Table:
    rows = []
    for process, seen in zip(("daemon", "sound process"), looks, strict=True):
        first, last = seen[0], seen[-1]
        per_turn_kb = slope([(look.turns, look.anonymous) for look in seen])
        grown_kb = per_turn_kb * (last.turns - first.turns)
        rows.append(
            Row(
                f"{process}: anonymous memory, kB",
                [f"{first.anonymous:.0f}", f"{last.anonymous:.0f}", f"{per_turn_kb * 1024:+.0f} B"],
                Aim(f"< {_CHANCE_KB:g} kB in all", grown_kb < _CHANCE_KB),
            )
        )
        counted: dict[str, Callable[[Look], int]] = {
            "open files": lambda look: look.files,
            "threads": lambda look: look.threads,
        }
        for what, count in counted.items():
            rise = slope([(look.turns, count(look)) for look in seen])
            rows.append(
                Row(
                    f"{process}: {what}",
                    [str(count(first)), str(count(last)), f"{rise:+.3f}"],
                    Aim("none", count(last) <= max(count(look) for look in seen[: len(seen) // 2])),
                )
            )
    turns = looks[0][-1].turns - looks[0][0].turns
    notes = (
        f"Real processes on a microphone {SPEED:g} times as fast as time. Slope: of the straight line",
        f"through looks every {_EVERY} turns.",
        f"The service saw {violations} violations of its protocol.",
    )
    columns = (f"after {warm_up} turns", f"after {turns + warm_up}", "slope per turn")
    return Table(f"Growth over {turns} turns", columns, rows, notes)
