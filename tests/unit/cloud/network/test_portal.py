"""Answers of captive portals, and of those that are none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.network.portal import is_here, portal_in
from tests.assertions import assert_no_complaint

HOST = "chat.service.example"
LOGIN = "http://login.hotel.example/splash?mac=00"
REFRESH = b"<html><head><meta http-equiv='refresh' content='0; url=http://login.hotel.example/x'>"
WISPR = b"<HTML><!-- <WISPAccessGatewayParam><Redirect><LoginURL>https://login.hotel.example/l</LoginURL> -->"


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_redirect_to_another_site_is_a_portals(status: int) -> None:
    assert portal_in(HOST, status, {"Location": LOGIN}) == "login.hotel.example"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (301, {"Location": f"https://{HOST}/"}),
        (302, {"Location": "/login"}),
        (302, {"Location": "https://www.service.example/"}),
        (301, {"Location": "https://other.example/"}),
        (302, {"Location": "http://[::1"}),
        (302, {"Location": "ftp://login.hotel.example/"}),
        (302, {}),
        (200, {"Content-Type": "text/html"}),
        (404, {"Content-Type": "text/html"}),
        (503, {}),
    ],
)
def test_what_a_real_server_answers_is_none(status: int, headers: dict[str, str]) -> None:
    assert portal_in(HOST, status, headers, b"<html>welcome") == ""


def test_status_511_is_a_portals_wherever_it_comes_from() -> None:
    assert portal_in(HOST, 511, {}) == HOST
    assert portal_in(HOST, 511, {}, REFRESH) == "login.hotel.example"
    assert portal_in(HOST, 511, {"Location": LOGIN}) == "login.hotel.example"


@pytest.mark.parametrize("page", [REFRESH, WISPR])
def test_a_page_that_leads_to_another_site_is_a_portals(page: bytes) -> None:
    assert portal_in(HOST, 200, {}, page) == "login.hotel.example"
    assert portal_in("login.hotel.example", 200, {}, page) == ""


@pytest.mark.parametrize(
    ("status", "headers", "body", "portal"),
    [
        (200, {"Content-Type": "text/html; charset=utf-8"}, b"Welcome", HOST),
        (200, {"Content-Type": "application/json"}, b"  <!DOCTYPE html><title>x", HOST),
        (200, {}, b"\xef\xbb\xbf\r\n<html>", HOST),
        (200, {}, b"<body bgcolor=white>Log in", HOST),
        (200, {}, b"<!-- one --><!-- two -->\n<HTML>", HOST),
        (200, {}, b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC>", HOST),
        (200, {}, b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", ""),
        (200, {}, b"<!-- without an end <html>", ""),
        (200, {}, b"<htmlx>", ""),
        (301, {"Location": LOGIN}, b"", "login.hotel.example"),
        (302, {"Location": f"https://{HOST}/jwt"}, b"", ""),
        (200, {"Content-Type": "application/json"}, b'{"jwt": "<html>"}', ""),
        (403, {"Content-Type": "text/html"}, b"<html>Blocked", ""),
    ],
)
def test_a_request_of_the_services_is_answered_with_no_page(
    status: int, headers: dict[str, str], body: bytes, portal: str
) -> None:
    assert portal_in(HOST, status, headers, body, meant=True) == portal


def test_addresses_are_one_site_only_with_themselves() -> None:
    assert portal_in("10.0.0.1", 302, {"Location": "http://10.9.0.1/login"}) == "10.9.0.1"
    assert portal_in("10.0.0.1", 302, {"Location": "http://10.0.0.1:8080/"}) == ""
    assert portal_in("2001:db8::1", 302, {"Location": "http://[2001:db8::2]/"}) == "2001:db8::2"


def test_before_this_machine_there_is_no_portal() -> None:
    assert all(map(is_here, ("localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "LOCALHOST.", "")))
    assert not any(map(is_here, ("10.0.0.1", "chat.example", "::2", "localhost.example")))


@given(st.integers(100, 599), st.text(max_size=60), st.binary(max_size=200), st.booleans())
def test_whatever_a_stranger_answers_is_survived(status: int, where: str, body: bytes, meant: bool) -> None:
    with assert_no_complaint():
        found = portal_in(HOST, status, {"Location": where, "Content-Type": where}, body, meant=meant)

    assert found.isprintable()
    assert len(found) <= 80


@pytest.mark.parametrize(
    "piece",
    [
        *(b"<LoginURL>", b'http-equiv="refresh"', b"<meta ", b" ", b"https://", b"url="),
        *(b"<!---->", b"<!--", b"<?xml?>", b"<?xml "),
    ],
)
def test_a_page_that_is_meant_to_cost_time_costs_none(piece: bytes) -> None:
    begun = time.thread_time()
    portal_in(HOST, 200, {"Location": "http://" + "a" * 1_000_000}, piece * 100_000, meant=True)

    assert time.thread_time() - begun < 0.05
