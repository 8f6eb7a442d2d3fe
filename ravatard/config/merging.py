"""Change some settings of a configuration file and leave every other byte of it as it is.

Each change is tried in place, then the whole text is read again and accepted only with exactly the requested
meaning. A file in an unusual style (everything in braces, aliases) is written anew instead, with the same
meaning and without its comments.

A round trip through ruamel.yaml does not serve: it emits the whole file anew, and so loses aligned values,
escapes, comments and line breaks inside brackets, and comments before ``---`` (measured with 0.19).
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

# Texts YAML reads without quotes, also inside brackets: words, numbers, addresses.
_PLAIN = re.compile(r"(?:[^\W_]|[/~])(?:[\w./~+-]|:(?=[\w/]))*|[-+]?[0-9.][0-9.eE+-]*")
# Characters that end a line in YAML's double quotes, or are refused there.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


def settings(root: Node | None) -> dict[Place, Node]:
    """Return every setting of a file by its place; an entry that is no section under ``(name,)``."""
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
    """Return ``text`` with ``changes``, or the same text when nothing changes.

    Args:
        text: one readable YAML document of sections.
        changes: place -> the value as written by the user; None removes the setting.

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
            # With or without quotes: a value that is as requested stays.
            changed = wanted.get(place) not in (shape, _shape(changes[place]))
            wanted[place] = shape if changed else wanted[place]
        if changed and result is not None:
            result = _edited(result, place, word)
    if result is not None and _means(result) == wanted:
        return result
    kept = {place: written(node) for place, node in before.items() if place in wanted}
    result = _anew(kept | {place: word for place, word in words.items() if word is not None})
    if _means(result) != wanted:
        raise InternalError("a setting cannot be written in YAML")
    return result


def written(node: Node) -> str:
    """Return ``node`` on one line of YAML that is also valid inside brackets."""
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
    """Return a node for comparison: its text and whether it may be a number, without lines and quotes."""
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
    """Return the settings of ``text`` for comparison, or None when it is no YAML (any more)."""
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


def _edited(text: str, place: Place, word: str | None) -> str | None:
    """Return ``text`` with one change tried in place, right or wrong; None when there is no place for it."""
    try:
        root: Any = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return None
    if root is not None and (not isinstance(root, yaml.MappingNode) or root.flow_style):
        return None
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += _line_end(lines)
    if entry := _entry(root, place[0]):
        return _with_value(lines, entry, word) if len(place) == 1 else _with_key(lines, entry, place[1], word)
    if len(place) == 2:
        gap = [""] if lines else []
        return _inserted(lines, len(lines), *gap, f"{place[0]}:", f"  {place[1]}: {word}")
    first = None if root is None else root.value[0][0]
    at = 0 if first is None else first.start_mark.line + (first.value == KEY)
    return _inserted(lines, at, f"{place[0]}: {word}")


def _line_end(lines: list[str]) -> str:
    return "\r\n" if any(line.endswith("\r\n") for line in lines) else "\n"


def _inserted(lines: list[str], at: int, *new: str) -> str:
    return "".join([*lines[:at], *(f"{line}{_line_end(lines)}" for line in new), *lines[at:]])


def _entry(mapping: Any, name: str) -> tuple[Any, Any] | None:
    """Return key and value of ``name`` in a composed mapping; None when it has none, or is no mapping."""
    entries = mapping.value if isinstance(mapping, yaml.MappingNode) else ()
    return next((entry for entry in entries if getattr(entry[0], "value", None) == name), None)


def _with_key(lines: list[str], section: tuple[Any, Any], name: str, word: str | None) -> str | None:
    """Set a key of a section. A new one goes below its commented line, as in the reference, or on top."""
    heading, holder = section
    if entry := _entry(holder, name):
        return _with_value(lines, entry, word)
    indent = 2
    if isinstance(holder, yaml.MappingNode):
        if holder.flow_style or not holder.value:
            return None
        indent = holder.value[0][0].start_mark.column
    at = heading.start_mark.line
    commented = re.compile(rf"\s*#\s?{re.escape(name)}:(\s|$)")
    for number, line in enumerate(lines[at + 1 :], at + 1):
        if line[:1].strip() not in ("", "#"):
            break
        if commented.match(line):
            at = number
            break
    return _inserted(lines, at + 1, f"{' ' * indent}{name}: {word}")


def _with_value(lines: list[str], entry: tuple[Any, Any], word: str | None) -> str | None:
    """Replace the value of ``entry``, or remove its lines; None for a value in block style."""
    key, value = entry
    start, end = value.start_mark, value.end_mark
    if word is None:
        after = end.line + 1 if end.column else end.line
        return "".join([*lines[: key.start_mark.line], *lines[after:]])
    if getattr(value, "style", None) in ("|", ">") or getattr(value, "flow_style", True) is False:
        return None
    text = "".join(lines)
    low, high = (sum(map(len, lines[: mark.line])) + mark.column for mark in (start, end))
    # A key without a value ends with its colon.
    return text[:low] + (" " if low == high else "") + word + text[high:]
