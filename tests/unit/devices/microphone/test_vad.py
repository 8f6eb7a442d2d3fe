"""webrtcvad, used directly."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace

import pytest

from ravatard.core.audio_format import bytes_for
from ravatard.devices.microphone.vad import speech_detector
from ravatard.errors import ConfigError, DeviceError, InternalError
from ravatard.installation import adding
from tests.unit.core.sounds import quiet, voice


@pytest.mark.parametrize("frame_ms", [10, 20, 30])
@pytest.mark.parametrize("aggressiveness", [0, 1, 2, 3])
def test_a_voice_is_speech_and_silence_is_not(aggressiveness: int, frame_ms: int) -> None:
    is_speech = speech_detector(aggressiveness)
    size = bytes_for(frame_ms)
    sound = quiet(600) + voice(600)

    heard = [is_speech(sound[at : at + size]) for at in range(0, len(sound), size)]

    assert not any(heard[: len(heard) // 2])
    assert any(heard[len(heard) // 2 :])


def test_two_detectors_share_no_memory() -> None:
    busy, fresh = speech_detector(2), speech_detector(2)
    for _ in range(50):
        busy(voice(20))

    assert fresh(quiet(20)) is False


@pytest.mark.parametrize("aggressiveness", [-1, 4])
def test_an_unknown_aggressiveness_is_refused(aggressiveness: int) -> None:
    with pytest.raises(ConfigError, match=f"voice.aggressiveness is {aggressiveness}"):
        speech_detector(aggressiveness)


@pytest.mark.parametrize("pcm", [b"", b"\0" * 100, b"\0" * 642])
def test_a_frame_of_another_length_is_our_bug(pcm: bytes) -> None:
    is_speech = speech_detector(2)

    with pytest.raises(InternalError, match=f"not {len(pcm)} bytes"):
        is_speech(pcm)


def test_a_missing_module_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_webrtcvad", None)

    with pytest.raises(DeviceError, match=re.escape(f"{adding('')}; or set gate.mode to button")):
        speech_detector(2)


def test_a_module_that_is_not_webrtcvad_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_webrtcvad", SimpleNamespace())

    with pytest.raises(DeviceError, match="cannot be used"):
        speech_detector(2)
