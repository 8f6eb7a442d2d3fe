"""The speaker: what its process costs, and how long sound and silence take to come out."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from ravatard.core.events import PlaybackEnded, PlaybackStarted, SpeakerEvent, SpeakerReady
from ravatard.devices.speaker import ChildSpeaker
from ravatard.devices.speaker_options import SpeakerOptions
from tests.benchmarks import procfs
from tests.benchmarks.report import Row, Table, at_most, percentile, spread
from tests.integration.test_speaker import Recorder, next_event, pid_of, speech
from tests.integration.virtual_audio import SPEAKER, VirtualAudio, missing

_TITLE = "Speaker: a PulseAudio sink through PortAudio and ALSA, 10 ms periods"


async def measure(seconds: float, rounds: int) -> list[Table]:
    """CPU and memory of the process over ``seconds`` each, and ``rounds`` answers that are stopped."""
    if lacks := missing():
        return [Table(_TITLE, [], [], [f"not measured here: needs {', '.join(lacks)}"])]
    with tempfile.TemporaryDirectory() as folder, VirtualAudio(Path(folder), speaker=True) as audio:
        speaker = ChildSpeaker(SpeakerOptions(device=SPEAKER, alsa_config="system"), environ=audio.environ())
        events = speaker.events()
        try:
            await next_event(events, SpeakerReady)
            return [await _measure(speaker, events, audio, seconds, rounds)]
        finally:
            await speaker.close()


async def _measure(
    speaker: ChildSpeaker,
    events: AsyncIterator[SpeakerEvent],
    audio: VirtualAudio,
    seconds: float,
    rounds: int,
) -> Table:
    assert audio.speaker is not None
    pid = pid_of(speaker)
    await asyncio.sleep(1)
    idle = await _cpu(pid, seconds)
    sound = speech(seconds + 2).tobytes()
    speaker.feed(0, sound)
    playing = await _cpu(pid, seconds)
    speaker.stop()
    await next_event(events, PlaybackEnded)
    recorder = Recorder(audio.speaker)
    told, first, silent = [], [], []
    for voice in range(1, rounds + 1):
        await asyncio.sleep(0.4)
        recorder.blocks.clear()
        fed_at = time.monotonic()
        speaker.feed(voice, sound)
        await next_event(events, PlaybackStarted)
        told.append((time.monotonic() - fed_at) * 1000)
        await asyncio.sleep(0.3)
        first.append((recorder.loud_at()[0] - fed_at) * 1000)
        stopped_at = time.monotonic()
        speaker.stop()
        await next_event(events, PlaybackEnded)
        await asyncio.sleep(0.3)
        silent.append((recorder.loud_at()[-1] - stopped_at) * 1000)
    recorder.close()
    p99 = percentile(silent, 99)
    return Table(
        _TITLE,
        ["median [least, most]"],
        [
            Row("CPU idle, ms/s", [f"{idle:.1f}"]),
            Row("CPU playing, ms/s", [f"{playing:.1f}"]),
            Row("memory, PSS, MB", [f"{procfs.memory([pid]).pss:.1f}"]),
            Row(
                "fed -> told that it sounds, ms", [spread(told, 1)], at_most(float(np.median(told)), 30, "ms")
            ),
            Row("fed -> heard by a recorder, ms", [spread(first, 1)]),
            Row("stop -> silence at a recorder, ms", [spread(silent, 1)], at_most(p99, 50, "ms p99")),
        ],
        ["CPU is mostly PulseAudio's own client; the recorder adds its 10 ms and the sink its 20 ms."],
    )


async def _cpu(pid: int, seconds: float) -> float:
    """CPU of a process in ms a second."""
    before, begun = procfs.cpu_s(pid), time.monotonic()
    await asyncio.sleep(seconds)
    return (procfs.cpu_s(pid) - before) / (time.monotonic() - begun) * 1000
