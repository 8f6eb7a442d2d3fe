"""``ravatard boot-setup`` that dies at every step it takes on the disk, one life after the other.

As a program, ``python -P sudden_death.py FOLDER`` prints a line of JSON for each step: at which it died, what
lay where then, and what lay where after the next, undisturbed start. A step is whatever the interpreter's
audit hooks tell before it happens: a file opened for writing, renamed, removed, given a mode, a directory
made.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from itertools import count
from pathlib import Path

from ravatard.cli import main
from ravatard.cli.setup import writing as setup_writing
from ravatard.config import candidate

SECRET = "hush-hush-4711"
OFFERED = f"service:\n  project_id: {SECRET}\n  avatar: Ada\ngate:\n  silence_ms: 700\n"
BEFORE = "# Mine.\ngate:\n  silence_ms: 900  # calm\n"
#: What a killed process leaves as its status here.
DIED = 137
_STEPS = {"os.rename", "os.remove", "os.mkdir", "os.chmod", "os.truncate", "os.link"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def _set_up(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in (("boot/ravatard.yaml", OFFERED), ("etc/ravatard.yaml", BEFORE)):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(text)


def _life(folder: Path, dies_at: int) -> int:
    """One start in a process of its own; ``dies_at`` 0 is never. Returns its exit status."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    steps = 0

    def watch(event: str, words: tuple[object, ...]) -> None:
        nonlocal steps
        writes = event == "open" and isinstance(words[2], int) and words[2] & _WRITING
        if writes or event in _STEPS:
            steps += 1
            if steps == dies_at:
                os._exit(DIED)

    sys.addaudithook(watch)
    places = ["--boot", f"{folder}/boot", "--config", f"{folder}/etc/ravatard.yaml"]
    status = main(["boot-setup", *places, "--credentials", f"{folder}/store"])
    os._exit(status)


def _found(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def run(folder: Path) -> None:
    """Die at the first step, at the second, and so on, until a life is longer than that."""
    assert candidate is not None, "imported before any life begins, so that each is short"
    assert setup_writing is not None
    for step in count(1):
        _set_up(folder)
        status = _life(folder, step)
        left = _found(folder)
        again = _life(folder, 0)
        told = {"step": step, "status": status, "left": left, "again": again, "after": _found(folder)}
        os.write(1, json.dumps(told).encode() + b"\n")
        if status != DIED:
            return


if __name__ == "__main__":
    # What the lives print is theirs.
    lines = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    sys.stdout = os.fdopen(null, "w")
    run(Path(sys.argv[1]))
