"""The memory of the appliance as it stands there listening, beside what it could be compared with."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ravatard.devices.soundchild import child_environment
from tests.benchmarks import procfs, scenes
from tests.benchmarks.appliance import ROOT, Appliance, feeder, service
from tests.benchmarks.report import Row, Table, at_most
from tests.integration.daemon import Config
from tests.integration.virtual_audio import MICROPHONE, VirtualAudio, missing

_AIM_MB = 45.0
#: Buffers are made and caches filled by the first messages.
_SETTLE_S = 3.0
_COLUMNS = ("PSS", "alone", "anonymous", "daemon", "sound process")
_AIOHTTP = "import asyncio, aiohttp"
_PORTAUDIO = "from ravatard.devices.portaudio import open_portaudio; portaudio = open_portaudio()"


async def measure() -> list[Table]:
    """One table."""
    rows = [
        await _program("a bare interpreter, waiting", ""),
        await _program("an interpreter with asyncio and aiohttp", _AIOHTTP),
        await _program(
            "PyAudio(), ALSA's slim configuration", _PORTAUDIO, child_environment(os.environ, slim=True)
        ),
        await _program(
            "PyAudio(), the machine's ALSA configuration",
            _PORTAUDIO,
            child_environment(os.environ, slim=False),
        ),
    ]
    notes = [
        "alone: both processes if nobody else ran this Python, as on an appliance: libraries that the",
        "benchmark and the simulator use too counted in full, those that both processes use counted once.",
        "The last two columns are PSS.",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "speech.pcm").write_bytes(scenes.conversation(60))
        (folder / "quiet.pcm").write_bytes(scenes.quiet_room(30))
        quiet, talk = (feeder(folder / f"{sound}.pcm") for sound in ("quiet", "speech"))
        rows += [
            await _appliance("ravatard, listening", folder / "listening", quiet),
            await _appliance("ravatard, in a conversation", folder / "talking", talk, talks=True),
        ]
        if lacks := missing():
            notes.append(f"No PortAudio microphone was measured: virtual sound needs {', '.join(lacks)}.")
        else:
            rows.append(await _card(folder))
            notes.append(
                "The microphone of the last line is PulseAudio's: the libraries of ALSA's plugin are in it."
            )
    return [Table("Memory after connecting, microphone open: MB", _COLUMNS, rows, notes)]


async def _program(what: str, script: str, environ: Mapping[str, str] | None = None) -> Row:
    """An interpreter that runs ``script`` and waits."""
    process = subprocess.Popen(  # noqa: ASYNC220 - forking takes milliseconds
        [sys.executable, "-P", "-c", f"{script}\nprint(flush=True)\nimport time; time.sleep(600)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environ or os.environ) | {"PYTHONPATH": str(ROOT)},
    )
    try:
        if process.stdout is None or not await asyncio.to_thread(process.stdout.readline):
            return Row(what, ["-"])
        memory = procfs.memory([process.pid])
        return Row(what, [f"{memory.pss:.1f}", f"{memory.alone:.1f}", f"{memory.anonymous:.1f}"])
    finally:
        process.kill()
        process.communicate()


async def _appliance(
    what: str,
    folder: Path,
    microphone: list[str],
    config: Config | None = None,
    environ: dict[str, str] | None = None,
    *,
    talks: bool = False,
) -> Row:
    async with (
        service() as server,
        Appliance(folder, server.base_url, microphone, config or {}, environ=environ) as appliance,
    ):
        await appliance.ready()
        if talks:
            await appliance.until(lambda: server.record.counts["answers"], "an answer", 60)
        await asyncio.sleep(_SETTLE_S)
        both = procfs.memory(appliance.pids)
        each = [f"{procfs.memory([pid]).pss:.1f}" for pid in appliance.pids]
        figures = [f"{both.pss:.1f}", f"{both.alone:.1f}", f"{both.anonymous:.1f}", *each]
        return Row(what, figures, at_most(both.pss, _AIM_MB, "MB PSS"))


async def _card(folder: Path) -> Row:
    (folder / "audio").mkdir()
    audio = VirtualAudio(folder / "audio")
    await asyncio.to_thread(audio.__enter__)
    try:
        card: Config = {"microphone": {"device": MICROPHONE}}
        return await _appliance(
            "ravatard, listening by PortAudio", folder / "card", [], card, audio.environ({})
        )
    finally:
        await asyncio.to_thread(audio.__exit__, None, None, None)
