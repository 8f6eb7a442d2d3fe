"""How long a silence must last to end an utterance, and what is learned of who speaks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.audio.endpointing.trailing_silence import (
    CLEAR_DB,
    LEAST_SPEECH_MS,
    LONG_PAUSES,
    LONGEST_MS,
    NEIGHBOUR_MS,
    NOISE_LONGEST_MS,
    OWN_MS,
    OWN_RANGE_DB,
    SHORTEST_MS,
    UNKNOWN_PAUSE_MS,
    YOUNG_MS,
    TrailingSilence,
    silence_for,
)
from tests.examples import examples

FRAME_MS = 20
LOUD_DB, FLOOR_DB = -20.0, -60.0
SENTENCE = 100


def frames(ms: float) -> int:
    return round(ms / FRAME_MS)


def learner() -> TrailingSilence:
    return TrailingSilence(FRAME_MS, None)


def decided(silence: TrailingSilence, clearness_db: float = LOUD_DB - FLOOR_DB) -> int:
    """Milliseconds of the silence that would begin now."""
    silence.began(clearness_db)
    return silence.frames * FRAME_MS


def speak(silence: TrailingSilence, *pauses_ms: float, level_db: float = LOUD_DB) -> None:
    """Words as loud as the loudest with these pauses between them."""
    silence.broken(level_db, LOUD_DB, 0)
    for pause_ms in pauses_ms:
        silence.began(LOUD_DB - FLOOR_DB)
        silence.broken(level_db, LOUD_DB, frames(pause_ms))


def converse(silence: TrailingSilence, *utterances: tuple[float, ...]) -> None:
    """Utterances with these pauses within each, and a long time between two."""
    for pauses_ms in utterances:
        silence.opened(3)
        speak(silence, *pauses_ms)
        silence.ended(SENTENCE, LOUD_DB, silence.frames)
        for _ in range(frames(3_000)):
            silence.waited()


def utter(
    silence: TrailingSilence, *, gap_ms: float = 3_000, talk_ms: float = 1_000, level_db: float = LOUD_DB
) -> None:
    """An utterance without a pause, ended by the silence that is given; ``gap_ms`` until the next."""
    silence.opened(3)
    for _ in range(frames(talk_ms)):
        silence.broken(level_db, LOUD_DB, 0)
    given_ms = decided(silence)
    silence.ended(SENTENCE, LOUD_DB, silence.frames)
    for _ in range(frames(gap_ms - given_ms) + 3):
        silence.waited()


def join(silence: TrailingSilence, distances_ms: list[int], talk_ms: float) -> list[int]:
    """Say sentences at these distances; return how many each utterance joined."""
    joined = [0]
    silence.opened(3)
    for distance_ms in distances_ms:
        joined[-1] += 1
        for _ in range(frames(talk_ms)):
            silence.broken(LOUD_DB, LOUD_DB, 0)
        if decided(silence) > distance_ms:
            silence.broken(LOUD_DB, LOUD_DB, frames(distance_ms))
            continue
        silence.ended(SENTENCE, LOUD_DB, silence.frames)
        for _ in range(frames(distance_ms) - silence.frames + 3):
            silence.waited()
        silence.opened(3)
        joined.append(0)
    return joined[:-1] if not joined[-1] else joined


def test_a_fixed_silence_is_the_same_whoever_speaks() -> None:
    silence = TrailingSilence(FRAME_MS, 330)

    converse(silence, (1_000,), ())

    assert decided(silence, 0.0) == 340


def test_a_speaker_who_was_not_heard_yet_gets_900_ms() -> None:
    assert decided(learner()) == 900


def test_a_speaker_without_pauses_gets_the_shortest_after_a_conversation() -> None:
    silence = learner()
    given_ms = []

    for _ in range(7):
        converse(silence, ())
        given_ms.append(decided(silence))

    assert given_ms == sorted(given_ms, reverse=True)
    assert given_ms[-1] == SHORTEST_MS


def test_a_speaker_who_paused_once_gets_more_time_in_the_same_utterance() -> None:
    silence = learner()
    converse(silence, *[()] * 9)

    silence.opened(3)
    speak(silence, 500)

    assert decided(silence) == 760


def test_a_speaker_who_paused_once_gets_more_time_in_the_next_utterances() -> None:
    silence = learner()
    converse(silence, *[()] * 9, (700,))

    assert decided(silence) == 940


def test_a_speaker_who_was_cut_off_gets_more_time() -> None:
    silence = learner()
    converse(silence, *[()] * 9)
    silence.opened(3)
    speak(silence)
    silence.ended(SENTENCE, LOUD_DB, frames(SHORTEST_MS))
    for _ in range(frames(260)):
        silence.waited()

    silence.opened(3)
    silence.broken(LOUD_DB, -math.inf, 0)

    # 600 ms until the end and 200 ms until the three frames that opened again.
    assert silence.pause_ms == 800
    assert decided(silence) == 1_120


@pytest.mark.parametrize("pause_ms", [1_420, 1_500, 1_700, NEIGHBOUR_MS - FRAME_MS])
def test_who_pauses_longer_than_any_silence_is_not_given_less_and_less(pause_ms: float) -> None:
    silence = learner()

    for _ in range(8):
        utter(silence, gap_ms=pause_ms)
        utter(silence, gap_ms=pause_ms)
        utter(silence)

    # Pieces of one utterance, the last of them too, are not three without a pause.
    assert decided(silence) == 900


def test_neighbours_of_a_fluent_speaker_leave_the_silence_where_it_is() -> None:
    silence = learner()
    converse(silence, (), (), ())
    before_ms = decided(silence)

    for _ in range(5):
        utter(silence, gap_ms=NEIGHBOUR_MS - FRAME_MS)
    neighbours_ms = decided(silence)
    converse(silence, ())
    utter(silence)

    assert neighbours_ms == before_ms
    assert decided(silence) < before_ms


def test_a_softer_answer_soon_after_the_end_is_no_neighbour() -> None:
    alone, answered = learner(), learner()

    for _ in range(4):
        utter(alone)
        utter(answered, gap_ms=1_500)
        answered.opened(3)
        answered.broken(LOUD_DB - OWN_RANGE_DB - 1, -math.inf, 0)
        answered.ended(1, LOUD_DB - OWN_RANGE_DB - 1, answered.frames)
        for _ in range(frames(3_000)):
            answered.waited()

    assert answered.pause_ms == alone.pause_ms < UNKNOWN_PAUSE_MS


def test_who_goes_on_long_after_while_someone_softer_speaks_is_no_neighbour() -> None:
    silence = learner()
    utter(silence, gap_ms=1_500)
    learned_ms = silence.pause_ms
    silence.opened(3)

    for _ in range(frames(NEIGHBOUR_MS)):
        silence.broken(LOUD_DB - OWN_RANGE_DB - 1, -math.inf, 0)
    silence.broken(LOUD_DB, LOUD_DB, 0)

    assert silence.pause_ms == learned_ms < UNKNOWN_PAUSE_MS


def test_sentences_in_a_row_are_not_joined_for_ever() -> None:
    assert join(learner(), [1_250] * 25, 1_200) == [1, 1 + LONG_PAUSES, *[1] * 21]


def test_what_was_learned_of_sentences_in_a_row_is_forgotten() -> None:
    silence = learner()

    join(silence, [1_000, 1_350, 1_200] * 10 + [5_000], 1_800)
    utter(silence)

    assert decided(silence) <= 900


def test_long_pauses_are_believed_in_each_sentence_of_a_hesitant_speaker() -> None:
    silence = learner()

    joined = join(silence, [1_300, 1_300, 3_000] * 6, 1_000)

    # Cut off once, and never again.
    assert joined == [1, 2, *[3] * 5]


def test_a_long_utterance_ends_as_it_would_without_learning() -> None:
    silence = learner()
    converse(silence, (1_200,))
    silence.opened(3)

    speak(silence, *[0] * frames(YOUNG_MS - FRAME_MS))
    young_ms = decided(silence)
    speak(silence)

    assert young_ms > 900
    assert decided(silence) == decided(silence, 0.0) == 900


def test_what_something_else_ended_after_a_long_pause_is_not_learned() -> None:
    silence = learner()
    silence.opened(3)
    speak(silence, 1_200)
    learned_ms = decided(silence)

    silence.ended(SENTENCE, LOUD_DB, None)

    assert learned_ms == LONGEST_MS
    assert decided(silence) == 900


def test_who_speaks_long_after_the_end_was_not_cut_off() -> None:
    silence = learner()
    converse(silence, *[()] * 9)
    before_ms = decided(silence)

    converse(silence, ())

    assert decided(silence) == before_ms


@pytest.mark.parametrize("missed", ["sound", "end", "press"])
def test_speech_is_no_continuation_of_what_did_not_end_in_silence_just_before(missed: str) -> None:
    silence = learner()
    converse(silence, *[()] * 9)
    silence.ended(SENTENCE, LOUD_DB, None if missed == "end" else frames(SHORTEST_MS))
    for _ in range(10):
        silence.waited()
    if missed == "sound":
        silence.forget()

    silence.opened(None if missed == "press" else 3)
    speak(silence)

    assert decided(silence) == SHORTEST_MS


def test_an_answer_by_someone_softer_soon_after_the_end_is_no_continuation() -> None:
    silence = learner()
    converse(silence, *[()] * 9)
    silence.ended(SENTENCE, LOUD_DB, frames(SHORTEST_MS))
    silence.waited()

    silence.opened(3)
    silence.broken(LOUD_DB - OWN_RANGE_DB - 1, -math.inf, 0)

    assert decided(silence) == SHORTEST_MS


def test_talk_in_the_background_shows_no_pause_and_ends_with_the_shortest() -> None:
    silence = learner()
    converse(silence, (900,))
    silence.opened(3)
    speak(silence)
    learned_ms = silence.pause_ms

    for _ in range(10):
        silence.broken(LOUD_DB - OWN_RANGE_DB - 1, LOUD_DB, frames(1_200))

    assert silence.pause_ms == learned_ms
    assert decided(silence) == SHORTEST_MS


def test_a_pause_counts_once_the_speaker_is_as_loud_as_before() -> None:
    silence = learner()
    silence.opened(3)
    speak(silence)

    silence.broken(LOUD_DB - OWN_RANGE_DB - 1, LOUD_DB, frames(800))
    softly = silence.pause_ms
    silence.broken(LOUD_DB - OWN_RANGE_DB, LOUD_DB, 0)

    assert (softly, silence.pause_ms) == (UNKNOWN_PAUSE_MS, 800)


def test_a_soft_ending_is_still_the_speakers() -> None:
    silence = learner()
    silence.opened(3)
    speak(silence)

    for _ in range(frames(OWN_MS)):
        silence.broken(LOUD_DB - OWN_RANGE_DB - 1, LOUD_DB, 0)

    assert decided(silence) == 900


def test_what_is_longer_than_any_silence_is_no_pause() -> None:
    silence = learner()
    silence.opened(3)

    speak(silence, LONGEST_MS + FRAME_MS)

    assert silence.pause_ms == UNKNOWN_PAUSE_MS


def test_a_noise_says_nothing_about_the_speaker() -> None:
    silence = learner()

    silence.ended(frames(LEAST_SPEECH_MS) - 1, LOUD_DB, frames(SHORTEST_MS))

    assert silence.pause_ms == UNKNOWN_PAUSE_MS


def test_noise_makes_every_silence_longer_but_not_beyond_a_limit() -> None:
    assert silence_for(0.0, CLEAR_DB) == SHORTEST_MS
    assert silence_for(0.0, CLEAR_DB - 10) == SHORTEST_MS + 60
    assert silence_for(0.0, -math.inf) == SHORTEST_MS + NOISE_LONGEST_MS


# ---------------------------------------------------------------- properties

pauses_ms = st.floats(0, 5_000)
clearness_db = st.floats(-200, 200) | st.just(-math.inf)
levels_db = st.floats(-96, 0)
steps = st.one_of(
    st.tuples(st.just("began"), clearness_db),
    st.tuples(st.just("broken"), levels_db, levels_db | st.just(-math.inf), st.integers(0, 300)),
    st.tuples(st.just("ended"), st.integers(0, 500), levels_db, st.none() | st.integers(0, 300)),
    st.tuples(st.just("waited")),
    st.tuples(st.just("opened"), st.none() | st.integers(3, 4)),
    st.tuples(st.just("forget")),
)


def after(script: list[tuple[str, *tuple[float | None, ...]]], frame_ms: int = FRAME_MS) -> TrailingSilence:
    silence = TrailingSilence(frame_ms, None)
    for word, *values in script:
        getattr(silence, word)(*values)
    return silence


@settings(max_examples=examples(200))
@given(pauses_ms, pauses_ms, clearness_db, clearness_db)
def test_longer_pauses_and_more_noise_never_make_it_shorter(
    pause: float, other: float, clear: float, unclear: float
) -> None:
    shorter, longer = sorted((pause, other))
    noisy, calm = sorted((clear, unclear))

    assert SHORTEST_MS <= silence_for(shorter, calm) <= silence_for(longer, calm) <= LONGEST_MS
    assert silence_for(shorter, calm) <= silence_for(shorter, noisy)


@settings(max_examples=examples(200))
@given(st.lists(steps, max_size=40), st.sampled_from([10, 20, 30]))
def test_whatever_happens_the_silence_keeps_its_bounds_and_is_the_same_again(
    script: list[tuple[str, *tuple[float | None, ...]]], frame_ms: int
) -> None:
    silence = after(script, frame_ms)

    assert SHORTEST_MS <= silence.frames * frame_ms < LONGEST_MS + frame_ms
    assert 0 < silence.pause_ms <= LONGEST_MS
    assert after(script, frame_ms).frames == silence.frames


@settings(max_examples=examples(100))
@given(st.lists(st.tuples(st.integers(0, 1_300), st.integers(0, 1_300)), min_size=1, max_size=12))
def test_who_pauses_longer_never_gets_less_time(pairs: list[tuple[int, int]]) -> None:
    brief, hesitant = learner(), learner()

    converse(brief, *[(min(pair),) for pair in pairs])
    converse(hesitant, *[(max(pair),) for pair in pairs])

    assert decided(brief) <= decided(hesitant)


@settings(max_examples=examples(200))
@given(
    st.lists(st.integers(0, 2_500), min_size=1, max_size=40),
    st.integers(200, int(YOUNG_MS)),
    st.lists(st.integers(0, 1_300), max_size=6),
)
def test_few_long_pauses_join_and_only_early_in_an_utterance_whatever_was_learned(
    distances_ms: list[int], talk_ms: int, before_ms: list[int]
) -> None:
    silence = learner()
    converse(silence, *[(pause_ms,) for pause_ms in before_ms])
    at = 0

    for count in join(silence, distances_ms, talk_ms):
        pauses_ms = distances_ms[at : at + count - 1]
        # Beginnings of those that a fixed 900 ms would have taken for the end.
        long = [
            talk_ms * (number + 1) + sum(pauses_ms[:number])
            for number, pause_ms in enumerate(pauses_ms)
            if pause_ms > 900
        ]
        assert len(long) <= LONG_PAUSES + 1
        assert max(long, default=0) <= YOUNG_MS + FRAME_MS * count
        at += count
