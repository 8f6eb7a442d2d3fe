from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ravatard.cli import COMMANDS

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


#: Runs each command, given as a list of words, in a copy of a process that has loaded what they need.
COMMANDS_CLOSED = """
import ctypes, json, os, sys
import ravatard.assembly.parts, ravatard.cli.doctor.command
from ravatard.config import loading
from ravatard.cli import main

read = loading._options

def closed(sources):
    options = read(sources)
    memory = "open" if ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) else "closed"
    print(f"\\nmemory: {words[0]} {memory}", flush=True)
    os._exit(0)

loading._options = closed
for words in json.loads(sys.argv[1]):
    if not (child := os.fork()):
        main(words)
        os._exit(1)
    os.waitpid(child, 0)
"""
WORDS = {
    "board": ["board", "test", "--config", "FILE"],
    "config": ["config", "show", "--config", "FILE"],
    "demo": ["demo", "--config", "FILE"],
}
#: They ask the running appliance, need no configuration, or read it after questions or a list of sessions.
WITHOUT = set(
    "simulate boot-setup replay status mute unmute volume toggle-mute say press restart restart-session "
    "reload devices find-mic setup end-sessions help version id play".split()
)


def test_every_command_that_reads_secrets_closes_its_memory_first(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("version: 2\nservice: {project_id: planted-id}\n")
    file.chmod(0o600)
    commands = [one for one in COMMANDS if one not in WITHOUT]
    words = [
        [str(file) if word == "FILE" else word for word in WORDS.get(one, [one, "--config", "FILE"])]
        for one in commands
    ]

    done = subprocess.run(
        [sys.executable, "-c", COMMANDS_CLOSED, json.dumps(words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
    )

    said = [line.split() for line in done.stdout.splitlines() if line.startswith("memory: ")]
    assert {command: memory for _, command, memory in said} == dict.fromkeys(commands, "closed"), (
        done.stdout + done.stderr[-300:]
    )
