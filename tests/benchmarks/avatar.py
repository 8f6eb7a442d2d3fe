"""An appliance of the AvaTar API: cost of a session with a picture and with WebRTC, modules, delays."""

from __future__ import annotations

import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import avatar_delays, procfs, scenes
from tests.benchmarks.appliance import Appliance, feeder
from tests.benchmarks.avatar_service import NO_PICTURE, PICTURE, AvatarService, avatar_service
from tests.benchmarks.heard import Heard
from tests.benchmarks.imports import parsed, unused
from tests.benchmarks.report import Aim, Row, Table, at_most, ratios, spread
from tests.benchmarks.sdk import BARE
from tests.integration.daemon import Config
from tests.integration.simulate import simulate

ALWAYS: Config = {"session": {"keep": "always"}}
#: By the track both ways, as by a service that hears nothing else.
_TRACK: Config = {"avatar": {"microphone": "track"}}
_IDLE, _RAVATAR = "AvaTar API, idle: no session", "RAVATAR, idle: no session"
_FRAMES, _SESSION = "... in a session with frames", "... in a session without frames"
_BARE = "bare aiohttp client on the same frames"
_RECEIVES, _SENDS = "bare aiortc client that receives", "bare aiortc client that sends, too"
_SILENT, _SPEAKING = "... by WebRTC, in silence", "... by WebRTC, while the user speaks"
#: What a bare program costs on the same frames or track, in the same windows.
_FLOORS = {_FRAMES: _BARE, _SILENT: _RECEIVES, _SPEAKING: _SENDS}
_BARE_TRACK = Path(__file__).with_name("bare_track.py")
#: Idle, two processes that do the same differ by so much.
_NOISE_MS = 1.5
_FRAMES_MS, _SILENT_MS, _SPEAKING_MS = 10.0, 22.0, 45.0
#: Connections, sessions and noise floors have settled.
_SETTLE_S = 5.0
#: No service is loaded for another, no library for what is off. The kind and its options are needed to know
#: which keys belong to it.
_HEAVY = ("aiortc", "av", "aioice", "wyoming", "numpy", "ravatard.avatar_sdk", "ravatard.sim")
_NOT_FOR = {
    "ravatar": (
        *_HEAVY,
        "ravatard.cloud.speech_to_text.cloud",
        "ravatard.cloud.avatar.service",
        "ravatard.cloud.avatar.live",
        "ravatard.cloud.avatar.turns",
        "ravatard.cloud.avatar.events",
    ),
    "avatar": (
        *_HEAVY,
        "ravatard.cloud.speech_to_text.cloud",
        "ravatard.cloud.ravatar.service",
        "ravatard.cloud.ravatar.wire",
        "ravatard.cloud.pixelstreaming.player",
    ),
}


@dataclass(slots=True)
class _Used:
    """CPU of one subject: ms a second in each window.

    Attributes:
        main: of the daemon, or of the program.
        whole: of it and its sound processes.
        wakeups: of the daemon, a second.
    """

    main: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    wakeups: list[float] = field(default_factory=list)


async def measure(*, seconds: float, rounds: int, chunks: int, times: int) -> list[Table]:
    """Three tables.

    Args:
        seconds: of each window in which CPU is counted.
        rounds: such windows.
        chunks: of the user's voice.
        times: answers, and presses.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "quiet.pcm").write_bytes(scenes.quiet_room(30))
        (folder / "speech.pcm").write_bytes(scenes.speech(120))
        return [
            await _cost(folder, seconds, rounds),
            await _imports(folder),
            await avatar_delays.measure(folder, chunks=chunks, times=times),
        ]


# ---------------------------------------------------------------------- what it costs


async def _cost(folder: Path, seconds: float, rounds: int) -> Table:
    async with AsyncExitStack() as stack:
        ravatar = await stack.enter_async_context(simulate())
        picture = await stack.enter_async_context(avatar_service(folder / "picture", *PICTURE))
        plain = await stack.enter_async_context(
            avatar_service(folder / "plain", *NO_PICTURE, "--talk-ear", "both")
        )
        appliances = {
            _RAVATAR: _appliance(folder / "ravatar", ravatar.base_url, "quiet"),
            _IDLE: _of(picture, folder / "idle"),
            _FRAMES: _of(picture, folder / "frames", ALWAYS),
            _SESSION: _of(plain, folder / "session", ALWAYS),
            _SILENT: _of(plain, folder / "silent", ALWAYS, _TRACK),
            _SPEAKING: _of(plain, folder / "speaking", ALWAYS, _TRACK, sound="speech"),
        }
        for one in appliances.values():
            await stack.enter_async_context(one)
            await one.ready()
        tracks = [str(_BARE_TRACK), plain.api_url, plain.socket_url]
        bare = {
            _BARE: ["-c", BARE, picture.api_url, picture.socket_url],
            _RECEIVES: tracks,
            _SENDS: [*tracks, "send"],
        }
        pids = {name: _started(stack, words) for name, words in bare.items()}
        await asyncio.sleep(_SETTLE_S)
        pids |= {name: (one.pid, *procfs.children_of(one.pid)) for name, one in appliances.items()}
        used = await _windows(pids, seconds, rounds)
        seen = await _lines(appliances[_FRAMES])
        paths = [(await _lines(appliances[name]))["voice by"] for name in (_SILENT, _SPEAKING)]
    if not all("track" in path for path in paths):
        raise RuntimeError(f"the track was not used: {paths}")
    return _cost_table(used, seconds, seen["picture"])


def _started(stack: AsyncExitStack, words: Sequence[str]) -> tuple[int, ...]:
    """Start a program of Python; it ends with ``stack``."""
    program = subprocess.Popen([sys.executable, *words])
    stack.callback(program.wait)
    stack.callback(program.kill)
    return (program.pid,)


def _appliance(folder: Path, url: str, sound: str, *configs: Config) -> Appliance:
    """As an owner has it: it listens and can speak."""
    speaker = Heard(folder.with_suffix(".ear")).config
    return Appliance(folder, url, feeder(folder.parent / f"{sound}.pcm"), speaker, *configs)


def _of(service: AvatarService, folder: Path, *configs: Config, sound: str = "quiet") -> Appliance:
    return _appliance(folder, service.api_url, sound, service.config, *configs)


async def _lines(appliance: Appliance) -> dict[str, str]:
    """What its report says of its service."""
    report = (await appliance.ask(do="status"))["status"]
    return dict(report["service"])


async def _windows(pids: Mapping[str, Sequence[int]], seconds: float, rounds: int) -> dict[str, _Used]:
    """CPU of each, all in the same windows."""
    used = {name: _Used() for name in pids}

    def read() -> dict[str, tuple[dict[int, float], float]]:
        return {name: (_cpu_s(one), float(procfs.wakeups(one[0]))) for name, one in pids.items()}

    for _ in range(rounds):
        before = read()
        await asyncio.sleep(seconds)
        for name, (now, woken) in read().items():
            earlier, woken_before = before[name]
            spent = {pid: cpu_s - earlier.get(pid, cpu_s) for pid, cpu_s in now.items()}
            used[name].main.append(spent[pids[name][0]] * 1_000 / seconds)
            used[name].whole.append(sum(spent.values()) * 1_000 / seconds)
            used[name].wakeups.append((woken - woken_before) / seconds)
    return used


def _cpu_s(pids: Sequence[int]) -> dict[int, float]:
    """CPU of the processes that are there: a speaker's process ends while it sleeps."""
    found = {}
    for pid in pids:
        with suppress(OSError):
            found[pid] = procfs.cpu_s(pid)
    return found


