"""Talking over the avatar through the whole daemon and PulseAudio, in a model of a room; for `python -m`.

``python -m tests.benchmarks.talked_over [--users N] [--levels DB,DB] [--modes REGEX]``

The avatar speaks long answers into its own microphone; a user begins four seconds into each: at each
level with cancelling, and once or more in every mode. Sound processes and the virtual devices go before other
programs where that is allowed, as the machine may be shared.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.procfs import cpu_s, memory
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile
from tests.integration import recordings
from tests.integration.daemon import Config
from tests.integration.talk_over_rig import (
    BREATHLESS,
    Interruption,
    Talk,
    like,
    phrase,
    steady_audio,
    talking,
)

_NOTES = (
    "Alone: utterances that the avatar's own voice opened before the users spoke, of so many answers.",
    "Silent: from the beginning of the words at the microphone until the speaker's last sound, median and",
    "95th percentile in ms; the answer has no pause, and users in whose beginning nothing was heard do not",
    "count. Sent: uploads with the first 600 ms of the words in them. Late: the longest that a task of this",
    "program was woken late, ms: what is more than the 20 to 50 ms that PulseAudio holds here is lost sound.",
    "Load: the machine's, of one minute, behind the row.",
)
_MODES_NOTES = (
    "The rows differ in audio.echo, audio.barge_in and gate.mode. external and off have nothing that removes",
    "the echo here. Sent: of the users, so many had the first 600 ms of their words uploaded; half-duplex",
    "hears none. ms/s: processor time of the microphone's process a second, in an answer and in silence;",
    "MB: its own memory.",
)
#: What is like the words, of what the canceller leaves of them while the avatar speaks.
_LIKE = 0.3
_SILENT_MS = 450.0
#: Users begin from so long after the beginning of an answer on, within so long.
_AFTER_S, _WITHIN_S = 4.0, 3.0
_PHRASES = 3
MODES: dict[str, Config] = {
    f"{echo}, {barge_in}, {gate}": {
        "audio": {"echo": echo, "barge_in": barge_in},
        "gate": {"mode": gate},
    }
    for gate in ("vad", "auto")
    for echo, barge_in in (
        ("half-duplex", "button"),
        ("cancel", "button"),
        ("cancel", "voice"),
        ("external", "button"),
        ("external", "voice"),
        ("off", "button"),
        ("off", "voice"),
    )
}


@dataclass(slots=True)
class Met:
    """Users of one row, and what was sent of their words.

    Attributes:
        interruptions: one for each user.
        alike: likeness of each upload to the words.
        late_ms: the machine's worst lateness.
        costs: of the microphone's process: ms/s in an answer, in silence; MB.
        is_endless: the avatar answered itself without end, and no user got a word in.
    """

    interruptions: list[Interruption] = field(default_factory=list)
    alike: list[float] = field(default_factory=list)
    late_ms: float = 0.0
    costs: tuple[float, float, float] = (0.0, 0.0, 0.0)
    is_endless: bool = False

    @property
    def alone(self) -> int:
        """Utterances of the avatar's own voice."""
        return sum(one.before for one in self.interruptions)

    @property
    def sent(self) -> int:
        """Users whose words were sent."""
        return sum(one > _LIKE for one in self.alike)

    @property
    def valid(self) -> list[Interruption]:
        """Those of users who began while the avatar was heard."""
        return [one for one in self.interruptions if one.sounded]

    @property
    def silent_ms(self) -> list[float]:
        """How long it took, of those that silenced the avatar."""
        return [one.silent_ms for one in self.valid if one.silent_ms is not None]


@contextmanager
def _scratch() -> Iterator[Path]:
    """Make a folder for devices and daemon, which is also where the daemon's socket is."""
    with tempfile.TemporaryDirectory(prefix="talked-over-") as name:
        folder = Path(name)
        (folder / "audio").mkdir()
        (folder / "daemon").mkdir()
        os.environ["RUNTIME_DIRECTORY"] = name
        yield folder


async def _cost(talk: Talk, seconds: float) -> float:
    """Return the processor time of the microphone's process, ms a second."""
    pid = talk.daemon.child("microphone.worker")
    if pid is None:
        return 0.0
    before, begun = cpu_s(pid), talk.daemon.now
    await asyncio.sleep(seconds)
    return (cpu_s(pid) - before) * 1000 / (talk.daemon.now - begun)


