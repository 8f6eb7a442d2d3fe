"""Behind a proxy what can be checked is checked; the rest is left to the proxy."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest

from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.proxy import Proxies
from ravatard.ports.network import AddressRefused, HostNotFound, NamedHost

PROXY = "http://me:secret@proxy.example:3128"
NAMES = {"home.example": ["192.168.1.1"], "public.example": ["93.184.216.34"], "here.example": ["127.0.0.1"]}
Setting = Literal["auto", "never", "always"]


async def known(host: str, _port: int) -> Sequence[str]:
    if host == "silent.example":
        await asyncio.sleep(3_600)
    if host not in NAMES:
        raise OSError(-2, "Name or service not known")
    return NAMES[host]


def routes_of(proxies: Proxies, base: str = "https://public.example", setting: Setting = "auto") -> Routes:
    return Routes(
        AddressRule(replace(MediaOptions(), private_addresses=setting), base, lookup=known), proxies
    )


BEHIND = Proxies(None, {"ALL_PROXY": PROXY, "NO_PROXY": "home.example"})


@pytest.mark.parametrize("host", ["public.example", "unknown.example", "silent.example", "93.184.216.34"])
@pytest.mark.parametrize("base", ["https://public.example", "https://unknown.example"])
async def test_a_name_is_left_to_the_proxy(host: str, base: str) -> None:
    route = await routes_of(BEHIND, base).to(f"https://{host}/x?token=t")

    assert route.addresses == ()
    assert route.proxy is not None
    assert route.proxy.reveal().rstrip("/") == PROXY
    assert route.proxy_name == "http://proxy.example:3128 (ALL_PROXY)"
    assert "secret" not in repr(route)
    assert asyncio.get_running_loop().time() <= 1.0


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "0x0a000001", "167772161", "10.1", "here.example", "[fe80::1]", "0.0.0.0"]
)
@pytest.mark.parametrize(
    "base", ["https://public.example", "https://unknown.example", "https://silent.example"]
)
async def test_a_private_address_is_refused_behind_a_proxy_too(host: str, base: str) -> None:
    with pytest.raises(AddressRefused, match=r"media\.private_addresses"):
        await routes_of(BEHIND, base).to(f"https://{host}/x")


async def test_the_setting_allows_private_addresses_behind_a_proxy() -> None:
    route = await routes_of(BEHIND, setting="always").to("https://10.0.0.1/x")

    assert route.proxy is not None


async def test_no_proxy_leads_straight_to_checked_addresses() -> None:
    with pytest.raises(AddressRefused):
        await routes_of(BEHIND).to("https://home.example/x")
    with pytest.raises(HostNotFound):
        await routes_of(Proxies("none", {})).to("https://unknown.example/x")

    assert (await routes_of(BEHIND, "http://192.168.1.7").to("https://home.example/x")).addresses == (
        "192.168.1.1",
    )


async def test_every_host_is_taken_into_the_list_without_its_token() -> None:
    routes = routes_of(Proxies(None, {}))

    await routes.to("wss://public.example/x?token=t")
    with pytest.raises(AddressRefused):
        await routes.to("https://home.example:8443/")
    await routes.to("https://public.example:5349/", "turn-tls")

    assert routes.named.listed() == (
        NamedHost("wss", "public.example", 443),
        NamedHost("https", "home.example", 8443),
        NamedHost("turn-tls", "public.example", 5349),
    )
