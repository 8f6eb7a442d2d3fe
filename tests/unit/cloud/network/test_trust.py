"""Whom connections trust, and that nobody is asked before one needs it."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ravatard.cloud.network.trust import (
    Issuers,
    context_for,
    issuers_by_hash,
    issuers_in,
    out_of_date,
    trusted,
)
from ravatard.errors import ConfigError

_CERTIFICATE = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj")


def paths(cafile: Path | None, capath: Path | None) -> ssl.DefaultVerifyPaths:
    """The places that OpenSSL knows, as on Debian."""
    file, folder = (None if one is None else str(one) for one in (cafile, capath))
    rest = ("SSL_CERT_FILE", "/cert.pem", "SSL_CERT_DIR", "/certs")
    return ssl.DefaultVerifyPaths(file, folder, *rest)  # type: ignore[arg-type] # None where there is none


def issuers(folder: Path, *names: str) -> Path:
    """A folder with a certificate for each of ``names``, all of them in one file, and their hashes."""
    folder.mkdir()
    for name in names:
        files = ("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem"))
        extra = ("-addext", f"subjectAltName=DNS:{name}.example")
        subprocess.run(
            [*_CERTIFICATE, f"/CN={name}.example", *extra, *files], check=True, capture_output=True
        )
    subprocess.run(["openssl", "rehash", str(folder)], check=True, capture_output=True)
    every = "".join((folder / f"{name}.pem").read_text() for name in names)
    (folder / "all.crt").write_text(every)
    return folder


def connect(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
    """Shake hands in memory, as far as the client knows.

    Raises:
        ssl.SSLCertVerificationError: the client does not trust the server.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=host)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ours.version() is not None


def test_without_encryption_no_issuer_is_read() -> None:
    trusted.cache_clear()

    assert context_for(None, "http://service.example/v1", "") is True
    assert context_for(None, "ws://service.example/ws", "http://proxy.example:3128") is True
    assert trusted.cache_info().currsize == 0


@pytest.mark.parametrize(
    "urls",
    [("https://a.example", ""), ("wss://a.example",), ("http://a.example", "https://proxy.example:3128")],
)
def test_every_encrypted_connection_has_the_same_context_which_verifies(urls: tuple[str, ...]) -> None:
    context = context_for(None, *urls)

    assert context is trusted(Issuers())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_issuers_that_are_given_are_the_only_ones() -> None:
    mine = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    assert context_for(mine, "https://service.example") is mine
    assert context_for(mine, "http://service.example") is mine


def test_an_issuer_is_found_by_its_hash_and_another_one_is_not_trusted(tmp_path: Path) -> None:
    folder = issuers(tmp_path / "certs", "known")
    other = issuers(tmp_path / "others", "stranger")
    found = issuers_by_hash({}, paths(folder / "all.crt", folder))
    assert found == str(folder)

    client = ssl.create_default_context(capath=found)

    for home, name in ((folder, "known"), (other, "stranger")):
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(home / f"{name}.pem", home / f"{name}.key")
        if name == "known":
            # None is read before a connection needs it.
            assert client.cert_store_stats()["x509"] == 0
            connect(client, server, "known.example")
        else:
            with pytest.raises(ssl.SSLCertVerificationError):
                connect(client, server, "stranger.example")


def test_where_the_hashes_may_be_of_other_issuers_all_are_read(tmp_path: Path) -> None:
    hashed, plain, elsewhere = tmp_path / "hashed", tmp_path / "plain", tmp_path / "all.crt"
    for folder in (hashed, plain):
        folder.mkdir()
        (folder / "all.crt").touch()
    (hashed / "002c0b4f.0").touch()
    elsewhere.touch()

    assert issuers_by_hash({}, paths(hashed / "all.crt", hashed)) == str(hashed)
    assert issuers_by_hash({}, paths(None, hashed)) == str(hashed)
    assert issuers_by_hash({}, paths(elsewhere, hashed)) is None
    assert issuers_by_hash({}, paths(plain / "all.crt", plain)) is None
    assert issuers_by_hash({}, paths(hashed / "all.crt", None)) is None
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        assert issuers_by_hash({name: "/mine"}, paths(hashed / "all.crt", hashed)) is None


