"""A build that is ended, as by a time limit: none of the programs it runs goes on without it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

_BUILD = """
import sys
from tests.appliance.commands import end_with_all_at_sigterm, output

end_with_all_at_sigterm()
try:
    output("sh", "-c", 'echo $$ >"$0"; exec sleep 100', sys.argv[1])
finally:
    print("tidied up")
"""


def test_a_program_of_a_build_ends_with_it(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    os.mkfifo(told)
    with subprocess.Popen(
        [sys.executable, "-c", _BUILD, told], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as build:
        program = int(told.read_text())

        build.send_signal(signal.SIGTERM)
        said, _ = build.communicate(timeout=30)

    assert build.returncode == 128 + signal.SIGTERM
    assert said == "tidied up\n"
    assert not Path(f"/proc/{program}").exists()
