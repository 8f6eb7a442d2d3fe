"""Of a live voice the speaker gets long pieces, and no silence."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core.audio.audibility import PAUSE_S, is_audible
from ravatard.core.audio.playout import LEAST_PRE_FILL
from ravatard.core.audio_format import VOICE
from ravatard.core.voice.live_pieces import PIECE_MS, PRE_ROLL_MS, SILENCE_MS, LivePieces

PACKET_MS = 20
SILENCE = round(SILENCE_MS / PACKET_MS)


def packet(level: int, ms: int = PACKET_MS) -> bytes:
    return array("h", [level] * (VOICE.bytes_for(ms) // 2)).tobytes()


def quiet(number: int) -> bytes:
    """A packet that cannot be heard, and can be told from others."""
    return packet(1 + number % 50)


def numbered(number: int, ms: int, *, loud: bool) -> bytes:
    """A packet that is like no other."""
    low, high = number % 100, number // 100
    base = 5_000 if loud else 0
    return array("h", [base + low, base + high] * (VOICE.bytes_for(ms) // 4)).tobytes()


LOUD = packet(5_000)


def fed(pieces: LivePieces, packets: list[bytes]) -> list[bytes]:
    return [piece for piece in map(pieces.add, packets) if piece]


def test_of_a_voice_that_has_not_spoken_nothing_is_played() -> None:
    assert fed(LivePieces(), [quiet(number) for number in range(500)]) == []


def test_the_first_audible_packet_is_played_at_once_behind_its_pre_roll() -> None:
    pieces = LivePieces()
    fed(pieces, [quiet(number) for number in range(30)])

    assert pieces.add(LOUD) == quiet(27) + quiet(28) + quiet(29) + LOUD


def test_the_very_first_packet_is_played_at_once() -> None:
    assert LivePieces().add(LOUD) == LOUD


def test_after_that_it_is_played_in_longer_pieces() -> None:
    pieces = LivePieces()
    packets = [packet(1_000 + number) for number in range(7)]

    played = fed(pieces, packets)

    assert played == [packets[0], *(packets[at] + packets[at + 1] for at in (1, 3, 5))]


def test_a_packet_that_is_long_already_does_not_wait() -> None:
    pieces = LivePieces()
    long = packet(5_000, 60)

    assert fed(pieces, [long, long]) == [long, long]


def test_a_pause_between_sentences_is_played_and_a_longer_one_is_not() -> None:
    pieces = LivePieces()
    between = [quiet(number) for number in range(SILENCE - 1)]
    packets = [LOUD, *between, LOUD]
    played = fed(pieces, packets)
    after = fed(pieces, [quiet(number) for number in range(500)])

    assert b"".join(played) == b"".join(packets)
    assert len(b"".join(after)) <= VOICE.bytes_for(SILENCE_MS)
    assert len(b"".join(after)) > VOICE.bytes_for(SILENCE_MS - PRE_ROLL_MS)


def test_at_its_end_the_rest_is_played_but_not_the_pre_roll_of_a_silence() -> None:
    pieces = LivePieces()
    fed(pieces, [LOUD, LOUD])
    rest, nothing = pieces.finish(), pieces.finish()
    fed(pieces, [quiet(number) for number in range(10)])

    assert (rest, nothing) == (LOUD, b"")
    assert pieces.finish() == b""


def test_what_is_discarded_is_not_played_before_what_follows() -> None:
    pieces = LivePieces()
    fed(pieces, [LOUD, LOUD])
    pieces.clear()

    assert pieces.add(packet(300)) == packet(300)


def test_its_silence_is_longer_than_the_end_of_an_answer_and_its_pre_roll_no_longer_than_the_pre_fill() -> (
    None
):
    assert SILENCE_MS > PAUSE_S * 1000
    assert VOICE.bytes_for(PRE_ROLL_MS) <= LEAST_PRE_FILL * 2
    assert PIECE_MS < PRE_ROLL_MS


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 120), st.sampled_from([10, 20, 40, 60])),
        min_size=1,
        max_size=20,
    )
)
def test_however_it_speaks_all_that_can_be_heard_is_played_once_in_order(
    runs: list[tuple[bool, int, int]],
) -> None:
    pieces = LivePieces()
    packets: list[bytes] = []
    for loud, count, ms in runs:
        packets += [numbered(len(packets) + at, ms, loud=loud) for at in range(count)]

    played = b"".join([*fed(pieces, packets), pieces.finish()])

    # Of the sound that was given, in its order, nothing is missing but silence.
    at = 0
    for one in packets:
        if played.startswith(one, at):
            at += len(one)
        else:
            assert not is_audible(one)
    assert at == len(played)


@pytest.mark.parametrize("ms", [10, 20, 60])
def test_the_pre_roll_is_as_long_whatever_the_packets_are(ms: int) -> None:
    pieces = LivePieces()
    fed(pieces, [packet(1, ms)] * 100)

    assert len(pieces.add(packet(5_000, ms))) == VOICE.bytes_for(PRE_ROLL_MS + ms)
