"""Odd JSON as services send it: each way keeps the fields of an object readable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

#: Name -> function that renders an object oddly.
ODD: Mapping[str, Callable[[dict[str, object]], bytes]] = {
    "a byte order mark": lambda fields: b"\xef\xbb\xbf" + json.dumps(fields).encode(),
    "utf-16": lambda fields: json.dumps(fields).encode("utf-16"),
    "NaN": lambda fields: _with(fields, b"NaN"),
    "Infinity": lambda fields: _with(fields, b"-Infinity"),
    "a number beyond every range": lambda fields: _with(fields, b"1e999"),
    "an exponent beyond every range": lambda fields: _with(fields, b"1e99999999999999999999"),
    "a number of 5,000 digits": lambda fields: _with(fields, b"9" * 5_000),
    "half a surrogate": lambda fields: _with(fields, b'"ready \\ud83d"'),
    "the other half": lambda fields: _with(fields, b'"\\ude00 ready"'),
    "a raw line break": lambda fields: _with(fields, b'"o\nk"'),
    "a raw tab and NUL": lambda fields: _with(fields, b'"o\tk\x00"'),
    "a byte of latin-1": lambda fields: _with(fields, b'"Zo\xeb"'),
    "a cut character": lambda fields: _with(fields, b'"\xf0\x9f\x98"'),
    "an unknown escape": lambda fields: _with(fields, b'"it\\\'s \\x41 \\u12"'),
    "a comma at the end": lambda fields: json.dumps(fields).encode()[:-1] + b",}",
    "bytes behind it": lambda fields: json.dumps(fields).encode() + b"\n{}garbage\xff\x00",
    "blanks around it": lambda fields: b"\r\n\x00 " + json.dumps(fields).encode() + b"\x00",
}


def _with(fields: dict[str, object], odd: bytes) -> bytes:
    """Put an odd field first and last."""
    inside = json.dumps(fields).encode()[1:-1]
    return b'{"odd": ' + odd + b", " + inside + b', "odd-too": ' + odd + b"}"
