"""The microphone's process is started as its supervisor would start it."""

from __future__ import annotations

import pytest

from ravatard.assembly.early import early_microphone
from ravatard.config import Options
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.gate import GateOptions
from ravatard.devices.microphone.child import worker_command
from ravatard.devices.microphone.options import MicrophoneOptions
from ravatard.devices.process.piped import child_environ, end_at_once
from ravatard.devices.speaker.options import SpeakerOptions


@pytest.mark.parametrize(
    ("options", "slim"),
    [
        (MicrophoneOptions(), True),
        (MicrophoneOptions(alsa_config="system"), False),
        (MicrophoneOptions(command="arecord -t raw"), False),
    ],
)
def test_the_supervisor_can_take_it_over(options: MicrophoneOptions, slim: bool) -> None:
    environ = {"HOME": "/home/ada", "RAVATARD_SERVICE__PROJECT_ID": "secret"}

    early = early_microphone(Options(microphone=options), environ)
    assert early is not None
    process = early.take(worker_command(), child_environ(environ, slim=slim))

    assert process is not None
    end_at_once(process)


@pytest.mark.parametrize(
    "options",
    [
        Options(gate=GateOptions(mode="wakeword")),
        Options(gate=GateOptions(mode="wakeword-or-button")),
        Options(audio=AudioOptions(echo="cancel", barge_in="voice")),
        Options(audio=AudioOptions(echo="external", barge_in="voice")),
    ],
)
def test_a_process_that_inherits_a_file_waits_for_it(options: Options) -> None:
    assert early_microphone(options, {}) is None


def test_what_needs_no_file_is_started_early() -> None:
    silent = Options(
        speaker=SpeakerOptions(enabled=False), audio=AudioOptions(echo="cancel", barge_in="voice")
    )
    pressed = Options(audio=AudioOptions(echo="cancel", barge_in="button"))

    for options in (silent, pressed):
        early = early_microphone(options, {})
        assert early is not None
        early.close()
