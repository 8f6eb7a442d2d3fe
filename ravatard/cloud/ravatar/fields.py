"""Reader of JSON objects whose fields may be missing or of the wrong type: both count as missing.

A typed decoder would refuse a whole reply for one odd field, and with it, perhaps, the id of a session that
is being paid for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec


class Fields:
    """One JSON object."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def text(self, *names: str) -> str:
        """Return the first of ``names`` that holds text other than ""; "" when none does."""
        found = (self._values.get(name) for name in names)
        return next((value for value in found if isinstance(value, str) and value), "")

    def identifier(self, *names: str) -> str:
        """Return like :meth:`text`, but accept a whole number, too."""
        for name in names:
            value = self._values.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
        return self.text(*names)

    def number(self, name: str) -> float | None:
        """Return a finite number, also one written as text; None for anything else."""
        value = self._values.get(name)
        if isinstance(value, bool):
            return None
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None

    def truth(self, name: str) -> bool | None:
        """Return True or False; None for anything else."""
        value = self._values.get(name)
        return value if isinstance(value, bool) else None

    def objects(self, name: str) -> list[Fields]:
        """Return the objects of a list; other items are left out."""
        value = self._values.get(name)
        return [Fields(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def fields_of(data: str | bytes) -> Fields | None:
    """Return the object in ``data``; None when it is no JSON, or no object."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return Fields(value) if isinstance(value, dict) else None
