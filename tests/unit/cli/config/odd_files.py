"""Files of odd kinds, under names of odd kinds, for commands that are given a file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

#: Of files that are not there.
_NAMES = {"two lines": "a\nb", "no UTF-8": os.fsdecode(b"\xff"), "long": "a" * 1_000_000}


def odd_file(folder: Path, kind: str) -> str:
    """Return the name of a file of an odd kind in ``folder``; any other kind is a name itself."""
    if kind in _NAMES:
        return f"{folder}/{_NAMES[kind]}"
    file = folder / "odd"
    match kind:
        case "missing":
            pass
        case "folder":
            file.mkdir()
        case "socket":
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(file))
        case "loop":
            file.symlink_to(file)
        case "link to nothing":
            file.symlink_to(folder / "nothing")
        case "in a file":
            file.write_text("")
            return f"{file}/below"
        case "NUL bytes":
            file.write_bytes(bytes(10))
        case _:
            return kind
    return str(file)
