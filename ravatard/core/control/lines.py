"""Lines of the control protocol, alone here so that a client starts without the daemon's vocabulary."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any


def line_of(fields: Mapping[str, Any]) -> bytes:
    """Return ``fields`` as one line with its end: plain ASCII, which every client can read."""
    return json.dumps(fields, allow_nan=False, separators=(",", ":")).encode() + b"\n"


#: In base64 this fits into one request, which has 64 KiB at most.
PART_BYTES = 45_000


def upload_parts(name: str, sound: bytes) -> Iterator[dict[str, str]]:
    """Yield the fields of the requests ``upload`` that send a sound file, one after the other.

    Args:
        name: 16 to 64 letters and digits, by which it is played then.
        sound: the file.
    """
    for at in range(0, len(sound), PART_BYTES):
        yield {"upload": name, "data": base64.b64encode(sound[at : at + PART_BYTES]).decode()}
