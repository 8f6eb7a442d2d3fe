"""Every change of the configuration's form so far, and the functions that make one.

To change the form: raise ``HISTORY.current``, add a :class:`~ravatard.config.version.Migration` from the
version before, and keep a file of that version as a fixture. Meaning changes only where the note says so.
"""

from __future__ import annotations

from dataclasses import replace

from ravatard.config.document import Mapping, Node, Scalar
from ravatard.config.version import Migration, MigrationHistory


def rename_key(sections: Mapping, section: str, old: str, new: str) -> Mapping:
    """Return ``sections`` with one key of a section renamed; its value and line stay."""

    def renamed(name: Node) -> Node:
        return replace(name, text=new) if isinstance(name, Scalar) and name.text == old else name

    def changed(name: Node, value: Node) -> Node:
        if isinstance(name, Scalar) and name.text == section and isinstance(value, Mapping):
            return Mapping(tuple((renamed(key), inner) for key, inner in value.entries), value.line)
        return value

    return Mapping(tuple((name, changed(name, value)) for name, value in sections.entries), sections.line)


HISTORY = MigrationHistory(
    current=1,
    steps=(Migration(0, "version 0 means the same as version 1", lambda sections: sections),),
)
