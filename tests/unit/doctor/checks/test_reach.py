"""The way to a service that has its sockets at another address than its calls."""

from __future__ import annotations

import pytest

from ravatard.doctor.checks.reach import address_of
from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import Patient

AVATAR = "service: {kind: avatar, base_url: 'http://192.168.1.9:8000/v1'}\n"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a.example/v1", ("a.example", 443, True)),
        ("wss://a.example:8001/ws", ("a.example", 8001, True)),
        ("ws://[::1]/ws", ("::1", 80, False)),
    ],
)
def test_host_port_and_encryption_of_an_address(url: str, address: tuple[str, int, bool]) -> None:
    assert address_of(url) == address


async def test_both_addresses_are_reached(patient: Patient) -> None:
    patient.config(AVATAR)

    outcome = (await patient.finding("tls")).result

    assert patient.connections == [("192.168.1.9", 8000, False), ("192.168.1.9", 8001, False)]
    assert outcome.verdict is Verdict.FINE
    assert "192.168.1.9:8001 answers, without TLS" in outcome.text


async def test_one_address_for_both_is_reached_once(patient: Patient) -> None:
    patient.config(AVATAR.replace(":8000", ":9000"))

    await patient.finding("tls")

    assert patient.connections == [("192.168.1.9", 9000, False)]


async def test_an_address_that_is_not_reached_is_told(patient: Patient) -> None:
    patient.config(AVATAR)
    patient.unreachable = ConnectionRefusedError(111, "Connection refused")

    outcome = (await patient.finding("tls")).result

    assert outcome.verdict is Verdict.BROKEN
