"""A test marked ``alone`` has the machine for itself, and gets its turn however busy the others are."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.turns import Turns

#: Longest time until a thread is seen to run or to wait.
SOON_S = 5.0


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[list[Turns]]:
    """Those of three processes: each has opened the files itself."""
    made = [Turns(tmp_path) for _ in range(3)]
    yield made
    for one in made:
        one.close()


def waiting(turns: Turns, *, alone: bool) -> tuple[threading.Thread, threading.Event]:
    """A thread that waits for a turn, and what is set when it has got it."""
    got = threading.Event()

    def take() -> None:
        with turns.taken(alone=alone):
            got.set()

    thread = threading.Thread(target=take)
    thread.start()
    return thread, got


def is_held(folder: Path, name: str) -> bool:
    """True if another open file holds this lock."""
    file = os.open(folder / name, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def test_those_that_measure_nothing_run_beside_each_other(turns: list[Turns]) -> None:
    with turns[0].taken(alone=False):
        thread, got = waiting(turns[1], alone=False)
        assert got.wait(SOON_S)
    thread.join()


def test_one_alone_keeps_all_others_out(turns: list[Turns]) -> None:
    with turns[0].taken(alone=True):
        others = [waiting(turns[1], alone=False), waiting(turns[2], alone=True)]
        assert not any(got.wait(0.05) for _, got in others)
    for thread, got in others:
        thread.join(SOON_S)
        assert got.is_set()


def test_one_that_waits_to_be_alone_is_next(turns: list[Turns], tmp_path: Path) -> None:
    with turns[0].taken(alone=False):
        alone, alone_got = waiting(turns[1], alone=True)
        while not is_held(tmp_path, "turnstile.lock"):
            pass
        later, later_got = waiting(turns[2], alone=False)
        assert not later_got.wait(0.05)
        assert not alone_got.is_set()
    assert alone_got.wait(SOON_S)
    assert later_got.wait(SOON_S)
    alone.join()
    later.join()


def test_a_test_that_fails_gives_its_turn_back(turns: list[Turns]) -> None:
    with pytest.raises(ValueError, match="measured"), turns[0].taken(alone=True):
        raise ValueError("measured")

    thread, got = waiting(turns[1], alone=True)

    assert got.wait(SOON_S)
    thread.join()


@pytest.mark.slow
def test_in_a_run_of_two_workers_no_other_test_begins_or_ends_beside_one_alone(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    for number in range(4):
        (tmp_path / f"test_{number}.py").write_text(
            "import time\n"
            "from pathlib import Path\n\n"
            "import pytest\n\n"
            f"MARKS = [pytest.mark.alone] if {number} % 2 else []\n\n"
            "@pytest.mark.parametrize('turn', [pytest.param(one, marks=MARKS) for one in range(5)])\n"
            "def test_it(turn: int) -> None:\n"
            f"    with Path({str(tmp_path / 'log')!r}).open('a') as log:\n"
            "        for word in ('begin', 'end'):\n"
            f"            print(word, {number}, turn, file=log, flush=True)\n"
            "            time.sleep(0.02)\n"
        )

    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.conftest"),
            *(f"--rootdir={tmp_path}", "-c", os.devnull, "-n2", "--dist=loadfile", "."),
        ],
        cwd=tmp_path,
        env=dict(os.environ) | {"PYTHONPATH": str(pytestconfig.rootpath)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert len(lines) == 40
    measured = [at for at, (word, number, _) in enumerate(lines) if word == "begin" and int(number) % 2]
    assert [lines[at + 1] for at in measured] == [["end", *lines[at][1:]] for at in measured]
