"""One rule for every address that a service hands us, and one look-up for the check and the connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import pytest

from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.media.addresses import Reach
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.route_resolver import RouteResolver
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.proxy import Proxies
from ravatard.ports.network import AddressRefused

Setting = Literal["auto", "never", "always"]
NAMES: Mapping[str, Sequence[str]] = {
    "service.example": ["203.0.113.9", "93.184.216.34"],
    "public.example": ["93.184.216.34", "2606:2800:220:1::1"],
    "mixed.example": ["192.168.1.1", "93.184.216.34", "127.0.0.1"],
    "home.example": ["192.168.1.1"],
    "here.example": ["127.0.0.1", "::1"],
    "cloud.example": ["169.254.169.254"],
}


def rule_of(
    setting: Setting = "auto", base: str = "https://public.example", asked: list[str] | None = None
) -> AddressRule:
    async def found(host: str, _port: int) -> Sequence[str]:
        if asked is not None:
            asked.append(host)
        if host not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return NAMES[host]

    return AddressRule(replace(MediaOptions(), private_addresses=setting), base, lookup=found)


ADMITTED: Mapping[tuple[Setting, str, str], int] = {
    ("auto", "https://public.example", "public.example"): 2,
    ("auto", "https://public.example", "mixed.example"): 1,
    ("auto", "https://public.example", "home.example"): 0,
    ("auto", "https://public.example", "here.example"): 0,
    ("auto", "https://public.example", "127.0.0.1"): 0,
    ("auto", "https://public.example", "::ffff:127.0.0.1"): 0,
    ("auto", "https://public.example", "10.0.0.1"): 0,
    ("auto", "http://192.168.1.7:8080", "home.example"): 1,
    ("auto", "http://192.168.1.7", "127.0.0.1"): 0,
    ("auto", "http://127.0.0.1:1", "here.example"): 2,
    ("auto", "http://127.0.0.1:1", "cloud.example"): 0,
    ("always", "https://public.example", "here.example"): 2,
    ("always", "https://public.example", "cloud.example"): 0,
    ("never", "http://127.0.0.1", "here.example"): 0,
    ("never", "http://127.0.0.1", "public.example"): 2,
}


@pytest.mark.parametrize(("setting", "base", "host"), ADMITTED)
async def test_what_may_be_connected_to_follows_the_service(setting: Setting, base: str, host: str) -> None:
    looked_up = rule_of(setting, base).admitted(host, 443)
    if not ADMITTED[setting, base, host]:
        with pytest.raises(AddressRefused, match=r"see media\.private_addresses"):
            await looked_up
        return

    assert len(await looked_up) == ADMITTED[setting, base, host]


async def test_what_is_checked_is_what_is_connected_to() -> None:
    asked: list[str] = []
    route = await Routes(rule_of(asked=asked), Proxies("none", {})).to("https://mixed.example/")

    found = await RouteResolver(route).resolve("mixed.example", 443)

    assert [one["host"] for one in found] == ["93.184.216.34"]
    assert asked == ["mixed.example"]


@pytest.mark.parametrize("host", ["", "x" * 300, "nowhere.example"])
async def test_what_is_not_found_is_an_error_of_the_system(host: str) -> None:
    with pytest.raises(OSError, match=r".") as caught:
        await rule_of().admitted(host, 443)
    assert not isinstance(caught.value, AddressRefused)


async def test_a_name_that_hangs_is_not_waited_for() -> None:
    async def never(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    rule = AddressRule(MediaOptions(), "https://public.example", lookup=never)

    with pytest.raises(OSError, match="within 10 s"):
        await rule.admitted("a.example", 443)


async def test_the_reaches_are_those_beside_the_service() -> None:
    assert await rule_of().allowed() == {Reach.PUBLIC}
    assert Reach.LOOPBACK in await rule_of(base="http://127.0.0.1").allowed()
