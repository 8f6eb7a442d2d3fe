from __future__ import annotations

from array import array

from ravatard.core.audio.splice import faded, slipped


def samples_of(pcm: bytes) -> array[int]:
    return array("h", pcm)


def test_a_slip_leaves_one_sample_out_or_doubles_one_where_it_is_quietest() -> None:
    sound = array("h", [0, 1000, 3000, 3001, 1000]).tobytes()

    assert samples_of(slipped(sound, 1)).tolist() == [0, 1000, 3001, 1000]
    assert samples_of(slipped(sound, -1)).tolist() == [0, 1000, 3000, 3000, 3001, 1000]
    assert slipped(b"\1\0", 1) == b"\1\0"


def test_fading_goes_from_all_to_nothing_and_back() -> None:
    sound = array("h", [5_000] * 100).tobytes()

    assert samples_of(faded(sound, out=True))[0] > 4_900
    assert samples_of(faded(sound, out=False))[0] == 0
