"""A table with the members of an enum as keys has all of them, or is known to need no more."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import product

from tests.house.source import MODULES, PACKAGE, named

#: Tables that lack members, each with the reason.
PARTIAL = {
    "core/conversation/earcon_policy.py EARCON_MS": "of the earcons that answer the wake word",
    "doctor/network/destination.py _WORDS": "words of members whose value is none; the rest have their value",
    "exit_status.py MEANINGS": "a command that ends DEGRADED says what that means",
}


def tables() -> Iterator[tuple[str, Mapping[object, object]]]:
    """Yield the place and the table of every mapping that a module of the package makes."""
    for path in MODULES:
        if path.name == "__main__.py":
            continue
        name = ".".join(("ravatard", *path.relative_to(PACKAGE).with_suffix("").parts))
        try:
            module = importlib.import_module(name.removesuffix(".__init__"))
        except ModuleNotFoundError as error:
            if str(error.name).startswith("ravatard"):
                raise
            # A library of an extra.
            continue
        own = path.read_text(encoding="utf-8")
        for variable, value in vars(module).items():
            if isinstance(value, Mapping) and f"\n{variable}" in own:
                yield f"{named(path)} {variable}", value


def lacks(table: Mapping[object, object]) -> list[object]:
    """Return the members, or their combinations, that are no key of ``table``, which has only such keys."""
    keys = [key if isinstance(key, tuple) else (key,) for key in table]
    kinds = {tuple(type(part) for part in key) for key in keys}
    if len(kinds) != 1 or not (parts := next(iter(kinds))) or not all(issubclass(p, Enum) for p in parts):
        return []
    return sorted(set(product(*parts)) - set(keys), key=str)  # type: ignore[call-overload]


def test_every_member_has_its_row() -> None:
    found = {place: missing for place, table in tables() if (missing := lacks(table))}

    assert {place: missing for place, missing in found.items() if place not in PARTIAL} == {}
    assert set(found) == set(PARTIAL)
