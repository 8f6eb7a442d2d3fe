"""Typing: what keys do to a line, however a terminal cuts what they send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cli.chat.line_editor import Entered, Left, LineEditor
from ravatard.cli.terminal import cells


def typed(*keys: str) -> LineEditor:
    editor = LineEditor()
    for key in keys:
        assert list(editor.feed(key.encode())) == []
    return editor


def test_what_is_typed_is_there_and_a_line_is_handed_out() -> None:
    editor = typed("hé", "llo 日")

    assert (editor.text, editor.cursor) == ("héllo 日", 7)
    assert list(editor.feed(b"\r")) == [Entered("héllo 日")]
    assert (editor.text, editor.cursor) == ("", 0)


def test_several_lines_may_be_pasted_at_once() -> None:
    assert list(LineEditor().feed(b"one\ntwo\nthr")) == [Entered("one"), Entered("two")]


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        (["ab", "\x7f"], "a", 1),
        (["\x7f"], "", 0),
        (["ab", "\x1b[D", "c"], "acb", 2),
        (["ab", "\x1b[D\x1b[D\x1b[D", "c"], "cab", 1),
        (["ab", "\x01", "c", "\x05", "d"], "cabd", 4),
        (["ab", "\x1b[H", "\x1b[3~"], "b", 0),
        (["ab", "\x02", "\x04"], "a", 1),
        (["one two  ", "\x17"], "one ", 4),
        (["one two", "\x1bOD", "\x15"], "o", 0),
        (["one two", "\x01\x06", "\x0b"], "o", 1),
        (["e\u0301x", "\x02\x02", "a"], "ae\u0301x", 1),
        (["e\u0301", "\x7f"], "", 0),
        (["a\tb"], "a b", 3),
        (["a\x00\x07\x1b[31mb"], "ab", 2),
        (["a\x1b[200~b\x1b[201~c"], "abc", 3),
        (["a\x1b", "\x1b[D", "b"], "ba", 1),
        (["x" * 5_000], "x" * 4_000, 4_000),
    ],
)
def test_keys_edit(keys: list[str], text: str, cursor: int) -> None:
    editor = typed(*keys)

    assert (editor.text, editor.cursor) == (text, cursor)


def test_earlier_lines_come_back() -> None:
    editor = LineEditor()
    list(editor.feed(b"one\ntwo\ntwo\n\n"))
    shown = []
    for key in (b"\x1b[A", b"\x1b[A", b"\x1b[A", b"\x1b[B", b"\x1b[B", b"\x1b[B"):
        list(editor.feed(key))
        shown.append(editor.text)

    assert shown == ["two", "one", "one", "two", "", ""]


def test_ctrl_d_leaves_only_from_an_empty_line() -> None:
    editor = typed("a", "\x04", "\x02")
    list(editor.feed(b"\x04"))

    assert editor.text == ""
    assert list(editor.feed(b"\x04")) == [Left()]


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    editor = LineEditor()
    list(editor.feed(b"\xff\xfea"))

    assert editor.text == "\ufffd\ufffda"


@given(
    st.lists(
        st.sampled_from([b"a", b"\xe6\x97\xa5", b"\x1b[D", b"\x1b[3~", b"\n", b"\x7f", b"\xff", b"\x1b"])
    )
)
def test_it_does_not_matter_how_the_bytes_are_cut(keys: list[bytes]) -> None:
    data = b"".join(keys)
    whole, cut = LineEditor(), LineEditor()

    at_once = list(whole.feed(data))
    in_pieces = [one for index in range(len(data)) for one in cut.feed(data[index : index + 1])]

    assert at_once == in_pieces
    assert (whole.text, whole.cursor) == (cut.text, cut.cursor)


@given(st.binary(max_size=200))
def test_whatever_comes_the_cursor_is_in_the_line_and_nothing_hidden_is_in_it(data: bytes) -> None:
    editor = LineEditor()

    list(editor.feed(data))

    assert 0 <= editor.cursor <= len(editor.text)
    assert not any(ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0 for one in editor.text)


@given(st.text(), st.integers(0, 40), st.integers(1, 30))
def test_the_window_fits_and_holds_the_cursor(text: str, back: int, columns: int) -> None:
    editor = LineEditor()
    list(editor.feed(text.replace("\n", "").replace("\r", "").encode("utf-8", "replace")))
    list(editor.feed(b"\x02" * back))

    shown, cursor = editor.window(columns)

    assert cells(shown) <= columns
    assert 0 <= cursor <= columns
    assert shown in editor.text
