"""LicenseIds in answers of any shape. Pure.

A session is paid for from the moment the service names its id, and without the id it is never ended: so the
id is found also where the rest of the answer cannot be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice

from ravatard.cloud.fields import Fields, fields_of
from ravatard.cloud.foreign_json import each_field, text_of

#: Ids that one answer can name; more are no answer of this service.
MOST_LICENCES = 16
#: A signed token as an id has some thousand characters.
_LONGEST_LICENCE = 8_000
#: ``LicenseId=x``
_SHORTEST_NAMED = 11
#: Places of the name that are looked at in one text.
_MOST_PLACES = 500
_NAME = re.compile(r"licen[cs]e[_-]?ids?", re.IGNORECASE)
#: ``"LicenseId"``, also in the quotes of a string in a string, or in a list or an object.
_BEGINNING = re.compile(
    r"""licen[cs]e[_-]?ids?[\\"']{0,4}\s{0,20}[:=>]\s{0,20}"""
    r"""(?:\[\s{0,20}|\{\s{0,20}[\\"']{0,4}[$_a-z]{1,16}[\\"']{0,4}\s{0,20}[:=]\s{0,20})?""",
    re.IGNORECASE,
)
_ID = re.compile(
    r"""\\{0,4}"((?:[^"\\\x00-\x1f]|\\[^"]){1,8000})\\{0,4}"|\\{0,4}'([^'\\\x00-\x1f]{1,8000})\\{0,4}'|"""
    r"""([A-Za-z0-9._~+/:@-]{1,1000})"""
)
_NEXT = re.compile(r"\s{0,20},\s{0,20}")
#: Names of an id within an object that is named LicenseId.
_WITHIN = ("id", "_id", "$oid", "value")
#: Without one of these, the first of so many others, such as ``$numberLong``.
_MOST_WITHIN = 4
_STREAM = re.compile(r"""streamingUrl["']?\s{0,20}[:=]\s{0,20}["'](https?:(?:[^"'\\\s]|\\/){1,4000})["']""")
_NO_ID = frozenset({"null", "none", "nan", "undefined", "true", "false", "infinity"})


def licences_in(body: bytes) -> list[str]:
    """Return every LicenseId that an answer names, the documented field first. Never raises."""
    found = _Found()
    found.add((fields_of(body) or Fields({})).identifier("LicenseId"))
    each_field(body, found.see)
    # What is no JSON, and strings that are no field's.
    found.search(text_of(body))
    return list(found.licences)


class _Found:
    """Ids that were found, each once, in their order."""

    def __init__(self) -> None:
        self.licences: dict[str, None] = {}

    def add(self, licence: str) -> None:
        """Add an id, unless it is none."""
        licence = licence.strip()
        usable = 0 < len(licence) <= _LONGEST_LICENCE and licence.casefold() not in _NO_ID
        if usable and len(self.licences) < MOST_LICENCES:
            self.licences.setdefault(licence)

    def see(self, name: str, value: object) -> None:
        """Look at one field of JSON."""
        if _NAME.fullmatch(name):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    names = _WITHIN if any(name in one for name in _WITHIN) else list(one)
                    self.add(Fields(one).identifier(*names[:_MOST_WITHIN]))
                else:
                    self.add(Fields({name: one}).identifier(name))
        elif isinstance(value, str) and len(value) >= _SHORTEST_NAMED:
            self.search(value)

    def search(self, text: str) -> None:
        """Look for ids in text."""
        for place in _places(text):
            if (beginning := _BEGINNING.match(text, place)) is None:
                continue
            listed, at = beginning[0].rstrip().endswith("["), beginning.end()
            for _ in range(MOST_LICENCES if listed else 1):
                if (found := _ID.match(text, at)) is None:
                    break
                quoted = found[1] or found[2]
                self.add(_unescaped(quoted) if quoted else _number(found[3]))
                if (comma := _NEXT.match(text, found.end())) is None:
                    break
                at = comma.end()


def _places(text: str) -> Iterator[int]:
    """Yield the places of the name in ``text``; faster than a regular expression without regard to case."""
    lowered = text.lower()
    if len(lowered) != len(text):
        # A character that is two in lower case has moved the places behind it.
        yield from (found.start() for found in islice(_BEGINNING.finditer(text), _MOST_PLACES))
        return
    place = -1
    for _ in range(_MOST_PLACES):
        place = lowered.find("licen", place + 1)
        if place < 0:
            return
        yield place


def streaming_url_in(body: bytes) -> str:
    """Return the ``streamingUrl`` in an answer that is no JSON; "" without one. Never raises."""
    match = _STREAM.search(text_of(body))
    return _unescaped(match[1]) if match else ""


def _number(text: str) -> str:
    """Return an id without quotes, which may be a number with an exponent."""
    reply = fields_of(f'{{"id":{text}}}')
    return (reply and reply.identifier("id")) or text


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
