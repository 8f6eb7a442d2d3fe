from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.audio_format import SPEECH, AudioFormat
from ravatard.devices.microphone.liveness import Liveness
from ravatard.devices.microphone.protocol import FailureKind, SourceFailed
from tests.examples import examples

STEREO = AudioFormat(48_000, 2, "s24le")


class Source:
    """A source that delivers blocks of 60 ms at the pace a test wants."""

    def __init__(self, liveness: Liveness, shape: AudioFormat = SPEECH) -> None:
        self.liveness = liveness
        self.shape = shape
        self.now = 100.0

    def delivers(self, seconds: float, *, pace: float = 1.0, silent: bool = False) -> list[SourceFailed]:
        """Deliver for ``seconds`` by the clock; the faults that were found."""
        block = bytearray(self.shape.bytes_for(60))
        if not silent:
            block[-1] = 1
        faults = []
        until = self.now + seconds - 1e-9
        while self.now < until:
            self.now += 0.06 / pace
            failed = self.liveness.examine(bytes(block), self.now)
            if failed is not None:
                faults.append(failed)
        return faults


@pytest.mark.parametrize("shape", [SPEECH, STEREO])
def test_sound_at_its_own_pace_is_no_fault_however_long(shape: AudioFormat) -> None:
    source = Source(Liveness(shape, 10.0), shape)

    assert source.delivers(100) == []


@pytest.mark.parametrize("shape", [SPEECH, STEREO])
def test_ten_seconds_of_exact_zeros_are_a_fault_told_once(shape: AudioFormat) -> None:
    source = Source(Liveness(shape, 10.0), shape)
    source.delivers(5)

    before = source.delivers(9.9, silent=True)
    (fault,) = source.delivers(60, silent=True)

    assert before == []
    assert fault.kind is FailureKind.SILENT
    assert "only digital silence (exact zeros for 10 s)" in fault.reason
    assert "capture.zeros_s" in fault.reason
    assert source.liveness.fault is FailureKind.SILENT


def test_one_sample_that_is_not_zero_is_a_microphone_that_lives() -> None:
    source = Source(Liveness(SPEECH, 10.0))

    for _ in range(10):
        assert source.delivers(9.5, silent=True) == []
        source.delivers(0.06)


def test_where_zeros_are_allowed_they_never_are_a_fault() -> None:
    source = Source(Liveness(SPEECH, None))

    assert source.delivers(300, silent=True) == []


def test_silence_is_disproved_by_the_first_sample_that_is_not_zero() -> None:
    source = Source(Liveness(SPEECH, 10.0, FailureKind.SILENT))
    source.delivers(100, silent=True)
    in_doubt = source.liveness.fault

    source.delivers(0.06)

    assert in_doubt is FailureKind.SILENT
    assert source.liveness.fault is None
    assert source.delivers(60) == []


@pytest.mark.parametrize(("pace", "says"), [(2.0, "32000 frames"), (0.5, "8000 frames"), (3.0, "48000 ")])
def test_a_pace_far_off_is_a_fault_within_a_few_seconds(pace: float, says: str) -> None:
    source = Source(Liveness(SPEECH, 10.0))
    source.delivers(20)
    begun = source.now

    # The window in which it began to go wrong may not show it yet.
    faults = source.delivers(6.5, pace=pace)

    assert [fault.kind for fault in faults] == [FailureKind.OFF_RATE]
    assert says in faults[0].reason
    assert "where 16000 were agreed" in faults[0].reason
    assert source.now - begun < 7


@pytest.mark.parametrize("pace", [0.9, 1.1])
def test_a_pace_a_little_off_is_none(pace: float) -> None:
    source = Source(Liveness(SPEECH, 10.0))

    assert source.delivers(60, pace=pace) == []


def test_where_any_pace_is_allowed_none_is_a_fault() -> None:
    source = Source(Liveness(SPEECH, 10.0, check_rate=False))

    assert source.delivers(60, pace=8) == []


@pytest.mark.parametrize("pause_s", [0.3, 0.9, 2.5, 30.0])
def test_a_machine_that_stands_still_and_catches_up_is_no_fault(pause_s: float) -> None:
    source = Source(Liveness(SPEECH, 10.0))

    for _ in range(20):
        source.delivers(7.1)
        source.now += pause_s
        assert source.delivers(pause_s / 50, pace=50) == []


def test_a_wrong_pace_is_disproved_by_a_second_at_the_right_one() -> None:
    source = Source(Liveness(SPEECH, 10.0, FailureKind.OFF_RATE))
    source.delivers(10, pace=2)
    in_doubt = source.liveness.fault

    source.delivers(2.2)

    assert in_doubt is FailureKind.OFF_RATE
    assert source.liveness.fault is None


def test_after_a_pause_of_the_source_it_is_counted_anew() -> None:
    source = Source(Liveness(SPEECH, 10.0))
    source.delivers(9, silent=True)

    source.liveness.interrupted()

    assert source.delivers(9.5, silent=True) == []


@given(seed=st.integers(), gain=st.integers(1, 200))
@settings(deadline=None, max_examples=examples(20))
def test_it_does_not_matter_how_the_stream_is_cut(seed: int, gain: int) -> None:
    cuts = random.Random(seed)
    liveness = Liveness(SPEECH, 10.0)
    faults, at = [], 0

    while at < 16_000 * 13:
        count = cuts.randint(1, gain * 16)
        at += count
        faults.append(liveness.examine(bytes(2 * count), at / 16_000))

    assert [fault.kind for fault in faults if fault] == [FailureKind.SILENT]
