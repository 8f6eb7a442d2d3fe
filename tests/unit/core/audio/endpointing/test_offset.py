"""A DC offset, constant or drifting, is no loudness."""

from __future__ import annotations

import audioop
import math
import struct
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ravatard.core.audio.endpointing.endpointer import Endpointer
from ravatard.core.audio.endpointing.offset import OffsetRemover
from ravatard.core.audio_format import RATE_HZ, bytes_for
from ravatard.core.options.gate import VoiceOptions
from tests.unit.core.sounds import beep, hears_sound, pcm, quiet, stroke, voice

Offset = Callable[[int], float]


def constant(offset: int) -> Offset:
    return lambda _: offset


def wandering(peak: int, hz: float) -> Offset:
    return lambda at: peak * math.sin(2 * math.pi * hz * at / RATE_HZ)


def rising(a_second: int) -> Offset:
    return lambda at: a_second * at / RATE_HZ


OFFSETS: dict[str, Offset] = {
    **{str(offset): constant(offset) for offset in (0, 1, -30, 300, 1_000, -4_000, 16_000, -16_000)},
    **{
        f"{peak} at {hz} Hz": wandering(peak, hz) for peak, hz in ((16_000, 0.05), (8_000, 0.5), (3_000, 1.0))
    },
    "rising": rising(8_000),
}


def on(offset: Offset, sound: bytes) -> bytes:
    samples = struct.unpack(f"<{len(sound) // 2}h", sound)
    return pcm(sample + offset(at) for at, sample in enumerate(samples))


def opens_at(sound: bytes, frame_ms: Literal[10, 20, 30]) -> tuple[int | None, float, float]:
    """Return the frame at which speech began, its level and the floor before it."""
    endpointer, size = (
        Endpointer(VoiceOptions(frame_ms=frame_ms), hears_sound),
        bytes_for(frame_ms),
    )
    for count, at in enumerate(range(0, len(sound) - size + 1, size)):
        floor_db = endpointer.floor_db
        if endpointer.onset(sound[at : at + size]):
            return count, endpointer.level_db, floor_db
    return None, endpointer.level_db, endpointer.floor_db


@pytest.mark.parametrize("offset", OFFSETS.values(), ids=OFFSETS)
@pytest.mark.parametrize("amplitude", [150, 800, 8_000])
@pytest.mark.parametrize("frame_ms", [10, 20, 30])
def test_speech_on_an_offset_is_heard_as_without_it(
    frame_ms: Literal[10, 20, 30], amplitude: int, offset: Offset
) -> None:
    sound = quiet(600) + voice(600, amplitude)
    plain, plain_db, plain_floor_db = opens_at(sound, frame_ms)

    found, level_db, floor_db = opens_at(on(offset, sound), frame_ms)

    assert plain is not None
    assert found is not None
    assert abs(found - plain) <= 1
    assert level_db == pytest.approx(plain_db, abs=2.0)
    assert floor_db == pytest.approx(plain_floor_db, abs=1.0)


@pytest.mark.parametrize("offset", OFFSETS.values(), ids=OFFSETS)
@pytest.mark.parametrize("sound", [quiet(400), beep(400), stroke(200)], ids=["quiet", "beep", "stroke"])
def test_what_is_no_speech_stays_none_on_an_offset(sound: bytes, offset: Offset) -> None:
    assert opens_at(on(offset, quiet(600) + sound + quiet(200)), 20)[0] is None


@given(st.integers(-16_000, 16_000), st.integers(60, 12_000))
@example(16_000, 16_000)
def test_the_level_is_that_of_the_sound_alone(offset: int, amplitude: int) -> None:
    frame, remover = beep(20, 400, amplitude), OffsetRemover()
    for _ in range(10):
        remover.remove(on(constant(offset), quiet(20)))

    found, rms = remover.remove(on(constant(offset), frame))

    assert rms == pytest.approx(audioop.rms(frame, 2), rel=0.02, abs=1)
    assert abs(audioop.avg(found, 2)) <= 1


def test_a_frame_without_an_offset_is_left_as_it_is() -> None:
    frame = voice(20)

    assert OffsetRemover().remove(frame)[0] is frame


@pytest.mark.parametrize("frame", [b"", b"\0\0", b"\0\x80" * 320, b"\xff\x7f" * 320, b"\0\x80\xff\x7f" * 160])
def test_every_frame_can_be_taken(frame: bytes) -> None:
    remover = OffsetRemover()

    for _ in range(15):
        assert len(remover.remove(frame)[0]) == len(frame)
