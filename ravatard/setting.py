"""Description of an option beside the code that uses it: default, unit, range and one sentence.

Option groups are frozen dataclasses whose fields are made with :func:`setting`. ``config/schema.py`` reads
the descriptions. A group has ten fields at most.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Setting:
    """Description of one option.

    Attributes:
        text: one sentence for the person who edits the file.
        unit: "ms", "s", "Hz", "dB", … or "" for a bare number or word.
        low: smallest value allowed, or None.
        high: largest value allowed, or None.
        pattern: a regular expression the whole string must match, or None.
        words: what ``pattern`` allows, in words for a person.
        secret: masked by ``config show``; may come from a systemd credential.
        restart: True when a reload cannot apply it.
        local_only: it names a program, a path or an address, says which are allowed, or how the page is
            reached or encrypted: only files, environment and credentials of this machine set it, never a page
            or another machine.
    """

    text: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    pattern: str | None = None
    words: str = ""
    secret: bool = False
    restart: bool = True
    local_only: bool = False


def setting(  # noqa: PLR0913 - one keyword for each property of a setting
    default: Any,
    text: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    pattern: str | None = None,
    words: str = "",
    secret: bool = False,
    restart: bool = True,
    local_only: bool = False,
) -> Any:
    """Return a dataclass field with its description. The annotation of the field is its type.

    A setting that names a program, a path or an address, or says which are allowed, is ``local_only``: set by
    a page it would run any program, or send the microphone anywhere.

    Types known to the configuration: bool, int, float, str, ``Literal[...]`` of strings, ``X | None``,
    ``Secret``, and tuples of those.
    """
    described = Setting(
        text=text,
        unit=unit,
        low=low,
        high=high,
        pattern=pattern,
        words=words,
        secret=secret,
        restart=restart,
        local_only=local_only,
    )
    return field(default=default, metadata={"setting": described}, repr=not secret)
