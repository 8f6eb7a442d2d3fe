"""JSON for programs: every document that a command prints begins with the version of its form."""

from __future__ import annotations

import json
from collections.abc import Mapping

#: Fields are only added; one that is renamed, removed or means something else counts this up.
SCHEMA = 1


def json_document(content: Mapping[str, object]) -> str:
    """Return ``content`` as one indented document with ``schema``."""
    return json.dumps(_versioned(content), indent=2)


def json_line(content: Mapping[str, object]) -> str:
    """Return ``content`` as one line with ``schema``, for a command that prints one object a line."""
    return json.dumps(_versioned(content))


def _versioned(content: Mapping[str, object]) -> Mapping[str, object]:
    # A report of the daemon brings its own.
    return {"schema": SCHEMA, **content}