def _cost_table(used: Mapping[str, _Used], seconds: float, seen: str) -> Table:
    def row(name: str, above: str = "", limit: float = 0.0) -> Row:
        one = used[name]
        # Only figures of one window are fit to be compared.
        added = [a - b for a, b in zip(one.main, used[above].main, strict=True)] if above else []
        aim = at_most(statistics.median(added), limit, "ms/s above") if limit else Aim()
        figures = [spread(one.main, 1), spread(added, 1), spread(one.whole, 1), spread(one.wakeups, 0)]
        floor = _FLOORS.get(name)
        beside = {f"/ {floor}": ratios(one.main, used[floor].main)} if floor else {}
        return Row(name, figures, aim, beside)

    rows = [
        row(_RAVATAR),
        row(_IDLE, _RAVATAR, _NOISE_MS),
        row(_SESSION, _IDLE),
        row(_FRAMES, _IDLE, _FRAMES_MS),
        row(_BARE),
        row(_SILENT, _IDLE, _SILENT_MS),
        row(_RECEIVES),
        row(_SPEAKING, _IDLE, _SPEAKING_MS),
        row(_SENDS),
    ]
    notes = (
        f"{len(used[_IDLE].main)} windows of {seconds:g} s, all subjects at the same time; microphones and",
        "speakers are programs. Above: the daemon minus the idle one of the same window (the idle one: minus",
        f"RAVATAR's). The session with frames reports: {seen}. By WebRTC: the microphone's track, and the",
        "avatar's, which is received.",
    )
    columns = ("daemon, ms a second", "above", "with its sound processes", "wake-ups a second")
    return Table("The AvaTar API: CPU of an appliance", columns, rows, notes)


# ---------------------------------------------------------------------- what it loads


async def _imports(folder: Path) -> Table:
    rows = []
    async with simulate() as ravatar, avatar_service(folder / "imports", *PICTURE) as service:
        for kind, url, config in (
            # Its live voice brings libraries that are looked at in voice.py.
            ("ravatar", ravatar.base_url, {**ALWAYS, "live_audio": {"enabled": "off"}}),
            ("avatar", service.api_url, {**ALWAYS, **service.config}),
        ):
            words = feeder(folder / "quiet.pcm")
            profile = {"PYTHONPROFILEIMPORTTIME": "1"}
            async with Appliance(folder / f"loads-{kind}", url, words, config, environ=profile) as appliance:
                await appliance.ready()
                await asyncio.sleep(2.0)
                report = (await appliance.ask(do="status"))["status"]
                imported = parsed(appliance.stderr)
            if report["session"]["state"] != "live":
                raise RuntimeError(f"no session to look at: {report['session']}")
            needless = unused(imported, _NOT_FOR[kind])
            own = [name for name in imported if re.match(r"ravatard\b", name)]
            figures = [str(len(imported)), str(len(own)), f"{sum(imported.values()):.0f}"]
            rows.append(Row(f"kind {kind}, in a session", figures))
            rows.append(
                Row(
                    "   of another service, or of what is off",
                    [", ".join(needless) or "none"],
                    Aim("none", not needless),
                )
            )
    return Table("Modules that the daemon loads", ("modules", "own", "ms under -X importtime"), rows)


if __name__ == "__main__":
    for table in asyncio.run(measure(seconds=6, rounds=2, chunks=30, times=8)):
        sys.stdout.write(f"{table}\n\n")
