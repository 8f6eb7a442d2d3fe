"""CPU time per second of audio: the appliance by each kind of speaker, beside the floors."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.benchmarks import floors, scenes
from tests.benchmarks.appliance import SPEAKER, Appliance, feeder, service
from tests.benchmarks.report import Aim, Row, Table, at_most, ratios, spread
from tests.benchmarks.windows import Sample, Subject, watch
from tests.integration import virtual_audio
from tests.integration.daemon import Config

SCENES = ("quiet", "speech")
#: The microphone is a program in all of them, and the gate in its process.
PROGRAM = "ravatard, speaker by a program"
RECORDING, PULSEAUDIO = "ravatard, speaker by a recording", "ravatard, speaker by PulseAudio"
SILENT = "ravatard, without the live voice, nothing answers"
OTHER = "prototype: gate in the daemon"
POLLER, BARE = "a process that polls every 60 ms", "bare Python loop: reads 60 ms, webrtcvad"
PYTHON_20, PYTHON_60 = "Python floor, 20 ms reads", "Python floor, 60 ms reads"
C_20, C_60 = "C floor, 20 ms reads", "C floor, 60 ms reads"
FLOORS = (C_60, C_20, POLLER, BARE, PYTHON_60, PYTHON_20)
HOT = "C work alone, hot (no wake-ups)"
#: The speaker falls asleep after ten seconds (``speaker.idle_s``) and a sign of life.
_ASLEEP_S = 13.0
#: A session is open, its stream plays, and noise floors have settled.
_SETTLE_S = 8.0
_QUIET_MS, _QUIET_WAKEUPS, _TIMES_POLLER = 4.2, 20.0, 5.0


@dataclass(slots=True)
class Measured:
    """All windows.

    Attributes:
        samples: by name and scene, one a round.
        hot: the C work alone, ms/s, by scene.
        seconds: of one window.
        notes: what was different on this machine.
    """

    seconds: float
    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    hot: dict[str, list[float]] = field(default_factory=lambda: {scene: [] for scene in SCENES})
    notes: list[str] = field(default_factory=list)

    def cpu(self, name: str, scene: str) -> list[float]:
        """CPU ms/s of every round; [] if it was not measured."""
        return [one.cpu_ms for one in self.samples.get((name, scene), ())]

    def wakeups(self, name: str, scene: str) -> list[float]:
        """Wake-ups a second of every round."""
        return [one.wakeups for one in self.samples.get((name, scene), ())]

    def messages(self, name: str, scene: str) -> list[float]:
        """Messages a second of every round; [] where nobody counts."""
        found = self.samples.get((name, scene), ())
        return [one.messages for one in found if one.messages is not None]

    def alone(self, name: str, scene: str) -> list[float]:
        """Memory counted alone, in MB, at the end of every round."""
        return [one.memory.alone for one in self.samples.get((name, scene), ())]

    def times(self, name: str, floor: str, scene: str) -> list[float]:
        """CPU of one divided by that of another in each round: only figures of one window are fit for it."""
        return ratios(self.cpu(name, scene), self.cpu(floor, scene))


async def sample(folder: Path, *, seconds: float, rounds: int) -> Measured:
    """Measure ``rounds`` windows a scene. All subjects of one run at once, each on a feeder of its own."""
    measured = Measured(seconds)
    program, note = floors.build_c_floor(folder)
    measured.notes.append(f"{note}.")
    if lacks := virtual_audio.missing():
        measured.notes.append(f"No PulseAudio: virtual sound needs {', '.join(lacks)}.")
    sounds = {"quiet": scenes.quiet_room(30), "speech": scenes.conversation(120)}
    for scene, pcm in sounds.items():
        file = folder / f"{scene}.pcm"
        file.write_bytes(pcm)
        async with AsyncExitStack() as stack:
            scenery = _Scenery(stack, folder, file)
            subjects = [*await scenery.floors(program), *await scenery.appliances(scene)]
            await watch(subjects, _ASLEEP_S if scene == "quiet" else _SETTLE_S)
            for _ in range(rounds):
                measured.hot[scene].append(floors.hot_ms(pcm))
                for name, one in (await watch(subjects, seconds)).items():
                    measured.samples.setdefault((name, scene), []).append(one)
    return measured


@dataclass(frozen=True, slots=True)
class _Scenery:
    """Starts what is measured on one sound; all ends with the stack."""

    stack: AsyncExitStack
    folder: Path
    pcm: Path

    async def floors(self, program: list[str]) -> list[Subject]:
        paced: dict[str, tuple[floors.Floor, floors.Sink | None]] = {
            POLLER: (floors.Poller(60), None),
            BARE: (floors.bare_loop(self.pcm, 60), None),
        }
        for name, block_ms in ((PYTHON_60, 60), (PYTHON_20, 20)):
            sink = await self.stack.enter_async_context(floors.Sink())
            paced[name] = floors.python_floor(self.pcm, block_ms, sink.port), sink
        for name, block_ms in ((C_60, 60), (C_20, 20)) if program else ():
            sink = await self.stack.enter_async_context(floors.Sink())
            paced[name] = floors.c_floor(program, self.pcm, block_ms, sink.port), sink
        for floor, _ in paced.values():
            self.stack.callback(floor.stop)
        return [
            Subject(name, partial(_alone, floor.pid), sink.messages if sink else None)
            for name, (floor, sink) in paced.items()
        ]

    async def appliances(self, scene: str) -> list[Subject]:
        server = await self.stack.enter_async_context(service())
        started = {
            PROGRAM: (await self._started(server, {"speaker": SPEAKER}), server),
            OTHER: (await self._started(server, prototype="tests.benchmarks.gate_in_daemon"), server),
        }
        if scene == "quiet":
            wav: Config = {"speaker": {"wav": str(self.folder / "played.wav")}}
            started[RECORDING] = await self._started(server, wav), server
            if not virtual_audio.missing():
                started[PULSEAUDIO] = await self._pulseaudio(server), server
        else:
            # What the floors do, and nothing else: nobody answers, so nothing is received or played, and the
            # microphone is never held. No owner has this; it is what can be compared message by message.
            mute = await self.stack.enter_async_context(SimServer(SimOptions(licences=50, answers=())))
            started[SILENT] = await self._started(mute, {"live_audio": {"enabled": "off"}}), mute
        for appliance, _ in started.values():
            await appliance.ready()
        return [
            Subject(name, partial(_processes, appliance), partial(appliance.messages, at))
            for name, (appliance, at) in started.items()
        ]

    async def _started(
        self,
        server: SimServer,
        config: Config | None = None,
        *,
        prototype: str | None = None,
        environ: dict[str, str] | None = None,
    ) -> Appliance:
        folder = self.folder / f"{self.pcm.stem}-{len(list(self.folder.iterdir()))}"
        appliance = Appliance(
            folder, server.base_url, feeder(self.pcm), config or {}, prototype=prototype, environ=environ
        )
        return await self.stack.enter_async_context(appliance)

    async def _pulseaudio(self, server: SimServer) -> Appliance:
        folder = self.folder / "audio"
        folder.mkdir()
        audio = self.stack.enter_context(virtual_audio.VirtualAudio(folder, speaker=True))
        card: Config = {"speaker": {"device": virtual_audio.SPEAKER, "alsa_config": "system"}}
        return await self._started(server, card, environ=audio.environ({}))


def _alone(pid: int) -> dict[str, tuple[int, ...]]:
    return {"program": (pid,)}


def _processes(appliance: Appliance) -> dict[str, tuple[int, ...]]:
    return appliance.processes


def tables(measured: Measured) -> list[Table]:
    """Cost beside the floors, and the placements of the gate."""
    return [_floor_table(measured), _placement_table(measured)]


def _floor_table(measured: Measured) -> Table:
    rows = [Row(HOT, [spread(measured.hot[scene]) for scene in SCENES])]
    present = [name for name in FLOORS if measured.cpu(name, "quiet")]
    for name in (*present, PROGRAM, RECORDING, PULSEAUDIO, SILENT):
        rows.append(_cost_row(measured, name, present))
        if name == PROGRAM:
            rows += [_part_row(measured, part) for part in ("daemon", "microphone", "speaker")]
    for floor in present:
        row = [spread(measured.times(PROGRAM, floor, scene)) for scene in SCENES]
        quiet = measured.times(PROGRAM, floor, "quiet")
        aim = at_most(statistics.median(quiet), _TIMES_POLLER, "x quiet") if floor == POLLER else Aim()
        rows.append(Row(f"speaker by a program / {floor}", row, aim))
    return Table(
        "CPU ms per second of audio, all processes of the appliance: median [least, most] of the rounds",
        ("quiet", "speech", "wake-ups/s quiet", "speech", "messages/s"),
        rows,
        (
            f"{len(measured.hot['quiet'])} round(s) of {measured.seconds:g} s a scene. All of a round runs",
            "at once, on feeders of its own that are not counted; neither is PulseAudio's server. Quiet:",
            "noise at -66 dBFS, the speaker asleep, no session. Speech: a conversation, a third of it",
            "speech; the answers come as live voice and are played, and hold the microphone. One more",
            "appliance hears no answer and opens no stream: the work of the floors, which have no closing",
            "silence, no WebSocket and no noise floor to track, and are woken by their feeder, whose warm",
            "caches they inherit.",
            *measured.notes,
        ),
    )


def _cost_row(measured: Measured, name: str, present: list[str]) -> Row:
    cpu = [spread(measured.cpu(name, scene)) for scene in SCENES]
    woken = [spread(measured.wakeups(name, scene), 0) for scene in SCENES]
    sent = spread(measured.messages(name, "speech"), 1)
    aims = Aim()
    beside: dict[str, list[float]] = {}
    if name not in FLOORS:
        beside = {
            f"{scene} / {floor}": measured.times(name, floor, scene)
            for scene in SCENES
            for floor in present
            if floor in (C_60, BARE, POLLER)
        }
        quiet = measured.cpu(name, "quiet")
        if quiet:
            middle, wakeups = statistics.median(quiet), statistics.median(measured.wakeups(name, "quiet"))
            aims = Aim(
                f"quiet <= {_QUIET_MS:g} ms/s, {_QUIET_WAKEUPS:g} wake-ups",
                middle <= _QUIET_MS and wakeups <= _QUIET_WAKEUPS,
            )
    return Row(name, [*cpu, *woken, sent], aims, beside)


def _part_row(measured: Measured, part: str) -> Row:
    samples = [measured.samples[PROGRAM, scene] for scene in SCENES]
    return Row(f"   of it: {part}", [spread([one.each_ms[part] for one in each]) for each in samples])


def _placement_table(measured: Measured) -> Table:
    rows = []
    for name in (PROGRAM, OTHER):
        cpu = [spread(measured.cpu(name, scene)) for scene in SCENES]
        woken = [spread(measured.wakeups(name, scene), 0) for scene in SCENES]
        size = [spread(measured.alone(name, scene), 1) for scene in SCENES]
        rows.append(Row(name, [*cpu, *woken, *size]))
    times: Mapping[str, list[float]] = {scene: measured.times(OTHER, PROGRAM, scene) for scene in SCENES}
    rows.append(Row("prototype / shipped, CPU", [spread(times[scene]) for scene in SCENES]))
    return Table(
        "Where the gate runs, same windows: all processes together",
        ("CPU quiet", "speech", "wake-ups/s quiet", "speech", "MB alone quiet", "speech"),
        rows,
        (
            "The prototype is the shipped program but for the gate: the sound process sends every block,",
            "60 ms in quiet and 20 ms while the gate is attentive, and the event loop feeds the gate.",
        ),
    )
