"""Bodies of replies: each family renders the fields of a good reply in a way of its own, or none of them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping

from tests.unit.cloud.oddities import ODD

Fields = Mapping[str, object]
Body = Callable[[random.Random, Fields], bytes]

PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking</body></html>"
#: Larger than the largest body that is read.
TOO_LARGE = 1_200_000

_WORDS = ("", "success", "failure", "error", "null", "true", "NaN", "0", "-1", "²", "ok\n", "a" * 300, "\x00")


def odd_value(chance: random.Random, depth: int = 3) -> object:
    """A value of JSON that no document names."""
    kinds: list[Callable[[], object]] = [
        lambda: None,
        lambda: chance.random() < 0.5,
        lambda: chance.choice((0, -1, 1, 200, 402, 403, 500, 503, 504, 2**31, 2**64, -(2**70), 10**300)),
        lambda: chance.choice((0.0, -0.5, 1e308, 1e-308, float("nan"), float("inf"), float("-inf"), 2.5)),
        lambda: chance.choice(_WORDS),
        lambda: "\ud83d" + chance.choice(("", "\x1b[2J", "\u2028", "é" * 50)),
        lambda: "x" * chance.choice((100, 5_000, 200_000)),
    ]
    if depth:
        kinds += [
            lambda: [odd_value(chance, depth - 1) for _ in range(chance.choice((0, 1, 3, 40)))],
            lambda: {chance.choice(_WORDS): odd_value(chance, depth - 1) for _ in range(3)},
        ]
    return chance.choice(kinds)()


def text_of(fields: Fields) -> bytes:
    """The fields as JSON."""
    return json.dumps(fields).encode()


def one_odd(chance: random.Random, fields: Fields) -> bytes:
    """The fields, one of them odd."""
    return text_of({**fields, chance.choice(sorted(fields) or ["status"]): odd_value(chance)})


def one_missing(chance: random.Random, fields: Fields) -> bytes:
    """The fields without one of them."""
    gone = chance.choice(sorted(fields) or [""])
    return text_of({name: value for name, value in fields.items() if name != gone})


def _more(chance: random.Random, fields: Fields) -> bytes:
    return text_of({**fields, **{f"extra{number}": odd_value(chance, 1) for number in range(30)}})


def _deep(chance: random.Random, fields: Fields) -> bytes:
    depth = chance.choice((200, 2_000, 100_000))
    inside = text_of(fields)[1:-1]
    deep = b'"deep":' + b"[" * depth + b"]" * depth
    return b"{" + b",".join(chance.sample([inside, deep], 2)) + b"}" if inside else b"{" + deep + b"}"


def _repeated(chance: random.Random, fields: Fields) -> bytes:
    """The fields twice: first odd ones."""
    first = one_odd(chance, fields)[:-1]
    return first + b"," + text_of(fields)[1:]


def _noise(chance: random.Random, fields: Fields) -> bytes:
    text = bytearray(text_of(fields))
    for _ in range(chance.choice((1, 3, 20))):
        text[chance.randrange(len(text))] = chance.randrange(256)
    return bytes(text)


def _cut(chance: random.Random, fields: Fields) -> bytes:
    text = text_of(fields)
    return text[: chance.randrange(len(text))]


def _many_small(chance: random.Random, fields: Fields) -> bytes:
    small = chance.choice((b"[],", b"{},", b"0,", b'"",', b'{"LicenseId":null},'))
    count = 900_000 // len(small)
    return text_of(fields)[:-1] + b',"many":[' + small * count + b"0]}"


def _oddly(name: str) -> Body:
    return lambda _, fields: ODD[name](dict(fields))


#: Families whose text still has every field as it was: an id in it is named.
WHOLE: Mapping[str, Body] = {
    "good": lambda _, fields: text_of(fields),
    "in a list": lambda _, fields: b"[" + text_of(fields) + b"]",
    "in a string": lambda _, fields: json.dumps(json.dumps(fields)).encode(),
    "in a page": lambda _, fields: PAGE + text_of(fields) + PAGE,
    "behind a byte order mark": lambda _, fields: b"\xef\xbb\xbf" + text_of(fields),
    "in UTF-16": lambda _, fields: json.dumps(fields).encode("utf-16"),
    "more fields": _more,
    "deep": _deep,
    "much too large": lambda _, fields: text_of(fields)[:-1] + b',"pad":"' + b"x" * TOO_LARGE + b'"}',
    "many small values": _many_small,
    "blanks": lambda _, fields: b" " * 5_000 + text_of(fields) + b"\r\n" * 5_000,
    **{f"odd: {name}": _oddly(name) for name in ODD},
}
#: Families in which a field may be damaged or missing.
DAMAGED: Mapping[str, Body] = {
    "one odd": one_odd,
    "one missing": one_missing,
    "repeated": _repeated,
    "bytes that are others": _noise,
    "cut": _cut,
}
#: Families without any of the fields.
FOREIGN: Mapping[str, Body] = {
    "a page": lambda *_: PAGE,
    "a large page": lambda *_: PAGE + b"<p>" * 100_000,
    "nothing": lambda *_: b"",
    "blanks alone": lambda *_: b" \r\n",
    "an error": lambda *_: b'{"error":"Internal Server Error","message":"boom"}',
    "an error and its status": lambda chance, _: text_of(
        {"status": chance.choice((-1, 400, 404, 408, 429, 500, 502, 503, 504)), "error": "simulated"}
    ),
    "an empty object": lambda *_: b"{}",
    "null": lambda *_: b"null",
    "a number without end": lambda *_: b"9" * 400_000,
    "a string without end": lambda *_: b'"' + b"a" * 400_000,
    "brackets": lambda *_: b"[" * 200_000,
    "bytes": lambda chance, _: chance.randbytes(chance.choice((1, 100, 10_000))),
    "text": lambda *_: b"upstream connect error or disconnect/reset before headers",
    "control characters": lambda *_: bytes(range(32)) * 100 + b"\x1b[2J\x1b]0;title\x07",
}
