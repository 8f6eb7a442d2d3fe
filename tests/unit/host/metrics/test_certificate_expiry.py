"""The end of a certificate is the one that openssl has written; a file that is none has no end."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.host.metrics.certificate_expiry import expires_at, expiries

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


def made(folder: Path, days: int, name: str = "page") -> Path:
    """A certificate with its key in front, as some programs write them."""
    key, pem = folder / f"{name}.key", folder / f"{name}.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=a".split()
    words += ["-days", str(days), "-keyout", str(key), "-out", str(pem)]
    subprocess.run(words, check=True, capture_output=True)
    pem.write_text(key.read_text() + pem.read_text())
    return pem


def told_by_openssl(pem: Path) -> float:
    words = ["openssl", "x509", "-enddate", "-noout", "-in", str(pem)]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return ssl.cert_time_to_seconds(said.partition("=")[2].strip())


# From 2050 on the end is written in another form.
@pytest.mark.parametrize("days", [1, 3_650, 20_000])
def test_the_end_is_what_openssl_says(tmp_path: Path, days: int) -> None:
    pem = made(tmp_path, days)

    assert expiries({"page": pem})() == {"page": told_by_openssl(pem)}


def test_a_certificate_that_is_renewed_or_lost_is_noticed(tmp_path: Path) -> None:
    pem = made(tmp_path, 10)
    look = expiries({"mqtt": pem, "page": tmp_path / "none"})
    assert list(look()) == ["mqtt"]
    made(tmp_path, 400, "newer").replace(pem)

    assert datetime.fromtimestamp(look()["mqtt"], UTC) > datetime.now(UTC).replace(hour=0)
    assert look()["mqtt"] == told_by_openssl(pem)
    pem.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert look() == {}
    pem.unlink()
    assert look() == {}


def test_a_certificate_that_was_away_for_a_moment_is_read_again(tmp_path: Path) -> None:
    pem = made(tmp_path, 10)
    look = expiries({"page": pem})
    before = look()
    away = pem.rename(tmp_path / "away.pem")
    assert look() == {}
    away.rename(pem)

    assert look() == before


def test_a_pipe_is_no_certificate_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pem")

    assert expiries({"page": tmp_path / "pipe.pem"})() == {}


@given(st.data())
def test_a_damaged_one_is_no_certificate_and_never_anything_else(data: st.DataObject) -> None:
    whole = bytearray(DER)
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(whole)))
    found: float | None = None
    with suppress(ValueError):
        found = expires_at(bytes(whole[:end]))

    assert found is None or isinstance(found, float)


#: Self-signed, prime256v1, CN=a, 2 days.
DER = bytes.fromhex(
    "3082016d30820113a00302010202141bcef8fd12ffb0c1454c0dd07c2a6e6fcefa7507300a06082a8648ce3d04030230"
    "0c310a300806035504030c0161301e170d3236313133303232323535345a170d3236313230323232323535345a300c31"
    "0a300806035504030c01613059301306072a8648ce3d020106082a8648ce3d030107034200045cd7338991b13fe47d26"
    "80007e63d8298059eaaf2972f0a2b9f7c17cfee2c97be10c67f36690d4e7df346073620457c1622c7dc179a8992e0bad"
    "cd8dd98f7fafa3533051301d0603551d0e04160414876db4158837da65866c2df4d5dd038d1852791b301f0603551d23"
    "041830168014876db4158837da65866c2df4d5dd038d1852791b300f0603551d130101ff040530030101ff300a06082a"
    "8648ce3d040302034800304502207daf0f42215b15620138cbf5b29acd7e6c76edd9bc6d926e504518e93e2568ab0221"
    "0090aba18b9eccdb9319b98301411754cfd236c5e7e105a8cd59e2565e7e4e2f08"
)
