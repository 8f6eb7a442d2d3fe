"""What a report needs is in the bundle; secrets planted anywhere are not."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest

from ravatard.doctor.bundle import contents, find_secrets, hiding
from ravatard.doctor.redaction import Redactor
from ravatard.doctor.result import warning
from ravatard.host.ledger import render
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret
from tests.unit.doctor.patient import CONFIG, PROJECT, Patient, running

LICENCE = "licence-never-shown-99"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LWNsYWltcw.c2lnbmF0dXJl"
OVERRIDE = "project/override 42"
STATE = "var/lib/ravatard"
ENCODED = base64.b64encode(PROJECT.encode()).decode()


def plant(patient: Patient) -> None:
    """Secrets wherever a careless person or program may leave one."""
    patient.config(
        f"{CONFIG}  project_id: {PROJECT}\n# project_id: older-secret-1\n# see https://me:older-secret-2@example.org/?token={TOKEN}\n"
    )
    patient.write("etc/ravatard/ravatard.d/10-mine.yaml", f"service:\n  project_id: '{PROJECT}'\n")
    patient.drop_in(f"[Service]\nEnvironment='RAVATARD_SERVICE__PROJECT_ID={OVERRIDE}'\n# was {PROJECT}\n")
    patient.environ["RAVATARD_SERVICE__PROJECT_ID"] = PROJECT
    patient.write(f"{STATE}/recorder/flight-000000001.log", f'{{"licence": "{LICENCE}", "x": "{PROJECT}"}}\n')
    patient.write(
        f"{STATE}/live-sessions",
        render([OwedSession("ravatar", Secret(LICENCE), "https://a.b", "u")]).decode(),
    )
    patient.programs["journalctl"] = (
        f"connected to wss://a.b/ws?token={TOKEN}\nAuthorization: Bearer {TOKEN}\n{LICENCE} ended\n"
        f"{quote(OVERRIDE, safe='')} and {ENCODED} and {json.dumps(PROJECT)}\n"
    )
    patient.status = running(avatar=PROJECT, degraded=[f"odd: {LICENCE}"])
    patient.write("proc/asound/version", f"ALSA {PROJECT}\n")
    patient.write("etc/asound.conf", f"# password = {LICENCE}\n")


async def bundle(patient: Patient) -> dict[str, str]:
    case = patient.case()
    return await contents(case, {"checks": [PROJECT]}, Redactor(find_secrets(case)))


async def test_secrets_planted_anywhere_do_not_appear(patient: Patient) -> None:
    plant(patient)

    everything = "\n".join(f"{name}\n{text}" for name, text in (await bundle(patient)).items())

    for secret in (PROJECT, LICENCE, TOKEN, OVERRIDE, "older-secret-1", "older-secret-2", quote(OVERRIDE)):
        assert secret not in everything
    assert ENCODED not in everything
    assert "eyJ" not in everything


async def test_a_configuration_that_cannot_be_read_leaks_nothing_either(patient: Patient) -> None:
    plant(patient)
    del patient.environ["RAVATARD_SERVICE__PROJECT_ID"]
    patient.remove("etc/credstore/*")
    patient.config("service:\n  projectid: hidden-by-its-name-1\n  project_id: [hidden-by-its-name-2\n")

    found = await bundle(patient)

    assert "hidden-by-its-name" not in "\n".join(found.values())
    assert "config/errors.txt" in found


async def test_what_the_page_has_saved_is_there_without_its_secrets(patient: Patient) -> None:
    plant(patient)
    del patient.environ["RAVATARD_SERVICE__PROJECT_ID"]
    patient.environ["STATE_DIRECTORY"] = str(patient.root / STATE)
    patient.write(
        f"{STATE}/settings.yaml", "gate:\n  silence_ms: 700\nservice:\n  project_id: saved-secret-1\n"
    )
    patient.write(f"{STATE}/settings.yaml.bad", "service:\n  project_id: saved-secret-2\n  api_key: [\n")

    found = await bundle(patient)

    assert "silence_ms: 700" in found["config/saved/settings.yaml"]
    assert "gate.silence_ms is 700" in found["config/effective.txt"]
    assert "config/saved/settings.yaml.bad" in found
    assert "saved-secret" not in "\n".join(found.values())


async def test_everything_a_report_needs_is_there(patient: Patient) -> None:
    plant(patient)

    found = await bundle(patient)

    assert {
        "config/10-mine.yaml",
        "config/effective.txt",
        "config/ravatard.yaml",
        "doctor.json",
        "journal.txt",
        "recorder/flight-000000001.log",
        "status.json",
        "system/boot/firmware/config.txt",
        "system/proc/asound/cards",
        "units/etc/systemd/system/ravatard.service",
        "units/etc/systemd/system/ravatard.service.d/own.conf",
        "versions.txt",
    } <= set(found)
    assert "base_url: https://avatars.example" in found["config/ravatard.yaml"]
    assert "USB-Audio - USB Mic" in found["system/proc/asound/cards"]
    assert "service.base_url is 'https://avatars.example'" in found["config/effective.txt"]
    assert "Type=notify" in found["units/etc/systemd/system/ravatard.service"]


async def test_the_list_of_sessions_and_the_credentials_are_left_out(patient: Patient) -> None:
    plant(patient)

    assert not [name for name in await bundle(patient) if "live-sessions" in name or "credstore" in name]


async def test_a_machine_with_nothing_makes_a_bundle_all_the_same(patient: Patient, tmp_path: Path) -> None:
    patient.root = tmp_path / "empty"
    patient.root.mkdir()
    patient.programs.clear()

    found = await bundle(patient)

    assert found["journal.txt"] == "there is no journalctl\n"
    assert found["config/ravatard.yaml"] == "ravatard.yaml cannot be read\n"
    assert "recorder/why-empty.txt" in found
    assert "ravatard does not run" in found["status.json"]


@pytest.mark.parametrize(
    "kind",
    [
        "link",
        "fifo",
        pytest.param(
            "folder that is a link",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link away"),
        ),
    ],
)
async def test_nothing_outside_the_state_directory_is_packed(patient: Patient, kind: str) -> None:
    outside = patient.write("root/flight-000000001.log", "precious")
    folder = patient.root / STATE / "recorder"
    folder.parent.mkdir(parents=True, exist_ok=True)
    if kind == "folder that is a link":
        folder.symlink_to(outside.parent)
        os.chown(folder, 4711, 4711, follow_symlinks=False)
    else:
        folder.mkdir()
        file = folder / "flight-000000001.log"
        file.symlink_to(outside) if kind == "link" else os.mkfifo(file)

    found = await bundle(patient)

    assert "precious" not in "".join(found.values())
    assert any(name.startswith("recorder/") for name in found)


@pytest.mark.parametrize("spelled", [PROJECT, OVERRIDE, quote(OVERRIDE, safe=""), ENCODED, TOKEN])
async def test_a_secret_that_a_service_repeats_is_in_no_finding(patient: Patient, spelled: str) -> None:
    plant(patient)

    hidden = hiding(patient.case())(
        warning(f"it says that it is key={spelled} bad", f"ask about {spelled}", word=spelled, age_s=2.0)
    )

    assert spelled not in f"{hidden.text} {hidden.remedy} {hidden.measured}"
    assert hidden.text.startswith("it says that it is key=")
    assert hidden.measured["age_s"] == 2.0
