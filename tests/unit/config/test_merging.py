"""Some settings of a file change, and every other line of it stays as it is, byte by byte."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from ravatard.config.document import Node, Scalar, Sequence, parse
from ravatard.config.merging import REWRITTEN, Place, merged, settings, written
from ravatard.config.reference import reference
from tests.examples import examples


def plain(text: str) -> Scalar:
    return Scalar(text, plain=True, line=1)


def quoted(text: str) -> Scalar:
    return Scalar(text, plain=False, line=1)


def values(text: str) -> dict[Place, str | list[str] | None]:
    """What a file says, lines left out."""

    def said(node: Node) -> str | list[str] | None:
        if isinstance(node, Sequence):
            return [item.text for item in node.items if isinstance(item, Scalar)]
        return node.text if isinstance(node, Scalar) else None

    return {place: said(node) for place, node in settings(parse(text)).items()}


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        # A value in place, its comment and quotes around others untouched.
        ("gate:\n  mode: vad # why\n", "both", "gate:\n  mode: both # why\n"),
        ("gate:\n  mode:   'vad'\n  toggle: no\n", "both", "gate:\n  mode:   both\n  toggle: no\n"),
        ("gate: {mode: vad, toggle: no}\n", "both", "gate: {mode: both, toggle: no}\n"),
        ("gate:\n  mode:\n", "both", "gate:\n  mode: both\n"),
        ("gate:\n  mode: # none\n", "both", "gate:\n  mode: both # none\n"),
        ("gate:\n  mode: vad", "both", "gate:\n  mode: both\n"),
        # A new key: below its comment, else on top of its section.
        (
            "gate:\n\n  # What.\n  #mode: auto\n\nvoice:\n",
            "vad",
            "gate:\n\n  # What.\n  #mode: auto\n  mode: vad\n\nvoice:\n",
        ),
        ("gate:\n    toggle: no\n", "vad", "gate:\n    mode: vad\n    toggle: no\n"),
        ("gate: # mine\nvoice:\n  #mode: x\n", "vad", "gate: # mine\n  mode: vad\nvoice:\n  #mode: x\n"),
        # A new section at the end.
        ("voice:\n  frame_ms: 20\n", "vad", "voice:\n  frame_ms: 20\n\ngate:\n  mode: vad\n"),
        ("# only words\n", "vad", "# only words\n\ngate:\n  mode: vad\n"),
        ("", "vad", "gate:\n  mode: vad\n"),
        # Line ends stay as they are.
        ("gate:\r\n  toggle: no\r\n", "vad", "gate:\r\n  mode: vad\r\n  toggle: no\r\n"),
        # Multi-line values.
        ("gate:\n  mode: 'v\n    ad'\n  toggle: no\n", "vad", "gate:\n  mode: vad\n  toggle: no\n"),
    ],
)
def test_one_setting_changes_in_its_place(before: str, change: str, after: str) -> None:
    assert merged(before, {("gate", "mode"): plain(change)}) == after


@pytest.mark.parametrize(
    "rest",
    [
        "# head\n---\n",
        "voice: {start_window:   5}   # odd spaces\n\n\n",
        "voice:\n    frame_ms:   20   # four spaces\n    start_window:  5   # aligned\n",
        "voice: {frame_ms: 20, # inside\n  start_window: 5}\n",
        "voice:\n  frame_ms: [1,\n    2]\n",
        "voice:\n  frame_ms: 'two\n    lines'\n",
        'voice:\n  frame_ms: "a\\u00e9b \\x41"   \n',
        "voice : 1\n",
        "? voice\n: frame_ms: 1\n",
        "voice:\n-   1\n-  2\nspend:\n  - 3\n",
        "voice:\n  a: on\n  b: 0123\n  c: 12:30\n  d: 0x1F\n  e: ~\n  f: 1_000\n  g: 2001-01-01\n  h: 1.0\n",
        "voice: &name {a: 1}\nspend: *name\n",
        "voice:\n  a: >-\n    folded\n    text\n",
        "\n\nvoice:\n  a: 1 \n  # a comment with a space at its end \n",
        "voice:\n  # " + "long " * 40 + "\n  a: " + "word " * 40 + "\n",
    ],
)
def test_the_rest_of_a_file_stays_as_it_is_whatever_its_style(rest: str) -> None:
    text = rest + "gate:\n  toggle: no\n"

    assert merged(text, {("gate", "toggle"): plain("yes")}) == rest + "gate:\n  toggle: yes\n"


def test_a_file_of_mixed_line_ends_keeps_them() -> None:
    text = "voice:\n  a: 1\r\n  b: 2\ngate:\n  toggle: no\r\n"

    assert merged(text, {("gate", "toggle"): plain("yes")}) == text.replace("no", "yes")


def test_what_changes_nothing_leaves_every_byte() -> None:
    text = "gate: {mode:   vad}   # odd, but mine\n\n\n"

    assert merged(text, {("gate", "mode"): plain("vad"), ("voice", "frame_ms"): None}) == text


def test_a_setting_can_be_taken_out() -> None:
    text = "gate:\n  # kept\n  mode: vad\n  toggle: no\nvoice:\n  frame_ms: [1,\n    2]\n"

    assert (
        merged(text, {("gate", "mode"): None})
        == "gate:\n  # kept\n  toggle: no\nvoice:\n  frame_ms: [1,\n    2]\n"
    )
    assert merged(text, {("voice", "frame_ms"): None}).endswith("  toggle: no\nvoice:\n")


def test_a_setting_beside_the_sections_is_changed_or_comes_before_them() -> None:
    assert merged("# head\ngate:\n", {("version",): plain("2")}) == "# head\nversion: 2\ngate:\n"
    assert merged("version: 1 # x\n", {("version",): plain("2")}) == "version: 2 # x\n"
    assert merged("version: 1\ngate:\n", {("board",): plain("x")}) == "version: 1\nboard: x\ngate:\n"


@pytest.mark.parametrize(
    "text",
    [
        "{gate: {toggle: no}}\n",
        "--- {gate: {toggle: no}}\n",
        "gate: {toggle: no}\n...\n",
        "x: &name {toggle: no}\ngate: *name\n",
        "gate:\n  mode: |\n    vad\n  toggle: no\n",
        "gate: ~\n",
        "gate:\n  ? mode\n  : vad\n",
        "gate:\n  toggle: &t no\n  longest_s: *t\n",
    ],
)
def test_what_is_written_in_an_unusual_way_keeps_its_meaning(text: str) -> None:
    wanted = values(text) | {("gate", "mode"): "both", ("gate", "toggle"): "yes"}

    changed = merged(text, {("gate", "mode"): plain("both"), ("gate", "toggle"): plain("yes")})

    assert values(changed) == wanted


def test_a_file_that_is_written_anew_says_so() -> None:
    assert merged("{gate: {toggle: no}}\n", {("gate", "mode"): plain("vad")}) == (
        f"{REWRITTEN}\ngate:\n  toggle: no\n  mode: vad\n"
    )


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (plain("vad"), "vad"),
        (plain("no"), "no"),
        (plain("-1.5e3"), "-1.5e3"),
        (plain(""), "null"),
        (plain("https://x.example:8443/y"), "https://x.example:8443/y"),
        (plain("a b"), '"a b"'),
        (plain("x: y # z"), '"x: y # z"'),
        (quoted("no"), '"no"'),
        (quoted('Zoë "the" \\ 😀'), '"Zoë \\"the\\" \\\\ 😀"'),
        (quoted("a\u2028b\x85c"), '"a\\u2028b\\u0085c"'),
        (Sequence((plain("1"), quoted("a, b")), 1), '[1, "a, b"]'),
    ],
)
def test_a_value_is_written_so_that_it_reads_the_same(node: Node, text: str) -> None:
    assert written(node) == text
    again = parse(f"gate: {{mode: {text}}}")
    found = settings(again)["gate", "mode"]
    assert not isinstance(node, Scalar) or (isinstance(found, Scalar) and found.text in (node.text, "null"))


WORDS = st.sampled_from(["1", "no", "x y", "", "#", ": ", "'", '"', "é", "- a", "*b", "0x1", "~", "{", "]"])


@given(st.data())
@how(deadline=None, max_examples=examples(150))
def test_whatever_is_changed_in_whatever_file_only_that_changes(data: st.DataObject) -> None:
    lines = reference().splitlines(keepends=True)
    alive = st.sampled_from([line for line in lines if re.match(r"  #[a-z_]+:", line)])
    for _ in range(data.draw(st.integers(0, 6))):
        if (line := data.draw(alive)) in lines:
            lines[lines.index(line)] = line.replace("#", "", 1)
    text = "".join(lines)
    before = values(text)
    places = st.sampled_from([*before, ("gate", "mode"), ("service", "avatar"), ("new", "one"), ("version",)])
    changes = data.draw(st.dictionaries(places, st.one_of(st.none(), st.builds(quoted, WORDS)), max_size=4))

    changed = merged(text, changes)

    expected = before | {place: node.text for place, node in changes.items() if node is not None}
    assert values(changed) == {p: v for p, v in expected.items() if changes.get(p, v) is not None}
    untouched = [line for line in lines if line.lstrip().startswith("# ")]
    assert [line for line in changed.splitlines(keepends=True) if line.lstrip().startswith("# ")] == untouched
