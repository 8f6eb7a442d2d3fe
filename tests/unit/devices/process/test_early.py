from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ravatard.devices.process.early import EarlyProcess

WAITS = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]


def is_there(pid: int) -> bool:
    """A child of ours that has not been waited for is there, dead or alive."""
    return Path(f"/proc/{pid}").exists()


def test_the_process_is_handed_over_once() -> None:
    early = EarlyProcess(WAITS, {"A": "1"})

    process = early.take(WAITS, {"A": "1"})

    assert process is not None
    assert early.take(WAITS, {"A": "1"}) is None
    early.close()
    assert process.process.poll() is None
    process.close_pipes()
    assert process.process.wait(10) == 0


@pytest.mark.parametrize(
    ("command", "environ", "fds"),
    [([*WAITS, "more"], {}, ()), (WAITS, {"ALSA_CONFIG_PATH": "x"}, ()), (WAITS, {}, (0,))],
)
def test_one_that_was_started_otherwise_is_ended(
    command: list[str], environ: dict[str, str], fds: tuple[int, ...]
) -> None:
    before = children()
    early = EarlyProcess(WAITS, {})
    (started,) = children() - before

    assert early.take(command, environ, fds) is None
    assert not is_there(started)


def test_one_that_is_not_wanted_is_ended_and_waited_for() -> None:
    before = children()
    early = EarlyProcess(WAITS, {})
    (started,) = children() - before

    early.close()
    early.close()

    assert not is_there(started)


def test_what_cannot_be_started_early_is_left_to_the_supervisor() -> None:
    early = EarlyProcess(["/nowhere/python3"], {})

    assert early.take(["/nowhere/python3"], {}) is None


def children() -> set[int]:
    """The children of this process."""
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))