async def _costs(talk: Talk) -> tuple[float, float, float]:
    silent = await _cost(talk, 5.0)
    await talk.answer()
    await asyncio.sleep(2.0)
    speaking = await _cost(talk, 5.0)
    pid = talk.daemon.child("microphone.worker")
    return speaking, silent, memory([pid]).pss if pid is not None else 0.0


async def measured(users: int, level_db: float, *configs: Config, costs: bool = False) -> Met:
    """Have so many users talk over the avatar."""
    met = Met()
    with _scratch() as folder:
        phrases = [phrase(number, over_echo_db=level_db) for number in range(_PHRASES)]
        files = [recordings.write(folder / f"user-{at}.wav", said) for at, said in enumerate(phrases)]
        for audio in steady_audio(folder / "audio"):
            async with talking(folder / "daemon", audio, *configs, answer=BREATHLESS) as talk:
                try:
                    if costs:
                        met.costs = await _costs(talk)
                    for number in range(users):
                        after_s = _AFTER_S + number * 0.67 % _WITHIN_S
                        at = number % _PHRASES
                        met.interruptions.append(await talk.interrupt(files[at], phrases[at], after_s))
                        print(met.interruptions[-1], file=sys.stderr, flush=True)
                    await talk.daemon.reports(lambda it: it["talk"] == "idle", "it is idle", 60)
                except AssertionError:
                    met.is_endless = True
                met.alike = [max(like(upload, said, 0.6)[0] for said in phrases) for upload in talk.uploads()]
                met.late_ms = talk.lateness.worst_s * 1000
    print("alike:", [round(one, 2) for one in met.alike], file=sys.stderr, flush=True)
    return met


def _silent(met: Met) -> str:
    times = met.silent_ms
    return f"{percentile(times, 50):.0f}/{percentile(times, 95):.0f}" if times else "-"


def level_row(met: Met, level_db: float) -> Row:
    """Return the line of a level."""
    users, times = len(met.valid), met.silent_ms
    figures = (
        f"{met.alone} of {len(met.interruptions)}",
        f"{sum(one.found for one in met.valid)} of {users}",
        _silent(met),
        f"{met.sent} of {len(met.alike)}",
        f"{met.late_ms:.0f}",
        f"{os.getloadavg()[0]:.1f}",
    )
    aim = at_most(percentile(times, 95), _SILENT_MS, "ms") if times else Aim()
    return Row(f"user at {level_db:g} dB", figures, aim)


def mode_row(met: Met, mode: str) -> Row:
    """Return the line of a mode."""
    users = len(met.interruptions)
    speaking, silent, megabytes = met.costs
    figures = (
        f"{met.alone} of {users}",
        "without end" if met.is_endless else f"{len(met.silent_ms)} of {len(met.valid)}",
        f"{met.sent} of {users}",
        f"{speaking:.1f}/{silent:.1f}",
        f"{megabytes:.0f}",
        f"{met.late_ms:.0f}",
        f"{os.getloadavg()[0]:.1f}",
    )
    return Row(mode, figures)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Talking over the avatar through the whole daemon.")
    parser.add_argument("--users", type=int, default=20, help="how many speak at each level")
    parser.add_argument("--levels", default="0,-10", help="of the voice over the echo, dB")
    parser.add_argument("--modes", default=".", metavar="REGEX", help="only these modes")
    parser.add_argument("--each", type=int, default=3, help="users in each mode")
    arguments = parser.parse_args()
    levels = [float(level) for level in arguments.levels.split(",") if level]
    rows = [level_row(asyncio.run(measured(arguments.users, level)), level) for level in levels]
    if rows:
        columns = ["alone", "users found", "silent ms", "sent", "late", "load"]
        print(Table("Talking over the avatar, whole daemon on PulseAudio", columns, rows, _NOTES), flush=True)
    rows = []
    for mode, config in MODES.items():
        if arguments.modes and re.search(arguments.modes, mode):
            rows.append(mode_row(asyncio.run(measured(arguments.each, 0.0, config, costs=True)), mode))
            print(f"{mode}: {', '.join(rows[-1].figures)}", file=sys.stderr, flush=True)
    if rows:
        columns = ["alone", "interrupted", "sent", "ms/s", "MB", "late", "load"]
        print(Table("Every mode, whole daemon on PulseAudio", columns, rows, _MODES_NOTES))


if __name__ == "__main__":
    main()
