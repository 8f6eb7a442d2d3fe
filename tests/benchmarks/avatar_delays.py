"""How soon an appliance of the AvaTar API reacts, while a picture comes: its voice, an answer, a press."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ravatard.cloud.avatar.live.answer_voice import PREFILL_S
from tests.benchmarks import scenes
from tests.benchmarks.appliance import Appliance, feeder
from tests.benchmarks.avatar_service import PICTURE, AvatarService, avatar_service
from tests.benchmarks.heard import Heard
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile, spread
from tests.integration.daemon import Config
from tests.integration.simulate import simulate

_ALWAYS: Config = {"session": {"keep": "always"}}
#: As the service tells it; the rest of the sound follows at the pace of speech.
_HUM_S = 1.0
#: A press comes in the middle of it.
_LONG_HUM_S = 6.0


async def measure(folder: Path, *, chunks: int, times: int) -> Table:
    """One table; ``folder`` has quiet.pcm.

    Args:
        folder: for files.
        chunks: of the user's voice, at least.
        times: answers, and presses.
    """
    rows = [
        *await _chunks(folder, chunks),
        *await _answers(folder, times),
        *await _presses(folder, times),
    ]
    notes = (
        "All on one monotonic clock, in a session with 25 frames of 34 kB a second. Chunk: from the sound",
        "process's read_at to the daemon's sent_at. Answer: from the service's first audio event to the",
        "first loud block at the speaker's program; the daemon holds each answer back for",
        f"{PREFILL_S * 1000:.0f} ms, which are taken off. Press: from the request on the control socket.",
    )
    columns = ("median [least, most]", "p99", "count")
    return Table("The AvaTar API: delays in the real daemon, ms", columns, rows, notes)


async def _chunks(folder: Path, count: int) -> list[Row]:
    """Of two appliances at the same time: what RAVATAR's takes is the floor."""
    (folder / "long.pcm").write_bytes(scenes.speech(count * 0.256 * 2 + 60))
    async with (
        simulate() as ravatar,
        avatar_service(folder / "chunks", *PICTURE, "--answer", "Yes.") as service,
        _speaks(folder, "ravatar", ravatar.base_url, {}) as floor,
        _speaks(folder, "avatar", service.api_url, service.config) as ours,
    ):
        for name, appliance in (("ravatar", floor), ("avatar", ours)):
            # It listens before anything could ask whether it is ready.
            enough = partial(_has, _sent(folder, name), count)
            await appliance.until(enough, f"{count} chunks sent", count * 0.256 * 3 + 60)
        arrived = len(service.moments("in", "audio_buffer_append"))
    if arrived < count:
        raise RuntimeError(f"of {count} chunks {arrived} arrived")
    late_ms = {name: _late_ms(_sent(folder, name)) for name in ("ravatar", "avatar")}
    middle = percentile(late_ms["avatar"], 50)
    return [
        _row("last sample of a chunk -> socket, RAVATAR", late_ms["ravatar"], Aim()),
        _row("last sample of a chunk -> socket", late_ms["avatar"], at_most(middle, 2, "ms p50")),
    ]


def _sent(folder: Path, name: str) -> Path:
    return folder / f"sent-{name}"


def _has(sent: Path, count: int) -> bool:
    """Two doubles a chunk are there for so many."""
    return sent.exists() and sent.stat().st_size >= count * 16


def _speaks(folder: Path, name: str, url: str, config: Config) -> Appliance:
    return Appliance(
        folder / f"speaks-{name}",
        url,
        feeder(folder / "long.pcm"),
        config,
        _ALWAYS,
        prototype="tests.benchmarks.observed",
        environ={"BENCHMARK_JOURNAL": str(_sent(folder, name))},
    )


def _late_ms(sent: Path) -> list[float]:
    pairs = array("d", sent.read_bytes())
    return [(end - begin) * 1000 for begin, end in zip(pairs[::2], pairs[1::2], strict=True)]


def _quiet(folder: Path, name: str, service: AvatarService, heard: Heard) -> Appliance:
    words = feeder(folder / "quiet.pcm")
    return Appliance(folder / name, service.api_url, words, service.config, heard.config, _ALWAYS)


async def _answers(folder: Path, times: int) -> list[Row]:
    """From the first audio event of an answer to its first sample."""
    heard, late_ms = Heard(folder / "answers.ear"), []
    async with (
        avatar_service(folder / "answers", *PICTURE, "--think", "0.1", hum_s=_HUM_S) as service,
        _quiet(folder, "answered", service, heard) as appliance,
    ):
        await appliance.ready()
        await asyncio.sleep(1.0)
        for number in range(times):
            asked_at = time.monotonic()
            await appliance.ask(do="say", text=f"Hum, number {number}.")
            sounded_at = await heard.loud(asked_at)
            sent_at = service.moments("out", "audio", asked_at)[0]
            late_ms.append((sounded_at - sent_at - PREFILL_S) * 1000)
            await heard.silent(0.5)
    aim = at_most(percentile(late_ms, 99), 60, "ms")
    return [_row("first audio event -> first sample, without the pre-fill", late_ms, aim)]


async def _presses(folder: Path, times: int) -> list[Row]:
    """From a press in the middle of an answer to silence, and to the service's knowledge of it."""
    heard, silent_ms, told_ms = Heard(folder / "presses.ear"), [], []
    async with (
        avatar_service(folder / "presses", *PICTURE, "--think", "0.1", hum_s=_LONG_HUM_S) as service,
        _quiet(folder, "pressed", service, heard) as appliance,
    ):
        await appliance.ready()
        await asyncio.sleep(1.0)
        for number in range(times):
            asked_at = time.monotonic()
            await appliance.ask(do="say", text=f"Hum, number {number}.")
            await heard.loud(asked_at)
            await asyncio.sleep(0.5 + number % 10 / 50)
            pressed_at = time.monotonic()
            await appliance.ask(do="press")
            await heard.silent(0.5)
            after = heard.loud_at(pressed_at)
            silent_ms.append(((after[-1] if after else pressed_at) - pressed_at) * 1000)
            told_ms.append((service.moments("in", "interrupt", pressed_at)[0] - pressed_at) * 1000)
    return [
        _row("press -> the last audible block", silent_ms, at_most(percentile(silent_ms, 99), 50, "ms p99")),
        _row("press -> interrupt at the service", told_ms, at_most(percentile(told_ms, 50), 10, "ms p50")),
    ]


def _row(what: str, values: Sequence[float], aim: Aim) -> Row:
    return Row(what, [spread(values, 1), f"{percentile(values, 99):.1f}", str(len(values))], aim)
