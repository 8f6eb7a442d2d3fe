from __future__ import annotations

from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core.audio.playout import (
    FADE_SAMPLES,
    LEAST_PRE_FILL,
    LONGEST_SAMPLES,
    MOST_PRE_FILL,
    Playout,
)

BLOCK = 480
PACKET = 960


def loud(samples: int) -> bytes:
    return array("h", [5_000] * samples).tobytes()


def quiet(samples: int) -> bytes:
    return bytes(samples * 2)


def samples_of(pcm: bytes | None) -> array[int]:
    return array("h", pcm or b"")


class Line:
    """A live voice and a converter, each with its clock."""

    def __init__(self) -> None:
        self.playout = Playout()
        self.playout.begin(1, live=True)
        self.now = 0.0
        self.taken: list[bytes | None] = []

    def runs(self, seconds: float, *, sound: bytes = loud(PACKET), fast: float = 1.0) -> None:
        """A packet every 20 ms, ``fast`` times as often; a block every 10 ms."""
        until, packet_at = self.now + seconds, self.now
        while self.now < until:
            while packet_at <= self.now:
                self.playout.put(1, sound, self.now)
                packet_at += 0.02 / fast
            self.takes()

    def takes(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.taken.append(self.playout.take(BLOCK, self.now))
            self.now += 0.01


def test_without_sound_there_is_nothing_to_play() -> None:
    playout = Playout()

    assert playout.take(BLOCK, 0.0) is None
    assert playout.is_idle
    assert playout.is_over


def test_a_finished_voice_begins_at_once_and_is_played_whole() -> None:
    playout = Playout()

    playout.put(1, loud(700), 0.0)
    playout.finish(1)
    played = [playout.take(BLOCK, 0.0), playout.take(BLOCK, 0.01), playout.take(BLOCK, 0.02)]

    assert played == [loud(480), loud(220) + quiet(260), None]
    assert playout.is_over
    assert playout.underruns == 0


def test_a_live_voice_begins_when_enough_waits() -> None:
    line = Line()

    for _ in range(3):
        line.playout.put(1, loud(PACKET), line.now)
        line.takes(2)

    assert [block is not None for block in line.taken] == [False] * 4 + [True] * 2


def test_the_little_that_came_is_played_after_the_time_of_the_pre_fill() -> None:
    line = Line()

    line.playout.put(1, loud(PACKET), 0.0)
    line.takes(8)

    assert [block is not None for block in line.taken] == [False] * 6 + [True] * 2


def test_a_finite_voice_keeps_its_pauses_and_its_pace_however_much_waits() -> None:
    playout = Playout()
    playout.begin(1, live=False)
    playout.put(1, loud(BLOCK) + quiet(48_000), 0.0)
    playout.put(1, quiet(48_000), 0.0)

    taken = [playout.take(BLOCK, at / 100) for at in range(100)]

    assert None not in taken
    assert (playout.cut, playout.slips) == (0, 0)


def test_a_live_voice_that_comes_in_one_piece_is_still_live() -> None:
    playout = Playout()
    playout.begin(1, live=True)
    playout.put(1, loud(BLOCK) + quiet(96_000), 0.0)

    for at in range(100):
        playout.take(BLOCK, at / 100)

    assert playout.cut > 0


def test_a_finite_voice_that_is_fetched_slowly_begins_with_the_pre_fill_and_teaches_nothing() -> None:
    playout = Playout()
    playout.begin(1, live=False)

    playout.put(1, loud(BLOCK), 0.0)
    before = playout.take(BLOCK, 0.0)
    playout.put(1, loud(LEAST_PRE_FILL), 0.25)
    after = playout.take(BLOCK, 0.25)

    assert before is None
    assert after == loud(BLOCK)
    assert playout.pre_fill == LEAST_PRE_FILL


def test_a_voice_is_begun_once() -> None:
    playout = Playout()
    playout.begin(2, live=True)

    playout.begin(2, live=False)
    playout.begin(1, live=False)
    playout.put(2, loud(BLOCK), 0.0)

    assert playout.take(BLOCK, 0.0) is None


def test_sound_that_runs_out_in_a_word_is_an_underrun_and_more_is_kept_from_then_on() -> None:
    line = Line()
    line.runs(0.5)

    line.takes(8)

    assert line.playout.underruns == 1
    assert line.playout.pre_fill >= LEAST_PRE_FILL + PACKET
    assert not line.playout.is_over
    last = next(block for block in reversed(line.taken) if block is not None)
    assert abs(samples_of(last)[-1]) < 50


def test_sound_that_runs_out_in_mid_block_fades() -> None:
    line = Line()
    line.playout.put(1, loud(LEAST_PRE_FILL + 300), 0.0)

    line.takes(7)

    last = samples_of(line.taken[-1])
    assert (len(last), last[0], last[300]) == (BLOCK, 5_000, 0)
    assert 0 < last[290] < 500
    assert line.playout.underruns == 1


def test_after_an_underrun_the_sound_fades_in() -> None:
    line = Line()
    line.runs(0.5)
    line.takes(12)
    line.taken.clear()

    line.runs(0.3)

    first = next(samples_of(block) for block in line.taken if block is not None)
    assert first[0] == 0
    assert first[FADE_SAMPLES] == 5_000


def test_sound_that_runs_out_in_a_pause_is_missed_by_nobody() -> None:
    line = Line()
    line.runs(0.5, sound=quiet(PACKET))

    line.takes(20)

    assert line.playout.underruns == 0


def test_the_pre_fill_never_grows_beyond_its_bound_and_shrinks_in_silence() -> None:
    line = Line()
    for _ in range(5):
        line.runs(0.3)
        line.takes(15)
    grown = line.playout.pre_fill

    line.runs(30, sound=quiet(PACKET))

    assert line.playout.underruns == 5
    assert grown == MOST_PRE_FILL
    assert line.playout.pre_fill == LEAST_PRE_FILL


def test_jitter_makes_the_pre_fill_larger_before_it_does_harm() -> None:
    playout = Playout()
    playout.begin(1, live=True)

    for number, late in enumerate((0.0, 0.0, 0.06, 0.0)):
        playout.put(1, loud(PACKET), number * 0.02 + late)

    assert LEAST_PRE_FILL < playout.pre_fill <= MOST_PRE_FILL


def test_a_sender_that_pauses_is_not_late() -> None:
    playout = Playout()
    playout.begin(1, live=True)

    playout.put(1, loud(PACKET), 0.0)
    playout.put(1, loud(PACKET), 5.0)

    assert playout.pre_fill == LEAST_PRE_FILL


def test_what_a_stall_left_too_much_of_is_cut_from_the_next_pause() -> None:
    line = Line()
    line.runs(1.0)
    line.takes(25)
    for _ in range(13):
        line.playout.put(1, loud(PACKET), line.now)
    late = line.playout.waiting

    line.runs(0.5)
    line.runs(0.6, sound=quiet(PACKET))
    line.runs(0.5)

    assert late > 10_000
    assert line.playout.waiting < line.playout.pre_fill + 3 * PACKET
    assert line.playout.cut > 5_000


def test_what_waits_too_long_is_put_right_in_the_silence_before_a_word() -> None:
    line = Line()
    line.playout.pre_fill = MOST_PRE_FILL
    line.runs(1)
    line.playout.pre_fill = LEAST_PRE_FILL
    line.runs(5, sound=quiet(PACKET))
    before = line.playout.slips

    line.runs(5)

    assert line.playout.waiting <= LEAST_PRE_FILL + PACKET
    assert line.playout.cut == pytest.approx(MOST_PRE_FILL - LEAST_PRE_FILL, abs=PACKET)
    assert line.playout.slips == before
    assert line.playout.underruns == 0


def test_jitter_seen_in_a_word_is_guarded_against_from_the_next_pause_on() -> None:
    line = Line()
    line.runs(1)
    line.playout.pre_fill = MOST_PRE_FILL
    line.runs(3)
    stretched = line.playout.slips

    line.runs(3, sound=quiet(PACKET))
    line.runs(1)

    assert stretched == 0

    assert line.playout.waiting >= MOST_PRE_FILL - 3 * BLOCK
    assert line.playout.underruns == 0


def test_a_sender_whose_clock_is_fast_is_followed_by_single_samples() -> None:
    line = Line()

    line.runs(300, fast=1.0002)

    assert line.playout.slips < -200
    assert line.playout.waiting < line.playout.pre_fill + 2 * PACKET
    assert line.playout.underruns == 0


def test_a_sender_whose_clock_is_slow_is_followed_by_single_samples() -> None:
    line = Line()

    line.runs(300, fast=0.9998)

    assert line.playout.slips > 200
    assert line.playout.underruns == 0


def test_a_stop_fades_and_throws_away_what_waits() -> None:
    line = Line()
    line.playout.put(1, loud(48_000), 0.0)
    line.takes(3)

    line.playout.stop()
    line.takes(2)

    last = samples_of(line.taken[-2])
    assert line.taken[-1] is None
    assert (len(last), last[FADE_SAMPLES]) == (BLOCK, 0)
    assert all(one >= other for one, other in pairwise(last))
    assert line.playout.is_over
    assert line.playout.waiting == 0


def test_a_stop_before_anything_sounded_leaves_nothing() -> None:
    playout = Playout()
    playout.put(1, loud(PACKET), 0.0)

    playout.stop()

    assert playout.take(BLOCK, 0.0) is None
    assert playout.is_over


def test_after_a_stop_the_newest_voice_plays_again() -> None:
    playout = Playout()
    playout.put(1, loud(48_000), 0.0)
    playout.stop()

    playout.put(1, loud(PACKET), 0.1)
    playout.finish(1)

    assert playout.take(BLOCK, 0.1) == loud(BLOCK)


def test_pieces_of_an_older_voice_are_ignored() -> None:
    playout = Playout()
    playout.put(2, loud(10), 0.0)

    playout.put(1, loud(100), 0.0)

    assert playout.waiting == 10


def test_a_newer_voice_follows_the_older_one() -> None:
    playout = Playout()
    playout.put(1, loud(100), 0.0)
    playout.put(2, loud(380), 0.0)
    playout.finish(2)

    assert playout.take(BLOCK, 0.0) == loud(480)


def test_beyond_two_minutes_the_rest_is_dropped_and_counted() -> None:
    playout = Playout()

    for _ in range(13):
        playout.put(1, loud(10 * 48_000), 0.0)

    assert playout.waiting == LONGEST_SAMPLES
    assert playout.dropped == 10 * 48_000
    assert playout.is_audible_waiting


@given(st.lists(st.integers(0, 999), max_size=20))
def test_the_same_sound_comes_out_however_it_is_cut(cuts: list[int]) -> None:
    sound = array("h", range(500)).tobytes()
    playout = Playout()
    at = 0

    for cut in [*sorted(cuts), len(sound)]:
        playout.put(1, sound[at:cut], 0.0)
        at = max(at, cut)
    playout.finish(1)

    assert playout.take(500, 0.0) == sound


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.integers(0, 3), st.integers(0, 3_000)),
            st.tuples(st.just("take"), st.integers(1, 3), st.integers(1, 2_000)),
            st.tuples(st.just("stop"), st.just(0), st.just(0)),
            st.tuples(st.just("finish"), st.integers(0, 3), st.just(0)),
        )
    )
)
def test_whatever_happens_a_block_is_whole_and_the_count_right(steps: list[tuple[str, int, int]]) -> None:
    playout, now = Playout(), 0.0

    for what, number, size in steps:
        now += 0.01
        if what == "put":
            playout.put(number, loud(size), now)
        elif what == "take":
            block = playout.take(size, now)
            assert block is None or len(block) == size * 2
        elif what == "stop":
            playout.stop()
        else:
            playout.finish(number)
        assert playout.waiting == sum(len(pcm) for pcm, _ in playout._pieces) // 2 - playout._at // 2


