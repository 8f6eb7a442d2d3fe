from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.devices.media.mp4_boxes import Order, order_of


def box(name: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I4s", len(body) + 8 if size is None else size, name) + body


FTYP = box(b"ftyp", b"isom\0\0\0\0isom")
LONG_FREE = struct.pack(">I4sQ", 1, b"free", 20) + bytes(4)


@pytest.mark.parametrize(
    ("head", "order"),
    [
        (FTYP + box(b"moov", bytes(9)), Order.STREAM),
        (FTYP + box(b"free", bytes(9)) + box(b"mdat", bytes(9)), Order.WHOLE),
        (FTYP + LONG_FREE + box(b"mdat", bytes(9)), Order.WHOLE),
        (FTYP + LONG_FREE + box(b"moov", bytes(9)), Order.STREAM),
        (box(b"mdat", size=0), Order.WHOLE),
        (box(b"styp", bytes(4)) + box(b"sidx", bytes(4)) + box(b"moof"), Order.STREAM),
        (FTYP, Order.UNDECIDED),
        (FTYP[:5], Order.UNDECIDED),
        (b"", Order.UNDECIDED),
        (FTYP + box(b"free", size=0), Order.STREAM),
        (FTYP + box(b"free", size=7), Order.STREAM),
        (b"OggS" + bytes(40), Order.STREAM),
        (b"\x1aE\xdf\xa3" + bytes(40), Order.STREAM),
        (b"ID3\x04" + bytes(40), Order.STREAM),
        (bytes(40), Order.STREAM),
    ],
)
def test_the_first_boxes_say_how_a_file_is_read(head: bytes, order: Order) -> None:
    assert order_of(head) is order


@given(st.binary(max_size=200), st.booleans())
def test_whatever_comes_has_an_order_and_more_of_it_never_takes_it_back(body: bytes, film: bool) -> None:
    whole = FTYP + body if film else body

    orders = [order_of(whole[:end]) for end in range(len(whole) + 1)]

    decided = [order for order in orders if order is not Order.UNDECIDED]
    assert len(set(decided)) <= 1
    assert orders[len(orders) - len(decided) :] == decided
