"""The way to the service, step by step. Live sessions: integration/test_doctor.py, with the simulator."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from ravatard.config import Options
from ravatard.doctor.check import DoctorRequest
from ravatard.doctor.checks.service import look_at_stream
from ravatard.doctor.result import Verdict
from ravatard.secret import Secret
from tests.unit.doctor.patient import CONFIG, Patient


def at(address: str) -> str:
    return CONFIG.replace("https://avatars.example", address)


@pytest.mark.parametrize("address", ["http://192.0.2.1:8080", "http://[2001:db8::1]"])
async def test_an_address_needs_no_name_server(patient: Patient, address: str) -> None:
    patient.config(at(address))
    patient.programs.clear()

    assert (await patient.finding("dns")).result.verdict is Verdict.NEEDLESS


async def test_a_name_is_told_with_its_address(patient: Patient) -> None:
    assert (await patient.finding("dns")).result.measured == {"address": "192.0.2.7"}


@pytest.mark.parametrize(
    ("address", "connected", "verdict"),
    [
        ("https://avatars.example", ("avatars.example", 443, True), Verdict.FINE),
        ("https://avatars.example:8443/api", ("avatars.example", 8443, True), Verdict.FINE),
        ("http://avatars.example", ("avatars.example", 80, False), Verdict.WARNING),
        ("http://127.0.0.1:8000", ("127.0.0.1", 8000, False), Verdict.FINE),
        ("http://192.168.1.9", ("192.168.1.9", 80, False), Verdict.FINE),
    ],
)
async def test_it_is_reached_where_the_configuration_says(
    patient: Patient, address: str, connected: tuple[str, int, bool], verdict: Verdict
) -> None:
    patient.config(at(address))

    outcome = (await patient.finding("tls")).result

    assert patient.connections == [connected]
    assert outcome.verdict is verdict


async def test_a_certificate_that_is_not_yet_valid_is_told_with_the_clock(patient: Patient) -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = 9
    patient.unreachable = error

    outcome = (await patient.finding("tls")).result

    assert "not yet valid: this machine's clock says 2026-08-07 12:00 UTC" in outcome.text
    assert "`clock`" in outcome.remedy


async def test_a_firewall_that_swallows_everything_is_broken_in_time(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(host: str, port: int, tls: bool) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(patient, "_connect", never)

    outcome = (await patient.finding("tls")).result

    assert outcome.verdict is Verdict.BROKEN
    assert "within 8 s" in outcome.text


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (402, "no money"),
        (403, "refuses our token"),
        (500, "failed (500"),
        (404, "an intermediary answers /connection in place of the service (JSON, status 404, from "),
        (404, "; if it is an AvaTar API, write service.kind: avatar"),
    ],
)
async def test_what_the_service_refuses_is_told_in_its_words(
    patient: Patient, status: int, says: str
) -> None:
    patient.network.replies["/connection"] = (status, {})

    outcome = (await patient.finding("token")).result

    assert outcome.verdict is Verdict.BROKEN
    assert says in outcome.text


async def test_without_a_project_the_remedy_is_to_write_one(patient: Patient) -> None:
    patient.remove("etc/credstore/*")
    patient.network.replies["/jwt"] = (200, {"result": "failure", "error": "project_not_found"})

    assert (await patient.finding("token")).result.remedy.startswith("write service.project_id")


async def test_a_secret_that_only_root_may_read_makes_the_service_unknown(patient: Patient) -> None:
    (patient.root / "etc/credstore/ravatard.service.project_id").chmod(0o400)
    patient.uid = 54321

    found = {one.id: one.result for one in await patient.findings("avatar")}

    assert found["credentials"].verdict is found["token"].verdict is Verdict.UNKNOWN
    assert "sudo" in found["token"].remedy
    assert patient.network.asked == []


async def test_no_session_is_started_without_being_asked_for(patient: Patient) -> None:
    found = {one.id: one.result.verdict for one in await patient.findings("live", "stream")}

    assert found["live"] is found["stream"] is Verdict.NEEDLESS
    assert ("POST", "/startLiveSession") not in patient.network.asked


async def test_a_session_that_cannot_be_had_is_told(patient: Patient) -> None:
    outcome = (
        await patient.finding("live", DoctorRequest(live=True, state=patient.root / "var/lib/ravatard"))
    ).result

    assert outcome.verdict is Verdict.BROKEN
    assert "cannot open a socket to avatars.example" in outcome.text


async def test_the_proxy_in_use_is_named_and_reached_without_its_password(patient: Patient) -> None:
    patient.environ["HTTPS_PROXY"] = "http://me:pass-word@proxy.example:3128"

    found = {one.id: one.result for one in await patient.findings("dns", "tls")}

    assert patient.connections == [("proxy.example", 3128, False)]
    assert found["dns"].verdict is Verdict.NEEDLESS
    for result in (found["dns"], found["tls"]):
        assert "http://proxy.example:3128 (HTTPS_PROXY)" in result.text
        assert "pass-word" not in str(result)


async def test_a_proxy_that_cannot_be_used_is_told(patient: Patient) -> None:
    patient.environ["all_proxy"] = "socks5://proxy.example:1080"

    outcome = (await patient.finding("tls")).result

    assert outcome.verdict is Verdict.BROKEN
    assert "all_proxy is a socks5 proxy; only http and https proxies can be used" in outcome.text


async def test_the_stream_of_a_session_goes_through_the_proxy(patient: Patient) -> None:
    patient.environ["HTTPS_PROXY"] = "http://proxy.example:3128"
    case = patient.case()
    case.options = Options()
    case.stream_url = Secret("https://stream.example/page?token=planted")

    outcome = await look_at_stream(case)

    assert patient.connections == []
    assert "stream.example go through the proxy http://proxy.example:3128 (HTTPS_PROXY)" in outcome.text
    assert "planted" not in str(outcome)
