"""Ids of sessions in answers of any shape and status. Pure.

A session is paid for from the moment the service has made it, and without its id it is never ended: so the id
is found also where the rest of the answer cannot be read, and is kept exactly as it came.
"""

from __future__ import annotations

import json
import re
import zlib
from itertools import islice
from typing import Any

from ravatard.cloud.fields import Fields
from ravatard.cloud.foreign_json import decoded, each_field, text_of

#: Ids that one answer can name; more are no answer of this service.
MOST_IDS = 16
#: A longer one is taken from the documented place alone.
LONGEST_LIBERAL = 8_000
#: ``session_id=x``
_SHORTEST_NAMED = 12
#: Places of the name that are looked at in one text.
_MOST_PLACES = 200
#: Beginning of gzip (RFC 1952, 2.3.1).
_GZIP = b"\x1f\x8b"
#: A packed answer is read no further than this.
_MOST_UNPACKED = 4 * 1024 * 1024
_NAME = re.compile(r"(?:streaming[_-]?)?session[_-]?ids?", re.IGNORECASE)
#: ``"session_id"``, also in the quotes of a string in a string, or in a list or an object.
_BEGINNING = re.compile(
    r"""session[_-]?ids?[\\"']{0,4}\s{0,20}[:=>]\s{0,20}"""
    r"""(?:\[\s{0,20}|\{\s{0,20}[\\"']{0,4}[$_a-z]{1,16}[\\"']{0,4}\s{0,20}[:=]\s{0,20})?""",
    re.IGNORECASE,
)
_ID = re.compile(
    r"""\\{0,4}"((?:[^"\\]|\\[^"]){1,8000})\\{0,4}"|\\{0,4}'([^'\\]{1,8000})\\{0,4}'|"""
    r"""([A-Za-z0-9._~+/:@-]{1,1000})"""
)
_NEXT = re.compile(r"\s{0,20},\s{0,20}")
#: Names of an id within an object that is named session or session_id.
_WITHIN = ("id", "_id", "$oid", "value", "session_id")
#: Names of an object that holds the answer.
_ENVELOPES = ("data", "result", "session", "response", "payload")
_DEEPEST = 3
_NO_ID = frozenset({"null", "none", "nan", "undefined", "true", "false", "infinity"})


def unpacked(body: bytes) -> bytes:
    """Return an answer without a packing that its header does not tell; as it is when it has none."""
    if not body.startswith(_GZIP):
        return body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, _MOST_UNPACKED)
    except zlib.error:
        return body


def ids_in(body: bytes, *, good: bool = True) -> list[str]:
    """Return every id of a session that an answer names, the documented one first. Never raises.

    Args:
        body: the answer.
        good: the answer says that a session was made: then a lone ``id`` is one, too.
    """
    body = unpacked(body)
    value = decoded(body)
    found = _Found()
    for one in _envelopes(value):
        found.add(one.get("session_id"))
    each_field(body, found.see)
    text = text_of(body)
    if not found.ids or not isinstance(value, dict | list):
        # What is no JSON, strings that are no field's, and what is too large to look at each field.
        found.search(text)
        if isinstance(value, str):
            found.search(value)
    if good and not found.ids:
        for one in _envelopes(value if not isinstance(value, str) else decoded(value)):
            for name in ("id", "_id"):
                found.add(one.get(name))
    return list(found.ids)


def is_name_of_id(header: str) -> bool:
    """Return True for a header such as ``X-Session-Id``."""
    return bool(_NAME.fullmatch(header.strip().casefold().removeprefix("x-").removeprefix("avatar-")))


def holder_of(body: bytes) -> dict[str, Any]:
    """Return the object of a reply that holds what belongs to its session; an empty one without any."""
    value = decoded(body)
    if isinstance(value, str):
        value = decoded(value)
    for _ in range(_DEEPEST + 1):
        if isinstance(value, list) and value:
            value = value[0]
        if not isinstance(value, dict) or "session_id" in value or "access_token" in value:
            break
        inner = next((value[name] for name in ("data", "result", "session") if name in value), value)
        value = decoded(inner) if isinstance(inner, str) else inner
    return value if isinstance(value, dict) else {}


def stopped_as(session_id: str) -> list[str]:
    """Return the ids that end a session: as it came, then without blanks around it."""
    bare = session_id.strip()
    return [session_id, bare] if bare and bare != session_id else [session_id]


def _envelopes(value: object) -> list[dict[str, object]]:
    """Return the objects of an answer that may hold the documented fields, the outermost first."""
    found: list[dict[str, object]] = []
    waiting = [(value, 0)]
    while waiting:
        one, depth = waiting.pop(0)
        if isinstance(one, list):
            waiting.extend((item, depth + 1) for item in one[:MOST_IDS] if isinstance(item, dict))
        elif isinstance(one, dict):
            found.append(one)
            if depth < _DEEPEST:
                inner = (one.get(name) for name in _ENVELOPES)
                waiting.extend((item, depth + 1) for item in inner if isinstance(item, dict | list))
    return found


class _Found:
    """Ids that were found, each once, in their order."""

    def __init__(self) -> None:
        self.ids: dict[str, None] = {}

    def add(self, value: object) -> None:
        """Add the id in a value, unless it is none; a text is taken exactly as it came."""
        if isinstance(value, list):
            for item in value[:MOST_IDS]:
                if not isinstance(item, list):
                    self.add(item)
            return
        if isinstance(value, dict):
            # A key such as $numberLong is extended JSON.
            names = [name for name in value if name in _WITHIN or name.startswith("$")][:MOST_IDS]
            for item in [value[name] for name in names]:
                if not isinstance(item, dict | list):
                    self.add(item)
            return
        text = value if isinstance(value, str) else Fields({"id": value}).identifier("id")
        bare = text.strip()
        if bare and bare.casefold() not in _NO_ID and len(self.ids) < MOST_IDS:
            self.ids.setdefault(text)

    def see(self, name: str, value: object) -> None:
        """Look at one field of JSON."""
        if _NAME.fullmatch(name) or (name.casefold() == "session" and isinstance(value, dict)):
            self.add(value)
        elif isinstance(value, str) and len(value) >= _SHORTEST_NAMED:
            self.search(value)

    def search(self, text: str) -> None:
        """Look for ids in text."""
        for beginning in islice(_BEGINNING.finditer(text), _MOST_PLACES):
            listed, at = beginning[0].rstrip().endswith("["), beginning.end()
            for _ in range(MOST_IDS if listed else 1):
                if (found := _ID.match(text, at)) is None:
                    break
                quoted = found[1] or found[2]
                self.add(_unescaped(quoted) if quoted else found[3])
                if (comma := _NEXT.match(text, found.end())) is None:
                    break
                at = comma.end()


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
