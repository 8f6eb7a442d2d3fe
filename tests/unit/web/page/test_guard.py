"""Where requests come from: hosts, sites, neighbours."""

from __future__ import annotations

import time

import pytest

from ravatard.web.page import guard
from ravatard.web.page.refused import RequestRefused
from tests.assertions import assert_no_complaint

NAMES = frozenset({"localhost", "raspi.local", "raspi"})


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost:8480", "127.0.0.1"),
        ("RASPI.local", "192.168.0.7"),
        ("raspi.local.:8480", "192.168.0.7"),
        ("192.168.0.7:8480", "192.168.0.7"),
        ("[fe80::1]:8480", "fe80::1%eth0"),
        ("[2001:db8::7]", "2001:db8:0::7"),
        ("192.168.0.7", "::ffff:192.168.0.7"),
    ],
)
def test_own_names_and_the_address_that_was_reached_are_hosts(host: str, own: str) -> None:
    assert guard.check_host(host, own, NAMES) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "192.168.0.8",
        "raspi.local.evil.example",
        "x@raspi.local",
        "raspi.local/x",
        "raspi.local@evil.example",
        "[::1",
        "raspi local",
        "localhost:x",
        "\udcff",
    ],
)
def test_any_other_host_is_refused(host: str) -> None:
    with pytest.raises(RequestRefused) as error:
        guard.check_host(host, "192.168.0.7", NAMES)

    assert error.value.status == 421


def test_a_host_as_long_as_a_header_may_be_is_refused_at_once() -> None:
    """Any neighbour may send one, of letters whose normal form is eighteen times as long."""
    began = time.thread_time()

    with pytest.raises(RequestRefused):
        guard.check_host("\ufdfa" * 2_700, "192.168.0.7", NAMES)

    assert time.thread_time() - began < 0.02


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": ""}, False),
        ({"Host": "a:1", "Origin": "http://a:1"}, True),
        ({"Host": "a:1", "Origin": "https://a:1"}, True),
        ({"Host": "a:1", "Origin": "http://a:2"}, False),
        ({"Host": "a:1", "Origin": "http://a"}, False),
        ({"Host": "a:1", "Origin": "null"}, False),
        ({"Host": "a:1", "Origin": ""}, False),
    ],
)
def test_a_change_comes_from_the_page_or_a_program(headers: dict[str, str], taken: bool) -> None:
    with assert_no_complaint() if taken else pytest.raises(RequestRefused, match="another site"):
        guard.check_site("POST", headers)
    guard.check_site("GET", headers)
    assert "GET" in guard.SAFE


@pytest.mark.parametrize(
    ("headers", "has_token", "taken"),
    [
        ({"Host": "a", "Origin": "http://a"}, False, True),
        ({"Host": "a", "Origin": "http://a", "Sec-Fetch-Site": "same-origin"}, False, True),
        ({"Host": "a", "Origin": "http://a", "Sec-Fetch-Site": "cross-site"}, False, False),
        ({"Host": "a"}, False, False),
        ({"Host": "a"}, True, True),
        ({"Host": "a", "Origin": "http://b"}, True, False),
        ({"Host": "a", "Sec-Fetch-Site": "cross-site"}, True, False),
    ],
)
def test_a_socket_is_opened_by_the_page_or_a_program_with_a_token(
    headers: dict[str, str], has_token: bool, taken: bool
) -> None:
    with assert_no_complaint() if taken else pytest.raises(RequestRefused, match="another site"):
        guard.check_socket(headers, has_token=has_token)


@pytest.mark.parametrize(
    ("peer", "own", "near"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("192.168.0.9", "192.168.0.7", True),
        ("10.1.2.3", "192.168.0.7", True),
        ("100.64.0.9", "100.64.0.7", True),
        ("fe80::9%eth0", "fe80::7%eth0", True),
        ("fd00::9", "fd00::7", True),
        ("2a01:4f8:1:2::9", "2a01:4f8:1:2::7", True),
        ("2a01:4f8:1:3::9", "2a01:4f8:1:2::7", False),
        ("8.8.8.8", "192.168.0.7", False),
        ("::ffff:8.8.8.8", "::ffff:192.168.0.7", False),
        ("::ffff:192.168.0.9", "::ffff:192.168.0.7", True),
        ("", "", False),
        ("x", "192.168.0.7", False),
    ],
)
def test_neighbours_are_told_from_the_internet(peer: str, own: str, near: bool) -> None:
    assert guard.is_neighbour(peer, own) is near


def test_loopback_is_this_machine() -> None:
    assert guard.is_loopback("127.0.0.1")
    assert guard.is_loopback("::1")
    assert guard.is_loopback("::ffff:127.0.0.1")
    assert not guard.is_loopback("192.168.0.7")
    assert not guard.is_loopback("")


def test_each_neighbour_is_a_client_of_its_own() -> None:
    assert guard.client_of("192.168.0.7") == guard.client_of("::ffff:192.168.0.7") == "192.168.0.7"
    # A house has one network of IPv6; every link has this one.
    assert guard.client_of("2001:db8::1") != guard.client_of("2001:db8::ffff")
    assert guard.client_of("fe80::1%wlan0") != guard.client_of("fe80::2%wlan0")
    assert guard.client_of("fe80::1%wlan0") == guard.client_of("fe80::1")
    assert guard.client_of("?") == "?"
