"""The avatar's voice in the real daemon: how late it is, what it costs, how soon it stops and begins."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import time
from array import array
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.server import SimServer
from tests.benchmarks import procfs, scenes
from tests.benchmarks.appliance import Appliance, feeder
from tests.benchmarks.heard import RATE_HZ, Heard
from tests.benchmarks.imports import parsed
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile, spread
from tests.benchmarks.yardstick import Yardstick
from tests.integration import recordings
from tests.integration.daemon import Config
from tests.integration.program import Program

_TITLE = "The avatar's voice, in the real daemon"
#: Some twenty seconds of speech.
LONG = (
    "This is a long answer, so that there is time to look at what it costs, and to interrupt it. "
    "An avatar that is asked about the weather could speak like this for a while, and nobody would wonder. "
    "It goes on and on, with one sentence after the other, until somebody presses the button. "
    "Nobody has done so yet, and therefore it still goes on, as it has been doing for some time now."
)
_ALWAYS: Config = {"session": {"keep": "always"}}
_LIVE: Config = {"live_audio": {"enabled": "on"}}
_MUTE_STREAM: Config = {"live_audio": {"enabled": "off"}}
#: What only the live voice needs.
_HEAVY = ("aiortc", "aioice", "av", "pylibsrtp", "OpenSSL")
_SETTLE_S = 3.0


async def measure(*, seconds: float, presses: int, answers: int, whole_demo: bool) -> list[Table]:
    """One table.

    Args:
        seconds: of each window in which CPU is counted; no more than a long answer takes.
        presses: how many.
        answers: how many in chat mode.
        whole_demo: all four requests of the demo, not one.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "quiet.pcm").write_bytes(scenes.quiet_room(30))
        rows = [
            *await _cost(folder, min(seconds, 18.0)),
            *await _imports(folder),
            *await _interrupted(folder, presses),
            *await _chat(folder, answers),
            *await _demo(folder, whole=whole_demo),
        ]
    notes = (
        "All on one monotonic clock. The speaker is a program that notes when it is given a block: no sound",
        "system's own latency is in it. Latency: from when a sample is said in the simulator's streamer, in",
        "whose packets of 20 ms it waits for their end, until the speaker's process hands it out; what waits",
        "in the playout buffer, as the daemon reports it, is told apart. Cost: a daemon with the live voice",
        "minus one without, both in a session of their own, at the same time. Memory: as on a machine where",
        "nobody else runs Python. Press: from the request on the control socket to the last audible block.",
    )
    return [Table(_TITLE, ("median [least, most]", "p99", "count"), rows, notes)]


def _streamer() -> SimServer:
    return SimServer(SimOptions(think_s=0.05, licences=50, answers=(LONG,)))


def _appliance(folder: Path, server: SimServer, heard: Heard, *configs: Config, **more: Any) -> Appliance:
    return Appliance(
        folder, server.base_url, feeder(folder.parent / "quiet.pcm"), heard.config, *configs, **more
    )


# ---------------------------------------------------------------------- how late, how dear


