from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core.voice.rate import From16kTo24k, To48k
from tests.unit.devices.wav_files import heard, s16, tone

RATES = [
    4_000,
    8_000,
    11_025,
    12_000,
    16_000,
    22_050,
    24_000,
    32_000,
    44_100,
    48_000,
    88_200,
    96_000,
    192_000,
]
#: Of those, the rates that are interpolated in the end: good in the band of speech, fair above.
INTERPOLATED = {11_025, 22_050, 44_100, 88_200}
CLEAN_DB = {False: {0.05: 55, 0.25: 55, 0.35: 55}, True: {0.05: 55, 0.25: 30, 0.35: 22}}


def converted(pcm: bytes, rate_hz: int) -> bytes:
    rate = To48k(rate_hz)
    return rate.convert(pcm) + rate.flush()


@pytest.mark.parametrize("rate_hz", RATES)
def test_sound_lasts_as_long_as_before(rate_hz: int) -> None:
    pcm = converted(bytes(2 * rate_hz), rate_hz)

    assert abs(len(pcm) // 2 - 48_000) <= 2


@pytest.mark.parametrize("share", [0.05, 0.25, 0.35])
@pytest.mark.parametrize("rate_hz", RATES)
def test_a_tone_stays_that_tone_and_brings_no_others(rate_hz: int, share: float) -> None:
    hz = min(rate_hz, 48_000) * share

    sound = heard(converted(s16(tone(hz, rate_hz, 1.0)), rate_hz))[4_000:44_000]

    spectrum = np.abs(np.fft.rfft(sound * np.blackman(len(sound)))) ** 2
    at = round(hz * len(sound) / 48_000)
    wanted = spectrum[at - 6 : at + 7].sum()
    others = spectrum.sum() - wanted
    assert 10 * np.log10(wanted / others) > CLEAN_DB[rate_hz in INTERPOLATED][share]
    assert 20 * np.log10(np.std(sound) / (0.5 / np.sqrt(2))) == pytest.approx(
        0, abs=1.1 if rate_hz in INTERPOLATED else 0.5
    )


@pytest.mark.parametrize("rate_hz", [96_000, 192_000])
def test_what_48_khz_cannot_hold_is_taken_away(rate_hz: int) -> None:
    sound = heard(converted(s16(tone(34_000, rate_hz, 1.0)), rate_hz))[4_000:44_000]

    assert 20 * np.log10(np.std(sound) / (0.5 / np.sqrt(2))) < -50


@given(st.sampled_from(RATES), st.lists(st.integers(0, 400), max_size=12), st.integers(0, 2**32 - 1))
def test_the_sound_is_the_same_however_the_stream_is_cut(rate_hz: int, cuts: list[int], seed: int) -> None:
    pcm = np.random.default_rng(seed).integers(-32768, 32768, 600).astype("<i2").tobytes()
    rate, at, pieces = To48k(rate_hz), 0, b""

    for cut in cuts:
        pieces += rate.convert(pcm[2 * at : 2 * (at + cut)])
        at += cut
    pieces += rate.convert(pcm[2 * at :]) + rate.flush()

    assert pieces == converted(pcm, rate_hz)


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100])
def test_full_scale_is_cut_and_never_wraps(rate_hz: int) -> None:
    square = np.repeat([32767, -32768] * 30, rate_hz // 400).astype("<i2")

    sound = np.frombuffer(converted(square.tobytes(), rate_hz), "<i2").astype(int)

    # A wrap would be a jump from one end to the other and back within a sample.
    middle = sound[1:-1]
    lonely = (np.abs(middle - sound[:-2]) > 40_000) & (np.abs(middle - sound[2:]) > 40_000)
    assert not lonely.any()


@pytest.mark.parametrize("samples", [1, 2, 3, 4_095, 4_096])
def test_speech_at_24_khz_lasts_as_long_as_before(samples: int) -> None:
    rate = From16kTo24k()

    made = rate.convert(bytes(2 * samples)) + rate.flush()

    assert 0 <= len(made) // 2 - samples * 3 / 2 <= 1.5


@given(st.lists(st.integers(0, 600), max_size=6))
def test_speech_at_24_khz_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    pcm = s16(tone(440, 16_000, 600 / 16_000))
    whole, cut = From16kTo24k(), From16kTo24k()
    edges = [0, *sorted(cuts), 600]

    pieces = [cut.convert(pcm[2 * first : 2 * end]) for first, end in pairwise(edges)]

    assert b"".join(pieces) + cut.flush() == whole.convert(pcm) + whole.flush()


@pytest.mark.parametrize("hz", [100, 1_000, 3_000, 5_000])
def test_a_tone_at_24_khz_stays_that_tone_and_brings_no_others(hz: int) -> None:
    rate = From16kTo24k()

    sound = heard(rate.convert(s16(tone(hz, 16_000, 1.0))) + rate.flush())

    assert np.abs(sound[100:-100] - tone(hz, 24_000, 1.0)[100 : len(sound) - 100]).max() < 0.005
