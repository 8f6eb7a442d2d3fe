from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.webrtc.jitter import (
    LATE_PACKETS,
    LONGEST_SAMPLES,
    Decode,
    Fill,
    JitterBuffer,
    Restart,
    Step,
    opus_samples,
)

FRAME = 960


def packet(number: int, *, first: int = 0) -> tuple[int, int, bytes]:
    """Sequence number, timestamp and payload of the ``number``th packet of a stream: 20 ms of CELT."""
    return (
        (first + number) & 0xFFFF,
        (first + number) * FRAME & 0xFFFFFFFF,
        bytes([0xF8]) + number.to_bytes(4, "big"),
    )


def fed(numbers: Iterable[int], *, first: int = 0, buffer: JitterBuffer | None = None) -> list[Step]:
    buffer = buffer or JitterBuffer()
    steps: list[Step] = []
    for number in numbers:
        steps += buffer.add(1, *packet(number, first=first))
    return steps


def shape(steps: list[Step]) -> list[str]:
    """Decoded packets by number, fillings by their milliseconds."""
    shown = []
    for step in steps:
        match step:
            case Decode(payload, _):
                shown.append(str(int.from_bytes(payload[1:], "big")))
            case Fill(samples, _):
                shown.append(f"fill {samples // 48}")
            case Restart():
                shown.append("restart")
    return shown


def test_packets_in_order_are_decoded_at_once() -> None:
    buffer = JitterBuffer()

    for number in range(5):
        assert shape(buffer.add(1, *packet(number))) == [str(number)]


def test_packets_that_overtook_each_other_are_put_in_order() -> None:
    assert shape(fed([0, 2, 3, 1, 4])) == ["0", "1", "2", "3", "4"]


def test_a_lost_packet_is_given_up_when_three_newer_ones_are_there() -> None:
    buffer = JitterBuffer()

    assert shape(fed([0, 2, 3], buffer=buffer)) == ["0"]
    assert shape(fed([4], buffer=buffer)) == ["fill 20", "2", "3", "4"]
    assert buffer.counts.lost == 1


def test_a_filling_knows_the_packet_that_may_carry_a_copy() -> None:
    (filling,) = (step for step in fed([0, 2, 3, 4]) if isinstance(step, Fill))

    assert filling.following == packet(2)[2]


def test_several_lost_packets_are_filled_in_one() -> None:
    assert shape(fed([0, 4, 5, 6])) == ["0", "fill 60", "4", "5", "6"]


def test_two_holes_are_filled_one_by_one() -> None:
    assert shape(fed([0, 2, 4, 5, 6])) == ["0", "fill 20", "2", "fill 20", "4", "5", "6"]


def test_a_long_hole_gets_only_its_last_packet() -> None:
    buffer = JitterBuffer()

    steps = fed([0, 50, 51, 52], buffer=buffer)

    assert shape(steps) == ["0", "fill 20", "50", "51", "52"]
    assert buffer.counts.skipped_samples == 48 * FRAME


def test_duplicates_and_late_packets_are_dropped() -> None:
    buffer = JitterBuffer()

    steps = fed([0, 0, 2, 2, 3, 4, 1, 5], buffer=buffer)

    assert shape(steps) == ["0", "fill 20", "2", "3", "4", "5"]
    assert (buffer.counts.late, buffer.counts.duplicate) == (2, 1)


def test_sequence_numbers_and_timestamps_wrap() -> None:
    numbers = [0, 1, 3, 2, 4, 6, 7, 8]

    steps = fed(numbers, first=0xFFFE)

    assert shape(steps) == ["0", "1", "2", "3", "4", "fill 20", "6", "7", "8"]


def test_a_timestamp_that_wraps_in_a_hole_is_filled_as_any_other() -> None:
    buffer = JitterBuffer()
    payload = packet(0)[2]
    buffer.add(1, 0, 0xFFFFFFFF - 959, payload)
    for number in (2, 3):
        buffer.add(1, number, (number - 1) * FRAME, payload)

    (filling, *_) = buffer.add(1, 4, 3 * FRAME, payload)

    assert isinstance(filling, Fill)
    assert filling.samples == FRAME


def test_a_pause_of_the_sender_is_no_hole() -> None:
    buffer = JitterBuffer()
    buffer.add(1, 0, 0, packet(0)[2])

    steps = buffer.add(1, 1, 48_000, packet(1)[2])

    assert shape(steps) == ["1"]


