"""Print Debian's changelog, made from CHANGELOG.md: ``changelog.py CHANGELOG VERSION SECONDS MAINTAINER``.

The newest entry is that of VERSION, whose time is SECONDS since 1970; releases have their own dates. It needs
nothing but the standard library.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

_HEADING = re.compile(r"^## \[([^\]]+)\](?: - (\S+))?\n", re.M)
_WIDTH = 80


def entries(changelog: str, version: str, at: datetime, maintainer: str) -> Iterator[str]:
    """Yield an entry for each heading under which there is something, the newest first."""
    parts = _HEADING.split(changelog)[1:]
    number: str | None = version
    for name, day, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        changes = list(_changes(text))
        if not changes:
            continue
        when = at if day is None else datetime.fromisoformat(day).replace(tzinfo=UTC)
        signed = f" -- {maintainer}  {format_datetime(when)}\n"
        yield "\n".join([f"ravatard ({number or name}) stable; urgency=medium\n", *changes, "", signed])
        number = None


def _changes(text: str) -> Iterator[str]:
    """Yield the points of a version, as dpkg writes them: two blanks, an asterisk, wrapped."""
    for section in re.split(r"^### ", text, flags=re.M)[1:]:
        title, _, points = section.partition("\n")
        yield f"  [ {title.strip()} ]"
        for point in re.split(r"^- ", points, flags=re.M)[1:]:
            words = " ".join(point.split())
            yield textwrap.fill(
                words,
                _WIDTH,
                initial_indent="  * ",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )


def main(changelog: Path, version: str, seconds: str, maintainer: str) -> None:
    """Print them all."""
    at = datetime.fromtimestamp(int(seconds), UTC)
    made = "\n".join(entries(changelog.read_text(encoding="utf-8"), version, at, maintainer))
    # As Debian wants it, in any locale.
    sys.stdout.buffer.write(made.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:5])
