"""Parse one YAML file into a tree of its source texts with their line numbers.

The texts stay as written: only the type of a setting decides whether ``no`` is Norwegian or a boolean. An
alias points to the node it names, so a file does not grow when it is read.
"""

from __future__ import annotations

import codecs
import os
import re
import select
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ravatard.errors import ConfigError

#: A configuration has a few kilobytes; a larger file was named by mistake (a recording, /dev/zero).
LIMIT_BYTES = 256 * 1024
#: Three levels are used: file, section, list.
DEEPEST = 8
#: For a pipe's content. A template that a command fills in takes a second on a small board.
PIPE_S = 5.0

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
#: That of UTF-32 begins like the one of UTF-16.
_BYTE_ORDER_MARKS = {
    "UTF-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "UTF-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}
#: RTF, and the archive that .docx, .odt and .pages are.
_DOCUMENTS = (b"{\\rtf", b"PK\x03\x04")
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
_HINTS = {
    "mapping values are not allowed": "indent a section's keys alike, and put a blank after every colon, "
    "here and in the lines above; a value with ': ' in it needs quotes",
    "cannot start any token": "put the value in quotes",
    "did not find expected key": "indent a section's keys alike, by two spaces",
}
#: Since 0.2.6 libyaml has a limit of its own, a thousand levels. Looking ahead for a ':' it may come there
#: before it has told of the ninth level.
_PARSERS_OWN_LIMIT = "maximum nesting depth"


