"""CPU time per second of audio: the daemon beside the floors, and the gate in either process."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ravatard.sim.server import SimServer
from tests.benchmarks import floors, procfs, scenes
from tests.benchmarks.appliance import Appliance, feeder, service
from tests.benchmarks.report import Aim, Row, Table, at_most, spread

SCENES = ("quiet", "speech")
SHIPPED, OTHER = "ravatard run: gate in the sound process (shipped)", "prototype: gate in the daemon"
PYTHON_20, PYTHON_60 = "bare Python loop, 20 ms reads", "bare Python loop, 60 ms reads"
C_20, C_60 = "C program, 20 ms reads", "C program, 60 ms reads"
HOT = "C work alone, hot (no wake-ups)"
_AIM = 3.0
#: Connections, sessions and noise floors have settled.
_SETTLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What some processes did in one window.

    Attributes:
        cpu_ms: CPU ms per second, of all processes.
        each_ms: the same of each process.
        wakeups: voluntary context switches per second.
        messages: messages sent per second; None where nobody counts.
        memory: of these processes together, at the end.
    """

    cpu_ms: float
    each_ms: tuple[float, ...]
    wakeups: float
    messages: float | None = None
    memory: procfs.Memory | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Something measured: its processes, and how many messages it has sent so far."""

    name: str
    pids: tuple[int, ...]
    messages: Callable[[], int] | None = None


class _Window:
    """One subject from now on."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._loop = asyncio.get_running_loop()
        self._begun = self._read()

    def _read(self) -> tuple[float, ...]:
        subject = self._subject
        return (
            self._loop.time(),
            subject.messages() if subject.messages else 0,
            sum(map(procfs.wakeups, subject.pids)),
            *map(procfs.cpu_s, subject.pids),
        )

    def sample(self) -> Sample:
        """What happened since."""
        seconds, messages, wakeups, *cpu_s = (
            now - then for now, then in zip(self._read(), self._begun, strict=True)
        )
        each_ms = tuple(one_s * 1000 / seconds for one_s in cpu_s)
        return Sample(
            cpu_ms=sum(each_ms),
            each_ms=each_ms,
            wakeups=wakeups / seconds,
            messages=messages / seconds if self._subject.messages else None,
            memory=procfs.memory(self._subject.pids),
        )


Samples = dict[tuple[str, str], list[Sample]]


