from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.media.addresses import Reach, admitted, allowed_beside, reach_of

EVERYWHERE = {Reach.PUBLIC, Reach.PRIVATE, Reach.LOOPBACK}


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("93.184.215.14", Reach.PUBLIC),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", Reach.PUBLIC),
        ("10.0.0.1", Reach.PRIVATE),
        ("172.16.0.1", Reach.PRIVATE),
        ("192.168.178.1", Reach.PRIVATE),
        ("100.64.0.7", Reach.PRIVATE),
        ("198.18.0.1", Reach.PRIVATE),
        ("fd12:3456::1", Reach.PRIVATE),
        ("fec0::1", Reach.PRIVATE),
        ("64:ff9b:1::1", Reach.PRIVATE),
        ("127.0.0.1", Reach.LOOPBACK),
        ("127.255.255.254", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("0.0.0.0", Reach.NEVER),
        ("0.1.2.3", Reach.NEVER),
        ("::", Reach.NEVER),
        ("169.254.169.254", Reach.NEVER),
        ("fe80::1%eth0", Reach.NEVER),
        ("fd00:ec2::254", Reach.NEVER),
        ("100.100.100.200", Reach.NEVER),
        ("192.0.0.192", Reach.NEVER),
        ("224.0.0.251", Reach.NEVER),
        ("ff02::fb", Reach.NEVER),
        ("240.0.0.1", Reach.NEVER),
        ("255.255.255.255", Reach.NEVER),
    ],
)
def test_from_where_an_address_can_be_reached(address: str, reach: Reach) -> None:
    assert reach_of(address) is reach


@pytest.mark.parametrize(
    "form",
    [
        "::ffff:{v4}",
        "64:ff9b::{v4}",
        "::{v4}",
        "2002:{high:04x}:{low:04x}::1",
        "2001:0:4136:e378:8000:63bf:{nhigh:04x}:{nlow:04x}",
    ],
)
@pytest.mark.parametrize("v4", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "93.184.215.14"])
def test_an_address_within_an_address_is_what_counts(form: str, v4: str) -> None:
    number = int(ipaddress.IPv4Address(v4))
    flipped = number ^ 0xFFFFFFFF

    address = form.format(
        v4=v4,
        high=number >> 16,
        low=number & 0xFFFF,
        nhigh=flipped >> 16,
        nlow=flipped & 0xFFFF,
    )

    assert reach_of(address) is reach_of(v4)


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        reach_of("chat.example")


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_every_address_is_reached_from_somewhere_and_public_means_global(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    reach = reach_of(str(ip))

    if isinstance(ip, ipaddress.IPv4Address):
        assert not (reach is Reach.PUBLIC and not ip.is_global)


@pytest.mark.parametrize(
    ("base", "allowed"),
    [
        (["93.184.215.14"], {Reach.PUBLIC}),
        (["192.168.1.5"], {Reach.PUBLIC, Reach.PRIVATE}),
        (["127.0.0.1"], EVERYWHERE),
        (["::1", "127.0.0.1"], EVERYWHERE),
        (["169.254.169.254"], {Reach.PUBLIC}),
        ([], {Reach.PUBLIC}),
    ],
)
def test_files_may_be_as_near_as_the_service_is(base: list[str], allowed: set[Reach]) -> None:
    assert allowed_beside(base) == allowed


def test_only_admissible_addresses_are_left_in_their_order() -> None:
    found = ["10.0.0.1", "93.184.215.14", "::1", "2606:2800::1"]

    assert admitted(found, frozenset({Reach.PUBLIC})) == ["93.184.215.14", "2606:2800::1"]
