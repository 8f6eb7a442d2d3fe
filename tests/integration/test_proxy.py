"""All that the appliance asks of a service, through a real proxy, which alone knows the names."""

from __future__ import annotations

import asyncio
import logging
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import WSMsgType, web

from ravatard.cloud.http import AiohttpNetwork
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.media.address_rule import AddressRule
from ravatard.cloud.media.fetch import WebFetch
from ravatard.cloud.media.options import MediaOptions
from ravatard.cloud.media.routes import Routes
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.pixelstreaming.address import StreamAddress
from ravatard.cloud.pixelstreaming.page import Browser, browser
from ravatard.cloud.pixelstreaming.player import PixelStreamingPlayer
from ravatard.cloud.proxy import Proxies
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.errors import LinkError, MediaError, RavatardError
from ravatard.secret import Secret
from ravatard.sim.bad_certificate import make_certificate
from ravatard.web.kiosk.inspection import inspect
from tests.integration.pixelstreamer import TOKEN, Behaviour, service
from tests.integration.proxying import Fault, RunningProxy, proxying
from tests.integration.test_pixelstreaming_player import PATIENT, SOUND, Listener

pytestmark = pytest.mark.integration

PASSWORD = "me:pass-word"
REFUSALS = [
    (407, ""),
    (403, "<html><title>Blocked</title>"),
    (502, "<html><title>Bad gateway</title>"),
    (503, ""),
]


async def nowhere(_host: str, _port: int) -> Sequence[str]:
    """The look-up of a network whose names only its proxy knows."""
    raise OSError(-2, "Name or service not known")


def routes_by(proxies: Proxies, base: str = "https://service.example") -> Routes:
    return Routes(AddressRule(MediaOptions(), base, lookup=nowhere), proxies)


def environment(proxy: RunningProxy, name: str = "ALL_PROXY", **more: str) -> Proxies:
    return Proxies(None, {name: proxy.url, **more})


