"""What a service says about itself; in a live session: integration/test_avatar_doctor.py."""

from __future__ import annotations

import pytest

from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import Patient

AVATAR = "service: {kind: avatar, base_url: 'http://192.168.1.9:8000/v1'}\n"
LISTED = {"sessions": [{"session_id": "another", "duration": 12.0}], "total": 1}


@pytest.mark.parametrize("check", ["health", "orphans", "ear", "frames"])
async def test_a_service_without_such_things_needs_no_check(patient: Patient, check: str) -> None:
    outcome = (await patient.finding(check)).result

    assert outcome.verdict is Verdict.NEEDLESS
    assert "has no such thing" in outcome.text


async def test_health_and_the_sessions_of_others_are_told(patient: Patient) -> None:
    patient.config(AVATAR)
    patient.network.replies |= {
        "/health": (200, {"status": "healthy", "version": "1.0.0", "services": {"gpu": "away"}}),
        "/metrics": (200, {"average_latency": 125, "redis_memory": "245MB"}),
        "/v1/streaming.sessions": (200, LISTED),
    }

    found = {one.id: one.result for one in await patient.findings("health", "orphans", "ear")}

    assert found["health"].verdict is Verdict.WARNING
    assert "gpu is away" in found["health"].text
    assert "average_latency 125" in found["health"].text
    assert found["orphans"].verdict is Verdict.FINE
    assert found["orphans"].text == (
        "the service lists 1 session of other clients (12 s); ravatard does not end those"
    )
    assert "another" not in found["orphans"].text
    assert found["ear"].verdict is Verdict.NEEDLESS
    assert found["ear"].text == "only a live session tells (--live)"


async def test_a_service_that_answers_with_errors_is_told(patient: Patient) -> None:
    patient.config(AVATAR)
    patient.network.replies |= {"/health": (401, {}), "/v1/streaming.sessions": (401, {})}

    found = {one.id: one.result for one in await patient.findings("health", "token")}

    assert found["health"].verdict is Verdict.BROKEN
    assert "service.api_key" in found["token"].text


async def test_a_key_in_a_closed_store_is_not_called_missing(patient: Patient) -> None:
    patient.config(AVATAR)
    patient.remove("etc/credstore/*")
    patient.remove("etc/systemd/system/ravatard.service")
    (patient.root / "etc/credstore").chmod(0o700)
    patient.uid = 54321
    patient.network.replies |= {"/health": (401, {}), "/v1/streaming.sessions": (401, {})}

    found = {
        one.id: one.result for one in await patient.findings("credentials", "health", "token", "orphans")
    }

    assert "only root may see whether /etc/credstore" in found["credentials"].text
    for check in ("health", "token", "orphans"):
        assert found[check].verdict is Verdict.UNKNOWN
        assert found[check].remedy == "only root may see whether a credential holds it: sudo ravatard doctor"
