"""Issuers that an administrator added are known by their names."""

from __future__ import annotations

import shutil
import ssl

import pytest

from ravatard.doctor.network.added_issuers import added_issuers
from ravatard.sim.bad_certificate import make_certificate
from tests.unit.doctor.patient import Patient

FOLDER = "usr/local/share/ca-certificates"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
def test_those_in_the_folder_of_local_issuers(patient: Patient) -> None:
    assert added_issuers(patient.machine()) == frozenset()
    pems = [make_certificate("self-signed", subject=f"CA-{n}").pem.decode() for n in range(3)]
    patient.write(f"{FOLDER}/firm.crt", f"# ours\n{pems[0]}{pems[1]}")
    patient.write(f"{FOLDER}/more/other.crt", pems[2])

    assert added_issuers(patient.machine()) == {"CA-0", "CA-1", "CA-2"}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
def test_the_one_of_the_configuration_is_added_too(patient: Patient) -> None:
    pem = make_certificate("self-signed", subject="firm").pem.decode()
    own = patient.root / "firm.der"
    own.write_bytes(ssl.PEM_cert_to_DER_cert(pem))

    assert added_issuers(patient.machine(), str(own)) == {"firm"}
    assert added_issuers(patient.machine(), "/dev/zero") == frozenset()


def test_files_that_are_none_are_passed_over(patient: Patient) -> None:
    junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    patient.write(f"{FOLDER}/junk.crt", junk)
    (patient.root / FOLDER / "folder.crt").mkdir()
    (patient.root / FOLDER / "gone.crt").symlink_to("nowhere")

    assert added_issuers(patient.machine()) == frozenset()
