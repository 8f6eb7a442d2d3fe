"""The speaker when nothing plays: what it costs awake and asleep, by sink, and how soon it is back."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ravatard.core.events import SpeakerAsleep, SpeakerAwake, SpeakerEvent, SpeakerReady
from ravatard.core.states import Earcon
from ravatard.devices.speaker.earcon_options import EarconOptions
from ravatard.devices.speaker.earcons import earcons
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.speaker import ChildSpeaker
from tests.benchmarks import procfs
from tests.benchmarks.report import Row, Table, at_most, percentile, spread
from tests.integration.test_speaker import Recorder, pid_of
from tests.integration.virtual_audio import SPEAKER, VirtualAudio, missing

_TITLE = "Speaker: nothing plays, by sink (its process, and the program that it started)"
#: Asleep it does nothing at all; a stray wake-up of the kernel's is none of its own.
_MOST_ASLEEP_MS, _MOST_ASLEEP_WAKEUPS = 0.2, 1.0
#: The time from a press to the signal that answers it, while the speaker is kept awake.
_MOST_EARCON_MS = 60


@dataclass(slots=True)
class _Cost:
    """CPU in ms a second, wake-ups a second, memory counted alone in MB."""

    cpu: float
    wakeups: float
    memory: float


@dataclass(slots=True)
class _Found:
    """What one sink came to; times in ms."""

    awake: _Cost
    asleep: _Cost
    back: list[float] = field(default_factory=list)
    earcon_awake: list[float] = field(default_factory=list)
    earcon_asleep: list[float] = field(default_factory=list)


class _Sink:
    """A speaker that is listened to all the time, as the daemon does."""

    def __init__(self, speaker: ChildSpeaker) -> None:
        self.speaker = speaker
        self._events: asyncio.Queue[SpeakerEvent] = asyncio.Queue()

    async def listen(self) -> None:
        async for event in self.speaker.events():
            self._events.put_nowait(event)

    async def told(self, kind: type[SpeakerEvent]) -> None:
        """Wait for an event of this kind."""
        async with asyncio.timeout(30):
            while not isinstance(await self._events.get(), kind):
                pass


@asynccontextmanager
async def _listening(options: SpeakerOptions, environ: Mapping[str, str]) -> AsyncIterator[_Sink]:
    sink = _Sink(ChildSpeaker(options, environ=environ, earcons=earcons(EarconOptions())))
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(sink.listen())
        try:
            await sink.told(SpeakerReady)
            yield sink
        finally:
            await sink.speaker.close()
            listening.cancel()


async def measure(seconds: float, rounds: int) -> Table:
    """The cost over ``seconds`` awake and asleep, and ``rounds`` of waking."""
    found: dict[str, _Found] = {}
    with tempfile.TemporaryDirectory() as folder:
        command = SpeakerOptions(command="sh -c 'exec cat > /dev/null'")
        found["a program"] = await _measure(command, os.environ, seconds, rounds)
        recording = SpeakerOptions(wav=str(Path(folder) / "heard.wav"))
        found["a recording"] = await _measure(recording, os.environ, seconds, rounds)
        if not missing():
            with VirtualAudio(Path(folder), speaker=True) as audio:
                server = SpeakerOptions(device=SPEAKER, alsa_config="system")
                one = found["PulseAudio"] = await _measure(server, audio.environ(), seconds, rounds)
                await _press(one, server, audio, rounds)
    return _table(found)


async def _measure(
    options: SpeakerOptions, environ: Mapping[str, str], seconds: float, rounds: int
) -> _Found:
    async with _listening(replace(options, idle_s=0), environ) as sink:
        awake = await _cost(sink, seconds)
    async with _listening(replace(options, idle_s=1), environ) as sink:
        await sink.told(SpeakerAsleep)
        found = _Found(awake, await _cost(sink, seconds))
        for _ in range(rounds):
            begun = time.monotonic()
            sink.speaker.keep_awake(True)
            await sink.told(SpeakerAwake)
            found.back.append((time.monotonic() - begun) * 1000)
            sink.speaker.keep_awake(False)
            await sink.told(SpeakerAsleep)
    return found


async def _press(found: _Found, options: SpeakerOptions, audio: VirtualAudio, rounds: int) -> None:
    """Sound an earcon asleep, and in a conversation that keeps the speaker awake."""
    assert audio.speaker is not None
    recorder = Recorder(audio.speaker)

    async def earcon() -> float:
        recorder.blocks.clear()
        begun = time.monotonic()
        sink.speaker.cue(Earcon.LISTENING)
        await asyncio.sleep(0.8)
        return (recorder.loud_at()[0] - begun) * 1000

    async with _listening(replace(options, idle_s=1), audio.environ()) as sink:
        for _ in range(rounds):
            await sink.told(SpeakerAsleep)
            found.earcon_asleep.append(await earcon())
            sink.speaker.keep_awake(True)
            await asyncio.sleep(0.5)
            found.earcon_awake.append(await earcon())
            sink.speaker.keep_awake(False)
    recorder.close()


async def _cost(sink: _Sink, seconds: float) -> _Cost:
    pid = pid_of(sink.speaker)
    await asyncio.sleep(1)
    pids = (pid, *procfs.children_of(pid))
    cpu_s, wakeups, begun = _spent(pids), _woken(pids), time.monotonic()
    await asyncio.sleep(seconds)
    passed_s = time.monotonic() - begun
    return _Cost(
        (_spent(pids) - cpu_s) / passed_s * 1000,
        (_woken(pids) - wakeups) / passed_s,
        procfs.memory(pids).alone,
    )


def _spent(pids: tuple[int, ...]) -> float:
    return sum(map(procfs.cpu_s, pids))


def _woken(pids: tuple[int, ...]) -> int:
    return sum(map(procfs.wakeups, pids))


def _table(found: dict[str, _Found]) -> Table:
    every = list(found.values())
    asleep = [one.asleep for one in every]
    measured = every[-1].earcon_awake
    return Table(
        _TITLE,
        list(found),
        [
            Row("CPU awake, ms/s", [f"{one.awake.cpu:.2f}" for one in every]),
            Row(
                "CPU asleep, ms/s",
                [f"{one.cpu:.2f}" for one in asleep],
                at_most(max(one.cpu for one in asleep), _MOST_ASLEEP_MS, "ms/s"),
            ),
            Row("wake-ups awake, 1/s", [f"{one.awake.wakeups:.0f}" for one in every]),
            Row(
                "wake-ups asleep, 1/s",
                [f"{one.wakeups:.1f}" for one in asleep],
                at_most(max(one.wakeups for one in asleep), _MOST_ASLEEP_WAKEUPS, "1/s"),
            ),
            Row("memory awake, counted alone, MB", [f"{one.awake.memory:.1f}" for one in every]),
            Row("memory asleep, counted alone, MB", [f"{one.memory:.1f}" for one in asleep]),
            Row("woken -> open, ms", [spread(one.back, 1) for one in every]),
            Row(
                "earcon -> heard, kept awake, ms",
                [spread(one.earcon_awake, 1) for one in every],
                at_most(percentile(measured, 50) if measured else None, _MOST_EARCON_MS, "ms"),
            ),
            Row("earcon -> heard, asleep, ms", [spread(one.earcon_asleep, 1) for one in every]),
        ],
        ["Earcons are heard by a recorder at the sink, which adds its 10 ms, and the sink its 20 ms."],
    )
