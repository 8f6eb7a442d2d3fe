from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.sim.exchange import Request, json_object


def test_a_target_becomes_path_and_query() -> None:
    request = Request.of("get", "/a%20b?x=1&x=2&empty=&y=%26", {"Host": "here"}, b"body")

    assert request == Request("GET", "/a b", {"x": "2", "empty": "", "y": "&"}, {"host": "here"}, b"body")


def test_a_request_shows_neither_query_nor_headers_nor_body() -> None:
    request = Request.of("GET", "/ws/chat?token=sesame", {"Authorization": "Bearer sesame"}, b"sesame")

    assert "sesame" not in repr(request)


def test_an_object_is_read_from_text_and_bytes() -> None:
    assert json_object('{"a": 1}') == json_object(b'{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"a": "\xff"}', "not JSON"),
        (b"{" * 100_000, "not JSON"),
        (b'{"a":' + b"[" * 100_000, "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b"[]", "JSON, but not an object"),
        (b'"text"', "JSON, but not an object"),
        (b"null", "JSON, but not an object"),
    ],
)
def test_what_is_no_object_is_told(raw: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        json_object(raw)


@given(raw=st.binary())
@settings(deadline=None)
def test_any_bytes_are_an_object_or_a_value_error(raw: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(json_object(raw), dict)
