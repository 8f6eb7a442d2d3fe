"""``config.txt`` of a Raspberry Pi: the lines a board needs, and their addition, once.

Source: https://www.raspberrypi.com/documentation/computers/config_txt.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ravatard.errors import RavatardError
from ravatard.host.boot_file import DIRECTORIES
from ravatard.host.durable import keep_copy, replace_file

NAME = "config.txt"
#: The file as it was before the last addition.
BACKUP = ".ravatard.bak"

#: A section for some models, displays or serial numbers only; ``[all]`` ends it.
_FILTER = re.compile(r"\[([^\]]*)\]")
_ALL = "all"
_DEEPEST_INCLUDE = 4
#: The firmware's words for one value, and names for one parameter.
_ON = frozenset({"", "on", "true", "yes", "1"})
_ALIASES = {"i2c": "i2c_arm", "i2c1": "i2c_arm"}


class NotAddedError(RavatardError):
    """The lines cannot be added; the file is as it was."""


def find_config_txt(directories: Iterable[Path] = DIRECTORIES) -> Path | None:
    """Return the file in effect; None on a machine without one."""
    return next((path for folder in directories if (path := folder / NAME).is_file()), None)


def may_write(path: Path) -> bool:
    """Return True if this process may replace the file, on a partition that is mounted writable."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def missing_lines(path: Path, lines: Sequence[str]) -> tuple[str, ...]:
    """Return those of ``lines`` that are not in effect, for every model and in any spelling.

    Raises:
        NotAddedError: the file cannot be read.
    """
    try:
        present = list(_in_effect(path, 0))
    except OSError as error:
        raise NotAddedError(f"{path} cannot be read: {error.strerror}") from error
    parameters = {name: value for line in present for name, value in _parameters(line)}
    overlays = [overlay for line in present if (overlay := _overlay(line))]

    def has(line: str) -> bool:
        if wanted := list(_parameters(line)):
            return all(parameters.get(name) == value for name, value in wanted)
        if overlay := _overlay(line):
            return any(overlay[0] == name[0] and set(overlay) <= set(name) for name in overlays)
        return line.strip() in present

    return tuple(line for line in dict.fromkeys(lines) if not has(line))


def add_lines(path: Path, lines: Sequence[str], reason: str) -> tuple[str, ...]:
    """Add those of ``lines`` that are missing, with a backup beside the file; return them.

    Args:
        path: the file.
        lines: lines that have to be in effect.
        reason: comment above them.

    Raises:
        NotAddedError: the file is as it was.
    """
    missing = missing_lines(path, lines)
    if not missing:
        return ()
    try:
        # Comments may be of any encoding.
        text = path.read_bytes().decode(errors="surrogateescape")
        end = "\r\n" if "\r\n" in text else "\n"
        filters = [found[1] for line in text.splitlines() if (found := _FILTER.fullmatch(line.strip()))]
        head = [] if not filters or filters[-1].casefold() == _ALL else [f"[{_ALL}]"]
        added = ["", f"# {reason}", *head, *missing]
        start = text if not text or text.endswith("\n") else text + end
        content = start + "".join(line + end for line in added)
        keep_copy(path, BACKUP)
        replace_file(path, content.encode(errors="surrogateescape"))
    except OSError as error:
        raise NotAddedError(
            f"{path} cannot be written ({error.strerror}); add these lines to it yourself, and restart: "
            f"{', '.join(missing)}"
        ) from error
    return missing


def _in_effect(path: Path, depth: int) -> Iterator[str]:
    """Yield the lines that hold for every model, those of included files in their place."""
    current = _ALL
    for raw in path.read_bytes().decode(errors="replace").splitlines():
        line = raw.partition("#")[0].strip()
        if found := _FILTER.fullmatch(line):
            current = found[1].casefold()
        elif current != _ALL or not line:
            continue
        elif line.startswith("include ") and depth < _DEEPEST_INCLUDE:
            with suppress(FileNotFoundError):
                yield from _in_effect(path.parent / line.removeprefix("include ").strip(), depth + 1)
        else:
            yield line


def _parameters(line: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each parameter of a ``dtparam`` line."""
    kind, _, rest = line.strip().partition("=")
    if kind.strip() != "dtparam":
        return
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        yield _ALIASES.get(name, name), "on" if value.casefold() in _ON else value


def _overlay(line: str) -> tuple[str, ...]:
    """Return name and parameters of a ``dtoverlay`` line; () for another line."""
    kind, _, rest = line.strip().partition("=")
    if kind.strip() != "dtoverlay" or not rest.strip():
        return ()
    return tuple(part.strip() for part in re.split("[,:]", rest))
