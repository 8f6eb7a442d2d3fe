from __future__ import annotations

import pytest

from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions


@pytest.mark.parametrize(
    ("zeros_s", "card", "command", "fifo", "wav"),
    [
        (None, 10.0, None, None, None),
        (0.0, None, None, None, None),
        (3.0, 3.0, 3.0, 3.0, None),
    ],
)
def test_how_long_a_microphone_may_be_digitally_silent(
    zeros_s: float | None, card: float | None, command: float | None, fifo: float | None, wav: float | None
) -> None:
    capture = CaptureOptions(zeros_s=zeros_s)

    assert capture.zeros_limit_s(MicrophoneOptions(device="USB Mic")) == card
    assert capture.zeros_limit_s(MicrophoneOptions(command="arecord")) == command
    assert capture.zeros_limit_s(MicrophoneOptions(fifo="/run/microphone")) == fifo
    assert capture.zeros_limit_s(MicrophoneOptions(wav="speech.wav")) == wav
