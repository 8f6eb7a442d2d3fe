"""Lets the kernel run another processor's programs while a run lasts, and leaves it as it was.

Who runs which foreign program is one list for the whole kernel (binfmt_misc). What somebody has entered there
is used and never changed; what is missing is entered by a process that takes it out again when this one ends,
however it ends.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.appliance.commands import BuildError

#: How many times slower QEMU is than a processor, at most.
EMULATION = 10.0
#: Debian's name of an architecture -> QEMU's.
_PROCESSORS = {"arm64": "aarch64", "amd64": "x86_64"}
#: Where qemu-user-static lays down what is to be entered: a line for .../register. With its flag F the
#: interpreter is opened at once, and so found from inside any root.
_ENTRIES = Path("/usr/lib/binfmt.d")
#: The mount is private to this process; the entry is not, and must be taken out again.
_HOLD = """
set -e
list=/proc/sys/fs/binfmt_misc
[ -d $list ] || modprobe binfmt_misc
mount --make-rprivate /
mount -t binfmt_misc binfmt_misc $list
sed "s/^:[^:]*:/:$1:/" "$2" >$list/register
trap 'echo -1 >"$list/$1"' EXIT
echo ready
read -r _ || true
"""


@contextmanager
def emulated(architecture: str) -> Iterator[bool]:
    """Inside, programs of ``architecture`` run; the value says whether that had to be arranged.

    Raises:
        BuildError: they cannot; says what to install.
    """
    runs = _runs(architecture)
    processor = _PROCESSORS[architecture]
    entry = _ENTRIES / f"qemu-{processor}.conf"
    if platform.machine() == processor or (runs and not entry.exists()):
        yield False
        return
    if not entry.exists():
        raise BuildError(
            f"this machine cannot run programs for {architecture}: {entry} is missing; "
            "run: apt-get install qemu-user-static"
        )
    # One of its own also beside one that works: that may be another run's, and end with it.
    name = f"ravatard-{os.getpid()}-{processor}"
    # A session of its own: Ctrl-C must not end it before its turn.
    holder = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", _HOLD, "sh", name, entry],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with holder:
        assert holder.stdout is not None
        said = holder.stdout.readline().strip()
        if not (runs or (said == "ready" and _runs(architecture))):
            raise BuildError(f"programs for {architecture} do not run with {entry}: {said or 'no answer'}")
        yield not runs


def _runs(architecture: str) -> bool:
    program = shutil.which("arch-test")
    if program is None:
        raise BuildError("arch-test is missing; run: apt-get install arch-test")
    tried = subprocess.run([program, architecture], capture_output=True, check=False, timeout=60)
    return tried.returncode == 0
