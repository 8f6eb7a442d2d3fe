from __future__ import annotations

from array import array
from itertools import pairwise

import pytest

from ravatard.devices.speaker.mixer import Mixer, gain


def tone(samples: int, level: int = 1_000) -> bytes:
    return array("h", [level] * samples).tobytes()


def levels(pcm: bytes | None) -> list[int]:
    assert pcm is not None
    return array("h", pcm).tolist()


@pytest.mark.parametrize(("percent", "factor"), [(0, 0.0), (50, 0.125), (100, 1.0), (-5, 0.0), (500, 1.0)])
def test_the_volume_follows_the_ear(percent: int, factor: float) -> None:
    assert gain(percent) == factor


def test_at_full_volume_the_sound_is_what_it_was() -> None:
    assert Mixer(1.0).mix(tone(480), 480) == tone(480)


def test_silence_stays_silence() -> None:
    mixer = Mixer(0.5)

    assert mixer.mix(None, 480) is None
    assert mixer.is_idle


def test_a_new_volume_is_reached_within_ten_ms_and_without_a_step() -> None:
    mixer = Mixer(1.0)

    mixer.set_gain(0.0)
    first, second = levels(mixer.mix(tone(960), 960)), levels(mixer.mix(tone(480), 480))

    assert first[0] > 900
    assert max(abs(one - other) for one, other in pairwise(first)) < 100
    assert first[480:] == [0] * 480
    assert second == [0] * 480


def test_in_silence_a_new_volume_needs_no_time() -> None:
    mixer = Mixer(1.0)

    mixer.set_gain(0.5)
    mixer.mix(None, 480)

    assert levels(mixer.mix(tone(10), 10)) == [500] * 10


def test_an_earcon_is_laid_over_what_plays_and_goes_on_in_the_next_block() -> None:
    mixer = Mixer(1.0)

    mixer.add_earcon(tone(600, 200))
    mixed = [mixer.mix(tone(480), 480), mixer.mix(None, 480), mixer.mix(None, 480)]

    assert levels(mixed[0]) == [1_200] * 480
    assert levels(mixed[1]) == [200] * 120 + [0] * 360
    assert mixed[2] is None


def test_two_that_are_too_loud_together_are_clipped() -> None:
    mixer = Mixer(1.0)

    mixer.add_earcon(tone(480, 30_000))

    assert levels(mixer.mix(tone(480, 30_000), 480)) == [32_767] * 480


def test_an_earcon_without_sound_is_none() -> None:
    mixer = Mixer(1.0)

    mixer.add_earcon(b"")

    assert mixer.is_idle
