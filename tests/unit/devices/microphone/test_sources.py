from __future__ import annotations

import os
from pathlib import Path

import pytest

from ravatard.devices.cards.portaudio import CardSource
from ravatard.devices.microphone.external_program import FifoSource
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.recording import WavSource
from ravatard.devices.microphone.sources import open_source
from ravatard.errors import DeviceError
from tests.unit.devices.microphone.test_recording import recording


def test_without_anything_else_it_is_a_sound_card() -> None:
    assert isinstance(open_source(MicrophoneOptions(), CaptureOptions()), CardSource)


def test_a_recording_is_a_recording(tmp_path: Path) -> None:
    path, _ = recording(tmp_path, 100)

    assert isinstance(open_source(MicrophoneOptions(wav=path), CaptureOptions()), WavSource)


def test_a_fifo_is_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mic")

    assert isinstance(
        open_source(MicrophoneOptions(fifo=str(tmp_path / "mic")), CaptureOptions()), FifoSource
    )


def test_a_command_is_split_like_a_shell_does() -> None:
    with pytest.raises(DeviceError, match="cannot start 'no such program'"):
        open_source(MicrophoneOptions(command="'no such program' -q"), CaptureOptions())
