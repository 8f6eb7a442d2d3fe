"""The machine we run on: its files, its programs."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from ravatard.doctor.machine import ProgramResult, names, output, run_program, this_machine
from tests.unit.doctor.patient import Patient


def test_a_file_is_read_below_the_root_and_one_that_cannot_be_is_nothing(patient: Patient) -> None:
    machine = patient.machine()

    assert machine.text("/proc/device-tree/model") == "Raspberry Pi 4 Model B\0"
    assert machine.text("/nowhere") is machine.text("/proc") is None


def test_a_path_is_shown_as_it_is_called_on_that_machine(patient: Patient) -> None:
    machine = patient.machine()

    assert machine.shown(machine.path("/etc/passwd")) == "/etc/passwd"
    assert machine.shown(Path("/elsewhere")) == "/elsewhere"


async def test_a_program_that_is_not_there_prints_nothing(patient: Patient) -> None:
    assert await output(patient.machine(), "no-such-program") is None


def test_this_machine_is_asked_as_whoever_asks() -> None:
    machine = this_machine({})

    assert (machine.root, machine.uid) == (Path("/"), os.geteuid())
    assert os.getegid() in machine.groups
    assert machine.version("aiohttp")
    assert machine.version("no-such-package") is None
    assert machine.free_bytes(Path("/")) >= 0


@pytest.mark.integration
async def test_a_program_is_run_in_one_language_without_a_shell_or_input() -> None:
    assert await run_program("sh", "-c", "cat; echo $LC_ALL $0; exit 3", "a;b") == ProgramResult(
        3, "C.UTF-8 a;b\n"
    )
    assert await run_program("no-such-program-at-all") is None


@pytest.mark.integration
async def test_a_program_that_hangs_is_killed_when_nobody_waits_any_more(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    begun_at = time.monotonic()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await run_program("sh", "-c", f"echo $$ >{told}; exec sleep 600")

    assert time.monotonic() - begun_at < 5
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


@pytest.mark.parametrize(
    ("words", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_words_become_a_list_in_a_sentence(words: list[str], said: str) -> None:
    assert names(words) == said