async def _cost(folder: Path, seconds: float) -> list[Row]:
    played = folder / "played"
    on, off = Heard(folder / "on"), Heard(folder / "off")
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(_streamer())
        with_voice = await stack.enter_async_context(
            _appliance(
                folder / "with",
                server,
                on,
                _ALWAYS,
                _LIVE,
                prototype="tests.benchmarks.observed",
                environ={"BENCHMARK_JOURNAL": "/dev/null", "BENCHMARK_PLAYED": str(played)},
            )
        )
        without = await stack.enter_async_context(
            _appliance(
                folder / "without",
                server,
                off,
                _ALWAYS,
                _MUTE_STREAM,
                prototype="tests.benchmarks.observed",
                environ={"BENCHMARK_JOURNAL": "/dev/null"},
            )
        )
        await with_voice.ready()
        await without.ready()
        licence = await _streaming(with_voice, server)
        await asyncio.sleep(_SETTLE_S)
        pids = [with_voice.pid, without.pid]
        silent = await _cpu(pids, seconds)
        server.streaming.speak(licence, LONG)
        await on.loud(time.monotonic())
        speaking = await _cpu(pids, seconds)
        await on.silent(1.0, within_s=40)
        memory = [procfs.memory([pid]) for pid in pids]
        late_ms = _lateness_ms(server, licence, on)
    buffered = [ms for ms in array("d", played.read_bytes()) if ms > 0]
    playout_ms = float(np.median(buffered))
    added = [ours - theirs for ours, theirs in (silent, speaking)]
    added_mb = memory[0].alone - memory[1].alone
    middle = float(np.median(late_ms))
    return [
        _row("said by the streamer -> handed out by the speaker's process, ms", late_ms),
        _row("   of it the playout buffer, ms", buffered),
        Row("   the rest, ms", [f"{middle - playout_ms:.1f}"], at_most(middle - playout_ms, 60, "ms")),
        Row(
            "CPU it adds to the daemon, % of a core: silence",
            [f"{added[0]:.2f}"],
            at_most(added[0], 2.5, "%"),
        ),
        Row("   ... while the avatar speaks", [f"{added[1]:.2f}"], at_most(added[1], 2.5, "%")),
        Row("memory it adds, MB", [f"{added_mb:.1f}"], at_most(added_mb, 45, "MB")),
        Row(
            "   as PSS, beside a simulator with the same libraries", [f"{memory[0].pss - memory[1].pss:.1f}"]
        ),
    ]


async def _streaming(appliance: Appliance, server: SimServer) -> str:
    """The licence of the appliance's session, once its player is connected."""
    await appliance.until(lambda: appliance.sessions(server), "a live session")
    licence = appliance.sessions(server)[-1].licence
    await appliance.until(lambda: server.streaming.counts["subscriptions"], "a subscription")
    return licence


async def _cpu(pids: Sequence[int], seconds: float) -> tuple[float, float]:
    """CPU of two processes over the same time, in % of a core."""
    before, begun = [procfs.cpu_s(pid) for pid in pids], time.monotonic()
    await asyncio.sleep(seconds)
    took_s = time.monotonic() - begun
    first, second = (
        (procfs.cpu_s(pid) - then) / took_s * 100 for pid, then in zip(pids, before, strict=True)
    )
    return first, second


