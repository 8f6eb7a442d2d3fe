from __future__ import annotations

import base64
import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.avatar import commands
from ravatard.cloud.avatar.commands import UploadRate
from ravatard.core.voice.wav_reader import WavReader
from tests.examples import examples
from tests.unit.devices.wav_files import s16, tone


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (commands.START_LISTENING, "start_listening"),
        (commands.STOP_LISTENING, "stop_listening"),
        (commands.COMMIT, "audio_buffer_commit"),
        (commands.CLEAR, "audio_buffer_clear"),
        (commands.INTERRUPT, "interrupt"),
    ],
)
def test_commands_are_the_documented_ones(command: str, name: str) -> None:
    assert json.loads(command) == {"type": name}


def test_sound_is_appended_as_base64() -> None:
    message = json.loads(commands.append(b"\0\1\2"))

    assert message == {"type": "audio_buffer_append", "data": {"audio": "AAEC"}}


def test_a_chunk_is_a_short_message() -> None:
    assert len(commands.append(bytes(12_288))) < 16_500


def test_sound_may_be_appended_as_a_whole_file() -> None:
    sound = base64.b64decode(json.loads(commands.append_wav(b"\1\0\2\0"))["data"]["audio"])

    (samples,) = WavReader().feed(sound)
    assert (samples.shape.rate_hz, samples.pcm) == (16_000, b"\1\0\2\0")


def test_an_utterance_is_half_as_long_again_in_samples() -> None:
    rate = UploadRate()

    made = rate.convert(bytes(8_192)) + rate.convert(bytes(8_192)) + rate.flush()

    assert len(made) == 2 * 12_288


@settings(deadline=None, max_examples=examples(50))
@given(st.lists(st.integers(0, 999), max_size=8))
def test_the_conversion_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    pcm = s16(tone(440, 16_000, 0.0625))
    whole, cut = UploadRate(), UploadRate()
    edges = [0, *sorted(cuts), len(pcm) // 2]

    pieces = [cut.convert(pcm[2 * a : 2 * b]) for a, b in pairwise(edges)]

    assert b"".join(pieces) + cut.flush() == whole.convert(pcm) + whole.flush()


@pytest.mark.parametrize("hz", [100, 1_000, 3_000, 6_000])
def test_a_tone_stays_that_tone(hz: int) -> None:
    rate = UploadRate()
    made = np.frombuffer(rate.convert(s16(tone(hz, 16_000))) + rate.flush(), "<i2") / 32768

    wanted = tone(hz, 24_000)

    assert np.abs(made[100:-100] - wanted[100:-100]).max() < 0.01