async def measure(*, seconds: float, rounds: int) -> list[Table]:
    """Both tables. All subjects of a window run at the same time, each on a feeder of its own."""
    samples: Samples = {}
    hot: dict[str, list[float]] = {scene: [] for scene in SCENES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sounds = {"quiet": scenes.quiet_room(30), "speech": scenes.conversation(120)}
        files = {scene: folder / f"{scene}.pcm" for scene in SCENES}
        for scene, pcm in sounds.items():
            files[scene].write_bytes(pcm)
        program, note = floors.build_c_floor(folder)
        async with service() as server, floors.Sink() as sink:
            for number in range(rounds):
                for scene in SCENES:
                    hot[scene].append(floors.hot_ms(sounds[scene]))
                    async with AsyncExitStack() as stack:
                        start = partial(_start, stack, server, sink.port, program, files[scene])
                        subjects = await start(folder / f"{scene}-{number}")
                        for subject, sample in zip(subjects, await _watch(subjects, seconds), strict=True):
                            samples.setdefault((subject.name, scene), []).append(sample)
    return [_floor_table(samples, hot, note, seconds), _placement_table(samples)]


async def _start(
    stack: AsyncExitStack, server: SimServer, port: int, program: list[str], pcm: Path, folder: Path
) -> list[Subject]:
    microphone = feeder(pcm)
    placements = {SHIPPED: None, OTHER: "tests.benchmarks.gate_in_daemon"}
    appliances = {
        name: await stack.enter_async_context(
            Appliance(
                folder.with_name(f"{folder.name}-{number}"), server.base_url, microphone, prototype=module
            )
        )
        for number, (name, module) in enumerate(placements.items())
    }
    paced = {PYTHON_20: floors.python_floor(pcm, 20, port), PYTHON_60: floors.python_floor(pcm, 60, port)}
    if program:
        paced |= {C_20: floors.c_floor(program, pcm, 20, port), C_60: floors.c_floor(program, pcm, 60, port)}
    for one in paced.values():
        stack.callback(one.stop)
    for appliance in appliances.values():
        await appliance.ready()
    return [
        *(Subject(name, one.pids, partial(one.messages, server)) for name, one in appliances.items()),
        *(Subject(name, (one.pid,)) for name, one in paced.items()),
    ]


async def _watch(subjects: Sequence[Subject], seconds: float) -> list[Sample]:
    await asyncio.sleep(_SETTLE_S)
    windows = [_Window(subject) for subject in subjects]
    await asyncio.sleep(seconds)
    return [window.sample() for window in windows]


def _figures(samples: Samples, name: str, value: Callable[[Sample], float | None], digits: int) -> list[str]:
    return [
        spread([x for one in samples.get((name, scene), []) if (x := value(one)) is not None], digits)
        for scene in SCENES
    ]


def _cpu_ms_of(process: int, sample: Sample) -> float:
    return sample.each_ms[process]


def _ratios(samples: Samples, name: str, floor: str, scene: str) -> list[float]:
    """CPU of ``name`` by that of ``floor`` in each round: only figures of one window are fit for it."""
    pairs = zip(samples[name, scene], samples[floor, scene], strict=True)
    return [ours.cpu_ms / floor.cpu_ms for ours, floor in pairs]


def _floor_table(samples: Samples, hot: Mapping[str, list[float]], note: str, seconds: float) -> Table:
    rows = [Row(HOT, [spread(hot[scene]) for scene in SCENES])]
    names = [name for name in (C_60, C_20, PYTHON_60, PYTHON_20) if (name, SCENES[0]) in samples]
    for name in (*names, SHIPPED):
        cpu = _figures(samples, name, lambda one: one.cpu_ms, 2)
        woken = _figures(samples, name, lambda one: one.wakeups, 0)
        sent = _figures(samples, name, lambda one: one.messages, 1)
        rows.append(Row(name, [*cpu, *woken, sent[1]]))
    for at, process in enumerate(("daemon", "sound process")):
        each = _figures(samples, SHIPPED, partial(_cpu_ms_of, at), 2)
        rows.append(Row(f"   of it the {process}", each))
    for floor in names:
        ratios = [_ratios(samples, SHIPPED, floor, scene) for scene in SCENES]
        worst = max(statistics.median(one) for one in ratios)
        aim = at_most(worst, _AIM, "x") if floor in (C_20, PYTHON_20) else Aim()
        rows.append(Row(f"daemon / {floor}", [spread(one) for one in ratios], aim))
    return Table(
        "CPU ms per second of audio, daemon and sound process together: median [least, most] of the rounds",
        ("quiet", "speech", "wake-ups/s quiet", "speech", "messages/s"),
        rows,
        (
            f"{len(hot['quiet'])} round(s) of {seconds:g} s a scene. All of a round runs at once, on",
            "feeders of its own that are not counted. Quiet: noise at -66 dBFS. Speech: a conversation, a",
            "third of it speech. The floors have no closing silence, no WebSocket, no noise floor to track,",
            "and are woken by their feeder, whose warm caches they inherit; what wakes the sound process in",
            "quiet is a timer.",
            f"{note}.",
        ),
    )


def _placement_table(samples: Samples) -> Table:
    rows = []
    for name in (SHIPPED, OTHER):
        cpu = _figures(samples, name, lambda one: one.cpu_ms, 2)
        woken = _figures(samples, name, lambda one: one.wakeups, 0)
        size = _figures(samples, name, lambda one: one.memory.alone if one.memory else None, 1)
        rows.append(Row(name, [*cpu, *woken, *size]))
    ratios = [spread(_ratios(samples, OTHER, SHIPPED, scene)) for scene in SCENES]
    rows.append(Row("prototype / shipped, CPU", ratios))
    return Table(
        "Where the gate runs, same windows: both processes together",
        ("CPU quiet", "speech", "wake-ups/s quiet", "speech", "MB alone quiet", "speech"),
        rows,
        (
            "The prototype is the shipped program but for the gate: the sound process sends every block,",
            "60 ms in quiet and 20 ms while the gate is attentive, and the event loop feeds the gate.",
        ),
    )
