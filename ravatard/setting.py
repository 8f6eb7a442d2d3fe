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
    """

    text: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    pattern: str | None = None
    words: str = ""
    secret: bool = False
    restart: bool = True


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
) -> Any:
    """Return a dataclass field with its description. The annotation of the field is its type.

    Types known to the configuration: bool, int, float, str, ``Literal[...]`` of strings, ``X | None``,
    ``Secret``, and tuples of those.
    """
    described = Setting(
        text=text, unit=unit, low=low, high=high, pattern=pattern, words=words, secret=secret, restart=restart
    )
    return field(default=default, metadata={"setting": described}, repr=not secret)
