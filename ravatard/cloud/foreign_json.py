"""Liberal reader of JSON from a service: an odd character or number costs itself, never the reply.

Strict JSON is read by msgspec. What that refuses is read again, liberally: a byte order mark, NaN and
Infinity, numbers beyond every range, raw control characters in strings, halves of surrogate pairs, bytes that
are no UTF-8 (taken for Latin-1), unknown escapes, commas before a closing bracket, bytes behind the value.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from ravatard.cloud.border import FOREIGN_FAULTS

if TYPE_CHECKING:  # Programs with the SDK load it with the first message: it takes a third of their start.
    import msgspec

#: A reply with more commas and brackets is not one of the documented ones; it is not read, as building its
#: objects would hold the event loop. A page of the history has some 1,500.
MOST_VALUES = 10_000
#: The same where every field is looked at, and for the quotes and backslashes of a text that is repaired.
_MOST_FIELDS = 4_000
_MOST_MARKS = 8_000
#: A longer text is not repaired.
_LONGEST_REPAIRED = 2_000_000
#: Beginnings of a value.
_VALUE = tuple('{["')
#: The newest reply is kept as text and as a value: it is read several times. Larger data is not.
_LARGEST_KEPT = 1_100_000
#: No number of more digits means anything, and the conversion of long ones takes quadratic time.
_LONGEST_NUMBER = 400
#: A longer message is read without its long strings, which hold sound; what is left has a limit.
_LARGE = 64 * 1024
_LONG_STRING = 4_096
#: A message with more quotes holds many things, and no sound.
_MOST_QUOTES = 8_000
#: Beyond long strings, odd JSON of this size takes some 30 ms.
_MOST_LIBERAL = 512 * 1024
#: Stands for a long string, before its number.
_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"
_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4}|)')
#: A part that stays, or a comma before a closing bracket. A string that never ends is taken to its end: begun
#: anew at each quote in it, it would take quadratic time.
_PART_OR_LAST_COMMA = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+"?|[^",]++|,(?![ \t\r\n]*+[}\]]))|,', re.DOTALL)
_ESCAPED_BYTES = re.compile("[\udc80-\udcff]+")
#: Beginnings of JSON in UTF-32 and UTF-16, with and without a byte order mark.
_WIDE = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"{\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00{", "utf-32-be"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"{\x00", "utf-16-le"),
    (b"\x00{", "utf-16-be"),
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def decoded(data: str | bytes) -> object:
    """Return the JSON value in ``data``; None when there is none. Never raises.

    Fractions are Decimals, as an id may be one. The value must not be changed.
    """
    if isinstance(data, bytes) and len(data) <= _LARGEST_KEPT:
        return _newest_value(data)
    return _value(data)


def _value(data: str | bytes) -> object:
    try:
        if len(data) <= _LARGE:
            return _short_value(data)
        rest, strings = _without_long_strings(data)
        return _restored(_short_value(rest), strings)
    except FOREIGN_FAULTS:
        return None


def _short_value(data: str | bytes) -> object:
    if not _bounded(data):
        return None
    try:
        return _strict_decoder().decode(data)
    except (ValueError, RecursionError):
        # msgspec's errors, and those of texts that are no UTF-8, are ValueErrors.
        return _liberally(text_of(data)) if len(data) <= _MOST_LIBERAL else None


def _without_long_strings(data: str | bytes) -> tuple[str | bytes, list[str]]:
    """Return ``data`` with a mark in the place of each long string, and these strings.

    Reading eight megabytes of sound liberally would take a second.
    """
    if isinstance(data, bytes) and data.startswith(tuple(beginning for beginning, _ in _WIDE)):
        data = text_of(data)
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if raw.count(b'"') > _MOST_QUOTES:
        return raw, []
    parts = raw.split(b'"')
    strings: list[str] = []
    inside, whole_string = False, False
    for at, part in enumerate(parts[:-1]):
        escaped = inside and (len(part) - len(part.rstrip(b"\\"))) % 2 == 1
        if inside and whole_string and not escaped and len(part) > _LONG_STRING:
            parts[at] = f"{_MARK}{len(strings)}".encode()
            strings.append(_string(part))
        # A quote after a backslash is a character of its string.
        whole_string = not inside
        inside = inside if escaped else not inside
    return b'"'.join(parts), strings


def _string(raw: bytes) -> str:
    """Return the content of a string; one with odd escapes as it is."""
    try:
        text = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if b"\\" not in raw:
        return text
    # The escape that sound is full of.
    unescaped = text.replace("\\/", "/")
    if "\\" not in unescaped:
        return unescaped
    try:
        return str(_LIBERAL.raw_decode(f'"{text}"')[0])
    except ValueError:
        return text


def _marks(strings: list[str]) -> dict[str, str]:
    return {f"{_MARK}{number}": text for number, text in enumerate(strings)}


def _restored(value: object, strings: list[str]) -> object:
    """Put ``strings`` back in the place of their marks."""
    if not strings:
        return value
    marks = _marks(strings)
    if isinstance(value, str):
        return marks.get(value, value)
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, dict | list):
            continue
        for key, item in list(one.items() if isinstance(one, dict) else enumerate(one)):
            if isinstance(item, str):
                one[key] = marks.get(item, item)
            else:
                waiting.append(item)
    return value


def each_field(data: str | bytes, see: Callable[[str, object], None]) -> bool:
    """Call ``see`` with name and value of every field of every object in ``data``, repeated ones, too.

    Returns True if ``data`` is JSON. Never raises.
    """

    def fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
        for name, value in pairs:
            see(name, marks.get(value, value) if isinstance(value, str) else value)
        return dict(pairs)

    marks: dict[str, str] = {}
    try:
        if not _bounded(data, _MOST_FIELDS) or decoded(data) is None:
            return False
        if len(data) > _LARGE:
            data, strings = _without_long_strings(data)
            marks = _marks(strings)
        if len(data) > _MOST_LIBERAL:
            return False
        return _liberally(text_of(data), _decoder(fields)) is not None
    except FOREIGN_FAULTS:
        return False


def text_of(data: str | bytes) -> str:
    """Return ``data`` as text; a byte that is no UTF-8 is the character it is in Latin-1."""
    if isinstance(data, str):
        return data
    return _newest_text(data) if len(data) <= _LARGEST_KEPT else _text(data)


def _text(data: bytes) -> str:
    for beginning, encoding in _WIDE:
        if data.startswith(beginning):
            return data.decode(encoding, "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode()
    except UnicodeDecodeError:
        odd = len(data) - len(data.decode("utf-8", "ignore").encode())
    if odd > MOST_VALUES:
        return data.decode("latin-1")
    text = data.decode("utf-8", "surrogateescape")
    return _ESCAPED_BYTES.sub(
        lambda found: found[0].encode("utf-8", "surrogateescape").decode("latin-1"), text
    )


def whole(text: str) -> str:
    """Return ``text`` with halves of surrogate pairs replaced: text with one in it cannot be encoded."""
    return text if text.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def finite(value: object) -> float | None:
    """Return a finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return None
    try:
        number = float(value)
    except (ValueError, ArithmeticError):
        return None
    return number if math.isfinite(number) else None


