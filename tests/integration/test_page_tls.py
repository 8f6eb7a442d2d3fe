"""TLS of the owner's page: what has not shaken hands is within the limits, too."""

from __future__ import annotations

import asyncio
import logging
import shutil
import ssl
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from ravatard.assembly.page import tls_of
from ravatard.host.page.certificate import self_made
from ravatard.web.page import hosting
from ravatard.web.page.hosting import PageTls
from ravatard.web.page.options import PageOptions
from ravatard.web.page.server import MOST_UNKNOWN
from tests.integration.page_rig import serving_page
from tests.integration.program import until

pytestmark = pytest.mark.integration


async def test_silent_connections_are_counted_before_their_handshake(tmp_path: Path) -> None:
    options = PageOptions(listen="loopback", port=0, tls="self-made")
    async with serving_page(tmp_path, options, tls=PageTls(*tls_of(options, tmp_path))) as served:
        port = served.page.port
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_UNKNOWN + 6)]
        # Nothing was sent yet, so that only a closed one can be read.
        ends = [asyncio.ensure_future(ended(reader)) for reader, _ in silent]
        await until(lambda: sum(end.done() for end in ends) == 6, "those above the limit are closed")
        # A handshake that is broken off leaves its place.
        for _, writer in silent:
            writer.transport.abort()
        await asyncio.gather(*ends)
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

        async def answered() -> bool:
            try:
                async with served.session.get(f"https://127.0.0.1:{port}/healthz", ssl=trusting) as reply:
                    return reply.status == 204
            except aiohttp.ClientError:
                return False

        for _ in range(100):
            if await answered():
                break
            await asyncio.sleep(0.05)
        assert await answered()


async def shown(port: int) -> bytes:
    """The certificate that a new connection gets, DER."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
    found: ssl.SSLObject = writer.get_extra_info("ssl_object")
    der = found.getpeercert(binary_form=True)
    writer.transport.abort()
    return der or b""


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
async def test_a_certificate_that_was_renewed_is_used_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(hosting, "RENEWED_S", 0.05)
    first, second = (self_made(tmp_path / name, ["a.example"]).read_bytes() for name in ("first", "second"))
    certificate, key = tmp_path / "page.pem", tmp_path / "page.key"
    certificate.write_bytes(first)
    key.write_bytes(first)
    options = PageOptions(listen="loopback", port=0, tls="files", certificate=str(certificate), key=str(key))
    async with serving_page(tmp_path, options, tls=PageTls(*tls_of(options, tmp_path))) as served:
        port = served.page.port or 0
        before = await shown(port)

        # A program that renews writes one file after the other.
        certificate.write_bytes(second)
        await until(lambda: "goes on with the certificate of before" in caplog.text, "half of it is refused")
        assert await shown(port) == before
        assert any("certificate of before" in one for one in served.page.faults)
        key.write_bytes(second)
        await until(lambda: "was replaced, and is in use" in caplog.text, "the whole of it is used")

        after = await shown(port)
        away = certificate.rename(tmp_path / "away.pem")
        await until(lambda: served.page.faults, "it is missed")
        away.rename(certificate)
        await until(lambda: not served.page.faults, "it is there again")
        assert served.page.faults == ()

    assert {before, after} == {ssl.PEM_cert_to_DER_cert(_first(one.decode())) for one in (first, second)}


def _first(pem: str) -> str:
    end = "-----END CERTIFICATE-----"
    return pem[pem.index("-----BEGIN CERTIFICATE-----") : pem.index(end) + len(end)]


async def ended(reader: asyncio.StreamReader) -> None:
    """Wait for the end of a connection, in whatever way."""
    with suppress(OSError):
        await reader.read()
