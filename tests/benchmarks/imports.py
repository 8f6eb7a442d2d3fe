"""Which modules the two processes import at their start, what that costs, and which of them nobody needs."""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.microphone.child import worker_command
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import Start, encode
from tests.benchmarks import scenes
from tests.benchmarks.appliance import Appliance, feeder, service
from tests.benchmarks.report import Aim, Row, Table
from tests.integration.daemon import Config

#: ``-X importtime``: own microseconds, those with what it imported, indented name.
_LINE = re.compile(r"^import time: +(\d+) \| +\d+ \| *(\S+)$", re.M)
_PROFILE = {"PYTHONPROFILEIMPORTTIME": "1"}
_SHOWN = 6

#: What a configuration with commands as microphone and speaker, by voice, without button and lights, does not
#: use; its earcons are made with audioop. A package stands for all that is in it.
_NOT_FOR_DAEMON = (
    *("_webrtcvad", "aiohttp.test_utils", "aiohttp.web", "gpiozero", "numpy", "pyaudio", "soxr"),
    *(
        "unittest",
        "uvloop",
        "webrtcvad",
        "ravatard.cli.config.command",
        "ravatard.cli.demo.command",
        "ravatard.cli.devices",
    ),
    *(
        "ravatard.cli.demo.narrator",
        "ravatard.cli.simulate.command",
        "ravatard.core.audio.endpointing.endpointer",
        "ravatard.core.audio.framing",
    ),
    *(
        "ravatard.core.audio.gate",
        "ravatard.core.audio.endpointing.noise_floor",
        "ravatard.core.audio.utterance_buffer",
        "ravatard.devices.microphone.convert",
    ),
    *(
        "ravatard.devices.cards.portaudio",
        "ravatard.devices.microphone.recording",
        "ravatard.devices.microphone.worker",
    ),
    *("ravatard.devices.microphone.vad", "ravatard.devices.media.wav_file", "ravatard.sim"),
    *("ravatard.avatar_sdk", "ravatard.cloud.avatar.service"),
)
_NOT_FOR_WORKER = (
    *(
        "aiohttp",
        "argparse",
        "asyncio",
        "gpiozero",
        "logging",
        "msgspec",
        "numpy",
        "pyaudio",
        "socket",
        "soxr",
        "ssl",
    ),
    *("subprocess", "webrtcvad", "yaml", "ravatard.cli", "ravatard.cloud", "ravatard.sim", "ravatard.stages"),
    *(
        "ravatard.devices.microphone.convert",
        "ravatard.devices.panel.gpio",
        "ravatard.devices.panel.lamp",
        "ravatard.devices.cards.portaudio",
    ),
    *(
        "ravatard.devices.echo",
        "ravatard.devices.microphone.recording",
        "ravatard.devices.microphone.microphone",
        "ravatard.devices.process.child",
        "ravatard.devices.media.wav_file",
    ),
)


async def measure() -> list[Table]:
    """One table: both processes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pcm = folder / "quiet.pcm"
        pcm.write_bytes(scenes.quiet_room(10))
        daemon = await _daemon_imports(folder, feeder(pcm))
        worker = await asyncio.to_thread(_worker_imports, shlex.join(feeder(pcm)))
    notes = [
        "Own time under -X importtime, which makes imports slower; a package stands for all its modules.",
        *_told("The daemon imports what it does not use", unused(daemon, _NOT_FOR_DAEMON)),
        *_told("The sound process imports what it does not use", unused(worker, _NOT_FOR_WORKER)),
    ]
    rows = [
        *_rows("daemon", daemon, unused(daemon, _NOT_FOR_DAEMON)),
        *_rows("sound process", worker, unused(worker, _NOT_FOR_WORKER)),
    ]
    return [
        Table(
            "Modules imported at start (microphone and speaker: commands; gate: voice)",
            ("modules", "ms"),
            rows,
            notes,
        )
    ]


async def _daemon_imports(folder: Path, microphone: Sequence[str]) -> dict[str, float]:
    """Everything the real daemon had imported when it was ready and held a live session: name -> own ms."""
    # A session is what a daemon comes to; its live voice brings libraries that are looked at in voice.py.
    always: Config = {"session": {"keep": "always"}, "live_audio": {"enabled": "off"}}
    async with (
        service() as server,
        Appliance(folder / "imports", server.base_url, microphone, always, environ=_PROFILE) as appliance,
    ):
        await appliance.ready()
        await appliance.until(lambda: appliance.sessions(server), "a live session")
        return parsed(appliance.stderr)


def _worker_imports(microphone: str) -> dict[str, float]:
    """Everything the real sound process had imported when it was heard for the first time."""
    start = Start(
        MicrophoneOptions(command=microphone), CaptureOptions(), GateOptions(), VoiceOptions(), GateMode.VAD
    )
    command = worker_command()
    with tempfile.TemporaryFile("w+") as said:
        # A group of its own: at its end it ends its group.
        process = subprocess.Popen(
            [command[0], "-X", "importtime", *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            process_group=0,
        )
        with process:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("Popen made no pipes")
            process.stdin.write(encode(start))
            process.stdin.flush()
            if not process.stdout.read(1):
                raise RuntimeError("the sound process ended before it was heard")
            process.stdin.close()
            process.stdout.read()
        said.seek(0)
        return parsed(said.read())


def parsed(printed: str) -> dict[str, float]:
    """What ``-X importtime`` printed: module -> own ms."""
    return {name: int(own_us) / 1000 for own_us, name in _LINE.findall(printed)}


def unused(imported: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Of what was ``imported``, those of ``names`` and all that is in them: name of the list -> own ms."""
    found: dict[str, float] = defaultdict(float)
    for module, own_ms in imported.items():
        for name in names:
            if module == name or module.startswith(f"{name}."):
                found[name] += own_ms
    return dict(found)


def _told(sentence: str, found: Mapping[str, float]) -> list[str]:
    if not found:
        return []
    worst = sorted(found.items(), key=lambda item: -item[1])
    return [f"{sentence}: {', '.join(f'{name} ({own_ms:.1f} ms)' for name, own_ms in worst)}."]


def _rows(process: str, imported: Mapping[str, float], needless: Mapping[str, float]) -> list[Row]:
    packages: dict[str, list[float]] = defaultdict(list)
    for module, own_ms in imported.items():
        packages[module.partition(".")[0]].append(own_ms)
    dearest = sorted(packages.items(), key=lambda item: -sum(item[1]))[:_SHOWN]
    none = Aim("none", not needless)
    return [
        Row(process, [str(len(imported)), f"{sum(imported.values()):.0f}"]),
        *(Row(f"   {name}", [str(len(own)), f"{sum(own):.1f}"]) for name, own in dearest),
        Row("   not used by this configuration", [str(len(needless)), f"{sum(needless.values()):.1f}"], none),
    ]
