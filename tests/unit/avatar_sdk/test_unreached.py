from __future__ import annotations

import errno
import socket
import ssl

import pytest

from ravatard.avatar_sdk import ConnectionLost
from ravatard.avatar_sdk.unreached import unreached


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:9999/v1/streaming.new", "http://localhost:9999/v1"),
        ("http://localhost:9999/health", "http://localhost:9999"),
        ("ws://box:8001/ws/secret?token=secret", "ws://box:8001/ws"),
        ("https://user:secret@box/v1/streaming.new", "https://box/v1"),
    ],
)
def test_an_address_is_told_without_its_secrets(url: str, address: str) -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 9999)")

    assert unreached(url, refused) == (f"cannot reach {address}: nothing listens there (connection refused)")


def test_an_unknown_name_is_told() -> None:
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    told = unreached("http://nothing.invalid:8000/v1/streaming.new", unknown)

    assert told == "cannot reach http://nothing.invalid:8000/v1 (Name or service not known)"


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("https://box/v1/streaming.new", "write http:// instead of https:// in api_url"),
        ("wss://box/ws/secret", "write ws:// instead of wss:// in ws_url"),
    ],
)
def test_an_answer_without_tls_has_the_remedy_of_its_address(url: str, remedy: str) -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")

    told = ConnectionLost(unreached(url, error)).message

    assert remedy in told
    assert "secret" not in told


def test_a_certificate_that_is_not_trusted_is_told_without_aiohttp_too() -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
    error.verify_code = 18

    told = ConnectionLost(unreached("https://box/v1/streaming.new", error)).message

    assert told.startswith("the certificate of box is signed by itself")
    assert told.endswith("check api_url")
