"""Any piece size in, one exact size out, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.audio.framing import Framer


@settings(deadline=None)
@given(
    pieces=st.lists(st.binary(max_size=40), max_size=20), frame_bytes=st.integers(min_value=1, max_value=16)
)
def test_frames_do_not_depend_on_the_cutting(pieces: list[bytes], frame_bytes: int) -> None:
    whole = b"".join(pieces)
    framer = Framer(frame_bytes)

    cut = [both for piece in pieces for both in framer.split(piece)]

    frames = [frame for _, frame in cut if frame is not None]
    assert frames == [
        whole[at : at + frame_bytes] for at in range(0, len(whole) - frame_bytes + 1, frame_bytes)
    ]
    assert b"".join(piece for piece, _ in cut) == whole


def test_a_frame_is_told_with_the_piece_it_ends_with() -> None:
    framer = Framer(4)

    cut = [list(framer.split(piece)) for piece in (b"ab", b"", b"c", b"defghij")]

    assert cut == [
        [(b"ab", None)],
        [],
        [(b"c", None)],
        [(b"d", b"abcd"), (b"efgh", b"efgh"), (b"ij", None)],
    ]


def test_after_a_reset_the_next_byte_begins_a_frame() -> None:
    framer = Framer(4)
    list(framer.split(b"ab"))

    framer.reset()

    assert list(framer.split(b"cdef")) == [(b"cdef", b"cdef")]


def test_a_whole_frame_is_not_copied() -> None:
    framer = Framer(4)
    frame = b"abcd"

    cut = list(framer.split(frame))

    assert cut[0][1] is frame


def test_a_frame_of_no_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="frame of 0 bytes"):
        Framer(0)