class DocumentError(ConfigError):
    """The file is not readable YAML.

    Attributes:
        line: line of the mistake, counted from 1; None for the whole file.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line

    def within(self, path: Path) -> str:
        """Return the message with ``path`` and the line before it."""
        return f"{path}:{self.line}: {self}" if self.line else f"{path}: {self}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One word or text.

    Attributes:
        text: as written, without quotes and escapes.
        plain: True if written without quotes, so that it may be a number, a boolean or null.
        line: counted from 1.
    """

    text: str = field(repr=False)
    plain: bool
    line: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in order, duplicates included."""

    entries: tuple[tuple[Node, Node], ...]
    line: int


Node = Scalar | Sequence | Mapping


def unread(error: OSError | DocumentError) -> str:
    """Return why a document is not read, without its name."""
    return str(error) if isinstance(error, DocumentError) else error.strerror or str(error)


def read(path: Path, patience_s: float = PIPE_S) -> str:
    """Return the text of a file, or of a pipe such as a shell's ``<(command)``.

    Args:
        path: its place.
        patience_s: what a pipe, or anything else that may keep a reader waiting, gets in all.

    Raises:
        DocumentError: it is too large or not UTF-8, or does not end in time.
        OSError: it cannot be read.
    """
    with open(path, "rb", buffering=0, opener=_without_waiting) as file:
        poll = select.poll()
        poll.register(file, select.POLLIN)
        until = time.monotonic() + patience_s
        content = b""
        while len(content) <= LIMIT_BYTES:
            if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                raise DocumentError(
                    f"its end does not come within {patience_s:g} s, as of a pipe that no program writes to; "
                    "name a file"
                )
            piece = file.read(LIMIT_BYTES + 1 - len(content))
            if piece == b"":
                break
            content += piece or b""
    return decoded(content)


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; without O_NONBLOCK a FIFO would block for ever."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def decoded(content: bytes) -> str:
    """Return the text of a file with this ``content``; of a larger one, the first LIMIT_BYTES + 1 bytes.

    Raises:
        DocumentError: it is too large or not UTF-8.
    """
    if len(content) > LIMIT_BYTES:
        raise DocumentError(f"larger than {LIMIT_BYTES // 1024} KiB, so this is not a configuration")
    if content and not content.strip(b"\0"):
        raise DocumentError("holds nothing but NUL bytes, as a power cut may leave it; write it anew")
    if content.startswith(_DOCUMENTS):
        raise DocumentError("a word processor's document, not text; save the file as plain text, in UTF-8")
    if other := _other_encoding(content):
        raise DocumentError(f"the file is {other}, not UTF-8; save the file as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8", line
        ) from None


def _other_encoding(content: bytes) -> str | None:
    """Return "UTF-16" or "UTF-32" if that is the encoding, with a byte order mark or without; else None.

    Text in UTF-8 without control characters is neither.
    """
    for encoding, marks in _BYTE_ORDER_MARKS.items():
        if content.startswith(marks):
            return encoding
    if _CONTROL_BYTE.search(content):
        for encoding, width in (("UTF-32", 4), ("UTF-16", 2)):
            whole = content[: len(content) - len(content) % width]
            if any(_is_text(whole.decode(f"{encoding}-{order}", "replace")) for order in ("le", "be")):
                return encoding
    return None


def _is_text(text: str) -> bool:
    """Return True if a configuration may look like this.

    Names of settings and syntax are ASCII in every language; a pair of other bytes seldom makes an ASCII
    character.
    """
    written = sum((sign.isprintable() and sign != "\ufffd") or sign in "\t\r\n" for sign in text)
    plain = sum(sign.isascii() for sign in text)
    return 0 < written == len(text) and plain >= len(text) / 8 and (plain >= 8 or plain == len(text))


def parse(text: str) -> Node | None:
    """Return the tree of one YAML document, or None for an empty one.

    Raises:
        DocumentError: a syntax error, or an element no configuration needs (tags, several documents).
    """
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        if text.count("\0") > 1:
            # Windows PowerShell's ">>" appends UTF-16 to any file.
            raise DocumentError(
                "control character 0x00, as in UTF-16 text; save the whole file as UTF-8", line
            )
        raise DocumentError(f"control character 0x{ord(control.group()):02x}; delete it", line)
    composer = _Composer()
    # The parser in C is thirty times as fast; a PyYAML built without libyaml lacks it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Events one by one: a file nested ten thousand deep is refused at the ninth level.
        for event in yaml.parse(text, Loader=loader):
            composer.take(event)
    except yaml.YAMLError as error:
        raise _syntax_error(error, text) from None
    return composer.root


class _Open:
    """A list or mapping whose end has not come yet."""

    def __init__(self, event: yaml.CollectionStartEvent) -> None:
        self.is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.anchor: str | None = event.anchor
        self.line = _line(event)
        self.nodes: list[Node] = []

    def closed(self) -> Node:
        if not self.is_mapping:
            return Sequence(tuple(self.nodes), self.line)
        return Mapping(tuple(zip(self.nodes[::2], self.nodes[1::2], strict=True)), self.line)


class _Composer:
    """Builds the tree from the parser's events."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._documents = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}

    def take(self, event: yaml.Event) -> None:
        """Take the next event.

        Raises:
            DocumentError: it is an element no configuration needs.
        """
        line = _line(event)
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise DocumentError("a second document starts here; delete the line '---'", line)
            case yaml.AliasEvent():
                if event.anchor not in self._anchors:
                    raise DocumentError(
                        "this alias (*name) refers to nothing above it; in quotes it is text", line
                    )
                self._add(self._anchors[event.anchor], None)
            case yaml.ScalarEvent():
                _refuse_tag(event.tag, line)
                # Only plain text may be a number: '5', "5" and !!str 5 are not.
                plain = event.implicit[0] and event.tag is None
                text = event.value.rstrip("\n") if event.style in ("|", ">") else event.value
                self._add(Scalar(text, plain, line), event.anchor)
            case yaml.CollectionStartEvent():
                _refuse_tag(event.tag, line)
                if len(self._open) == DEEPEST:
                    raise _too_deep(line)
                self._open.append(_Open(event))
            case yaml.CollectionEndEvent():
                ended = self._open.pop()
                self._add(ended.closed(), ended.anchor)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if self._open:
            self._open[-1].nodes.append(node)
        else:
            self.root = None if isinstance(node, Scalar) and node.plain and not node.text else node


def _line(event: yaml.Event) -> int:
    # The type stubs allow for events without a mark; the parser makes none.
    return 1 if event.start_mark is None else event.start_mark.line + 1


def _too_deep(line: int) -> DocumentError:
    return DocumentError(f"nested more than {DEEPEST} levels deep", line)


def _refuse_tag(tag: str | None, line: int) -> None:
    if tag not in _TEXT_TAGS:
        raise DocumentError("tags (!name) are not understood; in quotes it is text", line)


def _syntax_error(error: yaml.YAMLError, text: str) -> DocumentError:
    # Only the parser's own words are used: its snippet of the line may contain a secret.
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or "contains a character YAML does not allow")
    if mark is None:
        return DocumentError(problem)
    if _PARSERS_OWN_LIMIT in problem:
        return _too_deep(mark.line + 1)
    written = text.splitlines()[mark.line] if mark.line < len(text.splitlines()) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return DocumentError("indented with a tab; YAML allows only spaces there", mark.line + 1)
    hint = next((f"; {hint}" for known, hint in _HINTS.items() if known in problem), "")
    begun = getattr(error, "context_mark", None)
    if begun is not None and begun.line < mark.line:
        # An open quote is noticed at the end of the file; the line of the opening one helps.
        problem += f" {getattr(error, 'context', '')} that begins on line {begun.line + 1}"
    return DocumentError(f"not valid YAML: {problem}{hint}", mark.line + 1)