def _bounded(data: str | bytes, most: int = MOST_VALUES) -> bool:
    if isinstance(data, str):
        return sum(map(data.count, ",[{")) <= most
    return sum(map(data.count, (b",", b"[", b"{"))) <= most


def _fraction(digits: str) -> Decimal | None:
    try:
        return Decimal(digits) if len(digits) <= _LONGEST_NUMBER else None
    except ArithmeticError:
        return None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _constant(_name: str) -> None:
    """Return the value of NaN, Infinity and -Infinity: none."""


_newest_text = lru_cache(maxsize=1)(_text)
_newest_value = lru_cache(maxsize=1)(_value)


@cache
def _strict_decoder() -> msgspec.json.Decoder[object]:
    import msgspec

    return msgspec.json.Decoder(object, float_hook=_fraction)


def _decoder(fields: Callable[[list[tuple[str, object]]], object] | None = None) -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_float=_fraction,
        parse_int=_integer,
        parse_constant=_constant,
        object_pairs_hook=fields,
        strict=False,
    )


_LIBERAL = _decoder()


def _liberally(text: str, decoder: json.JSONDecoder = _LIBERAL) -> object:
    text = text.lstrip("\ufeff\x00\x1e \t\r\n\xa0")
    try:
        return decoder.raw_decode(text)[0]
    except ValueError:
        marks = text.count('"') + text.count("\\")
        if not text.startswith(_VALUE) or len(text) > _LONGEST_REPAIRED or marks > _MOST_MARKS:
            return None
        escaped = _ESCAPE.sub(lambda found: found[0] if found[1] else r"\\", text)
        repaired = _PART_OR_LAST_COMMA.sub(lambda found: found[1] or "", escaped)
        return decoder.raw_decode(repaired)[0]
