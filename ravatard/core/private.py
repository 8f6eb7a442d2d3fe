"""Marker of fields that hold what people said or were answered: such a field is never written to disk.

A field is marked with ``field(repr=False, metadata=PRIVATE)``; a test holds that none shows in a repr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field
from typing import Any, Final

PRIVATE: Final[Mapping[str, bool]] = {"private": True}


def is_private(one: Field[Any]) -> bool:
    """Return True for a field that is marked as private."""
    return bool(one.metadata.get("private"))
