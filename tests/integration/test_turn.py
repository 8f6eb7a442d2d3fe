"""The avatar's voice through a real TURN server: by UDP, TCP and TLS, and through a proxy."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import aioice
import pytest

from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.network.trust import issuers_in
from ravatard.cloud.pixelstreaming.player import PixelStreamingPlayer
from ravatard.cloud.pixelstreaming.stun_turn import checked_helpers
from ravatard.cloud.proxy import Proxies
from ravatard.cloud.webrtc.ice import IceHelper
from ravatard.cloud.webrtc.ice_server import IceServer
from ravatard.cloud.webrtc.relays import relayed
from ravatard.secret import Secret
from tests.integration.debian_programs import needs
from tests.integration.firm import Firm
from tests.integration.pixelstreamer import TOKEN, Behaviour, service
from tests.integration.proxying import proxying
from tests.integration.test_pixelstreaming_player import PATIENT, SOUND, Listener
from tests.integration.turn_server import CREDENTIAL, USER, turn_server

pytestmark = [pytest.mark.integration, needs("turnserver", "unshare", "nft", "ip")]

UDP, TCP, TLS = "turn:127.0.0.1:{plain}", "turn:127.0.0.1:{plain}?transport=tcp", "turns:127.0.0.1:{tls}"
ANYWHERE = AddressRule(replace(MediaOptions(), private_addresses="always"), "http://127.0.0.1")


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return Firm.in_folder(tmp_path_factory.mktemp("firm"))


async def heard(server: dict[str, Any], routes: Routes) -> list[str]:
    """Hear half a second of a stream by relays alone; return the relayed addresses we have offered."""
    async with service(Behaviour(servers=(server,)), SOUND) as running:
        player = PixelStreamingPlayer(PATIENT, routes)
        listener = Listener()
        url = Secret(f"{running.url.reveal()}?ForceTURN=true")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(player.play(url, Secret(TOKEN), listener))
            async with asyncio.timeout(20.0):
                await listener.until(0.5)
            answers = list(running.answers)
            task.cancel()
    lines = [line for answer in answers for line in answer.splitlines() if line.startswith("a=candidate")]
    assert lines
    assert all(" typ relay " in line for line in lines)
    return sorted(set(lines))


@pytest.mark.parametrize("urls", [(UDP,), (TCP,), (TLS,), (UDP, TCP, TLS)], ids=str)
async def test_the_voice_comes_by_every_way(tmp_path: Path, firm: Firm, urls: tuple[str, ...]) -> None:
    routes = Routes(ANYWHERE, Proxies("none", {}), issuers_in(str(firm.ca)))
    async with turn_server(tmp_path, firm) as turn:
        lines = await heard(turn.servers(*urls), routes)

    assert len(lines) == len(urls)


async def test_where_udp_is_closed_the_voice_comes_by_tcp(tmp_path: Path, firm: Firm) -> None:
    routes = Routes(ANYWHERE, Proxies("none", {}), issuers_in(str(firm.ca)))
    async with turn_server(tmp_path, firm, udp=False) as turn:
        # The one that cannot be reached is named first, as it is as a rule.
        assert len(await heard(turn.servers(UDP, TCP), routes)) == 1


@pytest.mark.parametrize(
    "url", ["turn:[::1]:{plain}", "turn:[::1]:{plain}?transport=tcp", "turns:[::1]:{tls}"]
)
async def test_a_turn_server_may_have_ipv6_alone(tmp_path: Path, firm: Firm, url: str) -> None:
    routes = Routes(ANYWHERE, Proxies("none", {}), issuers_in(str(firm.ca)))
    agent = aioice.Connection(ice_controlling=False)
    async with turn_server(tmp_path, firm, place="::1") as turn, asyncio.timeout(10.0):
        servers = [IceServer((url.format(plain=turn.plain, tls=turn.tls),), USER, Secret(CREDENTIAL))]
        (helper,), dropped = await checked_helpers(servers, routes, 1.0)
        way = await relayed(agent, helper, 1, relay_only=False)
        await way.close()

    assert dropped == []
    assert (way.local_candidate.host, way.local_candidate.type) == ("::1", "relay")


async def test_a_turn_server_that_is_not_trusted_is_not_used(tmp_path: Path, firm: Firm) -> None:
    routes = Routes(ANYWHERE, Proxies("none", {}))
    async with turn_server(tmp_path, firm) as turn:
        lines = await heard(turn.servers(TCP, TLS), routes)

    assert len(lines) == 1


@pytest.mark.parametrize("encrypted", [False, True])
async def test_tcp_and_tls_go_through_the_proxy_which_alone_knows_the_name(
    tmp_path: Path, firm: Firm, encrypted: bool
) -> None:
    tls = firm.serving("127.0.0.1") if encrypted else None
    urls = ("turn:turn.example:{plain}?transport=tcp", "turns:turn.example:{tls}")
    async with turn_server(tmp_path, firm, udp=False) as turn, proxying("me:word", tls=tls) as proxy:
        environ = {"HTTPS_PROXY": proxy.url}
        lines = await heard(
            turn.servers(*urls), Routes(ANYWHERE, Proxies(None, environ), issuers_in(str(firm.ca)))
        )

    assert len(lines) == 2
    assert sorted(proxy.asked) == sorted(f"CONNECT turn.example:{port}" for port in (turn.plain, turn.tls))


async def test_the_way_by_udp_goes_before_that_by_tcp_and_tls(tmp_path: Path, firm: Firm) -> None:
    agent = aioice.Connection(ice_controlling=False)
    issuers = issuers_in(str(firm.ca))
    async with turn_server(tmp_path, firm) as turn, asyncio.timeout(10.0):
        ways = []
        for url in (TLS, TCP, UDP):
            filled = url.format(plain=turn.plain, tls=turn.tls)
            helper = IceHelper(filled, USER, Secret(CREDENTIAL), "127.0.0.1", issuers=issuers)
            ways.append(await relayed(agent, helper, 1, relay_only=False))
        candidates = [way.local_candidate for way in ways]
        for way in ways:
            await way.close()

    assert [one.type for one in candidates] == ["relay"] * 3
    assert sorted(candidates, key=lambda one: -one.priority) == candidates[::-1]
    assert len({one.foundation for one in candidates}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("urls", [(UDP, TCP), (UDP, TLS), (UDP,)], ids=str)
async def test_behind_a_firewall_that_drops_udp_the_voice_comes_by_tcp_and_tls(
    tmp_path: Path, urls: tuple[str, ...]
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, for networks of its own")
    named = json.dumps([url.replace("127.0.0.1", "10.77.0.1") for url in urls])
    words = ("unshare", "-n", sys.executable, "-m", "tests.integration.udp_closed", str(tmp_path), named)
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60.0):
        said, _ = await process.communicate()

    lines = said.decode().splitlines()
    relays = {line for line in lines if " typ relay " in line}
    # By UDP alone nothing is heard: the firewall is one.
    assert (lines[0] == "heard") == (len(urls) > 1), said
    assert len(relays) == len(urls) - 1