def test_a_timestamp_that_jumps_back_is_followed() -> None:
    buffer = JitterBuffer()
    buffer.add(1, 0, 1_000_000, packet(0)[2])

    assert shape(buffer.add(1, 1, 5, packet(1)[2])) == ["1"]


def test_another_stream_plays_what_waits_and_begins_anew() -> None:
    buffer = JitterBuffer()
    fed([0, 2], buffer=buffer)

    steps = buffer.add(2, 40_000, 7, packet(9)[2])

    assert shape(steps) == ["2", "restart", "9"]
    assert shape(buffer.add(2, 40_001, 967, packet(10)[2])) == ["10"]


def test_a_sequence_number_far_off_begins_anew() -> None:
    buffer = JitterBuffer()
    fed([0], buffer=buffer)

    assert shape(fed([1_000], buffer=buffer)) == ["restart", "1000"]


def test_a_sender_that_counts_anew_a_little_back_is_followed_after_half_a_second() -> None:
    buffer = JitterBuffer()
    fed(range(60), buffer=buffer)

    steps = fed(range(10, 60), buffer=buffer)

    assert shape(steps)[0] == "restart"
    assert len(steps) == 50 - LATE_PACKETS + 2


def test_padding_takes_a_number_and_makes_no_sound() -> None:
    buffer = JitterBuffer()
    fed([0], buffer=buffer)

    assert buffer.add(1, 1, 0, b"") == []
    assert shape(buffer.add(1, 2, FRAME, packet(2)[2])) == ["2"]


def test_a_packet_that_is_none_is_filled() -> None:
    buffer = JitterBuffer()
    fed([0], buffer=buffer)

    assert buffer.add(1, 1, FRAME, b"\xfb") == []
    assert shape(fed([2], buffer=buffer)) == ["fill 20", "2"]
    assert buffer.counts.malformed == 1


@pytest.mark.parametrize(
    ("payload", "milliseconds"),
    [
        (b"\x00", 10),
        (b"\x18", 60),
        (b"\x60", 10),
        (b"\x68", 20),
        (b"\x80", 2.5),
        (b"\xf8", 20),
        (b"\xf9", 40),
        (b"\xfa", 40),
        (b"\xfb\x03", 60),
        (b"\xfb\x3f", 0),
        (b"\xfb", 0),
        (b"", 0),
    ],
)
def test_the_length_of_a_packet_stands_in_its_first_bytes(payload: bytes, milliseconds: float) -> None:
    assert opus_samples(payload) == milliseconds * 48


@given(st.permutations(range(20)), st.sets(st.integers(0, 19), max_size=10), st.integers(0, 0xFFFF))
def test_whatever_is_lost_and_mixed_up_no_sound_is_played_twice_or_out_of_order(
    order: list[int], lost: set[int], first: int
) -> None:
    buffer = JitterBuffer()

    steps = fed((number for number in order if number not in lost), first=first, buffer=buffer)

    numbers = [int(one) for one in shape(steps) if one.isdecimal()]
    assert numbers == sorted(set(numbers))
    assert buffer.counts.received == 20 - len(lost)


@given(
    st.lists(st.integers(-2, 2), min_size=10, max_size=60),
    st.sets(st.integers(1, 59)),
    st.integers(0, 0xFFFF),
)
def test_a_little_disorder_and_loss_leave_the_sound_as_long_as_it_was(
    shifts: list[int], lost: set[int], first: int
) -> None:
    # A packet moves past two others at most; short holes only.
    lost = {number for number in lost if number % 4 == 0}
    order = sorted(range(len(shifts)), key=lambda number: number + min(shifts[number], 1) * 0.6)
    end = len(shifts)

    steps = fed([*(one for one in order if one not in lost), end, end + 1, end + 2], first=first)

    decoded = [int(one) for one in shape(steps) if one.isdecimal()]
    total = sum(step.samples for step in steps if isinstance(step, Decode | Fill))
    assert total == (decoded[-1] - decoded[0] + 1) * FRAME


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.binary(max_size=4)
        )
    )
)
def test_any_packets_make_steps_of_sane_length(packets: list[tuple[int, int, int, bytes]]) -> None:
    buffer = JitterBuffer()

    for one in packets:
        for step in buffer.add(*one):
            if isinstance(step, Fill):
                assert 0 < step.samples <= LONGEST_SAMPLES
                assert step.samples % 120 == 0
            elif isinstance(step, Decode):
                assert 0 < step.samples <= LONGEST_SAMPLES
        assert len(buffer._held) <= 2
