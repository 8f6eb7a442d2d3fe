from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import ctypes, os, subprocess, sys
from ravatard.host.dumps import forbid_dumps
asked = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
before = asked()
print(before, forbid_dumps(), asked(), os.stat("/proc/self/mem").st_uid)
"""


def test_the_memory_of_a_process_is_closed_to_others() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout.split() == ["1", "True", "0", "0"]


def test_importing_it_loads_no_ctypes() -> None:
    script = "import sys, ravatard.host.dumps; print('ctypes' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout.strip() == "False"
