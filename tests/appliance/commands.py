"""Programs of the building machine, run with a deadline and quoted when they fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class BuildError(Exception):
    """The image cannot be built here; says which program failed and what it said."""


def end_with_all_at_sigterm() -> None:
    """Let SIGTERM raise SystemExit in this process: by default it leaves behind every program that it runs.

    So do a time limit and a `make` that is ended. The status is the one a shell gives for the signal.
    """

    def end(number: int, _: object) -> None:
        # Once: it must not interrupt what tidies up.
        signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)


def output(
    *words: str | Path,
    within_s: float = 120,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> str:
    """Run a program; returns its standard output.

    Raises:
        BuildError: it is missing, failed, or did not end in time.
    """
    command = [str(word) for word in words]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=within_s,
            cwd=cwd,
            env=dict(os.environ) | {"LC_ALL": "C.UTF-8"} | dict(environ or {}),
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is missing; `make appliance` installs it") from error
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{command[0]} did not end within {within_s:g} s") from error
    if done.returncode:
        raise BuildError(f"{_shown(command)} failed with status {done.returncode}:\n{_tail(done)}")
    return done.stdout


def _shown(command: Sequence[str]) -> str:
    return " ".join(command)[:200]


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((done.stdout + done.stderr).splitlines()[-15:])
