"""How soon a real ear notices that its microphone is gone, and how soon it hears again."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ravatard.core.actions import Mute
from ravatard.core.events import MicrophoneClosed, MicrophoneEvent, MicrophoneLost, MicrophoneReady
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.microphone import ChildMicrophone
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.process.retry import RetryPolicy
from tests.benchmarks import scenes
from tests.benchmarks.appliance import feeder
from tests.benchmarks.report import Aim, Row, Table, at_most, percentile
from tests.integration.virtual_audio import MICROPHONE, VirtualAudio, missing

_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """One fault. Seconds.

    Attributes:
        noticed: from the fault until it is told (MicrophoneLost; MicrophoneClosed for a mute).
        back: from the fault, or from the device's return where it has one, to the first frame.
    """

    noticed: float
    back: float


class Watched:
    """An ear, and when it said what."""

    def __init__(self, ear: ChildMicrophone) -> None:
        self.ear = ear
        self._seen: list[tuple[float, MicrophoneEvent]] = []
        self._news = asyncio.Event()

    async def watch(self) -> None:
        """Take down what it says, until it is closed."""
        async with aclosing(self.ear.events()) as events:  # type: ignore[type-var]  # a generator, by its making
            async for event in events:
                self._seen.append((time.monotonic(), event))
                self._news.set()

    async def first(self, kind: type[MicrophoneEvent], since: float = 0.0) -> float:
        """When it first said this after ``since``, waiting for it."""
        async with asyncio.timeout(_LIMIT_S):
            while True:
                found = [at for at, event in self._seen if at >= since and isinstance(event, kind)]
                if found:
                    return found[0]
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def _watched(microphone: MicrophoneOptions, environ: dict[str, str]) -> AsyncIterator[Watched]:
    ear = ChildMicrophone(
        microphone, CaptureOptions(), GateOptions(), VoiceOptions(), mode=GateMode.VAD, environ=environ
    )
    watched = Watched(ear)
    async with asyncio.TaskGroup() as group:
        group.create_task(watched.watch(), name="watch")
        try:
            await watched.first(MicrophoneReady)
            yield watched
        finally:
            await ear.close()


async def measure(*, rounds: int) -> list[Table]:
    """One table: each fault ``rounds`` times."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "quiet.pcm").write_bytes(scenes.quiet_room(10))
        command = shlex.join(feeder(folder / "quiet.pcm"))
        async with _watched(MicrophoneOptions(command=command), dict(os.environ)) as ear:
            rows += await _rows(ear, "command", rounds, _FAULTS)
        if lacks := missing():
            rows.append(Row(f"a card is not measured here: it needs {', '.join(lacks)}", []))
        else:
            (folder / "audio").mkdir()
            with VirtualAudio(folder / "audio") as audio:
                async with _watched(MicrophoneOptions(device=MICROPHONE), audio.environ()) as ear:
                    unplug = {"source unloaded, then loaded": _unplug(audio)}
                    rows += await _rows(ear, "card", rounds, _CRASH | unplug)
    notes = (
        f"{rounds} of each; aims hold for the worst. Noticed counts from the fault, frames from the fault",
        "too, or from the return of the device (unloaded, muted). The card is PulseAudio behind ALSA and",
        "PortAudio.",
    )
    columns = ("noticed: median", "worst", "frames again: median", "worst")
    return [Table("Faults of the microphone, real processes, seconds", columns, rows, notes)]


Fault = Callable[[Watched, int], Awaitable[Recovery]]


async def _rows(ear: Watched, source: str, rounds: int, faults: dict[str, Fault]) -> list[Row]:
    rows = []
    for what, fault in faults.items():
        recoveries = []
        for number in range(rounds):
            # Heard for a while: a source that fails again at once is given more time.
            await asyncio.sleep(RetryPolicy().stable_s + 0.1)
            recoveries.append(await fault(ear, number))
        rows.append(_row(f"{source}: {what}", recoveries))
    return rows


def _row(what: str, recoveries: Sequence[Recovery]) -> Row:
    noticed, back = [each.noticed for each in recoveries], [each.back for each in recoveries]
    figures = [
        f"{figure:.2f}"
        for values in (noticed, back)
        for figure in (percentile(values, 50), percentile(values, 100))
    ]
    aim = next((at_most(max(back), limit_s, "s") for word, limit_s in _AIMS_S.items() if word in what), Aim())
    return Row(what, figures, aim)


def _killed(number: signal.Signals) -> Fault:
    async def fault(ear: Watched, _: int) -> Recovery:
        sound_process = _sound_processes()[0]
        at = time.monotonic()
        os.kill(sound_process, number)
        lost = await ear.first(MicrophoneLost, at)
        return Recovery(lost - at, await ear.first(MicrophoneReady, at) - at)

    return fault


async def _muted(ear: Watched, _: int) -> Recovery:
    at = time.monotonic()
    ear.ear.command(Mute(True))
    closed = await ear.first(MicrophoneClosed, at)
    await asyncio.sleep(0.2)
    opened_at = time.monotonic()
    ear.ear.command(Mute(False))
    return Recovery(closed - at, await ear.first(MicrophoneReady, opened_at) - opened_at)


def _unplug(audio: VirtualAudio) -> Fault:
    async def fault(ear: Watched, number: int) -> Recovery:
        at = time.monotonic()
        await asyncio.to_thread(audio.unplug)
        lost = await ear.first(MicrophoneLost, at)
        # Gone for a little longer each time: it returns at any point between two attempts.
        await asyncio.sleep(1 + 0.13 * number)
        await asyncio.to_thread(audio.replug)
        back_at = time.monotonic()
        return Recovery(lost - at, max(0.0, await ear.first(MicrophoneReady, lost) - back_at))

    return fault


_CRASH: dict[str, Fault] = {"SIGKILL": _killed(signal.SIGKILL)}
_FAULTS: dict[str, Fault] = {
    **_CRASH,
    "SIGSTOP (hangs)": _killed(signal.SIGSTOP),
    "muted, then un-muted": _muted,
}
_AIMS_S = {"SIGKILL": 1.0, "unloaded": 2.0}


def _sound_processes() -> list[int]:
    """The sound processes this one started."""
    me = os.getpid()
    children = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    return [
        int(child)
        for child in children
        if "ravatard.devices.microphone.worker" in Path(f"/proc/{child}/cmdline").read_text()
    ]
