"""Networks of firms: proxies that are encrypted, ask for logins, read what passes, or misbehave."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ravatard.cloud.http import AiohttpNetwork
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.media.fetch import WebFetch
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.network.missed_deadline import way_of
from ravatard.cloud.network.trust import Issuers, issuers_in
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import DeadlineOptions, ServiceOptions
from ravatard.cloud.pixelstreaming.page import browser
from ravatard.cloud.proxy import Proxies
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.errors import LinkError, MediaError, RavatardError
from ravatard.secret import Secret
from ravatard.web.kiosk.inspection import inspect
from tests.integration.firm import Firm
from tests.integration.pixelstreamer import TOKEN
from tests.integration.proxying import Fault, proxying
from tests.integration.test_proxy import nowhere, routes_by, serving

pytestmark = pytest.mark.integration

USER, PASSWORD = "me@firm", "pass:wörd/€ 100%"
SENT = base64.b64encode(f"{USER}:{PASSWORD}".encode())
#: In the place of the proxy's password, "user:password" of any characters.
LOGIN = f"{USER}:{PASSWORD}"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return Firm.in_folder(tmp_path_factory.mktemp("firm"))


@pytest.fixture(scope="module")
def issuers(firm: Firm) -> Issuers:
    return issuers_in(str(firm.ca))


def through(url: str) -> Proxies:
    return Proxies(url, {}, USER, Secret(PASSWORD))


async def ask_all(place: str, proxies: Proxies, issuers: Issuers, scheme: str) -> None:
    """Ask the service, its socket, for a file and for the stream's page; fails if one is not answered."""
    net = AiohttpNetwork(ping_s=5.0, tls=issuers, proxies=proxies)
    try:
        assert (await net.request("GET", f"{scheme}://{place}/jwt", headers={})).body == b"/jwt"
        async with net.socket(f"{scheme.replace('http', 'ws')}://{place}/ws/chat", headers={}) as socket:
            await socket.send("hello")
            assert await socket.receive() == "hello"
    finally:
        await net.close()
    media = MediaOptions(insecure=True)
    fetching = WebFetch(media, "https://service.example", tls=issuers, lookup=nowhere, proxies=proxies)
    async with fetching.open(f"{scheme}://{place}/a.mp3") as file:
        assert b"".join([piece async for piece in file.pieces()]) == b"/a.mp3"
    async with browser(routes_by(proxies), issuers) as visitor:
        page = Secret(f"{scheme}://{place}/page")
        address = await visitor.visit(page, Secret(TOKEN))
        opened = await visitor.connect(address, page, Secret(TOKEN))
        await opened.send_str("hello")
        assert (await opened.receive()).data == "hello"
        await opened.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_proxy_with_and_without_tls_gets_the_login_of_the_section_network(
    firm: Firm, issuers: Issuers, encrypted: bool, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tls = firm.serving("127.0.0.1") if encrypted else None
    server = firm.serving("service.example") if scheme == "https" else None
    async with serving(server) as port, proxying(LOGIN, tls=tls) as proxy, asyncio.timeout(30.0):
        proxies = through(f"{'https' if encrypted else 'http'}://127.0.0.1:{proxy.port}")
        await ask_all(f"service.example:{port}", proxies, issuers, scheme)

    assert len(proxy.asked) >= 4
    assert {one.split()[0] for one in proxy.asked} == {"CONNECT" if scheme == "https" else "GET"}
    assert proxy.seen.count(b"Proxy-Authorization: Basic " + SENT + b"\r\n") == len(proxy.asked)
    assert "through the proxy" in caplog.text
    for record in caplog.records:
        if record.name.startswith("ravatard"):
            assert "pass" not in record.getMessage()


async def test_a_proxy_that_reads_what_is_encrypted_is_trusted_by_its_own_authority(
    firm: Firm, issuers: Issuers
) -> None:
    async with serving(firm.serving("service.example")) as port, proxying(LOGIN) as proxy:
        proxy.posing = firm.serving("service.example")
        async with asyncio.timeout(30.0):
            url = f"http://127.0.0.1:{proxy.port}"
            await ask_all(f"service.example:{port}", through(url), issuers, "https")

    # It did read it: the page's token among others.
    assert TOKEN.encode() in proxy.seen


# ---------------------------------------------------------------------- proxies that fail

Asking = Callable[[Proxies, Issuers], Awaitable[str]]


async def _rest(proxies: Proxies, issuers: Issuers) -> str:
    net = AiohttpNetwork(ping_s=5.0, proxies=proxies, tls=issuers)
    options = CloudOptions(
        service=ServiceOptions(base_url="https://service.example", project_id=Secret("proj-1")),
        deadlines=DeadlineOptions(token_s=1.5, request_s=1.5),
    )
    cloud = RavatarCloud(options, CloudResources(network=net, user_id="kiosk-1", chance=lambda: 0.5))
    try:
        with pytest.raises(LinkError) as caught:
            await cloud.about()
    finally:
        await net.close()
    return str(caught.value)


async def _file(proxies: Proxies, issuers: Issuers) -> str:
    options = MediaOptions(connect_s=0.5, silence_s=1.0)
    fetching = WebFetch(options, "https://service.example", tls=issuers, lookup=nowhere, proxies=proxies)
    with pytest.raises(MediaError) as caught:
        async with fetching.open(f"https://service.example/a?token={TOKEN}"):
            pass
    return str(caught.value)


async def _page(proxies: Proxies, issuers: Issuers) -> str:
    async with browser(routes_by(proxies), issuers) as visitor:
        try:
            async with asyncio.timeout(1.5):
                await visitor.visit(Secret("https://page.example/s"), Secret(TOKEN))
        except TimeoutError as late:
            return f"late{way_of(late)}"
        except RavatardError as error:
            return str(error)
    raise AssertionError("it was fetched")


async def _display(proxies: Proxies, issuers: Issuers) -> str:
    url = Secret(f"https://page.example/s?token={TOKEN}")
    return (await inspect(url, 1.5, route_to=routes_by(proxies).to)).trouble or ""


async def _socket(proxies: Proxies, issuers: Issuers) -> str:
    net = AiohttpNetwork(ping_s=5.0, proxies=proxies, tls=issuers)
    try:
        async with asyncio.timeout(1.5), net.socket(f"wss://service.example/ws?token={TOKEN}", headers={}):
            pass
    except TimeoutError as late:
        return f"late{way_of(late)}"
    except OSError as error:
        return str(error)
    finally:
        await net.close()
    raise AssertionError("it was opened")


ASKING: dict[str, Asking] = {
    "socket": _socket,
    "requests": _rest,
    "file": _file,
    "page": _page,
    "display": _display,
}
FAULTS: list[Fault] = ["stuck", "closes", "cut", "huge", "garbage", "deaf tunnel"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("asking", ASKING)
async def test_a_proxy_that_misbehaves_is_an_outage_within_the_limits(
    issuers: Issuers, asking: str, fault: Fault
) -> None:
    async with proxying(fault=fault) as proxy, asyncio.timeout(5.0):
        said = await ASKING[asking](through(f"http://127.0.0.1:{proxy.port}"), issuers)

    assert proxy.asked or fault == "closes"
    if fault in ("stuck", "deaf tunnel"):
        named = f"by way of the proxy http://127.0.0.1:{proxy.port} (service.proxy)"
        assert (named if asking == "display" else named.replace("://", " ")) in said
    assert TOKEN not in said
    assert "pass" not in said.replace("passed", "")


@pytest.mark.parametrize("asking", ASKING)
async def test_a_login_that_is_refused_names_its_settings(issuers: Issuers, asking: str) -> None:
    async with proxying("other:word") as proxy:
        said = await ASKING[asking](through(f"http://127.0.0.1:{proxy.port}"), issuers)

    assert f"127.0.0.1:{proxy.port} (service.proxy) answers with status 407" in said
    if asking != "display":
        assert "write network.proxy_username and network.proxy_password" in said
    assert PASSWORD not in said


@pytest.mark.parametrize("asking", ["requests", "file", "page"])
async def test_a_login_of_another_scheme_is_named(issuers: Issuers, asking: str) -> None:
    async with proxying("other:word") as proxy:
        proxy.login = "NTLM"
        said = await ASKING[asking](through(f"http://127.0.0.1:{proxy.port}"), issuers)

    assert "it wants a login by NTLM, and only Basic is known here" in said


@pytest.mark.parametrize("asking", ASKING)
async def test_nothing_goes_past_a_proxy_of_another_kind(issuers: Issuers, asking: str) -> None:
    proxies = Proxies(None, {"ALL_PROXY": "socks5://127.0.0.1:1080"})

    said = await ASKING[asking](proxies, issuers)

    assert "ALL_PROXY is a socks5 proxy; only http and https proxies can be used" in said


@pytest.mark.parametrize("asking", ["requests", "file", "page"])
async def test_the_certificate_of_a_proxy_that_is_not_trusted_is_told_as_the_proxys(
    firm: Firm, tmp_path: Path, asking: str
) -> None:
    stranger = Firm.in_folder(tmp_path / "stranger")
    async with proxying(tls=firm.serving("127.0.0.1")) as proxy:
        said = await ASKING[asking](through(f"https://127.0.0.1:{proxy.port}"), issuers_in(str(stranger.ca)))

    assert f"the proxy https 127.0.0.1:{proxy.port} (service.proxy) has a certificate that" in said
    assert "network.ca" in said


@pytest.mark.parametrize("asking", ["requests", "file", "page"])
async def test_a_proxy_without_tls_that_is_written_as_https_is_told(issuers: Issuers, asking: str) -> None:
    async with proxying() as proxy:
        said = await ASKING[asking](through(f"https://127.0.0.1:{proxy.port}"), issuers)

    assert "speaks no TLS; write it with http in service.proxy" in said
