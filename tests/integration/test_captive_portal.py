"""A network that answers every request with its login page, and shows its own certificate for every name."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from ravatard.cloud.certificate import CaptivePortal
from ravatard.cloud.http import AiohttpNetwork
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.network.diagnosis import Diagnosis
from ravatard.cloud.network.trust import issuers_in
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.proxy import Proxies
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.errors import LinkError
from ravatard.ports.network import UpgradeRefused
from ravatard.secret import Secret
from ravatard.sim.server import SimServer
from tests.integration.firm import AUTHORITY, Firm

pytestmark = pytest.mark.integration

#: A name that leads to this machine.
HERE = "chat.service.example"
PROJECT, TOKEN = "project-of-the-owner", "token-of-the-owner"
SAID = "this network asks for a login in a browser (captive portal at login.hotel.example)"


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name service in which every name below ``example`` leads to this machine, as before a portal."""
    system = socket.getaddrinfo

    def found(host: str, *more: Any, **others: Any) -> Any:
        return system("127.0.0.1" if host.endswith(".example") else host, *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", found)


@dataclass
class Portal:
    """Portal on one port without TLS.

    Attributes:
        port: its port.
        asked: all requests: method, path, headers and body.
        open: requests are answered as by a server behind it.
        status: of its answers.
    """

    port: int = 0
    asked: list[str] = field(default_factory=list)
    open: bool = False
    status: int = 302


@asynccontextmanager
async def posing(tls: ssl.SSLContext) -> AsyncIterator[int]:
    """A server that shows a certificate, and takes no request; gives its port."""

    async def shake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await writer.start_tls(tls)
            assert await reader.read() == b""
        writer.transport.abort()

    server = await asyncio.start_server(shake, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def portal() -> AsyncIterator[Portal]:
    """A portal, from ``async with`` to its end."""
    running = Portal()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.text()
        running.asked.append(f"{request.method} {request.path} {dict(request.headers)} {body}")
        if running.open:
            return web.Response(status=404)
        return web.Response(
            status=running.status,
            text="<html><meta http-equiv=refresh content='0;url=http://login.hotel.example/'>",
            content_type="text/html",
            headers={"Location": "http://login.hotel.example/splash"} if running.status < 400 else {},
        )

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    running.port = runner.addresses[0][1]
    try:
        yield running
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return Firm.in_folder(tmp_path_factory.mktemp("firm"))


@asynccontextmanager
async def network(plain_port: int, ca: Path | None = None) -> AsyncIterator[AiohttpNetwork]:
    issuers = issuers_in(None if ca is None else str(ca))
    net = AiohttpNetwork(ping_s=5.0, proxies=Proxies("none", {}), tls=issuers, plain_port=plain_port)
    try:
        async with asyncio.timeout(20.0):
            yield net
    finally:
        await net.close()


def cloud_at(base_url: str, net: AiohttpNetwork) -> RavatarCloud:
    options = ServiceOptions(base_url=base_url, project_id=Secret(PROJECT))
    return RavatarCloud(
        CloudOptions(service=options), CloudResources(network=net, user_id="kiosk-1", chance=lambda: 0.5)
    )


async def failure(cloud: RavatarCloud) -> str:
    with pytest.raises(LinkError) as caught:
        await cloud.about()
    return str(caught.value)


def told_nothing(asked: list[str]) -> bool:
    """Whether no request had anything of ours in it."""
    return all(word not in one for one in asked for word in (PROJECT, TOKEN, "Authorization", "kiosk-1"))


@pytest.mark.parametrize("status", [302, 200, 511])
async def test_a_certificate_of_a_portal_is_told_as_a_login_that_is_wanted(firm: Firm, status: int) -> None:
    async with portal() as plain, posing(firm.serving("login.hotel.example")) as port:
        plain.status = status
        async with network(plain.port) as net:
            said = await failure(cloud_at(f"https://{HERE}:{port}", net))

    assert said == SAID
    assert len(plain.asked) == 1
    assert told_nothing(plain.asked)


@pytest.mark.parametrize("what", ["nothing", "no TLS"])
async def test_a_portal_that_lets_nothing_encrypted_through_is_found(what: str) -> None:
    async with portal() as plain:
        port = plain.port if what == "no TLS" else 1
        async with network(plain.port) as net:
            assert await failure(cloud_at(f"https://{HERE}:{port}", net)) == SAID

    assert told_nothing(plain.asked)


async def test_after_the_login_the_service_is_reached_again(firm: Firm) -> None:
    async with portal() as plain, SimServer(tls=firm.serving(HERE)) as server:
        async with network(plain.port, firm.ca) as net:
            cloud = cloud_at(f"https://{HERE}:1", net)
            assert await failure(cloud) == SAID
            plain.open = True
            # The same network, and a service whose certificate is its own.
            reply = await net.request("GET", f"https://{HERE}:{server.port}/connection", headers={})

    assert reply.status in (401, 403)


async def test_without_encryption_a_portal_is_told_of_a_project_once_and_never_again() -> None:
    async with portal() as plain, network(plain.port) as net:
        cloud = cloud_at(f"http://{HERE}:{plain.port}", net)
        first, second = await failure(cloud), await failure(cloud)

    assert first == f"{SAID}; if it does not, correct service.base_url"
    assert second == SAID
    assert [one.split()[0] for one in plain.asked] == ["POST", "GET"]
    assert told_nothing(plain.asked[1:])


async def test_a_socket_and_a_stream_meet_a_portal_as_requests_do() -> None:
    async with portal() as plain, network(1) as net:
        url = f"{HERE}:{plain.port}/x?token={TOKEN}"
        with pytest.raises(CaptivePortal, match=r"login\.hotel\.example"):
            async with net.socket(f"ws://{url}", headers={}):
                pass
        with pytest.raises(CaptivePortal, match=r"login\.hotel\.example"):
            async with net.stream("GET", f"http://{url}", headers={}):
                pass
        plain.open = True
        with pytest.raises(UpgradeRefused):
            async with net.socket(f"ws://{url}", headers={}):
                pass


async def test_a_request_that_never_connected_is_a_reason_to_look_before_the_next() -> None:
    url = f"https://{HERE}/jwt"
    async with portal() as plain, aiohttp.ClientSession() as session:
        diagnosis = Diagnosis(lambda: session, None, plain.port)
        await diagnosis.before(url, None)
        diagnosis.left(url, None, SimpleNamespace(connected=True))
        await diagnosis.before(url, None)
        assert plain.asked == []
        diagnosis.left(url, None, SimpleNamespace(connected=False))

        for _ in range(2):
            with pytest.raises(CaptivePortal):
                await diagnosis.before(url, None)
        plain.open = True
        await diagnosis.before(url, None)
        await diagnosis.before(url, None)

    assert len(plain.asked) == 3


async def test_a_service_that_is_down_is_no_portal() -> None:
    async with portal() as plain, network(plain.port) as net:
        plain.open = True
        said = await failure(cloud_at(f"https://{HERE}:1", net))

    assert "login" not in said
    assert said.startswith(f"cannot reach {HERE}:1 (")


async def test_before_this_machine_no_portal_is_looked_for() -> None:
    async with portal() as plain, network(plain.port) as net:
        await failure(cloud_at("https://127.0.0.1:1", net))

    assert plain.asked == []


# ---------------------------------------------------------------------- certificates


async def test_an_issuer_that_is_not_known_is_named_with_the_next_step(firm: Firm) -> None:
    async with posing(firm.serving("127.0.0.1")) as port, network(1) as net:
        said = await failure(cloud_at(f"https://127.0.0.1:{port}", net))

    assert f"signed by an issuer this machine does not know ({AUTHORITY}); write the file of" in said
    assert "network.ca" in said