# ---------------------------------------------------------------- a pause


def played(playout: Playout, blocks: int) -> bytes:
    return b"".join(playout.take(480, 0.0) or bytes(960) for _ in range(blocks))


def test_after_a_pause_it_goes_on_where_it_fell_silent() -> None:
    playout = Playout()
    sound = b"".join((1_000 + number).to_bytes(2, "little") for number in range(4_800))
    playout.put(1, sound, 0.0)
    playout.finish(1)
    before = played(playout, 3)

    playout.pause(True)
    fading, silent = played(playout, 1), played(playout, 5)
    idle, over, audible = playout.is_idle, playout.is_over, playout.is_audible_waiting
    playout.pause(False)
    after = played(playout, 7)

    assert before == sound[: len(before)]
    assert fading[-480:] == bytes(480)
    assert not any(silent)
    assert (idle, over, audible) == (True, True, False)
    # The first 5 ms are faded in.
    assert after[480:] == sound[len(before) + 480 :]


def test_a_pause_of_nothing_is_silent_and_a_stop_ends_it() -> None:
    playout = Playout()
    playout.pause(True)
    playout.pause(True)
    playout.put(1, b"\x00\x10" * 4_800, 0.0)
    assert playout.take(480, 0.0) is None

    playout.stop()
    playout.put(2, b"\x00\x10" * 4_800, 0.0)

    assert playout.take(480, 1.0) is not None
