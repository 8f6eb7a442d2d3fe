"""Reader of JSON objects whose fields may be missing or of the wrong type: both count as missing.

A typed decoder would refuse a whole reply for one odd field, and with it, perhaps, the id of a session that
is being paid for.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ravatard.cloud.foreign_json import decoded, finite, whole

#: Power of ten up to which a number with an exponent is an id.
_LARGEST_EXPONENT = 64
_EXTENDED = frozenset({"$oid", "$numberLong", "$numberInt", "$numberDouble", "$uuid"})
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Fields:
    """One JSON object."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def __len__(self) -> int:
        return len(self._values)

    def text(self, *names: str) -> str:
        """Return the first of ``names`` that holds text other than ""; "" when none does."""
        found = (self._values.get(name) for name in names)
        return whole(next((value for value in found if isinstance(value, str) and value), ""))

    def identifier(self, *names: str) -> str:
        """Return like :meth:`text`, but accept a number, too: 3.2984262213766e+16 is 32984262213766000.

        So is a number or text in the extended JSON of MongoDB: ``{"$oid": "a1"}``.
        """
        for name in names:
            value = self._values.get(name)
            if isinstance(value, dict) and len(value) == 1 and (extended := next(iter(value))) in _EXTENDED:
                value = value[extended]
                if isinstance(value, str) and value:
                    return whole(value)
            if isinstance(value, float):
                value = Decimal(repr(value))
            if isinstance(value, Decimal):
                return _number_id(value)
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
        return self.text(*names)

    def number(self, name: str) -> float | None:
        """Return a finite number, also one written as text; None for anything else."""
        return finite(self._values.get(name))

    def truth(self, name: str) -> bool | None:
        """Return True or False, also written as text or as 1 and 0; None for anything else."""
        value = self._values.get(name)
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return _TRUTHS.get(value.strip().casefold())
        return bool(value) if isinstance(value, int | float | Decimal) and value in (0, 1) else None

    def inner(self, name: str) -> Fields | None:
        """Return an object in it; None for anything else."""
        value = self._values.get(name)
        return Fields(value) if isinstance(value, dict) else None

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Return an object in it as it came; an empty one for anything else."""
        value = self._values.get(name)
        return value if isinstance(value, dict) else {}

    def objects(self, name: str) -> list[Fields]:
        """Return the objects of a list; other items are left out."""
        value = self._values.get(name)
        return [Fields(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def texts(self, *names: str) -> list[str]:
        """Return the texts of the first of ``names`` with one text, or a list; other items are left out."""
        value: object = next((found for name in names if (found := self._values.get(name))), [])
        items = value if isinstance(value, list) else [value]
        return [whole(item) for item in items if isinstance(item, str) and item]

    def empty(self, name: str) -> bool:
        """Return True if ``name`` is a list without items."""
        return self._values.get(name) == []


def _number_id(value: Decimal) -> str:
    if not value.is_finite() or abs(value.adjusted()) > _LARGEST_EXPONENT:
        return ""
    return str(int(value)) if value == value.to_integral_value() else format(value, "f")


def fields_of(data: str | bytes) -> Fields | None:
    """Return the object in ``data``, read liberally; None when it is no JSON, or no object. Never raises."""
    value = decoded(data)
    return Fields(value) if isinstance(value, dict) else None
