"""The memory of the appliance as it stands there listening, beside what it could be compared with."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ravatard.devices.process.piped import child_environ
from tests.benchmarks import procfs, scenes
from tests.benchmarks.appliance import ROOT, Appliance, feeder, service
from tests.benchmarks.procfs import Memory
from tests.benchmarks.report import Aim, Row, Table, at_most
from tests.integration.daemon import Config
from tests.integration.virtual_audio import MICROPHONE, VirtualAudio, missing

_AIM_MB = 52.0
#: Buffers are made and caches filled by the first messages; at rest the speaker sleeps after ten seconds.
_SETTLE_S, _REST_S = 3.0, 13.0
_COLUMNS = ("PSS", "alone", "anonymous", "daemon", "microphone", "speaker")
_AIOHTTP = "import asyncio, aiohttp"
_PORTAUDIO = "from ravatard.devices.cards.portaudio import open_portaudio; portaudio = open_portaudio()"


async def measure() -> list[Table]:
    """One table."""
    slim = await _program(_PORTAUDIO, child_environ(os.environ, slim=True))
    stock = await _program(_PORTAUDIO, child_environ(os.environ, slim=False))
    rows = [
        _row("a bare interpreter, waiting", await _program("")),
        _row("an interpreter with asyncio and aiohttp", await _program(_AIOHTTP)),
        _row("PyAudio(), ALSA's slim configuration", slim),
        _row("PyAudio(), the machine's ALSA configuration", stock),
    ]
    notes = [
        "alone: all processes if nobody else ran this Python, as on an appliance: libraries that the",
        "benchmark and the simulator use too counted in full, those that several processes use counted",
        "once. The last three columns are PSS. In a conversation the live voice is played.",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "speech.pcm").write_bytes(scenes.conversation(60))
        (folder / "quiet.pcm").write_bytes(scenes.quiet_room(30))
        quiet, talk = (feeder(folder / f"{sound}.pcm") for sound in ("quiet", "speech"))
        listening = await _appliance(folder / "listening", quiet)
        talking = await _appliance(folder / "talking", talk, talks=True)
        rows += [
            _appliance_row("ravatard, listening", listening),
            _appliance_row("ravatard, in a conversation", talking, judged=False),
        ]
        if lacks := missing():
            notes.append(f"No PortAudio microphone was measured: virtual sound needs {', '.join(lacks)}.")
        else:
            rows += await _card(folder, slim)
            notes += [
                "The PortAudio microphone is a virtual one of PulseAudio. ALSA's plugin for that loads",
                "libraries which no sound card needs: the last line is without what they add to PyAudio().",
            ]
    return [Table("Memory after connecting, microphone open: MB", _COLUMNS, rows, notes)]


def _row(what: str, memory: Memory, *more: str, aim: Aim | None = None) -> Row:
    figures = [f"{memory.pss:.1f}", f"{memory.alone:.1f}", f"{memory.anonymous:.1f}", *more]
    return Row(what, figures, aim or Aim())


def _appliance_row(what: str, found: Sequence[Memory], *, judged: bool = True) -> Row:
    """All processes together, then each."""
    together, *each = found
    aim = at_most(together.alone, _AIM_MB, "MB alone") if judged else None
    return _row(what, together, *(f"{one.pss:.1f}" for one in each), aim=aim)


async def _program(script: str, environ: Mapping[str, str] | None = None) -> Memory:
    """An interpreter that ran ``script`` and waits."""
    process = subprocess.Popen(  # noqa: ASYNC220 - forking takes milliseconds
        [sys.executable, "-P", "-c", f"{script}\nprint(flush=True)\nimport time; time.sleep(600)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environ or os.environ) | {"PYTHONPATH": str(ROOT)},
    )
    try:
        if process.stdout is None or not await asyncio.to_thread(process.stdout.readline):
            raise RuntimeError(f"this ends by itself: {script}")
        return procfs.memory([process.pid])
    finally:
        process.kill()
        process.communicate()


async def _appliance(
    folder: Path,
    microphone: list[str],
    config: Config | None = None,
    environ: dict[str, str] | None = None,
    *,
    talks: bool = False,
) -> list[Memory]:
    """All processes together, then the daemon, the microphone's process, the speaker's."""
    async with (
        service() as server,
        Appliance(folder, server.base_url, microphone, config or {}, environ=environ) as appliance,
    ):
        await appliance.ready()
        if talks:
            await appliance.until(lambda: server.record.counts["answers"], "an answer", 60)
        await asyncio.sleep(_SETTLE_S if talks else _REST_S)
        return [procfs.memory(appliance.pids), *map(procfs.memory, appliance.processes.values())]


async def _card(folder: Path, slim: Memory) -> list[Row]:
    with _virtual_audio(folder / "audio") as audio:
        environ = audio.environ({})
        card: Config = {"microphone": {"device": MICROPHONE}}
        found = await _appliance(folder / "card", [], card, environ)
        plugin = await _program(_PORTAUDIO, audio.environ(os.environ))
    together = found[0]
    without = Memory(
        together.pss - plugin.pss + slim.pss,
        together.alone - plugin.alone + slim.alone,
        together.anonymous - plugin.anonymous + slim.anonymous,
    )
    what = "ravatard, listening by PortAudio"
    return [
        _appliance_row(what, found, judged=False),
        _row("   without PulseAudio's plugin", without, aim=at_most(without.alone, _AIM_MB, "MB alone")),
    ]


@contextmanager
def _virtual_audio(folder: Path) -> Iterator[VirtualAudio]:
    folder.mkdir()
    with VirtualAudio(folder) as audio:
        yield audio
