"""The speaker: what its process costs for each length of period, and how long sound and silence take."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ravatard.core.events import PlaybackEnded, PlaybackStarted, SpeakerEvent, SpeakerReady
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.speaker import ChildSpeaker
from tests.benchmarks import procfs
from tests.benchmarks.report import Row, Table, at_most, percentile, spread
from tests.integration.test_speaker import Recorder, next_event, pid_of, speech
from tests.integration.virtual_audio import SPEAKER, VirtualAudio, end, missing

#: Awake all the time, which it is not by default: what is compared are lengths of a period, which cost none
#: asleep. What it costs an owner is in :mod:`tests.benchmarks.whole` and ``speaker_asleep``.
_AWAKE_S = 0
_TITLE = "Speaker: a PulseAudio sink through PortAudio and ALSA, by length of period"
_RAW = Path(__file__).with_name("raw_speaker.py")
_PERIODS_MS = (10, 20, 40)
#: What is a factor of the same stream with an empty callback, at the period that is the default.
_MOST_TIMES_BARE = 1.3


@dataclass(slots=True)
class _Found:
    """What one period came to: CPU in ms a second, wake-ups a second, memory in MB, times in ms."""

    bare: float = 0.0
    idle: float = 0.0
    recording: float = 0.0
    playing: float = 0.0
    wakeups: float = 0.0
    memory: float = 0.0
    told: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    silent: list[float] = field(default_factory=list)


async def measure(seconds: float, rounds: int) -> list[Table]:
    """CPU and memory of the process over ``seconds`` each, and ``rounds`` answers that are stopped."""
    if lacks := missing():
        return [Table(_TITLE, [], [], [f"not measured here: needs {', '.join(lacks)}"])]
    found = {}
    with tempfile.TemporaryDirectory() as folder, VirtualAudio(Path(folder), speaker=True) as audio:
        for period_ms in _PERIODS_MS:
            found[period_ms] = one = _Found()
            one.bare = await _bare(audio, period_ms, seconds)
            options = SpeakerOptions(
                device=SPEAKER, alsa_config="system", period_ms=period_ms, idle_s=_AWAKE_S
            )
            async with _speaking(options, audio) as (speaker, events):
                await _measure(one, speaker, events, audio, seconds, rounds)
            options = SpeakerOptions(
                wav=str(Path(folder) / "heard.wav"), period_ms=period_ms, idle_s=_AWAKE_S
            )
            async with _speaking(options, audio) as (speaker, _):
                one.recording = (await _cost(pid_of(speaker), seconds))[0]
    return [_table(found)]


@asynccontextmanager
async def _speaking(
    options: SpeakerOptions, audio: VirtualAudio
) -> AsyncIterator[tuple[ChildSpeaker, AsyncIterator[SpeakerEvent]]]:
    speaker = ChildSpeaker(options, environ=audio.environ())
    events = speaker.events()
    try:
        await next_event(events, SpeakerReady)
        yield speaker, events
    finally:
        await speaker.close()


def _table(found: dict[int, _Found]) -> Table:
    default = found[SpeakerOptions().period_ms]
    every = list(found.values())
    ratio = default.idle / default.bare
    return Table(
        _TITLE,
        [f"{period_ms} ms" for period_ms in found],
        [
            Row("CPU of an empty callback, ms/s", [f"{one.bare:.1f}" for one in every]),
            Row("CPU idle, ms/s", [f"{one.idle:.1f}" for one in every]),
            Row(
                "CPU idle, times that of an empty callback",
                [f"{one.idle / one.bare:.2f}" for one in every],
                at_most(ratio, _MOST_TIMES_BARE, "times"),
            ),
            Row("wake-ups idle, 1/s", [f"{one.wakeups:.0f}" for one in every]),
            Row("CPU idle into a recording, ms/s", [f"{one.recording:.1f}" for one in every]),
            Row("CPU playing, ms/s", [f"{one.playing:.1f}" for one in every]),
            Row("memory, PSS, MB", [f"{one.memory:.1f}" for one in every]),
            Row(
                "fed -> told that it sounds, ms",
                [spread(one.told, 1) for one in every],
                at_most(float(np.median(default.told)), 30, "ms"),
            ),
            Row("fed -> heard by a recorder, ms", [spread(one.first, 1) for one in every]),
            Row(
                "stop -> silence at a recorder, ms",
                [spread(one.silent, 1) for one in every],
                at_most(percentile(default.silent, 99), 50, "ms p99"),
            ),
        ],
        [
            f"Median [least, most]; the aims are for the default, {SpeakerOptions().period_ms} ms.",
            "CPU is mostly PulseAudio's own client; the recorder adds its 10 ms and the sink its 20 ms.",
        ],
    )


def _start_bare(audio: VirtualAudio, period_ms: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(_RAW), SPEAKER, str(period_ms)],
        env=audio.environ(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


async def _bare(audio: VirtualAudio, period_ms: int, seconds: float) -> float:
    """CPU of a stream of silence, ms a second."""
    process = _start_bare(audio, period_ms)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        await asyncio.to_thread(process.stdout.readline)
        return (await _cost(process.pid, seconds))[0]
    finally:
        end(process)
        process.stdout.close()
        process.stdin.close()


async def _measure(
    found: _Found,
    speaker: ChildSpeaker,
    events: AsyncIterator[SpeakerEvent],
    audio: VirtualAudio,
    seconds: float,
    rounds: int,
) -> None:
    assert audio.speaker is not None
    pid = pid_of(speaker)
    found.idle, found.wakeups = await _cost(pid, seconds)
    sound = speech(seconds + 4).tobytes()
    speaker.feed(0, sound)
    found.playing, _ = await _cost(pid, seconds)
    speaker.stop()
    await next_event(events, PlaybackEnded)
    recorder = Recorder(audio.speaker)
    for voice in range(1, rounds + 1):
        await asyncio.sleep(0.4)
        recorder.blocks.clear()
        fed_at = time.monotonic()
        speaker.feed(voice, sound)
        await next_event(events, PlaybackStarted)
        found.told.append((time.monotonic() - fed_at) * 1000)
        await asyncio.sleep(0.3)
        found.first.append((recorder.loud_at()[0] - fed_at) * 1000)
        stopped_at = time.monotonic()
        speaker.stop()
        await next_event(events, PlaybackEnded)
        await asyncio.sleep(0.3)
        found.silent.append((recorder.loud_at()[-1] - stopped_at) * 1000)
    recorder.close()
    found.memory = procfs.memory([pid]).pss


async def _cost(pid: int, seconds: float) -> tuple[float, float]:
    """CPU of a process in ms a second and its wake-ups a second, once it has settled."""
    await asyncio.sleep(1)
    cpu_s, wakeups, begun = procfs.cpu_s(pid), procfs.wakeups(pid), time.monotonic()
    await asyncio.sleep(seconds)
    passed_s = time.monotonic() - begun
    return (procfs.cpu_s(pid) - cpu_s) / passed_s * 1000, (procfs.wakeups(pid) - wakeups) / passed_s
