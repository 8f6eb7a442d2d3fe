"""The issuer of a certificate is the one that openssl has written; what is no certificate has none."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.core.certificate_fields import issuer_names, issuer_of, subject_of

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


def made(folder: Path, subject: str) -> bytes:
    """DER of a certificate that ``subject`` has signed for itself."""
    pem = folder / "a.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -utf8".split()
    words += ["-subj", subject, "-keyout", str(folder / "a.key"), "-out", str(pem)]
    subprocess.run(words, check=True, capture_output=True)
    return ssl.PEM_cert_to_DER_cert(pem.read_text())


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("/CN=R11/O=Let's Encrypt/C=US", "R11 (Let's Encrypt)"),
        ("/CN=Example Corp Proxy CA/O=Example Corp", "Example Corp Proxy CA"),
        ("/CN=proxy", "proxy"),
        ("/O=Beispiel Gürtel AG/C=DE", "Beispiel Gürtel AG"),
    ],
)
def test_the_issuer_has_its_name_and_its_firm(tmp_path: Path, subject: str, name: str) -> None:
    certificate = made(tmp_path, subject)

    assert issuer_of(certificate) == subject_of(certificate) == name


def test_names_that_an_issuer_does_not_have_are_empty(tmp_path: Path) -> None:
    assert issuer_names(made(tmp_path, "/O=Firma/C=DE")) == ("", "Firma")
    assert issuer_names(made(tmp_path, "/C=DE")) == ("", "")


def test_an_issuer_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a name is empty"):
        issuer_of(made(tmp_path, "/C=DE"))


def element(kind: int, *content: bytes) -> bytes:
    inner = b"".join(content)
    return bytes((kind, len(inner))) + inner


def attribute(last: int, kind: int, text: bytes) -> bytes:
    """An attribute of a name: X.520's number ``last``, and a text in a string of ``kind``."""
    return element(0x31, element(0x30, element(0x06, bytes((0x55, 0x04, last))), element(kind, text)))


def of_version_1(*attributes: bytes) -> bytes:
    """A certificate without a version, as far as its issuer: RFC 5280, 4.1.2.1 has one as the default."""
    serial, algorithm = element(0x02, b"\1"), element(0x30)
    return element(0x30, element(0x30, serial, algorithm, element(0x30, *attributes)))


def test_a_certificate_of_the_first_version_has_its_issuer() -> None:
    assert issuer_of(of_version_1(attribute(3, 0x0C, b"Old Root"))) == "Old Root"


def test_a_name_in_a_string_of_an_unknown_kind_is_passed_over() -> None:
    assert issuer_names(of_version_1(attribute(3, 0x04, b"bytes"), attribute(10, 0x13, b"Firma"))) == (
        "",
        "Firma",
    )


def test_a_certificate_that_ends_before_its_issuer_is_none() -> None:
    with pytest.raises(ValueError, match="a name is missing"):
        issuer_names(element(0x30, element(0x30, element(0x02, b"\1"))))


@given(st.binary(max_size=200))
def test_other_bytes_have_no_issuer(junk: bytes) -> None:
    with pytest.raises(ValueError, match="no certificate"):
        issuer_of(junk)


@given(st.data())
def test_a_damaged_one_has_an_issuer_or_none_and_raises_nothing_else(data: st.DataObject) -> None:
    damaged = bytearray(_SAMPLE)
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] = data.draw(st.integers(0, 255))

    with suppress(ValueError):
        assert issuer_of(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]))


def _sample() -> bytes:
    """A certificate of this machine's own issuers, made once."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return made(Path(folder), "/CN=Example Corp Proxy CA/O=Example")


_SAMPLE = _sample() if shutil.which("openssl") else b"\0"
