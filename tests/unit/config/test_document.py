"""YAML files, well-formed and otherwise, as trees of texts with lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.config.document import (
    LIMIT_BYTES,
    DocumentError,
    Mapping,
    Node,
    Scalar,
    Sequence,
    _other_encoding,
    parse,
    read,
)
from tests.assertions import assert_raises_only
from tests.examples import examples


def _value(text: str) -> Node:
    """The value of the only key."""
    root = parse(text)
    assert isinstance(root, Mapping)
    return root.entries[0][1]


def test_a_plain_text_stays_as_it_was_written() -> None:
    assert _value("language: no") == Scalar("no", plain=True, line=1)


@pytest.mark.parametrize("text", ["a: '5'", 'a: "5"', "a: !!str 5", "a: ! 5", "a: |\n  5\n", "a: >\n  5\n"])
def test_a_quoted_or_block_text_is_not_plain(text: str) -> None:
    found = _value(text)

    assert isinstance(found, Scalar)
    assert (found.text, found.plain) == ("5", False)


def test_lines_are_counted_from_one() -> None:
    root = parse("# a comment\n\na:\n  b: 1\n  c: [2,\n    3]\n")

    assert isinstance(root, Mapping)
    inner = root.entries[0][1]
    assert isinstance(inner, Mapping)
    assert [(name.line, value.line) for name, value in inner.entries] == [(4, 4), (5, 5)]


def test_duplicate_keys_are_kept_for_whoever_reads_the_tree() -> None:
    root = parse("a: 1\na: 2\n")

    assert isinstance(root, Mapping)
    assert len(root.entries) == 2


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "--- # nothing\n...\n"])
def test_an_empty_document_is_nothing(text: str) -> None:
    assert parse(text) is None


def test_an_alias_is_the_node_it_names() -> None:
    root = parse("a: &x [1, 2]\nb: *x\n")

    assert isinstance(root, Mapping)
    (_, first), (_, second) = root.entries
    assert first is second
    assert isinstance(first, Sequence)


def test_a_billion_laughs_stay_nine_nodes() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]

    root = parse("\n".join(lines))

    assert isinstance(root, Mapping)
    assert len(root.entries) == 30


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\n\tb: 2\n", 2, "tab"),
        ("a:\n\t- 1\n", 2, "tab"),
        ("a: b: c\n", 1, "needs quotes"),
        ("a: 1\n b: 2\n", 2, "alike"),
        ("a: [1, 2\n", 2, "not valid YAML"),
        ("a: 'open\nb: 1\n", 3, "quoted scalar that begins on line 1"),
        ("a: @home\n", 1, "in quotes"),
        ("a: 1\n---\na: 2\n", 2, "second document"),
        ("a: *nowhere\n", 1, "alias"),
        ("a: &a [*a]\n", 1, "alias"),
        ("a: !!python/object/apply:os.system [reboot]\n", 1, "tags"),
        ("a: !!int '5'\n", 1, "tags"),
        ("\n!!set {a}\n", 2, "tags"),
        ("a: 1\nb: \x00\n", 2, "0x00"),
        ("a: \x1b[31m\n", 1, "0x1b"),
        ("%YAML 3.0\n---\na: 1\n", 1, "incompatible"),
    ],
)
def test_what_is_no_usable_yaml_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(DocumentError, match=says) as caught:
        parse(text)

    assert caught.value.line == line


def test_a_character_yaml_forbids_is_refused_without_a_line() -> None:
    with pytest.raises(DocumentError, match="does not allow") as caught:
        parse("a: \ufffe\n")

    assert caught.value.line is None


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 50_000, "- " * 100_000, "? " * 100_000])
def test_deep_nesting_is_refused_early(text: str) -> None:
    with pytest.raises(DocumentError, match="levels deep"):
        parse(text)


@pytest.mark.parametrize("deep", [9, 900, 2_000])
def test_deep_nesting_is_refused_with_its_line_by_us_and_by_the_parser(deep: int) -> None:
    with pytest.raises(DocumentError, match="nested more than 8 levels deep") as caught:
        parse(f"a: 1\nb: {'[' * deep}\n")

    assert caught.value.line == 2


def test_a_syntax_error_does_not_quote_the_line() -> None:
    with pytest.raises(DocumentError) as caught:
        parse("project_id: 'hush: \n")

    assert "hush" not in str(caught.value)


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@,? \t\n\x00é\ufffe<~"), max_size=60))
@settings(deadline=None, max_examples=examples(500))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with assert_raises_only(DocumentError):
        parse(text)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")

    assert read(file) == "a: 1\n"


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes("a: 1\nb: Zoë\n".encode("latin-1"))

    with pytest.raises(DocumentError, match=r"0xeb is not UTF-8; save the file as UTF-8") as caught:
        read(file)

    assert caught.value.line == 2


def test_a_file_in_utf_16_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes("a: 1\n".encode("utf-16"))

    with pytest.raises(DocumentError, match="UTF-8"):
        read(file)


OTHER_ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
WRITTEN = [
    "a: 1\n",
    "service:\r\n  project_id: abc-123\r\n",
    "ravatar:\n  # \u0442\u043e\u043b\u044c\u043a\u043e \u0434\u043e\u043c\u0430\n"
    "  avatar: \u0410\u043d\u043d\u0430\n",
    "ravatar:\n  avatar: \u30a2\u30cb\u30e1\U0001f600\n",
]


@pytest.mark.parametrize("text", WRITTEN)
@pytest.mark.parametrize("encoding", OTHER_ENCODINGS)
def test_a_file_in_a_wider_encoding_is_named_with_and_without_its_mark(
    tmp_path: Path, encoding: str, text: str
) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(text.encode(encoding))

    with pytest.raises(DocumentError, match=f"{encoding[:6].upper()}, not UTF-8; save the file as UTF-8"):
        read(file)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_text_in_utf_8_is_never_taken_for_another_encoding(text: str) -> None:
    assert text.count("\0") or _other_encoding(text.encode()) is None


@pytest.mark.parametrize("text", ["a: 1\nb: \0\n", "a: \x1b[31m\n", "name: \x7f\0\0\n"])
def test_a_control_character_in_utf_8_keeps_its_own_message(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)

    with pytest.raises(DocumentError, match="control character 0x"):
        parse(read(file))


@pytest.mark.parametrize("order", ["le", "be"])
def test_text_in_utf_16_behind_utf_8_has_the_same_remedy(tmp_path: Path, order: str) -> None:
    """Windows PowerShell's ``>>`` appends UTF-16 to any file."""
    file = tmp_path / "a.yaml"
    file.write_bytes(b"gate: {silence_ms: 700}\n" + "turn: {answer_s: 45}\r\n".encode(f"utf-16-{order}"))

    with pytest.raises(DocumentError, match=r"UTF-16.*; save the (whole )?file as UTF-8"):
        parse(read(file))


def test_a_file_that_a_power_cut_left_empty_of_all_but_zeros_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(bytes(4_096))

    with pytest.raises(DocumentError, match="nothing but NUL bytes"):
        read(file)


def test_a_file_that_is_far_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"#" * (LIMIT_BYTES + 1))

    with pytest.raises(DocumentError, match="256 KiB"):
        read(file)


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(DocumentError, match="256 KiB"):
        read(Path("/dev/zero"))


@pytest.mark.parametrize("begun", [b"", b"version: 1\n"])
def test_a_pipe_that_does_not_end_keeps_no_reader_waiting(tmp_path: Path, begun: bytes) -> None:
    pipe = tmp_path / "ravatard.yaml"
    os.mkfifo(pipe)
    writing = os.open(pipe, os.O_RDWR) if begun else None
    try:
        if writing is not None:
            os.write(writing, begun)
        with pytest.raises(DocumentError, match="does not come within 0 s"):
            read(pipe, patience_s=0.0)
    finally:
        if writing is not None:
            os.close(writing)


def test_a_pipe_of_the_shell_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b"version: 1\n")
        os.close(writing)
        assert read(Path(f"/dev/fd/{reading}")) == "version: 1\n"
    finally:
        os.close(reading)
