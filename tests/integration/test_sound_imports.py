"""What the two sound processes import: each module costs memory and start-up time on a small board."""

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
from ravatard.devices.process.child import module_command
from ravatard.devices.speaker import protocol as speaker_protocol
from ravatard.devices.speaker.options import SpeakerOptions

#: ``-X importtime``: own microseconds, those with its imports, indented name.
_LINE = re.compile(r"^import time: +\d+ \| +\d+ \| *(\S+)$", re.M)
ECHO = "ravatard.devices.echo"


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


def imported(worker: str, first: bytes, *fds: int) -> set[str]:
    """All modules that ``worker`` imports until its daemon, which sends ``first``, is gone."""
    _, *arguments = module_command(worker)
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
    assert {name for name in modules if name.startswith(ECHO)} == set()
    assert modules.isdisjoint({"asyncio", "logging", "numpy", "msgspec", "mmap", "statistics"})


@pytest.mark.parametrize(("process", "module"), [(microphone, "reference"), (speaker, "ring")])
def test_an_echo_reference_that_is_asked_for_is_imported(
    process: Callable[[Path, int | None], tuple[str, bytes]], module: str, tmp_path: Path
) -> None:
    fd = make_ring()

    modules = imported(*process(tmp_path, fd), fd)

    assert f"{ECHO}.{module}" in modules
