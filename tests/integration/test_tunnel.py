"""Tunnels through proxies that work, refuse or misbehave."""

from __future__ import annotations

import asyncio
import re

import pytest
from yarl import URL

from ravatard.cloud.network.trust import Issuers
from ravatard.cloud.network.tunnel import open_tunnel
from tests.integration.proxying import Fault, proxying
from tests.integration.test_proxy import serving

pytestmark = pytest.mark.integration

NAME = "http://proxy.example:3128 (service.proxy)"


@pytest.mark.parametrize("password", ["", "me:word"])
async def test_a_tunnel_leads_to_the_place_that_is_asked_for(password: str) -> None:
    async with serving() as port, proxying(password) as proxy, asyncio.timeout(10.0):
        transport = await open_tunnel(URL(proxy.url), NAME, ("service.example", port), Issuers())
        reader = asyncio.StreamReader()
        transport.set_protocol(asyncio.StreamReaderProtocol(reader))
        transport.write(b"GET /page HTTP/1.0\r\n\r\n")
        said = await reader.readuntil(b"/page")
        transport.abort()

    assert said.startswith(b"HTTP/1.0 200 ")
    assert proxy.asked == [f"CONNECT service.example:{port}"]


async def test_a_place_may_be_an_ipv6_address() -> None:
    async with proxying(refusal=(403, "")) as proxy, asyncio.timeout(10.0):
        with pytest.raises(ConnectionError, match="answers with status 403"):
            await open_tunnel(URL(proxy.url), NAME, ("2001:db8::1", 443), Issuers())

    assert proxy.asked == ["CONNECT [2001:db8::1]:443"]


async def test_a_login_that_is_refused_names_its_settings() -> None:
    async with proxying("me:word") as proxy, asyncio.timeout(10.0):
        proxy.login = "NTLM"
        for url in (f"http://127.0.0.1:{proxy.port}", f"http://me:hidden@127.0.0.1:{proxy.port}"):
            with pytest.raises(ConnectionError, match="wants a login by NTLM") as caught:
                await open_tunnel(URL(url), NAME, ("service.example", 443), Issuers())
            assert "hidden" not in str(caught.value)


FAULTS: list[Fault] = ["closes", "cut", "huge", "garbage"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_a_proxy_answers_is_an_error_that_names_it(fault: Fault) -> None:
    async with proxying(fault=fault) as proxy, asyncio.timeout(10.0):
        with pytest.raises(ConnectionError, match=re.escape("the proxy http proxy.example:3128")):
            await open_tunnel(URL(proxy.url), NAME, ("service.example", 443), Issuers())


async def test_a_proxy_that_is_not_there_is_named() -> None:
    with pytest.raises(ConnectionError, match="is not reached"):
        await open_tunnel(URL("http://127.0.0.1:1"), NAME, ("service.example", 443), Issuers())


async def test_a_proxy_that_says_nothing_is_left_when_its_caller_leaves() -> None:
    async with proxying(fault="stuck") as proxy:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await open_tunnel(URL(proxy.url), NAME, ("service.example", 443), Issuers())
