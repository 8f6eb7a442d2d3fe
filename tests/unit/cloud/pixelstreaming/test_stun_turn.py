"""Ways to STUN and TURN servers: straight to checked addresses, or through the proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.pixelstreaming.stun_turn import checked_helpers
from ravatard.cloud.proxy import Proxies
from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.secret import Secret

URLS = ("turn:turn.example", "turn:turn.example:443?transport=tcp", "turns:turn.example:443")
SERVERS = (IceServer(URLS, "u", Secret("c")),)
PROXY = "http://proxy.example:3128"


async def hanging(_host: str, _port: int) -> Sequence[str]:
    """The look-up of a network whose name service does not answer."""
    await asyncio.sleep(60.0)
    return []


async def public(_host: str, _port: int) -> Sequence[str]:
    return ["2001:4860::8", "198.51.100.7", "9.9.9.9"]


def routes(lookup: object, proxies: Proxies) -> Routes:
    return Routes(AddressRule(MediaOptions(), "https://service.example", lookup=lookup), proxies)  # type: ignore[arg-type]


async def test_behind_a_proxy_names_are_its_own_even_where_no_name_is_answered() -> None:
    helpers, dropped = await checked_helpers(SERVERS, routes(hanging, Proxies(PROXY, {})), 1.0)

    assert [(one.way, one.proxy, one.address) for one in helpers] == [
        ("tcp", Secret(PROXY), None),
        ("tls", Secret(PROXY), None),
    ]
    assert dropped == ["turn:turn.example (its address is not found)"]
    assert asyncio.get_running_loop().time() < 2.0


async def test_without_a_proxy_every_way_has_one_address() -> None:
    helpers, dropped = await checked_helpers(SERVERS, routes(public, Proxies("none", {})), 1.0)

    assert [one.way for one in helpers] == ["udp", "tcp", "tls"]
    assert {one.address for one in helpers} <= {"2001:4860::8", "9.9.9.9"}
    assert dropped == []


async def test_a_proxy_that_cannot_be_used_is_told_and_not_gone_past() -> None:
    proxies = Proxies(None, {"ALL_PROXY": "socks5://proxy.example"})
    helpers, dropped = await checked_helpers(SERVERS[:1], routes(public, proxies), 1.0)

    assert [one.way for one in helpers] == ["udp"]
    assert len(dropped) == 2
    assert all("ALL_PROXY is a socks5 proxy" in one for one in dropped)


@pytest.mark.parametrize("url", ["stun:stun.example", "turn:turn.example"])
async def test_a_name_that_is_not_answered_costs_the_limit(url: str) -> None:
    server = IceServer((url,), "u", Secret("c"))
    helpers, dropped = await checked_helpers([server], routes(hanging, Proxies("none", {})), 1.0)

    assert helpers == []
    assert dropped == [f"{url} (its address is not found)"]
    assert asyncio.get_running_loop().time() == pytest.approx(1.0)
