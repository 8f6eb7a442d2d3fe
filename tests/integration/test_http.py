"""The real network, on real sockets: what comes through, what is refused, and what errors never say."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

from ravatard.cloud.http import MESSAGE_LIMIT_BYTES, AiohttpNetwork
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.proxy import Proxies
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.cloud.reply_stream import BODY_LIMIT_BYTES
from ravatard.errors import LinkError
from ravatard.ports.network import BrokenReply, Socket, SocketClosed, UpgradeRefused
from ravatard.secret import Secret
from ravatard.sim.bad_certificate import make_certificate
from tests.assertions import assert_no_complaint
from tests.integration.simulate import simulate

pytestmark = pytest.mark.integration

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TOKEN = "eyJ.secret.token"


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server on a free port that answers everything with ``handler``; gives its host and port."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def network(ping_s: float = 5.0) -> AsyncIterator[AiohttpNetwork]:
    net = AiohttpNetwork(ping_s=ping_s)
    try:
        async with asyncio.timeout(30.0):
            yield net
    finally:
        await net.close()


async def echo(request: web.Request) -> web.StreamResponse:
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    return socket


async def test_a_request_brings_body_headers_and_status_both_ways() -> None:
    seen: list[tuple[str, str, bytes, str]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append((request.method, request.path, await request.read(), request.headers["Authorization"]))
        return web.Response(status=503, text="later", headers={"Retry-After": "7"})

    async with serving(handler) as host, network() as net:
        reply = await net.request(
            "POST", f"http://{host}/jwt", headers={"Authorization": "Bearer x"}, body=b"{}"
        )

    assert (reply.status, reply.body, reply.retry_after) == (503, b"later", "7")
    assert seen == [("POST", "/jwt", b"{}", "Bearer x")]


async def test_a_redirect_is_told_and_not_followed() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("http://127.0.0.1:1/elsewhere")

    async with serving(handler) as host, network() as net:
        reply = await net.request("GET", f"http://{host}/", headers={})

    assert reply.status == 302


async def test_a_body_without_end_is_refused() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(BODY_LIMIT_BYTES + 1))

    async with serving(handler) as host, network() as net:
        with pytest.raises(OSError, match="larger than"):
            await net.request("GET", f"http://{host}/", headers={})


async def test_nobody_there_is_an_os_error_with_its_cause() -> None:
    async with network() as net:
        with pytest.raises(OSError, match="Connect"):
            await net.request("GET", "http://127.0.0.1:1/", headers={})


async def test_a_server_that_hangs_up_is_an_os_error() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with serving(handler) as host, network() as net:
        with pytest.raises(OSError, match="the other side hung up"):
            await net.request("GET", f"http://{host}/", headers={})


@pytest.mark.parametrize("url", ["http://", "nonsense", "http://127.0.0.1:99999/"])
async def test_a_url_that_is_none_is_an_os_error(url: str) -> None:
    async with network() as net:
        with pytest.raises(OSError, match=r".+"):
            await net.request("GET", url, headers={})
        with pytest.raises(OSError, match=r".+"):
            async with net.socket(url, headers={}):
                pass


async def test_messages_go_both_ways_whole() -> None:
    async with serving(echo) as host, network() as net:
        async with net.socket(f"ws://{host}/ws/chat?token={TOKEN}", headers={}) as socket:
            for text in ("hello", "x" * 1_000_000):
                await socket.send(text)
                assert await socket.receive() == text


async def test_a_refused_upgrade_tells_its_status_and_when_to_come_back() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503, headers={"Retry-After": "9"})

    async with serving(handler) as host, network() as net:
        with pytest.raises(UpgradeRefused) as caught:
            async with net.socket(f"ws://{host}/ws/chat?token={TOKEN}", headers={}):
                pass

    assert (caught.value.status, caught.value.retry_after) == (503, "9")
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("code", [1000, 1001, 1008, 4401])
async def test_a_close_tells_its_code(code: int) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close(code=code, message=b"bye")
        return socket

    async with serving(handler) as host, network() as net:
        async with net.socket(f"ws://{host}/", headers={}) as socket:
            with pytest.raises(SocketClosed) as caught:
                await socket.receive()

    assert caught.value.code == code


async def test_a_connection_that_just_breaks_is_closed_without_good_order() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport is not None
        request.transport.abort()
        return socket

    async with serving(handler) as host, network() as net:
        async with net.socket(f"ws://{host}/", headers={}) as socket:
            with pytest.raises(SocketClosed) as caught:
                await socket.receive()

    assert caught.value.code in (None, 1006)


async def test_a_message_of_20_mb_closes_the_socket_and_not_the_program() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("x" * 20 * 1024 * 1024)
        await socket.receive()
        return socket

    assert MESSAGE_LIMIT_BYTES < 20 * 1024 * 1024
    async with serving(handler) as host, network() as net:
        async with net.socket(f"ws://{host}/", headers={}) as socket:
            with pytest.raises(SocketClosed) as caught:
                await socket.receive()

    assert caught.value.code == 1009
    assert caught.value.by_us


async def test_sending_on_a_closed_socket_is_an_os_error() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close()
        return socket

    async with serving(handler) as host, network() as net:
        async with net.socket(f"ws://{host}/", headers={}) as socket:
            with pytest.raises(SocketClosed):
                await socket.receive()
            with pytest.raises(OSError, match=r".+"):
                await socket.send("hello?")


async def test_a_peer_that_answers_no_ping_is_found() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        while (await socket.receive()).type is not WSMsgType.CLOSED:
            pass
        return socket

    async with serving(handler) as host, network(ping_s=0.2) as net:
        async with net.socket(f"ws://{host}/", headers={}) as socket:
            with pytest.raises(SocketClosed):
                await socket.receive()


async def test_no_error_shows_the_token_in_the_url() -> None:
    async with network() as net:
        for url in (f"ws://127.0.0.1:1/ws/chat?token={TOKEN}", f"ws://no host/?token={TOKEN}"):
            with pytest.raises(OSError, match=r".+") as caught:
                async with net.socket(url, headers={}):
                    pass
            assert TOKEN not in str(caught.value)
            assert caught.value.__cause__ is None


async def test_closing_twice_is_closing_once() -> None:
    net = AiohttpNetwork(ping_s=5.0)

    with assert_no_complaint():
        await net.close()
        await net.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with the openssl command")
@pytest.mark.parametrize(
    ("kind", "trusted", "host", "told"),
    [
        ("not-yet-valid", True, "127.0.0.1", "is not yet valid: this machine's clock says 20"),
        ("expired", True, "127.0.0.1", "has expired"),
        ("self-signed", False, "127.0.0.1", "signed by itself"),
        ("self-signed", True, "127.0.0.2", "made for another host"),
        ("self-signed", True, "127.0.0.1", ""),
    ],
)
async def test_what_is_wrong_with_a_certificate_is_told_by_name_and_without_the_token(
    kind: str, trusted: bool, host: str, told: str, tmp_path: Path
) -> None:
    night, pem = tmp_path / "night.yaml", tmp_path / "certificate.pem"
    # Such a listener is good at other times: its dates are wrong now, its name and signer always.
    when = "{after_s: 1000}" if kind == "self-signed" else "{}"
    night.write_text(f"[{{do: {{tls: {{certificate: {kind}}}}}, when: {when}}}]")
    words = ("--host", host, "--faults", str(night), "--write-certificate", str(pem))
    async with simulate(*words) as simulator:
        net = AiohttpNetwork(ping_s=5.0, tls=ssl.create_default_context(cafile=str(pem) if trusted else None))
        url = f"{simulator.base_url.replace('https', 'wss')}/ws/chat?token={TOKEN}"
        with pytest.raises((OSError, UpgradeRefused)) as caught:
            async with net.socket(url, headers={}):
                pass
        said = await _why_not(simulator.base_url, net)

    assert isinstance(caught.value, ssl.SSLCertVerificationError) == bool(told)
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None
    assert said.startswith(f"the certificate of {host}:" if told else "")
    assert told in said
    assert "://" not in said


async def _why_not(base_url: str, net: AiohttpNetwork) -> str:
    """Why there is no connection; "" when there is one."""
    service = ServiceOptions(base_url=base_url, project_id=Secret("proj-1"))
    cloud = RavatarCloud(
        CloudOptions(service=service),
        CloudResources(network=net, user_id="kiosk-1", chance=lambda: 0.5),
    )
    async with cloud.opened():
        try:
            async with cloud.connect():
                return ""
        except LinkError as error:
            return str(error)


async def test_requests_go_through_the_proxy_and_its_refusal_names_it() -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers["Host"])
        return web.Response(text="through", status=200)

    async with serving(handler) as host:
        net = AiohttpNetwork(ping_s=5.0, proxies=Proxies(f"http://{host}", {}))
        try:
            reply = await net.request("GET", "http://service.example/jwt", headers={})
            # A proxy that answers CONNECT like a page opens no tunnel.
            with pytest.raises(OSError, match=r"."):
                await net.request("GET", "https://service.example/jwt", headers={})
        finally:
            await net.close()

    assert (reply.body, asked[0]) == (b"through", "service.example")


async def test_a_proxy_that_is_not_there_is_named() -> None:
    net = AiohttpNetwork(ping_s=5.0, proxies=Proxies("http://127.0.0.1:1", {}))
    try:
        with pytest.raises(OSError, match=r"the proxy http 127\.0\.0\.1:1 \(service\.proxy\)"):
            await net.request("GET", "http://service.example/jwt", headers={})
    finally:
        await net.close()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "x-gzip", "aws-chunked", "none"])
async def test_a_packed_reply_is_unpacked_within_the_limit(coding: str) -> None:
    def packed(body: bytes) -> bytes:
        if coding == "deflate":
            return zlib.compress(body)
        return gzip.compress(body) if "gzip" in coding else body

    async def handler(request: web.Request) -> web.StreamResponse:
        size = 100 * BODY_LIMIT_BYTES if "large" in request.path else 9
        return web.Response(body=packed(bytes(size)), headers={"Content-Encoding": coding})

    async with serving(handler) as host, network() as net:
        assert (await net.request("GET", f"http://{host}/", headers={})).body == bytes(9)
        with pytest.raises(BrokenReply, match="larger than"):
            await net.request("GET", f"http://{host}/large", headers={})


async def test_the_beginning_of_a_reply_that_breaks_off_is_kept() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "999"})
        await response.prepare(request)
        await response.write(b'{"LicenseId": "lic-1"')
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving(handler) as host, network() as net:
        with pytest.raises(BrokenReply) as caught:
            await net.request("GET", f"http://{host}/", headers={})

    assert caught.value.body == b'{"LicenseId": "lic-1"'


async def test_a_byte_of_latin_1_in_a_text_costs_one_character() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_frame(b'{"answer": "Zo\xeb"}', WSMsgType.TEXT)
        await socket.receive()
        return socket

    async with serving(handler) as host, network() as net, net.socket(f"ws://{host}/", headers={}) as socket:
        assert await socket.receive() == '{"answer": "Zoë"}'


FLOODS = {
    "pings": (b"\x89\x00", 150_000),
    "pings with content": (b"\x89\x7d" + bytes(125), 20_000),
    "pongs": (b"\x8a\x00", 150_000),
    "empty texts": (b"\x81\x00", 150_000),
    "empty bytes": (b"\x82\x00", 150_000),
    "fragments": (b"\x01\x00" + b"\x00\x00" * 1_000 + b"\x80\x00", 100),
    "tiny messages": (b"\x81\x02{}", 100_000),
}


@asynccontextmanager
async def lag_probe() -> AsyncIterator[list[float]]:
    """Processor time of the thread in each turn of the loop: other programs do not count."""
    turns: list[float] = []

    async def probe() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            turns.append(time.thread_time() - before)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(probe(), name="probe")
        yield turns
        task.cancel()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_on_the_services_socket_does_not_hold_the_loop(flood: str, encrypted: bool) -> None:
    frame, count = FLOODS[flood]
    if encrypted and shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    made = make_certificate("self-signed") if encrypted else None

    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        data = frame * count
        transport = request.transport
        assert isinstance(transport, asyncio.WriteTransport)
        with suppress(ConnectionError):
            for at in range(0, len(data), 65_536):
                if transport.is_closing():
                    break
                transport.write(data[at : at + 65_536])
                await asyncio.sleep(0)
            await socket.close()
        return socket

    trusted = ssl.create_default_context(cadata=made.pem.decode()) if made else None
    async with serving(handler, made.context if made else None) as host:
        net = AiohttpNetwork(ping_s=5.0, tls=trusted)
        async with asyncio.timeout(60.0), lag_probe() as turns:
            async with net.socket(f"{'wss' if made else 'ws'}://{host}/", headers={}) as socket:
                taken, reason = await _taken_until_the_end(socket)
        await net.close()

    assert ("without end" in reason) == (flood not in ("fragments", "tiny messages"))
    assert taken <= (count if flood in ("fragments", "tiny messages") else 1_100)
    assert sorted(turns)[-3] < 0.05


async def _taken_until_the_end(socket: Socket) -> tuple[int, str]:
    """How many messages were taken, and why it ended."""
    taken = 0
    while True:
        try:
            await socket.receive()
        except SocketClosed as closed:
            return taken, closed.reason
        taken += 1


async def test_pings_at_an_honest_rate_are_answered_each() -> None:
    answered: list[bytes] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        for number in range(200):
            await socket.ping(b"%d" % number)
            message = await socket.receive()
            assert message.type is WSMsgType.PONG
            answered.append(message.data)
        await socket.send_str("all")
        await socket.receive()
        return socket

    async with serving(handler) as host, network() as net:
        async with net.socket(f"ws://{host}/", headers={}) as socket:
            assert await socket.receive() == "all"

    assert answered == [b"%d" % number for number in range(200)]


async def test_the_heartbeat_of_a_service_is_answered_and_ours_goes_on() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=0.2)
        await socket.prepare(request)
        async with asyncio.TaskGroup() as group:
            group.create_task(later(socket))
            await socket.receive()
        return socket

    async def later(socket: web.WebSocketResponse) -> None:
        await asyncio.sleep(1.0)
        await socket.send_str("still here")

    async with serving(handler) as host, network(ping_s=0.2) as net:
        async with net.socket(f"ws://{host}/", headers={}) as socket:
            assert await socket.receive() == "still here"


async def test_a_peer_that_never_stops_does_not_delay_the_end() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        with suppress(ConnectionError):
            while True:
                await socket.send_str("{}")
                await asyncio.sleep(0.01)
        return socket

    async with serving(handler) as host, network() as net:
        async with net.socket(f"ws://{host}/", headers={}) as socket:
            await socket.receive()
            before = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - before < 5.0


async def test_a_reply_is_read_while_it_comes() -> None:
    go_on = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Retry-After": "3"})
        await response.prepare(request)
        await response.write(b"data: 1\n")
        await go_on.wait()
        await response.write(b"data: 2\n")
        return response

    async with (
        serving(handler) as host,
        network() as net,
        net.stream("POST", f"http://{host}/chat", headers={}, body=b"{}") as reply,
    ):
        first = await reply.read()
        go_on.set()
        rest = [await reply.read(), await reply.read()]

    assert (first, rest) == (b"data: 1\n", [b"data: 2\n", b""])
    assert (reply.status, reply.content_type, reply.retry_after) == (200, "text/event-stream", "3")


async def test_a_streamed_reply_that_breaks_off_or_never_comes_is_an_outage() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"data: 1\n")
        assert request.transport is not None
        request.transport.abort()
        return response

    async def whole(net: AiohttpNetwork, url: str) -> None:
        async with net.stream("GET", url, headers={}) as reply:
            while await reply.read():
                continue

    async with serving(handler) as host, network() as net:
        with pytest.raises(OSError, match=r"ClientPayloadError|reset"):
            await whole(net, f"http://{host}/")
        with pytest.raises(OSError, match="Connect call failed") as refused:
            await whole(net, "http://127.0.0.1:9/?token=secret")
    assert "secret" not in str(refused.value)
