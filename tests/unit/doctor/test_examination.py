"""The order of checks, their deadlines, and what a failed one keeps from being looked at."""

from __future__ import annotations

import asyncio

import pytest

from ravatard.doctor.check import Case, Check
from ravatard.doctor.examination import chosen, examine, exit_status, needed
from ravatard.doctor.result import CheckResult, Verdict, broken, fine, needless, unknown, warning
from ravatard.errors import ConfigError, DeviceError, InternalError
from tests.unit.doctor.patient import Patient


def saying(name: str, outcome: CheckResult, *after: str) -> Check:
    return Check(name, lambda _: outcome, after)


def raising(name: str, error: Exception) -> Check:
    def look(case: Case) -> CheckResult:
        raise error

    return Check(name, look)


async def found(patient: Patient, *checks: Check, only: tuple[str, ...] = ()) -> dict[str, CheckResult]:
    wanted = chosen(checks, only)
    return {one.id: one.result async for one in examine(patient.case(), checks, wanted)}


async def test_what_stands_on_a_broken_check_is_skipped_and_names_the_first_that_failed(
    patient: Patient,
) -> None:
    outcomes = await found(
        patient,
        saying("a", broken("no", "do")),
        saying("b", fine("never looked at"), "a"),
        saying("c", fine("never looked at"), "b"),
        saying("d", fine("looked at")),
    )

    assert outcomes["b"].text == outcomes["c"].text == "skipped because a failed"
    assert outcomes["c"].verdict is Verdict.SKIPPED
    assert outcomes["d"].verdict is Verdict.FINE


@pytest.mark.parametrize(
    "outcome", [warning("w", "r"), unknown("u"), needless("n")], ids=lambda one: one.text
)
async def test_what_is_no_failure_keeps_nothing_from_being_looked_at(
    patient: Patient, outcome: CheckResult
) -> None:
    outcomes = await found(patient, saying("a", outcome), saying("b", fine("looked at"), "a"))

    assert outcomes["b"].text == "looked at"


async def test_a_check_that_takes_too_long_is_ended_and_unknown(patient: Patient) -> None:
    ended = []

    async def look(case: Case) -> CheckResult:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(asyncio.get_running_loop().time())
        return fine("never")

    outcomes = await found(patient, Check("slow", look, limit_s=4.0), saying("next", fine("well")))

    assert outcomes["slow"].verdict is Verdict.UNKNOWN
    assert "within 4 s" in outcomes["slow"].text
    assert ended == [4.0]
    assert outcomes["next"].verdict is Verdict.FINE


@pytest.mark.parametrize(
    "error", [DeviceError("gone"), PermissionError(13, "denied"), ValueError("odd")], ids=str
)
async def test_what_a_check_cannot_find_out_ends_no_other(patient: Patient, error: Exception) -> None:
    outcomes = await found(patient, raising("a", error), saying("b", fine("well")))

    assert outcomes["a"].verdict is Verdict.UNKNOWN
    assert outcomes["a"].text
    assert outcomes["b"].verdict is Verdict.FINE


@pytest.mark.parametrize("bug", [InternalError("ours"), KeyError("ours")], ids=["house", "key"])
async def test_a_bug_of_ours_is_not_taken_for_an_illness(patient: Patient, bug: Exception) -> None:
    with pytest.raises(type(bug)):
        await found(patient, raising("a", bug))


async def test_only_what_was_asked_for_and_what_it_stands_on_is_looked_at(patient: Patient) -> None:
    checks = (
        saying("a", fine("")),
        saying("b", fine("")),
        saying("c", fine(""), "a"),
        saying("c.d", fine("")),
    )

    assert list(await found(patient, *checks, only=("c",))) == ["a", "c", "c.d"]
    assert needed(checks, {"c"}) == {"a", "c"}


def test_a_check_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ConfigError, match=r"no check 'microphon'; there are a, microphone"):
        chosen((saying("a", fine("")), saying("microphone", fine(""))), ["microphon"])


def test_the_network_is_a_command_of_its_own_and_no_check() -> None:
    with pytest.raises(ConfigError, match=r"no check 'network'; `ravatard doctor network` tries"):
        chosen((saying("a", fine("")),), ["network"])


async def test_a_check_before_what_it_stands_on_is_a_bug(patient: Patient) -> None:
    with pytest.raises(InternalError, match="a comes before b"):
        await found(patient, saying("a", fine(""), "b"), saying("b", fine("")))


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([], 0),
        ([fine(""), warning("", ""), needless("")], 0),
        ([fine(""), unknown("")], 2),
        ([unknown(""), broken("", "")], 1),
    ],
)
def test_the_exit_status_is_that_of_the_worst(outcomes: list[CheckResult], status: int) -> None:
    assert exit_status(outcomes) == status
