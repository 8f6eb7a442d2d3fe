"""Heads of HTTP: what is asked, and what a stranger's reply may say."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.doctor.network.web import (
    ReplyHead,
    is_switched,
    login_page,
    reply_head,
    request_head,
    upgrade_headers,
    upgrade_key,
)

#: RFC 6455, 1.3: the document's own example.
NONCE, ACCEPT = b"the sample nonce", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_request_has_no_secret_and_ends_with_a_blank_line() -> None:
    assert request_head("GET", "/v1", "chat.example") == (
        b"GET /v1 HTTP/1.1\r\nHost: chat.example\r\nUser-Agent: ravatard\r\nAccept: */*\r\n"
        b"Connection: close\r\n\r\n"
    )


def test_a_socket_is_asked_for_as_the_document_says() -> None:
    key = upgrade_key(NONCE)
    head = request_head("GET", "/ws", "a.example", upgrade_headers(key))

    assert key == "dGhlIHNhbXBsZSBub25jZQ=="
    assert b"Connection: Upgrade\r\n" in head
    assert b"close" not in head
    assert is_switched(ReplyHead(101, {"sec-websocket-accept": ACCEPT}), key)
    assert not is_switched(ReplyHead(200, {"sec-websocket-accept": ACCEPT}), key)
    assert not is_switched(ReplyHead(101, {}), key)


def test_a_reply_has_its_status_and_headers() -> None:
    reply = reply_head(b"HTTP/1.1 302 Found\r\nLOCATION: http://a.example/\r\nnonsense\r\n\r\n")

    assert (reply.status, reply.headers) == (302, {"location": "http://a.example/"})


@given(st.binary(max_size=200))
def test_other_bytes_are_no_reply(junk: bytes) -> None:
    with suppress(ValueError):
        assert 100 <= reply_head(junk).status <= 999


@pytest.mark.parametrize(
    ("status", "location", "page"),
    [
        (302, "http://login.hotel.example/?x=1", "login.hotel.example"),
        (307, "http://10.0.0.1/", "10.0.0.1"),
        (511, "", "chat.rvtr.ai"),
        (511, "http://10.0.0.1/", "10.0.0.1"),
        (301, "https://chat.rvtr.ai/", ""),
        (302, "https://www.rvtr.ai/", ""),
        (302, "/login", ""),
        (302, "http://[", ""),
        (200, "http://login.hotel.example/", ""),
        (404, "", ""),
    ],
)
def test_a_login_page_is_at_a_strangers_host(status: int, location: str, page: str) -> None:
    assert login_page("chat.rvtr.ai", ReplyHead(status, {"location": location})) == page


def test_two_addresses_with_the_same_end_are_strangers() -> None:
    assert login_page("192.0.2.7", ReplyHead(302, {"location": "http://10.0.2.7/"})) == "10.0.2.7"
