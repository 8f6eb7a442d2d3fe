"""A daemon that runs, none, or several."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.doctor.check import DoctorRequest
from ravatard.doctor.checks.running import daemons
from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import Patient, running


def process(patient: Patient, pid: int, command: str, started: int = 1) -> None:
    patient.write(f"proc/{pid}/cmdline", command.replace(" ", "\0") + "\0")
    patient.write(f"proc/{pid}/stat", f"{pid} (a name) with) S {'0 ' * 18}{started} 0")


@pytest.mark.parametrize(
    ("command", "is_one"),
    [
        ("/opt/ravatard/bin/python3 /opt/ravatard/bin/ravatard run", True),
        ("/usr/bin/python3 -m ravatard run", True),
        ("ravatard run --config x", True),
        ("python3 -P -m ravatard.devices.microphone.worker", False),
        ("python3 /usr/bin/ravatard doctor", False),
        ("/usr/bin/python3 -P -m ravatard run", True),
        ("podman run ravatard", False),
        ("sudo ravatard run", False),
        ("timeout 20 /opt/ravatard/bin/ravatard run", False),
        ("runuser -u maker ravatard run", False),
        ("run", False),
        ("", False),
    ],
)
def test_a_daemon_is_known_by_its_command(patient: Patient, command: str, is_one: bool) -> None:
    process(patient, 77, command)

    assert daemons(patient.machine()) == ([77] if is_one else [])


def test_a_process_that_is_gone_meanwhile_does_not_matter(patient: Patient) -> None:
    (patient.root / "proc/78").mkdir()
    patient.write("proc/79/cmdline", "ravatard\0run\0")

    assert daemons(patient.machine()) == [79]


async def test_a_daemon_that_works_is_told_with_its_process(patient: Patient) -> None:
    patient.status = running()

    assert (await patient.finding("daemon")).result.text == "process 4711: listening"


async def test_what_troubles_a_daemon_is_a_warning(patient: Patient) -> None:
    patient.status = running(degraded=["no lights: gone", "more"])

    outcome = (await patient.finding("daemon")).result

    assert (outcome.verdict, outcome.text) == (Verdict.WARNING, "process 4711 runs, but no lights: gone")


async def test_a_daemon_that_does_not_answer_is_unknown(patient: Patient) -> None:
    process(patient, 640, "ravatard run")

    outcome = (await patient.finding("daemon")).result

    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.text.startswith("process 640 runs, but: ravatard does not run")


def test_the_kernel_knows_the_program_of_a_process(patient: Patient) -> None:
    process(patient, 77, "ravatard run")
    (patient.root / "proc/77/exe").symlink_to("/usr/bin/python3.11")
    assert daemons(patient.machine()) == [77]
    (patient.root / "proc/77/exe").unlink()
    (patient.root / "proc/77/exe").symlink_to("/usr/bin/sudo")
    assert daemons(patient.machine()) == []


async def test_the_programs_that_start_a_daemon_are_none(patient: Patient) -> None:
    """The advice was to kill the only one there was."""
    process(patient, 34, "sudo ravatard run")
    process(patient, 35, "sudo ravatard run")
    process(patient, 4711, "/opt/ravatard/bin/python3 /opt/ravatard/bin/ravatard run", started=2)
    patient.status = running()

    assert (await patient.finding("daemon")).result.text == "process 4711: listening"


async def test_of_several_daemons_the_one_that_answers_is_kept(patient: Patient) -> None:
    process(patient, 640, "python3 /usr/bin/ravatard run", started=1)
    process(patient, 4711, "python3 /usr/bin/ravatard run", started=2)
    patient.status = running()

    outcome = (await patient.finding("daemon")).result

    assert outcome.verdict is Verdict.BROKEN
    assert outcome.text == "2 daemons run at once and may share a sound card: process 4711, and process 640"
    assert outcome.remedy == "to keep process 4711, stop the other: sudo kill 640"
    assert "in use by the running daemon" in (await patient.finding("microphone")).result.text


async def test_the_service_is_stopped_as_one(patient: Patient) -> None:
    process(patient, 640, "python3 /usr/bin/ravatard run", started=1)
    process(patient, 641, "python3 /usr/bin/ravatard run", started=2)
    patient.write("proc/641/cgroup", "0::/system.slice/ravatard.service\n")

    outcome = (await patient.finding("daemon")).result

    assert outcome.remedy == "to keep process 640, stop the other: sudo systemctl stop ravatard"
    patient.write("proc/640/cgroup", "0::/system.slice/ravatard.service\n")
    patient.write("proc/641/cgroup", "0::/user.slice/session-3.scope\n")
    outcome = (await patient.finding("daemon")).result
    assert outcome.remedy == "to keep the service, stop the other: sudo kill 641"


async def test_whoever_names_a_socket_means_that_daemon_alone(patient: Patient) -> None:
    process(patient, 640, "ravatard run")
    process(patient, 641, "ravatard run")

    outcome = (await patient.finding("daemon", DoctorRequest(socket=Path("/run/mine.sock")))).result

    assert outcome.verdict is Verdict.FINE
    assert outcome.text == (
        "none at /run/mine.sock; process 640 and process 641 are other daemons, which may use the microphone "
        "or the speaker"
    )


async def test_a_daemon_beside_the_one_that_was_named_is_told(patient: Patient) -> None:
    process(patient, 640, "ravatard run")
    process(patient, 4711, "ravatard run")
    patient.write("proc/640/cgroup", "0::/system.slice/ravatard.service\n")
    patient.status = running()

    outcome = (await patient.finding("daemon", DoctorRequest(socket=Path("/run/mine.sock")))).result

    assert outcome.text == (
        "process 4711: listening; the service is another daemon, which may use the microphone or the speaker"
    )


async def test_none_runs_where_no_process_does(patient: Patient) -> None:
    outcome = (await patient.finding("daemon", DoctorRequest(socket=Path("/run/mine.sock")))).result

    assert outcome.text == "not running: microphone and speaker are free to be tried"
