"""Whatever a parser raises becomes our error, and foreign names stay short."""

from __future__ import annotations

import pytest

from ravatard.cloud.border import foreign, listed, plain
from ravatard.errors import InternalError, LinkError, PeerError, RavatardError


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        UnicodeDecodeError("utf-8", b"", 0, 1, ""),
        OverflowError(),
        ZeroDivisionError(),
        KeyError("x"),
        IndexError(),
        TypeError(),
        AttributeError(),
        RecursionError(),
        MemoryError(),
        EOFError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_fault_of_content_is_the_peers(error: Exception) -> None:
    with pytest.raises(PeerError, match="the reply cannot be read"), foreign("the reply"):
        raise error


@pytest.mark.parametrize("error", [LinkError("x"), InternalError("a bug")])
def test_our_own_errors_pass(error: RavatardError) -> None:
    with pytest.raises(type(error)), foreign("the reply"):
        raise error


def test_names_in_a_message_are_ten_at_most_and_short() -> None:
    shown = listed([f"{number}{'x' * 100_000}\x1b[2J" for number in range(50_000)])

    assert len(shown) < 11 * 45
    assert shown.endswith(" and 49990 more")
    assert listed([]) == "none"


def test_a_line_has_no_control_characters() -> None:
    assert plain(" a\x1b[1mb\nc\ud83d\x9b ", 40) == "a [1mb c"
