from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ravatard.core.flight.codec import LENGTH_LIMIT, CodecError, build, from_plain, to_plain
from ravatard.core.states import TalkState


@dataclass(frozen=True)
class _Thing:
    name: str
    pairs: tuple[tuple[int, float], ...]
    where: tuple[int, str] | None
    hidden: bytes = field(repr=False, default=b"")


THING = _Thing("a", ((1, 2.5), (3, 4)), (7, "x"), b"secret")


def test_a_dataclass_is_the_list_of_its_fields_and_private_ones_a_length() -> None:
    assert to_plain(THING) == ["a", [[1, 2.5], [3, 4]], [7, "x"], 6]


def test_it_comes_back_with_the_private_fields_blank() -> None:
    back = from_plain(_Thing, to_plain(THING))

    assert back == _Thing("a", ((1, 2.5), (3, 4)), (7, "x"), bytes(6))


def test_a_huge_private_field_comes_back_no_longer_than_the_limit() -> None:
    assert to_plain(_Thing("", (), None, bytes(LENGTH_LIMIT + 5)))[-1] == LENGTH_LIMIT


def test_what_has_no_plain_form_is_our_bug() -> None:
    with pytest.raises(TypeError, match="object has no plain form"):
        to_plain(object())


@pytest.mark.parametrize(
    ("hint", "plain"),
    [
        (int, True),
        (int, 1.0),
        (int, 1 << 63),
        (float, 1 << 63),
        (float, "1"),
        (bool, 1),
        (str, None),
        (TalkState, "shouting"),
        (tuple[int, ...], 3),
        (tuple[int, ...], ["a"]),
        (tuple[int, str], [1]),
        (_Thing, {}),
        (_Thing, ["a", [], None]),
        (_Thing, ["a", [], None, "b"]),
    ],
)
def test_a_value_of_another_type_is_refused(hint: Any, plain: object) -> None:
    with pytest.raises(CodecError):
        from_plain(hint, plain)


def test_a_complaint_does_not_repeat_all_of_it() -> None:
    with pytest.raises(CodecError) as complaint:
        from_plain(int, "x" * 10_000)

    assert len(str(complaint.value)) < 100


def test_whole_numbers_and_anything_are_taken_where_they_may_be() -> None:
    assert from_plain(float, 3) == 3
    assert from_plain(float | None, None) is None
    assert from_plain(Any, {"a": 1}) == {"a": 1}
    assert build(_Thing, ["a", [], None, 2]) == _Thing("a", (), None, bytes(2))
