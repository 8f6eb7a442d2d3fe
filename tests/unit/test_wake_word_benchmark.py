"""The wake word's benchmark: its parts, its counts, and the gate that is held while the avatar speaks."""

from __future__ import annotations

import numpy as np
import pytest

from ravatard.core.audio_format import RATE_HZ, samples_in
from ravatard.core.wakeword.options import BUILT_IN_WORDS
from tests.benchmarks.wake_word_false import FalseHits, Listener, listen
from tests.benchmarks.wake_word_hits import CLEAN, GOES_ON, REQUESTS, SPELLINGS, Tally, scene, summed
from tests.benchmarks.wake_word_parts import AVATAR, SCENES, Word, parts
from tests.benchmarks.wake_word_scores import hits_in, lowest_cutoff, mean_of
from tests.benchmarks.wake_word_sounds import Said
from tests.unit.core.sounds import quiet, voice
from tests.unit.core.wakeword.fakes import WordGate, word

FOREVER = float("inf")
#: What the fake detector takes for its word, among other speech.
ANSWER = quiet(1_000) + voice(500) + word() + quiet(2_500)


def samples(pcm: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32_768


def listener(name: str = "beep", *, held: bool = True) -> Listener:
    return Listener(name, WordGate().gate, WordGate().gate if held else None)


def test_sound_is_cut_into_hours_and_the_labelled_scenes_are_one_part() -> None:
    assert [part.hours for part in parts(AVATAR, 2.5)] == [1.0, 1.0, 0.5]
    assert len({part.number for part in parts(AVATAR, 10.0)}) == 10
    assert [part.hours for part in parts(SCENES, 0.0)] == [FOREVER]


def test_half_duplex_hears_no_word_of_the_avatars_and_a_gate_that_listens_hears_it() -> None:
    one = listener()

    listen([one], iter([Said("an answer", samples(ANSWER))] * 3), 1.0, FOREVER)

    assert one.found.held == 0
    assert one.found.texts == {"an answer": 3}
    assert one.found.hours * 3600 == 3 * samples_in(ANSWER) / RATE_HZ


def test_a_recording_that_says_the_word_is_no_false_hit() -> None:
    one = listener("alexa", held=False)

    listen([one], iter([Said("fan05: picovoice-en#3", samples(ANSWER))]), 1.0, FOREVER)

    assert (one.found.right, one.found.texts.total()) == (1, 0)


def test_listening_ends_after_its_hours_and_at_its_time() -> None:
    one, late = listener(held=False), listener(held=False)
    endless = [Said("an answer", samples(ANSWER))] * 10

    listen([one], iter(endless), 2 * samples_in(ANSWER) / RATE_HZ / 3600, FOREVER)
    listen([late], iter(endless), 1.0, 0.0)

    assert one.found.texts.total() == 2
    assert late.found.hours == 0.0


def test_a_part_that_begins_too_late_loads_nothing_and_counts_as_no_hours() -> None:
    (found,) = parts(AVATAR, 1.0)[0].heard([Word("no_such_word", "normal")], 0.0)

    assert (found.hours, found.texts.total()) == (0.0, 0)


def test_hours_and_hits_of_parts_are_added() -> None:
    total = FalseHits()
    for _ in range(2):
        one = listener()
        listen([one], iter([Said("an answer", samples(ANSWER))]), 1.0, FOREVER)
        total += one.found

    assert (total.texts.total(), total.held) == (2, 0)
    assert "half duplex: 0 self-wakes; listening all the time: 2 false" in str(total)


def test_hits_of_all_voices_are_summed() -> None:
    found = {"one": Tally(said=4, hits=4, hit_ms=[80.0]), "other": Tally(said=4, hits=2, opened=1)}

    assert summed(found).share == 75.0
    assert "80 ms" in summed(found).delays()
    assert "1 opened the gate alone" in summed(found).delays()


def test_a_scene_has_the_request_right_behind_the_word_or_none() -> None:
    said, rest = np.full(1_600, 0.1), np.full(800, 0.05)
    texts: list[str] = []

    def speaker(text: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        texts.append(text)
        return rest

    alone, goes_on = scene(CLEAN, said, speaker, 1), scene(GOES_ON, said, speaker, 1)

    assert (alone.asked, goes_on.asked) == (0, 800)
    assert alone.end == goes_on.end
    assert texts == [REQUESTS[1]]


def test_every_word_of_the_library_has_a_spelling() -> None:
    assert set(SPELLINGS) == set(BUILT_IN_WORDS)


def test_a_score_is_the_mean_of_outputs_in_a_row() -> None:
    outputs = np.array([0.0, 0.3, 0.6, 0.9])

    assert mean_of(outputs, 2) == pytest.approx([0.0, 0.15, 0.45, 0.75])
    assert mean_of(outputs, 5) == pytest.approx([0.0] * 4)


def test_scores_above_a_cut_off_within_two_seconds_are_one_hit() -> None:
    scores = np.zeros(200)
    scores[[0, 1, 60, 199]] = 0.9

    assert (hits_in(scores, 0.8), hits_in(scores, 0.9)) == (2, 0)


def test_the_lowest_cut_off_is_that_which_suffers_as_many_false_hits_as_allowed() -> None:
    scores = np.zeros(400)
    scores[0], scores[200], scores[399] = 0.605, 0.705, 0.805

    assert [lowest_cutoff([scores], count) for count in (0, 1, 2, 3)] == pytest.approx(
        [0.81, 0.71, 0.61, 0.5]
    )
    assert lowest_cutoff([scores + 1.0], 0) is None
