"""The page's own certificate."""

from __future__ import annotations

import os
import shutil
import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from ravatard.errors import ConfigError
from ravatard.host.page.certificate import NAME, context, fingerprint, self_made

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")


@needs_openssl
def test_it_is_made_once_with_all_names_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    made = self_made(tmp_path / "state", ["raspi.local", "raspi", "raspi"])
    content = made.read_text()

    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert self_made(tmp_path / "state", ["other"]).read_text() == content
    assert isinstance(context(made, None), ssl.SSLContext)
    assert len(fingerprint(content).split(":")) == 32
    (tmp_path / "only.pem").write_text(content[: content.index("-----BEGIN PRIVATE")])
    found = ssl._ssl._test_decode_cert(str(tmp_path / "only.pem"))  # type: ignore[attr-defined]
    assert ("DNS", "raspi.local") in found["subjectAltName"]
    assert ("IP Address", "127.0.0.1") in found["subjectAltName"]


def test_without_openssl_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="apt install openssl"):
        self_made(tmp_path, ["raspi"], program="no-such-openssl")

    assert not (tmp_path / NAME).exists()


@needs_openssl
@pytest.mark.parametrize("left", ["key alone", "certificate alone", "half a key", "nothing", "no text"])
def test_one_that_is_damaged_is_made_anew(
    left: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = self_made(tmp_path, ["raspi"])
    before = made.read_text()
    certificate, key = before[: before.index("-----BEGIN PRIV")], before[before.index("-----BEGIN PRIV") :]
    contents = {
        "key alone": key.encode(),
        "certificate alone": certificate.encode(),
        "half a key": f"{certificate}{key[:60]}".encode(),
        "nothing": b"",
        "no text": b"\xff" + before.encode(),
    }
    made.write_bytes(contents[left])

    after = self_made(tmp_path, ["raspi"])

    assert isinstance(context(after, None), ssl.SSLContext)
    assert fingerprint(after.read_text()) != fingerprint(before)
    assert "is damaged, and is made anew" in caplog.text


@needs_openssl
def test_a_place_where_it_cannot_be_kept_is_named(tmp_path: Path) -> None:
    """And not taken for a port that cannot be had."""
    (tmp_path / "state").write_text("no folder")

    with pytest.raises(ConfigError, match=r"cannot be kept at .*/state/page-certificate\.pem"):
        self_made(tmp_path / "state", ["raspi"])


def test_an_openssl_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="could not make a certificate"):
        self_made(tmp_path, ["raspi"], program="false")


@pytest.mark.integration
def test_a_key_with_a_password_is_named_and_asks_for_none(tmp_path: Path) -> None:
    key, certificate = tmp_path / "a.key", tmp_path / "a.pem"
    words = "openssl req -x509 -newkey rsa:2048 -passout pass:secret -days 2 -subj /CN=a".split()
    subprocess.run([*words, "-keyout", key, "-out", certificate], check=True, capture_output=True)

    with pytest.raises(ConfigError, match=r"page\.tls"):
        context(certificate, key)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    for name in ("missing.pem", "bad.pem"):
        with pytest.raises(ConfigError, match=name):
            context(tmp_path / name, None)


def test_a_pipe_is_refused_and_not_read_for_ever(tmp_path: Path) -> None:
    pipe, file = tmp_path / "pipe.pem", tmp_path / "file.pem"
    os.mkfifo(pipe)
    file.write_text("a certificate")

    for certificate, key in ((pipe, None), (file, pipe), (tmp_path, None)):
        with pytest.raises(ConfigError, match=f"{key or certificate} is no file; correct page.certificate"):
            context(certificate, key)
