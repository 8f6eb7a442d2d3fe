"""Lines of the control protocol, alone here so that a client starts without the daemon's vocabulary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def line_of(fields: Mapping[str, Any]) -> bytes:
    """Return ``fields`` as one line with its end: plain ASCII, which every client can read."""
    return json.dumps(fields, allow_nan=False, separators=(",", ":")).encode() + b"\n"
