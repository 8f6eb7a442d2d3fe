"""Frames of one message, read by aiohttp's own parser in the integration tests; here their sizes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.faults.frames import frames, pieces_of


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(1, 50))
def test_pieces_are_the_whole(raw: bytes, pieces: int) -> None:
    cut = pieces_of(raw, pieces)

    assert b"".join(cut) == raw
    assert 1 <= len(cut) <= pieces


def test_only_the_last_frame_is_marked_and_only_the_first_says_text() -> None:
    sent = list(frames("äöü", 6))

    assert [frame[0] for frame in sent] == [0x01, 0x00, 0x00, 0x00, 0x00, 0x80]
    assert b"".join(frame[2:] for frame in sent).decode() == "äöü"


def test_a_message_in_one_piece_is_one_whole_frame() -> None:
    assert list(frames("", 1)) == [b"\x81\x00"]


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e" + struct.pack(">H", 126)),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f" + struct.pack(">Q", 65_536)),
    ],
)
def test_the_length_takes_as_much_room_as_it_must(size: int, header: bytes) -> None:
    (frame,) = frames("x" * size, 1)

    assert frame == header + b"x" * size
