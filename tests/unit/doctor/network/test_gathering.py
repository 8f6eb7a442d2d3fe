"""Facts are gathered whatever is wrong with the configuration, and whoever asks."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from ravatard.doctor.check import DoctorRequest
from ravatard.doctor.machine import ProgramResult
from ravatard.doctor.network.gathering import gather, is_online, is_running, verification_of
from ravatard.doctor.network.plan import NetworkFacts
from ravatard.ports.network import NamedHost
from tests.unit.doctor.patient import Patient, running


async def gathered(patient: Patient) -> tuple[NetworkFacts, tuple[str, ...]]:
    return await gather(patient.case())


async def test_a_healthy_machine(patient: Patient) -> None:
    patient.write("etc/resolv.conf", "nameserver 192.0.2.53\n")

    facts, notes = await gathered(patient)

    assert facts.socket_url == "wss://avatars.example/ws/chat"
    assert facts.name_servers == ("192.0.2.53",)
    assert (facts.incomplete, facts.unreadable, notes) == ("", frozenset(), ())


async def test_a_mistake_elsewhere_changes_nothing(patient: Patient) -> None:
    patient.config(
        "gate: {silence_ms: long}\nmqtt: {host: broker.example}\nservice: {base_url: 'https://a.example'}\n"
    )

    facts, notes = await gathered(patient)

    assert (facts.options.mqtt.host, facts.socket_url) == ("broker.example", "wss://a.example/ws/chat")
    assert facts.unreadable == {"gate.silence_ms"}
    assert len(notes) == 1
    assert notes[0].startswith("the configuration: /etc/ravatard/ravatard.yaml:1: gate.silence_ms: ")


async def test_a_file_that_cannot_be_read_leaves_the_machines_own(patient: Patient) -> None:
    patient.config("service: {base_url: [\n")

    facts, notes = await gathered(patient)

    assert facts.incomplete == "the configuration cannot be read"
    assert notes


async def test_an_address_of_no_avatar_api_has_no_socket(patient: Patient) -> None:
    patient.config("service: {kind: avatar, base_url: 'http://me@a.example/v1'}\n")

    facts, notes = await gathered(patient)

    assert facts.socket_url == ""
    assert notes


async def test_programs_that_hang_are_given_up(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*command: str) -> ProgramResult | None:
        await asyncio.Event().wait()
        raise AssertionError(command)

    monkeypatch.setattr(patient, "_run", hang)
    begun = asyncio.get_running_loop().time()

    facts, notes = await gathered(patient)

    assert asyncio.get_running_loop().time() - begun == 5.0
    assert (facts.archives, facts.time_servers) == ({}, ())
    assert notes == ("apt and the clock's service did not say in time which servers they ask",)


@pytest.mark.parametrize(
    ("link", "online"),
    [({"state": "online"}, True), ({"state": "offline"}, False), (None, False), ("x", False)],
)
async def test_a_daemon_says_whether_its_socket_is_open(patient: Patient, link: object, online: bool) -> None:
    patient.status = running(link=link)
    case = patient.case()

    await gather(case)

    assert is_online(case) is online


async def test_a_daemon_tells_the_hosts_that_the_service_has_named(patient: Patient) -> None:
    good = {"protocol": "turn-tls", "host": "turn.example", "port": 443}
    bad: list[object] = [
        {**good, "protocol": "ftp"},
        {**good, "port": 0},
        {**good, "port": "443"},
        {**good, "host": ""},
        {},
        "x",
        None,
    ]
    patient.status = running(named_hosts=[*bad, good])
    assert (await gathered(patient))[0].named == (NamedHost("turn-tls", "turn.example", 443),)
    patient.status = running(named_hosts="x")
    assert (await gathered(patient))[0].named == ()


async def test_a_daemon_may_run_with_another_configuration(patient: Patient) -> None:
    patient.status = running(link={"state": "online"})
    config = patient.root / "etc/ravatard/ravatard.yaml"
    own = patient.case(DoctorRequest(config=config))
    named = patient.case(DoctorRequest(config=config, socket=Path("/run/own.sock")))

    await gather(own)
    await gather(named)

    assert (is_running(own), is_online(own)) == (False, False)
    assert (is_running(named), is_online(named)) == (True, True)


async def test_the_machines_issuers_are_trusted_or_those_of_a_file(patient: Patient) -> None:
    case = patient.case()
    await gather(case)

    verification, doubt = verification_of(case)

    assert doubt == ""
    assert verification.trust("").verify_mode is ssl.CERT_REQUIRED
    with pytest.raises(OSError, match="No such file"):
        verification.trust("/none.pem")


async def test_a_file_of_network_ca_that_may_not_be_read_is_told(patient: Patient) -> None:
    patient.config("network: {ca: /none/firm.pem}\n")
    case = patient.case()
    await gather(case)

    verification, doubt = verification_of(case)

    assert doubt.startswith("only this machine's own issuers are trusted here: network.ca: /none/firm.pem")
    assert verification.trust("").verify_mode is ssl.CERT_REQUIRED