def _lateness_ms(server: SimServer, licence: str, heard: Heard) -> list[float]:
    """Of a piece of every half a second that was said."""
    speech = server.streaming.streamers[licence].speech
    pieces: list[tuple[float, NDArray[np.int16]]] = []
    for spoken in speech.spoken:
        sound = np.frombuffer(spoken.pcm, "<i2")
        for at in range(0, len(sound) - RATE_HZ // 4, RATE_HZ // 2):
            piece = sound[at : at + RATE_HZ // 4]
            if np.abs(piece.astype(int)).max() > 5_000:
                pieces.append((speech.time_of(spoken.first_sample + at), piece))
    return [late_s * 1000 for late_s in heard.found_at(pieces)]


async def _imports(folder: Path) -> list[Row]:
    """Which of the live voice's libraries a daemon has loaded."""
    rows = []
    for what, configs, expected in (
        ("live voice off, in a session", (_ALWAYS, _MUTE_STREAM), False),
        ("live voice on, no session yet", (_LIVE,), False),
        ("live voice on, in a session", (_ALWAYS, _LIVE), True),
    ):
        own = folder / what.replace(" ", "-").replace(",", "")
        async with (
            _streamer() as server,
            _appliance(
                own,
                server,
                Heard(folder / f"{own.name}.ear"),
                *configs,
                environ={"PYTHONPROFILEIMPORTTIME": "1"},
            ) as appliance,
        ):
            await appliance.ready()
            if configs[0] is _ALWAYS:
                await appliance.until(lambda: appliance.sessions(server), "a live session")
            if expected:
                await _streaming(appliance, server)
            await asyncio.sleep(1)
            imported = {name.partition(".")[0] for name in parsed(appliance.stderr)}
        loaded = [name for name in _HEAVY if name in imported]
        aim = Aim() if expected else Aim("none", not loaded)
        rows.append(Row(f"aiortc and its libraries loaded: {what}", [", ".join(loaded) or "none"], aim))
    return rows


# ---------------------------------------------------------------------- how soon


async def _interrupted(folder: Path, presses: int) -> list[Row]:
    """From a press in mid-answer to silence."""
    heard = Heard(folder / "interrupted")
    silent_ms = []
    async with (
        _streamer() as server,
        _appliance(folder / "press", server, heard, _ALWAYS, _LIVE) as appliance,
        Yardstick() as yardstick,
    ):
        await appliance.ready()
        await _streaming(appliance, server)
        await asyncio.sleep(1)
        for number in range(presses):
            asked_at = time.monotonic()
            await appliance.ask(do="say", text=f"Speak, for the time {number}.")
            await heard.loud(asked_at)
            await asyncio.sleep(0.5 + number % 10 / 50)
            pressed_at = time.monotonic()
            await appliance.ask(do="press")
            await heard.silent(0.5)
            after = heard.loud_at(pressed_at)
            silent_ms.append(((after[-1] if after else pressed_at) - pressed_at) * 1000)
    aim = at_most(percentile(silent_ms, 99), 50, "ms p99")
    return [_row("press -> the last audible block, ms", silent_ms, aim, yardstick)]


async def _chat(folder: Path, answers: int) -> list[Row]:
    """From the first bytes of a WAV answer to its first sample."""
    heard = Heard(folder / "chat.ear")
    cloud = SimCloud(
        SimOptions(think_s=0.05), speak=lambda _: scenes.hum_wav(0.6), epoch_s=time.time() - time.monotonic()
    )
    first_ms = []
    chat: Config = {"ravatar": {"mode": "chat"}}
    async with (
        SimServer(cloud=cloud) as server,
        _appliance(folder / "chat", server, heard, chat) as appliance,
        Yardstick() as yardstick,
    ):
        await appliance.ready()
        for number in range(answers):
            asked_at = time.monotonic()
            await appliance.ask(do="say", text=f"Hum, number {number}.")
            sounded_at = await heard.loud(asked_at)
            fetched_at = max(one.at for one in server.record.requests if one.method == "GET")
            first_ms.append((sounded_at - fetched_at) * 1000)
            await heard.silent(0.5)
    aim = at_most(max(first_ms), 30, "ms")
    return [_row("first bytes of a WAV answer -> its first sample, ms", first_ms, aim, yardstick)]


async def _demo(folder: Path, *, whole: bool) -> list[Row]:
    """What ``ravatard demo`` says of itself."""
    words = ["demo", "--record-speaker", str(folder / "demo.wav")]
    if not whole:
        words += ["--wav", str(recordings.write(folder / "request.wav", recordings.one_request(0)))]
    async with Program(*words) as demo:
        status = await demo.ended(within_s=90)
    found = re.search(r"end of speech to first sound +(.*)\n", demo.stdout)
    if status or found is None:
        raise RuntimeError(f"the demo failed\n{demo.story()}")
    return [
        Row("end of speech -> first sound, in the demo", [found[1]]),
        Row(
            "   of it the gate's silence and the service's thinking",
            ["0.9 s, shorter each time, + 0.6 to 0.8 s"],
        ),
    ]


def _row(what: str, values: Sequence[float], aim: Aim | None = None, beside: Yardstick | None = None) -> Row:
    figures = [spread(values, 1), f"{percentile(values, 99):.1f}", str(len(values))]
    return Row(what, figures, aim or Aim(), beside.beside(values) if beside else {})


if __name__ == "__main__":
    for table in asyncio.run(measure(seconds=8, presses=10, answers=5, whole_demo=False)):
        sys.stdout.write(f"{table}\n")
