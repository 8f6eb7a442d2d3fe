"""Change some settings of a configuration file and leave every other line of it as it is.

Each change is tried in place, then the whole text is read again: only what means exactly what was wanted is
taken. A file that is written in an unusual way (everything in braces, aliases) is written anew instead, with
the same meaning and without its comments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping as Changes
from typing import Any

import yaml

from ravatard.config.document import DocumentError, Mapping, Node, Scalar, Sequence, parse
from ravatard.config.version import KEY
from ravatard.errors import InternalError

#: ``(section, key)``, or ``(key,)`` beside the sections.
Place = tuple[str, ...]

REWRITTEN = "# Written anew by ravatard; the file as it was, with its comments, is kept beside this one.\n"

# What YAML reads as it stands, also inside brackets: words, numbers, addresses.
_PLAIN = re.compile(r"(?:[^\W_]|[/~])(?:[\w./~+-]|:(?=[\w/]))*|[-+]?[0-9.][0-9.eE+-]*")
# In double quotes YAML takes these for the end of a line, or refuses them.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


def settings(root: Node | None) -> dict[Place, Node]:
    """Every setting of a file by its place; what is none (a list as a section) under ``(name,)``."""
    found: dict[Place, Node] = {}
    for name, value in root.entries if isinstance(root, Mapping) else ():
        if not isinstance(name, Scalar):
            continue
        if isinstance(value, Mapping):
            found |= {(name.text, key.text): v for key, v in value.entries if isinstance(key, Scalar)}
        elif not (isinstance(value, Scalar) and value.plain and value.text in ("", "~", "null")):
            found[name.text,] = value
    return found


def merged(text: str, changes: Changes[Place, Node | None]) -> str:
    """``text`` with ``changes``, the same text when there are none; a setting that becomes None is taken out.

    Args:
        text: one readable YAML document of sections.
        changes: place -> the value as somebody wrote it.

    Raises:
        InternalError: a value cannot be written in YAML.
    """
    before = settings(parse(text))
    wanted = {place: _shape(node) for place, node in before.items()}
    words = {place: None if node is None else written(node) for place, node in changes.items()}
    result: str | None = text
    for place, word in words.items():
        if word is None:
            wanted.pop(place, None)
            changed = place in before
        else:
            shape = _shape(parse(word))
            # In quotes or not, what stands there as it was asked for stays.
            changed = wanted.get(place) not in (shape, _shape(changes[place]))
            wanted[place] = shape if changed else wanted[place]
        if changed and result is not None:
            result = _attempt(result, place, word)
    if result is not None and _means(result) == wanted:
        return result
    kept = {place: written(node) for place, node in before.items() if place in wanted}
    result = _anew(kept | {place: word for place, word in words.items() if word is not None})
    if _means(result) != wanted:
        raise InternalError("a setting cannot be written in YAML")
    return result


def written(node: Node) -> str:
    """``node`` on one line of YAML, fit to stand in brackets."""
    match node:
        case Scalar(text, True) if _PLAIN.fullmatch(text):
            return text
        case Scalar("", True):
            return "null"
        case Scalar(text):
            quoted = json.dumps(text, ensure_ascii=False)
            return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)
        case Sequence(items):
            return f"[{', '.join(map(written, items))}]"
        case Mapping(entries):
            return "{" + ", ".join(f"{written(key)}: {written(value)}" for key, value in entries) + "}"


def _shape(node: Node | None) -> object:
    """What is compared: the text and whether it may be a number, without lines and quotes."""
    match node:
        case Scalar(text, plain):
            return (text, plain)
        case Sequence(items):
            return [_shape(item) for item in items]
        case Mapping(entries):
            return [(_shape(key), _shape(value)) for key, value in entries]
        case _:
            return ("", True)


def _means(text: str) -> dict[Place, object] | None:
    """The settings of ``text``, or None when it is no YAML (any more)."""
    try:
        return {place: _shape(node) for place, node in settings(parse(text)).items()}
    except DocumentError:
        return None


def _anew(words: Changes[Place, str]) -> str:
    lines = [REWRITTEN, *(f"{place[0]}: {word}\n" for place, word in words.items() if len(place) == 1)]
    for section in dict.fromkeys(place[0] for place in words if len(place) == 2):
        lines.append(f"\n{section}:\n")
        lines += [f"  {place[1]}: {word}\n" for place, word in words.items() if place[0] == section]
    return "".join(lines)


def _attempt(text: str, place: Place, word: str | None) -> str | None:
    """``text`` with one change, right or wrong; None when there is no place for it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.YAMLError:
        return None
    page = _Page(text)
    if root is not None and (not isinstance(root, yaml.MappingNode) or root.flow_style):
        return None
    entry = None if root is None else _entry(root, place[0])
    if len(place) == 1:
        at = 0 if root is None else root.value[0][0].start_mark.line
        if root is not None and root.value[0][0].value == KEY:
            at += 1
        return page.with_value(entry, word) if entry else page.with_line(at, f"{place[0]}: {word}")
    if entry is None:
        return page.with_section(place, word)
    return _in_section(page, *entry, place[1], word)


def _in_section(page: _Page, section: Any, holder: Any, name: str, word: str | None) -> str | None:
    if not isinstance(holder, yaml.MappingNode):
        return page.with_key(section, 2, name, word)
    if inner := _entry(holder, name):
        return page.with_value(inner, word)
    if holder.flow_style or not holder.value:
        return None
    return page.with_key(section, holder.value[0][0].start_mark.column, name, word)


def _entry(mapping: yaml.MappingNode, name: str) -> tuple[Any, Any] | None:
    return next((entry for entry in mapping.value if getattr(entry[0], "value", None) == name), None)


class _Page:
    """The lines of a file, and what can be done to them."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines(keepends=True)
        self._end = "\r\n" if "\r\n" in text else "\n"
        if self._lines and not self._lines[-1].endswith(("\n", "\r")):
            self._lines[-1] += self._end

    def with_line(self, at: int, line: str) -> str:
        return "".join([*self._lines[:at], line + self._end, *self._lines[at:]])

    def with_section(self, place: Place, word: str | None) -> str:
        gap = [self._end] if self._lines else []
        key = f"{place[0]}:{self._end}  {place[1]}:" if len(place) == 2 else f"{place[0]}:"
        return "".join([*self._lines, *gap, f"{key} {word}{self._end}"])

    def with_key(self, section: Any, indent: int, name: str, word: str | None) -> str:
        """Below the line that has the key as a comment, as the reference has all of them, else on top."""
        at = section.start_mark.line
        commented = re.compile(rf"\s*#\s?{re.escape(name)}:(\s|$)")
        for number, line in enumerate(self._lines[at + 1 :], at + 1):
            if line[:1].strip() not in ("", "#"):
                break
            if commented.match(line):
                at = number
                break
        return self.with_line(at + 1, f"{' ' * indent}{name}: {word}")

    def with_value(self, entry: tuple[Any, Any], word: str | None) -> str | None:
        key, value = entry
        start, end = value.start_mark, value.end_mark
        if word is None:
            after = end.line + 1 if end.column else end.line
            return "".join([*self._lines[: key.start_mark.line], *self._lines[after:]])
        if getattr(value, "style", None) in ("|", ">") or getattr(value, "flow_style", True) is False:
            return None
        text = "".join(self._lines)
        low, high = (sum(map(len, self._lines[: mark.line])) + mark.column for mark in (start, end))
        # A key without a value ends with its colon.
        return text[:low] + (" " if low == high else "") + word + text[high:]
