"""A store of settings that dies while it saves: at every step it takes on the disk, and between bytes.

As a program, ``python -P dying_saves.py FOLDER`` prints a line of JSON for each life: how it died, what the
next process finds saved, and what it finds after an undo.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from ravatard.config.saved.store import FileSettingsStore
from ravatard.ports.settings import NothingToUndo

OLD, NEW, OLDER = 30.0, 40.0, 20.0
#: What a killed process leaves as its status here.
DIED = 137
#: Every so many bytes a life ends; with the steps, every place at which files differ is met.
EVERY_BYTES = 9
_STEPS = {"os.rename", "os.remove", "os.mkdir", "os.chmod", "os.truncate", "os.link"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def store(folder: Path) -> FileSettingsStore:
    """The store of the appliance in ``folder``."""
    return FileSettingsStore(folder / "state" / "settings.yaml", {}, folder / "ravatard.yaml")


def _set_up(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "ravatard.yaml").write_text(f"gate: {{longest_s: {OLDER}}}\n")
    store(folder).save({"gate.longest_s": OLD}, None)


def _save_and_die(folder: Path, *, step: int | None = None, after_bytes: int | None = None) -> int:
    """Save in a process of its own, which dies at a step, or when so many bytes are written."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    steps = 0
    left = after_bytes
    write = os.write

    def watch(event: str, words: tuple[object, ...]) -> None:
        nonlocal steps
        writes = event == "open" and isinstance(words[2], int) and words[2] & _WRITING
        if writes or event in _STEPS:
            steps += 1
            if steps == step:
                os._exit(DIED)

    def torn(file: int, content: bytes | memoryview) -> int:
        nonlocal left
        if left is None:
            return write(file, content)
        done = write(file, content[:left])
        left -= done
        if not left:
            os._exit(DIED)
        return done

    sys.addaudithook(watch)
    os.write = torn  # type: ignore[assignment]
    store(folder).save({"gate.longest_s": NEW}, None)
    os._exit(0)


def _longest_s(folder: Path) -> float:
    settings = store(folder).describe()["settings"]
    return float(next(one["value"] for one in settings if one["key"] == "gate.longest_s"))


def _after_undo(folder: Path) -> float | None:
    try:
        store(folder).undo()
    except NothingToUndo:
        return None
    return _longest_s(folder)


def lives(folder: Path) -> Iterator[dict[str, object]]:
    """Die at the first step, at the second, and so on; then after more and more bytes."""
    for way, numbers in (("step", count(1)), ("after_bytes", count(1, EVERY_BYTES))):
        for number in numbers:
            _set_up(folder)
            status = _save_and_die(folder, **{way: number})
            found = _longest_s(folder)
            yield {way: number, "status": status, "found": found, "undone": _after_undo(folder)}
            if status != DIED:
                break


if __name__ == "__main__":
    for life in lives(Path(sys.argv[1])):
        sys.stdout.write(f"{json.dumps(life)}\n")
