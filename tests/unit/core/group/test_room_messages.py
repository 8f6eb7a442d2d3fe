"""A message survives its journey, and whatever else comes is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core.group.room_messages import LONGEST, Opener, RoomMessage, RoomVerb, room_message


@given(st.sampled_from(RoomVerb), st.sampled_from(Opener))
def test_a_message_is_read_as_it_was_written(verb: RoomVerb, by: Opener) -> None:
    message = RoomMessage("ravatard-0123456789abcdef", verb, by)

    assert room_message(message.encoded()) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"claim",
        b"\xff",
        b"[]",
        b"7",
        b"{}",
        b'{"id": "a"}',
        b'{"id": "a", "do": "dance"}',
        b'{"id": "a", "do": ["claim"]}',
        b'{"id": 7, "do": "claim"}',
        b'{"id": "a b", "do": "claim"}',
        b'{"id": "a", "do": "claim", "by": "magic"}',
        b"[" * (LONGEST - 1),
        json.dumps({"id": "a" * LONGEST, "do": "claim"}).encode(),
    ],
    ids=range(14),
)
def test_anything_else_is_none(data: bytes) -> None:
    assert room_message(data) is None


@given(st.binary(max_size=300))
def test_whatever_comes_raises_nothing(data: bytes) -> None:
    assert room_message(data) is None or len(data) <= LONGEST
