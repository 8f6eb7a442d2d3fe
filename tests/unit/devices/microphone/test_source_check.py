from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from typing import Any

import pytest

from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.source_check import check_source
from ravatard.errors import ConfigError
from ravatard.installation import adding
from tests.assertions import assert_no_complaint
from tests.unit.devices.media.test_wav_file import chunk, fmt, wav
from tests.unit.devices.microphone.test_recording import recording

ENVIRON = {"PATH": "/usr/bin:/bin"}


def check(microphone: MicrophoneOptions, **capture: Any) -> None:
    check_source(microphone, CaptureOptions(**capture), ENVIRON)


@pytest.mark.parametrize(
    "microphone",
    [
        MicrophoneOptions(),
        MicrophoneOptions(device="a card that is not plugged in yet"),
        MicrophoneOptions(command="cat /dev/zero"),
        MicrophoneOptions(fifo="/run/not-there-yet"),
    ],
)
def test_what_may_come_back_is_no_mistake(microphone: MicrophoneOptions) -> None:
    with assert_no_complaint():
        check(microphone)


def test_a_recording_and_a_fifo_that_are_there_are_no_mistake(tmp_path: Path) -> None:
    path, _ = recording(tmp_path, 100, rate_hz=44_100)
    os.mkfifo(tmp_path / "mic")

    with assert_no_complaint():
        check(MicrophoneOptions(wav=path))
        check(MicrophoneOptions(fifo=str(tmp_path / "mic")))


def test_two_microphones_are_one_too_many() -> None:
    with pytest.raises(ConfigError, match="microphone has command and wav, but there is one microphone"):
        check(MicrophoneOptions(command="cat", wav="x.wav"))


def test_a_bare_index_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'hw:1,0', a number that changes .* `ravatard devices` prints"):
        check(MicrophoneOptions(device="hw:1,0"))


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("arecrod -q", "there is no program 'arecrod'"),
        ("", "is empty"),
        ("   ", "is empty"),
        ("echo 'open", "cannot be split into words: No closing quotation"),
    ],
)
def test_a_command_that_can_never_run_is_refused(command: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        check(MicrophoneOptions(command=command))


def test_a_file_is_no_fifo(tmp_path: Path) -> None:
    (tmp_path / "mic").touch()

    with pytest.raises(ConfigError, match="mic is not a FIFO"):
        check(MicrophoneOptions(fifo=str(tmp_path / "mic")))


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(b"ID3")

    with pytest.raises(ConfigError, match=r"microphone\.wav: .*song\.mp3 is not a WAV file"):
        check(MicrophoneOptions(wav=str(path)))


def test_a_rate_nobody_can_convert_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(wav(chunk(b"fmt ", fmt(rate_hz=1_000)), chunk(b"data", b"ABCD")))

    with pytest.raises(ConfigError, match="at 1000 Hz; understood are"):
        check(MicrophoneOptions(wav=str(path)))


@pytest.mark.parametrize(
    ("capture", "needs"),
    [
        ({"rate_hz": 44_100}, "soxr and numpy"),
        ({"sample_format": "f32le"}, "numpy"),
    ],
)
def test_a_conversion_without_its_extra_is_refused_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capture: dict[str, Any], needs: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(ConfigError, match=rf"needs {needs}: {re.escape(adding('resample'))}"):
        check(MicrophoneOptions(command="cat"), **capture)


def test_a_channel_that_a_command_does_not_deliver_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"capture.channel is 2, but there are 2 channels.* at most 1"):
        check(MicrophoneOptions(command="cat"), channels=2, channel=2)


def test_a_channel_of_a_card_is_checked_too() -> None:
    with pytest.raises(ConfigError, match=r"or raise capture\.channels"):
        check(MicrophoneOptions(device="ReSpeaker"), channel=4)
