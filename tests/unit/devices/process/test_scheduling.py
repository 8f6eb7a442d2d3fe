from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ravatard.devices.process.scheduling import Scheduling


class Kernel:
    """A ``/proc`` with one process, and a clock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = 100.0
        self.scheduling = Scheduling(7, root=str(root), clock=lambda: self.now)

    def thread(
        self, number: int, state: str, *, ran_s: float = 0, waited_s: float = 0, faults: int = 0
    ) -> None:
        folder = self.root / "7" / "task" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        fields = [state, *["0"] * 8, str(faults), *["0"] * 30]
        (folder / "stat").write_text(f"{number} (python (x) y) {' '.join(fields)}\n")
        (folder / "schedstat").write_text(f"{int(ran_s * 1e9)} {int(waited_s * 1e9)} 12\n")


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


@pytest.mark.parametrize(
    ("state", "ran_s", "waited_s", "faults", "starved"),
    [
        ("S", 0.0, 0.0, 0, False),  # it waits for its device
        ("D", 0.0, 0.0, 0, False),  # a driver hangs
        ("S", 0.05, 0.02, 0, False),  # a busy moment
        ("S", 0.05, 0.4, 0, True),  # it waited for a processor
        ("R", 0.0, 0.0, 0, True),  # it still does
        ("R", 0.1, 0.0, 0, True),
        ("R", 1.0, 0.0, 0, False),  # it hangs in a loop
        ("D", 0.0, 0.0, 3, True),  # its memory is read back
        ("T", 0.0, 0.4, 0, False),  # stopped: it will not go on by itself
        ("t", 0.0, 0.0, 0, False),
        ("Z", 0.0, 0.0, 0, False),
    ],
)
def test_a_process_is_starved_if_the_machine_kept_it_from_running(
    kernel: Kernel, state: str, ran_s: float, waited_s: float, faults: int, starved: bool
) -> None:
    kernel.thread(7, "S", ran_s=5, waited_s=9, faults=70)
    kernel.thread(8, "S", ran_s=2, waited_s=1)
    kernel.scheduling.is_starved()
    kernel.now += 1
    kernel.thread(8, state, ran_s=2 + ran_s, waited_s=1 + waited_s, faults=faults)

    assert kernel.scheduling.is_starved() is starved


def test_a_process_that_is_gone_or_a_kernel_that_does_not_count_is_no_reason_to_wait(kernel: Kernel) -> None:
    assert not kernel.scheduling.is_starved()
    kernel.thread(7, "S")
    (kernel.root / "7" / "task" / "7" / "schedstat").unlink()
    assert not kernel.scheduling.is_starved()
    (kernel.root / "7" / "task" / "7" / "stat").write_text("nonsense")
    assert not kernel.scheduling.is_starved()


def test_a_real_process_that_waits_or_is_stopped_is_not_starved() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, bufsize=0)
    try:
        watched = Scheduling(process.pid)
        os.kill(process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        watched.is_starved()
        assert not watched.is_starved()
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()
