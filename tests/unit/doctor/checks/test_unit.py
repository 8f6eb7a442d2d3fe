"""The unit as it is installed, against what the appliance relies on."""

from __future__ import annotations

import pytest

from ravatard.doctor.checks.unit import seconds
from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import Patient


async def test_the_unit_that_is_shipped_is_as_it_must_be(patient: Patient) -> None:
    found = {one.id: one.result for one in await patient.findings("unit")}

    assert {one.verdict for one in found.values()} == {Verdict.FINE}
    assert found["unit"].text == "/etc/systemd/system/ravatard.service"


@pytest.mark.parametrize(
    "setting",
    [
        "Type=simple",
        "Restart=on-failure",
        "RestartPreventExitStatus=",
        "KillMode=process",
        "ExecStopPost=",
        "[Unit]\nStartLimitIntervalSec=10",
        "[Unit]\nStartLimitIntervalSec=",
    ],
)
async def test_a_drop_in_that_takes_something_away_is_named(patient: Patient, setting: str) -> None:
    patient.drop_in(f"[Service]\n{setting}\n")

    outcome = (await patient.finding("unit")).result

    assert outcome.verdict is Verdict.BROKEN
    assert outcome.text.startswith(setting.rpartition("\n")[2].partition("=")[0])
    assert "ravatard.service.d/own.conf" in outcome.remedy


async def test_a_drop_in_that_harms_nothing_is_counted(patient: Patient) -> None:
    patient.drop_in("[Service]\nMemoryMax=400M\n")

    assert (await patient.finding("unit")).result.text.endswith(", 1 drop-in")


@pytest.mark.parametrize(
    ("span", "verdict"),
    [
        ("30", Verdict.FINE),
        ("1min", Verdict.FINE),
        ("2s", Verdict.WARNING),
        ("infinity", Verdict.BROKEN),
        ("", Verdict.BROKEN),
    ],
)
async def test_the_watchdog_must_bite_and_not_at_once(patient: Patient, span: str, verdict: Verdict) -> None:
    patient.drop_in(f"[Service]\nWatchdogSec={span}\n")

    assert (await patient.finding("unit.watchdog")).result.verdict is verdict


async def test_what_is_not_installed_is_not_judged(patient: Patient) -> None:
    patient.remove("etc/systemd/system/ravatard.service")

    found = {one.id: one.result.verdict for one in await patient.findings("unit")}

    assert set(found.values()) == {Verdict.NEEDLESS}


@pytest.mark.parametrize(
    ("span", "meant"), [("10", 10), ("1min 30s", 90), ("500ms", 0.5), ("2h", 7200), ("infinity", 0), ("", 0)]
)
def test_time_spans_are_those_of_systemd(span: str, meant: float) -> None:
    assert seconds(span) == meant
