"""The figures can be given out, at their port and as their file, or what to do is said."""

from __future__ import annotations

import socket

import pytest

from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import CONFIG, Patient, running

FOLDER = "var/lib/prometheus/node-exporter"
WITH_FILE = f"{CONFIG}metrics: {{textfile: /{FOLDER}/ravatard.prom}}\n"


def with_port(port: int, *, lan: bool = False) -> str:
    listen = "lan, token: 0123456789abcdef" if lan else "loopback"
    return f"{CONFIG}metrics: {{listen: {listen}, port: {port}}}\n"


async def test_without_figures_there_is_nothing_to_look_at(patient: Patient) -> None:
    assert (await patient.finding("metrics")).result.verdict is Verdict.NEEDLESS


async def test_a_library_that_is_missing_is_told(patient: Patient) -> None:
    patient.config(with_port(0))
    del patient.packages["prometheus-client"]

    found = (await patient.finding("metrics")).result

    assert found.verdict is Verdict.BROKEN
    assert "prometheus-client is missing" in found.text
    assert "make install" in found.remedy


@pytest.mark.integration
async def test_a_port_is_free_or_taken(patient: Patient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        patient.config(with_port(port))
        taken = (await patient.finding("metrics")).result
    free = (await patient.finding("metrics")).result

    assert taken.verdict is Verdict.BROKEN
    assert f"port {port}" in taken.text
    assert "metrics.port" in taken.remedy
    assert free.verdict is Verdict.FINE
    assert "for this machine" in free.text


async def test_the_port_of_a_running_daemon_answers_or_is_missing(patient: Patient) -> None:
    patient.config(with_port(9_484, lan=True))
    patient.status = running()
    answers = (await patient.finding("metrics")).result
    patient.unreachable = ConnectionRefusedError(111, "refused")
    silent = (await patient.finding("metrics")).result
    patient.status = running(degraded=["no figures for Prometheus: port 9484 cannot be had; stop it"])
    told = (await patient.finding("metrics")).result

    assert answers.verdict is Verdict.FINE
    assert "that know the token" in answers.text
    assert (silent.verdict, told.verdict) == (Verdict.BROKEN, Verdict.BROKEN)
    assert "older configuration" in silent.remedy
    assert told.remedy == "stop it"


async def test_the_folder_of_the_file_exists_and_belongs_to_the_service(patient: Patient) -> None:
    patient.config(WITH_FILE)
    missing = (await patient.finding("metrics")).result
    folder = patient.root / FOLDER
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    closed = (await patient.finding("metrics")).result
    folder.chmod(0o777)
    sealed = (await patient.finding("metrics")).result
    patient.drop_in(f"[Service]\nReadWritePaths=/{FOLDER}\n")
    opened = (await patient.finding("metrics")).result

    assert "does not exist" in missing.text
    assert "ravatard may not write" in closed.text
    assert "ReadWritePaths" in sealed.remedy
    assert [one.verdict for one in (missing, closed, sealed)] == [Verdict.BROKEN] * 3
    assert opened.verdict is Verdict.FINE


async def test_a_file_that_the_daemon_cannot_write_is_told(patient: Patient) -> None:
    patient.config(WITH_FILE)
    (patient.root / FOLDER).mkdir(parents=True)
    (patient.root / FOLDER).chmod(0o777)
    patient.drop_in(f"[Service]\nReadWritePaths=/{FOLDER}\n")
    patient.status = running(degraded=["the figures cannot be written to it (full); make room"])

    found = (await patient.finding("metrics")).result

    assert (found.verdict, found.remedy) == (Verdict.BROKEN, "make room")
