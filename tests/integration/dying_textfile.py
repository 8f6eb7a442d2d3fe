"""The file of figures, written by processes that the kernel kills at a byte: SIGXFSZ, at a limit of size.

As a program, ``python -P dying_textfile.py FOLDER`` prints a line of JSON for each life: after how many bytes
it died, how many the unfinished file has, and whether the file is the old one, the new one, or neither.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path

from ravatard.web.metrics.textfile import Textfile

OLD = b"".join(b"ravatard_old_%d 1\n" % number for number in range(400))
NEW = b"".join(b"ravatard_new_%d 2\n" % number for number in range(400))
#: A life ends every so many bytes.
EVERY_BYTES = 16


def _write_and_die(textfile: Textfile, after_bytes: int) -> int:
    """Write in a process of its own, which may write so many bytes. Returns its exit status."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    # Python ignores it, and would get an error instead.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after_bytes, after_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    textfile._replace(NEW)
    os._exit(0)


def run(folder: Path) -> None:
    """Die everywhere."""
    file = folder / "ravatard.prom"
    textfile = Textfile(file, 15.0)
    for after_bytes in range(0, len(NEW) + EVERY_BYTES, EVERY_BYTES):
        textfile._replace(OLD)
        status = _write_and_die(textfile, after_bytes)
        found = file.read_bytes()
        new = file.with_name(f"{file.name}.new")
        told = {
            "after": after_bytes,
            "status": status,
            "left": new.stat().st_size if new.exists() else None,
            "file": "old" if found == OLD else "new" if found == NEW else "neither",
            "read": sorted(one.name for one in folder.glob("*.prom")),
        }
        os.write(1, json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    run(Path(sys.argv[1]))
