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

from ravatard.host.metrics.certificate_fields import issuer_of, subject_of

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


def test_an_issuer_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a name is empty"):
        issuer_of(made(tmp_path, "/C=DE"))


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
