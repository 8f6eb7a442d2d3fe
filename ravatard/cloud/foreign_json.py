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

import msgspec

from ravatard.cloud.border import FOREIGN_FAULTS

#: A reply with more commas and brackets is not one of the documented ones; it is not read, as building its
#: objects would hold the event loop.
MOST_VALUES = 50_000
#: No number of more digits means anything, and the conversion of long ones takes quadratic time.
_LONGEST_NUMBER = 400
_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4}|)')
_STRING_OR_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=[ \t\r\n]*[}\]])', re.DOTALL)
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

    Fractions are Decimals, as an id may be one.
    """
    try:
        if not _bounded(data):
            return None
        try:
            return _STRICT.decode(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return _liberally(text_of(data))
    except FOREIGN_FAULTS:
        return None


def each_field(data: str | bytes, see: Callable[[str, object], None]) -> bool:
    """Call ``see`` with name and value of every field of every object in ``data``, repeated ones, too.

    Returns True if ``data`` is JSON. Never raises.
    """

    def fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
        for name, value in pairs:
            see(name, value)
        return dict(pairs)

    try:
        return _bounded(data) and _liberally(text_of(data), _decoder(fields)) is not None
    except FOREIGN_FAULTS:
        return False


def text_of(data: str | bytes) -> str:
    """Return ``data`` as text; a byte that is no UTF-8 is the character it is in Latin-1."""
    if isinstance(data, str):
        return data
    for beginning, encoding in _WIDE:
        if data.startswith(beginning):
            return data.decode(encoding, "replace")
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    odd = len(text) - len(_ESCAPED_BYTES.sub("", text)) if not text.isascii() else 0
    if not odd:
        return text
    if odd > MOST_VALUES:
        return data.decode("latin-1")
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


def _bounded(data: str | bytes) -> bool:
    if isinstance(data, str):
        return sum(map(data.count, ",[{")) <= MOST_VALUES
    return sum(map(data.count, (b",", b"[", b"{"))) <= MOST_VALUES


def _fraction(digits: str) -> Decimal | None:
    try:
        return Decimal(digits) if len(digits) <= _LONGEST_NUMBER else None
    except ArithmeticError:
        return None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _constant(_name: str) -> None:
    """Return the value of NaN, Infinity and -Infinity: none."""


_STRICT = msgspec.json.Decoder(float_hook=_fraction)


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
        if text.count('"') + text.count("\\") > MOST_VALUES:
            return None
        escaped = _ESCAPE.sub(lambda found: found[0] if found[1] else r"\\", text)
        repaired = _STRING_OR_LAST_COMMA.sub(lambda found: found[1] or "", escaped)
        return decoder.raw_decode(repaired)[0]