def test_aiohttp_reads_no_issuer_while_it_is_loaded_and_its_own_contexts_trust_nobody() -> None:
    script = (
        "import json, ssl\n"
        "read = []\n"
        "ssl.SSLContext.load_verify_locations = lambda *_, **__: read.append(1)\n"
        "from ravatard.cloud.network.trust import load_aiohttp\n"
        "load_aiohttp()\n"
        "from aiohttp import connector\n"
        "contexts = [one for one in vars(connector).values() if isinstance(one, ssl.SSLContext)]\n"
        "counts = [one.cert_store_stats()['x509'] for one in contexts]\n"
        "restored = 'set_default_verify_paths' not in vars(ssl.SSLContext)\n"
        "print(json.dumps([counts, read, restored]))\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )

    counts, read, restored = json.loads(ran.stdout)
    assert set(counts) <= {0}
    assert read == []
    assert restored


def test_the_issuers_of_a_file_are_trusted_beside_those_of_this_machine(tmp_path: Path) -> None:
    folder = issuers(tmp_path / "firm", "one", "two")
    both = "# Fremde Schlüssel\n" + (folder / "all.crt").read_text()
    (folder / "both.pem").write_text(both)
    (folder / "one.cer").write_bytes(ssl.PEM_cert_to_DER_cert((folder / "one.pem").read_text()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "one.pem", folder / "one.key")

    pem = (folder / "one.pem").read_text()
    # As Windows' editor saves it, and two such files joined.
    (folder / "marked.pem").write_bytes(pem.replace("\n", "\r\n").encode("utf-8-sig"))
    other = (folder / "two.pem").read_text()
    (folder / "joined.pem").write_bytes(other.encode("utf-8-sig") + pem.encode("utf-8-sig"))
    (folder / "wide.pem").write_bytes(pem.encode("utf-16"))

    for name in ("both.pem", "one.cer", "marked.pem", "joined.pem", "wide.pem"):
        known = issuers_in(str(folder / name))
        context = context_for(known, "https://one.example")

        assert isinstance(context, ssl.SSLContext)
        assert context is context_for(issuers_in(str(folder / name)), "wss://two.example")
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert not context.verify_flags & ssl.VERIFY_X509_STRICT
        connect(context, server, "one.example")
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(context, server, "two.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(trusted(Issuers()), server, "one.example")


@pytest.mark.parametrize(
    ("content", "lack"),
    [
        (b"", r"it is empty"),
        (b"no certificate", r"no certificate is in it"),
        (b"\0\xff" * 500, r"no certificate is in it"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n", r"a certificate in it is damaged"),
        (
            b"-----BEGIN %s KEY-----\nAA\n-----END %s KEY-----\n" % (b"PRIVATE", b"PRIVATE"),
            r"a key is in it, and no cert",
        ),
        ("-----BEGIN PUBLIC KEY-----\n".encode("utf-16"), r"no certificate is in it"),
        (None, r"is no file"),
    ],
)
def test_a_file_without_a_certificate_is_refused_by_its_name_with_the_reason(
    tmp_path: Path, content: bytes | None, lack: str
) -> None:
    file = tmp_path / "firm.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError, match=rf"network\.ca: .*firm\.pem.*{lack}"):
        issuers_in(str(file))


def test_a_pipe_and_a_file_without_end_are_no_certificates(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "long").open("wb") as long:
        long.truncate(5 * 1024 * 1024)

    for name in ("pipe", "long"):
        with pytest.raises(ConfigError, match=name):
            issuers_in(str(tmp_path / name))
    with pytest.raises(ConfigError):
        issuers_in("/dev/zero")


#: An issuer "Firm CA", valid from 2024-06-14 to 2025-10-27.
FIRM = """\
-----BEGIN CERTIFICATE-----
MIIBODCB36ADAgECAhRbhb2qRHjKSC/1TH5wIqJJFCvQOTAKBggqhkjOPQQDAjAS
MRAwDgYDVQQDDAdGaXJtIENBMB4XDTI0MDYxNDA3NTExOVoXDTI1MTAyNzA3NTEx
OVowEjEQMA4GA1UEAwwHRmlybSBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BF8D9jTT2cSRPhCAp0bdfojfjGxjVO78oIMHgoBGB1teVZbfFmyxc2quuNx8u7Mj
K/uODlG27pZx4TVtraZe5cmjEzARMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0E
AwIDSAAwRQIgcS+DVhPtxneSu3oK+r5yc5YHmQTxm6Bbeh+os1AlfAMCIQC8AeQ2
wviK6HNcDlSq9tcMe90LaRG3FV/CCyGLLmPzbQ==
-----END CERTIFICATE-----
"""


@pytest.mark.parametrize(
    ("more", "now", "said"),
    [
        ("", datetime(2030, 1, 1, tzinfo=UTC), ""),
        (FIRM, datetime(2025, 1, 1, tzinfo=UTC), ""),
        (FIRM, datetime(2026, 1, 1, tzinfo=UTC), "Firm CA expired on Oct 27 "),
        (
            FIRM,
            datetime(2020, 1, 1, tzinfo=UTC),
            "Firm CA is not valid yet: by this machine's clock it is",
        ),
        (ssl.PEM_cert_to_DER_cert(FIRM), datetime(2026, 1, 1, tzinfo=UTC), "Firm CA expired on Oct 27 "),
    ],
)
def test_an_issuer_that_is_out_of_date_is_told(more: str | bytes, now: datetime, said: str) -> None:
    found = out_of_date(Issuers(more), now)

    assert said in found
    assert bool(said) == bool(found)
