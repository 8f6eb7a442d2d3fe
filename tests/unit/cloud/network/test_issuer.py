"""The issuer's name in a certificate, whatever the certificate is."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.network.issuer import issuer_in
from tests.assertions import assert_no_complaint

_CERTIFICATE = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-utf8", "-subj")


def certificate(folder: Path, subject: str) -> bytes:
    """A certificate in DER that signs itself."""
    files = ("-keyout", str(folder / "key"), "-out", str(folder / "one.pem"))
    subprocess.run([*_CERTIFICATE, subject, *files], check=True, capture_output=True)
    return ssl.PEM_cert_to_DER_cert((folder / "one.pem").read_text())


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("/C=DE/O=Firma/CN=Firma Wurzel Größe", "Firma Wurzel Größe"),
        ("/C=DE/O=Firma AG/OU=IT", "Firma AG"),
        ("/CN=first/O=later", "first"),
        ("/C=DE", ""),
        ("/CN=" + "x" * 64, "x" * 64),
    ],
)
def test_the_common_name_is_told_or_the_organisation(tmp_path: Path, subject: str, name: str) -> None:
    assert issuer_in(certificate(tmp_path, subject)) == name


def test_a_certificate_that_is_cut_anywhere_or_changed_is_survived(tmp_path: Path) -> None:
    whole = certificate(tmp_path, "/C=DE/O=Firma/CN=Wurzel")

    with assert_no_complaint():
        for end in range(len(whole)):
            assert issuer_in(whole[:end]) == ""
        for at in range(200):
            for value in (0x00, 0x30, 0x80, 0x84, 0xFF):
                assert issuer_in(whole[:at] + bytes([value]) + whole[at + 1 :]).isprintable()


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    with assert_no_complaint():
        assert issuer_in(data).isprintable()