async def answer(request: web.Request) -> web.StreamResponse:
    """A service: a socket that echoes, or the path."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return web.Response(text=request.path)
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a free port; gives the port."""
    runner = web.ServerRunner(web.Server(_handled), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _handled(request: web.BaseRequest) -> web.StreamResponse:
    return await answer(request)  # type: ignore[arg-type]


@asynccontextmanager
async def encrypted() -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    """The same with TLS; gives its port, and what a client trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    made = make_certificate("self-signed")
    trusting = ssl.create_default_context(cadata=made.pem.decode())
    trusting.check_hostname = False
    async with serving(made.context) as port:
        yield port, trusting


@asynccontextmanager
async def network(proxies: Proxies, tls: ssl.SSLContext | None = None) -> AsyncIterator[AiohttpNetwork]:
    net = AiohttpNetwork(ping_s=5.0, proxies=proxies, tls=tls)
    try:
        async with asyncio.timeout(30.0):
            yield net
    finally:
        await net.close()


@pytest.mark.parametrize("password", ["", PASSWORD])
async def test_requests_socket_file_and_page_go_through_tunnels_with_the_proxys_password(
    password: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with encrypted() as (port, tls), proxying(password) as proxy:
        proxies = environment(proxy, "HTTPS_PROXY")
        place = f"service.example:{port}"
        async with network(proxies, tls) as net:
            assert (await net.request("GET", f"https://{place}/jwt", headers={})).body == b"/jwt"
            async with net.socket(f"wss://{place}/ws/chat", headers={}) as socket:
                await socket.send("hello")
                assert await socket.receive() == "hello"
        fetching = WebFetch(
            MediaOptions(), "https://service.example", tls=tls, lookup=nowhere, proxies=proxies
        )
        async with fetching.open(f"https://{place}/a.mp3") as file:
            assert b"".join([piece async for piece in file.pieces()]) == b"/a.mp3"
        async with browser(routes_by(proxies), tls) as visitor:
            address = await visitor.visit(Secret(f"https://{place}/page"), Secret(TOKEN))
            opened = await visitor.connect(address, Secret(f"https://{place}/page"), Secret(TOKEN))
            await opened.send_str("hello")
            assert (await opened.receive()).data == "hello"
            await opened.close()

    assert set(proxy.asked) == {f"CONNECT {place}"}
    assert len(proxy.asked) >= 4
    assert b"/jwt" not in proxy.seen
    assert TOKEN.encode() not in proxy.seen
    assert f"through the proxy http://127.0.0.1:{proxy.port} (HTTPS_PROXY)" in caplog.text
    assert "pass-word" not in caplog.text


async def test_a_stream_is_heard_whose_page_and_signalling_are_behind_a_proxy() -> None:
    async with service(Behaviour(), SOUND) as running, proxying(PASSWORD) as proxy:
        rule = AddressRule(replace(MediaOptions(), private_addresses="always"), "http://page.example")
        routes = Routes(rule, environment(proxy, "http_proxy"))
        player = PixelStreamingPlayer(PATIENT, routes, loopback=True)
        listener = Listener()
        url = Secret(running.url.reveal().replace("127.0.0.1", "page.example"))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(player.play(url, Secret(TOKEN), listener))
            async with asyncio.timeout(20.0):
                await listener.until(0.5)
            task.cancel()

    assert len(proxy.asked) == 2
    assert all(one.startswith("GET page.example:") for one in proxy.asked)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_display_inspects_the_page_through_the_proxy(scheme: str) -> None:
    async with serving() as port, proxying(PASSWORD) as proxy:
        url = Secret(f"{scheme}://page.example:{port}/page?token={TOKEN}")
        found = await inspect(url, 5.0, route_to=routes_by(environment(proxy)).to)

    # The server speaks no TLS: through the tunnel that is seen, too.
    assert (found.trouble is None) == (scheme == "http")
    assert proxy.asked == [f"{'GET' if scheme == 'http' else 'CONNECT'} page.example:{port}"]
    assert "pass-word" not in str(found)


Failing = Callable[[Proxies], Awaitable[str]]


async def _rest(proxies: Proxies, scheme: str) -> str:
    async with network(proxies) as net:
        options = ServiceOptions(base_url=f"{scheme}://service.example", project_id=Secret("proj-1"))
        resources = CloudResources(network=net, user_id="kiosk-1", chance=lambda: 0.5)
        cloud = RavatarCloud(CloudOptions(service=options), resources)
        with pytest.raises(LinkError) as caught:
            await cloud.about()
        return str(caught.value)


async def _file(proxies: Proxies, scheme: str) -> str:
    options = MediaOptions(insecure=True)
    fetching = WebFetch(options, "https://service.example", lookup=nowhere, proxies=proxies)
    with pytest.raises(MediaError) as caught:
        async with fetching.open(f"{scheme}://service.example/a?token={TOKEN}"):
            pass
    return str(caught.value)


async def _page(proxies: Proxies, scheme: str) -> str:
    async with browser(routes_by(proxies), None) as visitor:
        with pytest.raises(RavatardError) as caught:
            await visitor.visit(Secret(f"{scheme}://page.example/s"), Secret(TOKEN))
    return str(caught.value)


async def _signalling(proxies: Proxies, scheme: str) -> str:
    page = f"{scheme}://page.example/s"
    address = StreamAddress(page.replace("http", "ws"), page)
    async with browser(routes_by(proxies), None) as visitor:
        with pytest.raises(RavatardError) as caught:
            await visitor.connect(address, Secret(page), Secret(TOKEN))
    return str(caught.value)


async def _display(proxies: Proxies, scheme: str) -> str:
    url = Secret(f"{scheme}://page.example/s?token={TOKEN}")
    return (await inspect(url, 5.0, route_to=routes_by(proxies).to)).trouble or ""


ASKING = {
    "requests": _rest,
    "file": _file,
    "page": _page,
    "signalling": _signalling,
    "display": _display,
}


@pytest.mark.parametrize("status", REFUSALS, ids=str)
@pytest.mark.parametrize("asking", ASKING)
async def test_a_refused_tunnel_is_an_outage_that_names_the_proxy(
    asking: str, status: tuple[int, str]
) -> None:
    async with proxying(refusal=status) as proxy:
        said = await ASKING[asking](environment(proxy), "https")

    assert f"127.0.0.1:{proxy.port} (ALL_PROXY)" in said
    assert f"status {status[0]}" in said
    assert TOKEN not in said


@pytest.mark.parametrize("asking", ASKING)
async def test_a_proxy_that_wants_a_password_is_named_without_a_tunnel_too(asking: str) -> None:
    async with proxying(PASSWORD) as proxy:
        without = Proxies(None, {"ALL_PROXY": f"http://me:wrong-one@127.0.0.1:{proxy.port}"})
        said = await ASKING[asking](without, "http")

    assert f"127.0.0.1:{proxy.port} (ALL_PROXY)" in said
    assert "407" in said
    assert "wrong-one" not in said


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("fault", ["closes", "cut", "huge", "garbage"])
async def test_a_proxy_that_does_not_speak_http_is_named_in_words(fault: Fault, scheme: str) -> None:
    async with proxying(fault=fault) as proxy:
        said = await _rest(Proxies(proxy.url, {}), scheme)

        assert f"the proxy http 127.0.0.1:{proxy.port}" in said
        assert any(one in said for one in ("the other side hung up", "is no HTTP", "reset by peer"))
        assert "Error" not in said


async def test_a_page_of_the_proxy_in_place_of_a_reply_names_it() -> None:
    async with proxying(refusal=(403, "<html><title>Blocked</title>")) as proxy:
        said = await _rest(environment(proxy), "http")

    assert "an intermediary answers /jwt" in said
    assert f"squid behind the proxy http 127.0.0.1:{proxy.port} (ALL_PROXY)" in said


@pytest.mark.parametrize("asking", ASKING)
async def test_a_proxy_that_is_not_there_is_named(asking: str) -> None:
    said = await ASKING[asking](Proxies(None, {"ALL_PROXY": "http://127.0.0.1:1"}), "https")

    assert "127.0.0.1:1 (ALL_PROXY)" in said
    assert "is not reached" in said


@pytest.mark.parametrize("asking", ["file", "page", "signalling", "display"])
@pytest.mark.parametrize("host", ["10.0.0.1", "127.1", "2130706433", "169.254.169.254", "[::ffff:10.0.0.1]"])
async def test_an_address_in_the_place_of_a_name_follows_the_rule_behind_a_proxy(
    asking: str, host: str
) -> None:
    async with proxying() as proxy:
        by = routes_by(environment(proxy))
        url = f"https://{host}/s"
        if asking == "file":
            proxies = environment(proxy)
            fetching = WebFetch(MediaOptions(), "https://service.example", lookup=nowhere, proxies=proxies)
            with pytest.raises(MediaError, match=r"media\.private_addresses"):
                async with fetching.open(url):
                    pass
        elif asking == "display":
            found = await inspect(Secret(url), 5.0, route_to=by.to)
            assert "media.private_addresses" in (found.trouble or "")
        else:
            async with browser(by, None) as visitor:
                with pytest.raises(LinkError, match=r"media\.private_addresses"):
                    await _asked(visitor, asking, url)

        assert proxy.asked == []


async def _asked(visitor: Browser, asking: str, url: str) -> None:
    if asking == "page":
        await visitor.visit(Secret(url), Secret(TOKEN))
    else:
        address = StreamAddress(url.replace("https", "wss"), url)
        await visitor.connect(address, Secret(url), Secret(TOKEN))


async def test_what_no_proxy_names_is_reached_without_it() -> None:
    async with serving() as port, proxying() as proxy:
        for host, exempt in (("127.0.0.1", "127.0.0.0/8"), ("localhost", "localhost"), ("127.0.0.1", "*")):
            proxies = environment(proxy, NO_PROXY=exempt)
            url = f"http://{host}:{port}/page"
            routes = Routes(AddressRule(MediaOptions(), "http://127.0.0.1"), proxies)
            async with browser(routes, None) as visitor:
                await visitor.visit(Secret(url), Secret(TOKEN))
            assert (await inspect(Secret(url), 5.0, route_to=routes.to)).trouble is None
            async with network(proxies) as net:
                await net.request("GET", url, headers={})

        assert proxy.asked == []
