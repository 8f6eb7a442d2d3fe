"""Text that is taken for text, and sound that is not; the decoder's tests show the messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.devices.media.text import text_kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"<html>", "a web page"),
        (b" \r\n<!-- -->", "a web page"),
        (b"{", "JSON"),
        (b"[1]", "JSON"),
        (b"not here", "text"),
        ("pas trouvé".encode()[:-1], "text"),
        ("<p>\xe9".encode("latin-1"), "a web page"),
        ("r\xe9ponse".encode("latin-1"), None),
        ("{}".encode("utf-16"), "JSON"),
        (b"OggS", None),
        (b"ID3", None),
        (b"", None),
        (b"  \n", None),
        (b"\xff\xfb\x90", None),
        (b"\0\0\0\x20ftyp", None),
    ],
)
def test_text_is_known_by_its_bytes(head: bytes, kind: str | None) -> None:
    assert text_kind(head) == kind


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_bytes_with_a_zero_in_them_are_no_text(before: bytes, after: bytes) -> None:
    assert before.startswith((b"\xff\xfe", b"\xfe\xff")) or text_kind(before + b"\0" + after) is None
