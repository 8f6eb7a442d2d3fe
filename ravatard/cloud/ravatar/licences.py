"""LicenseIds in answers of any shape. Pure.

A session is paid for from the moment the service names its id, and without the id it is never ended: so the
id is found also where the rest of the answer cannot be read.
"""

from __future__ import annotations

import json
import re
from itertools import islice

from ravatard.cloud.foreign_json import each_field, text_of
from ravatard.cloud.ravatar.fields import Fields, fields_of

#: Ids that one answer can name; more are no answer of this service.
MOST_LICENCES = 16
_LONGEST_LICENCE = 1_000
_MOST_PLACES = 1_000
_NAME = re.compile(r"licen[cs]e[_-]?ids?", re.IGNORECASE)
#: ``"LicenseId": "…"``, ``LicenseId=…``, ``<LicenseId>…``, and the quotes of a string in a string.
_NAMED = re.compile(
    r"""licen[cs]e[_-]?ids?[\\"']{0,4}\s{0,20}[:=>]\s{0,20}(?:"""
    r"""\\*"((?:[^"\\\x00-\x1f]|\\[^"]){1,1000})\\*"|\\*'([^'\\\x00-\x1f]{1,1000})\\*'|"""
    r"""([A-Za-z0-9._~+/:@-]{1,1000}))""",
    re.IGNORECASE,
)
_STREAM = re.compile(r"""streamingUrl["']?\s{0,20}[:=]\s{0,20}["'](https?:(?:[^"'\\\s]|\\/){1,4000})["']""")
_NO_ID = frozenset({"null", "none", "nan", "undefined", "true", "false", "infinity"})


def licences_in(body: bytes) -> list[str]:
    """Return every LicenseId that an answer names, the documented field first. Never raises."""
    found = _Found()
    found.add((fields_of(body) or Fields({})).identifier("LicenseId"))
    if not each_field(body, found.see):
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
                self.add(Fields({name: one}).identifier(name))
        elif isinstance(value, str):
            self.search(value)

    def search(self, text: str) -> None:
        """Look for ids in text."""
        for match in islice(_NAMED.finditer(text), _MOST_PLACES):
            quoted = match[1] or match[2]
            self.add(_unescaped(quoted) if quoted else _number(match[3]))


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
