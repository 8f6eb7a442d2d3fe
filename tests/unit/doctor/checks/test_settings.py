"""The configuration, and the secrets beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.doctor.bundle import find_secrets
from ravatard.doctor.checks.settings import look_at_config
from ravatard.doctor.result import Verdict
from ravatard.secret import Secret
from tests.unit.doctor.patient import CONFIG, PROJECT, Patient


async def test_the_secret_of_the_store_is_in_effect(patient: Patient) -> None:
    case = patient.case()

    assert look_at_config(case).verdict is Verdict.FINE
    assert case.options.service.project_id is not None
    assert case.options.service.project_id.reveal() == PROJECT


async def test_every_mistake_is_counted_and_the_first_is_told(patient: Patient) -> None:
    patient.config("microphon: {}\nservice:\n  languages: en\n")

    outcome = (await patient.finding("config")).result

    assert outcome.verdict is Verdict.BROKEN
    assert "/etc/ravatard/ravatard.yaml:1: microphon" in outcome.text
    assert outcome.text.endswith("(and 1 more)")
    assert outcome.measured == {"mistakes": 2}


async def test_settings_that_the_caller_may_not_read_are_no_mistake_to_correct(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("ravatard.config.sources.read", denied)

    outcome = (await patient.finding("config")).result

    assert "may not read it" in outcome.text
    assert "sudo" in outcome.remedy
    assert "correct" not in outcome.remedy + outcome.text


async def test_without_a_file_everything_is_as_by_default(patient: Patient) -> None:
    patient.remove("etc/ravatard/ravatard.yaml")

    assert (await patient.finding("config")).result.text.startswith("no file")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [("empty", "is empty"), ("folder", "is a directory"), ("closed", "may not be read by you")],
)
async def test_a_credential_that_is_handed_over_and_useless_is_broken(
    patient: Patient, spoil: str, says: str
) -> None:
    file = patient.write("credentials/ravatard.service.project_id", "" if spoil == "empty" else PROJECT)
    patient.environ["CREDENTIALS_DIRECTORY"] = str(file.parent)
    if spoil == "folder":
        file.unlink()
        file.mkdir()
    elif spoil == "closed":
        file.chmod(0o004)
        patient.uid = 54321

    found = {one.id: one.result for one in await patient.findings("config")}

    assert found["credentials"].verdict is Verdict.BROKEN
    assert says in found["credentials"].text
    assert found["config"].verdict is Verdict.SKIPPED
    assert PROJECT not in str(found)


async def test_a_folder_of_credentials_that_is_gone_is_told_once(patient: Patient) -> None:
    patient.environ["CREDENTIALS_DIRECTORY"] = "/nowhere"

    ills = await patient.ills()

    assert list(ills) == ["config"]
    assert "'/nowhere' cannot be listed" in ills["config"]
    assert find_secrets(patient.case()) == []


async def test_a_secret_from_another_place_is_looked_for_there(patient: Patient) -> None:
    patient.drop_in("[Service]\nLoadCredential=ravatard.service.project_id:/boot/firmware/project_id\n")

    outcome = (await patient.finding("credentials")).result

    assert (
        outcome.text == "the credential /boot/firmware/project_id cannot be read: No such file or directory"
    )


async def test_a_secret_from_another_place_is_in_effect(patient: Patient) -> None:
    patient.remove("etc/credstore/*")
    patient.drop_in("[Service]\nLoadCredential=ravatard.service.project_id:/boot/firmware/project_id\n")
    patient.write("boot/firmware/project_id", f"{PROJECT}\n")
    case = patient.case()

    assert look_at_config(case).verdict is Verdict.FINE
    assert case.options.service.project_id == Secret(PROJECT)


async def test_no_secret_apart_from_the_configuration_is_no_mistake(patient: Patient) -> None:
    patient.remove("etc/credstore/*")
    patient.config(f"{CONFIG}  project_id: {PROJECT}\n")
    (patient.root / "etc/ravatard/ravatard.yaml").chmod(0o640)

    found = {one.id: one.result for one in await patient.findings("config")}

    assert found["credentials"].verdict is Verdict.NEEDLESS
    assert found["config"].verdict is Verdict.FINE


async def test_a_secret_that_every_user_may_read_is_a_warning(patient: Patient) -> None:
    patient.config(CONFIG.replace("service:\n", f"service:\n  project_id: {PROJECT}\n"))
    patient.remove("etc/credstore/*")

    outcome = (await patient.finding("config")).result

    assert outcome.verdict is Verdict.WARNING
    assert outcome.text == (
        "/etc/ravatard/ravatard.yaml may be read by every user of this machine, and service.project_id is "
        "in it"
    )
    assert outcome.remedy.endswith("/etc/ravatard/ravatard.yaml")
