"""The simulator behind real sockets, used as a browser client of the service would use it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from ravatard.errors import RavatardError
from ravatard.sim.network import SimNetwork
from ravatard.sim.options import FrontOptions, SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.server import SimServer
from tests.unit.sim.caller import ADA, chunks, quiet, tone, wav

pytestmark = pytest.mark.integration

ORIGIN = {"Origin": "https://app.example"}
OPTIONS = SimOptions(think_s=0.05)


class _Browser:
    """A client as a web page is one: it asks before it calls."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.token = ""

    async def log_in(self, user_id: str = "web-user") -> None:
        answer = await self.call("POST", "/jwt", {"user_id": user_id, "project_id": "demo-1"})
        self.token = answer["jwt"]

    async def call(self, method: str, target: str, body: object = None) -> Any:
        headers = ORIGIN | {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        asked = ORIGIN | {
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        async with self.session.options(target, headers=asked) as granted:
            assert granted.status == 204
            assert granted.headers["Access-Control-Allow-Origin"] == "*"
            assert method in granted.headers["Access-Control-Allow-Methods"]
            assert "authorization" in granted.headers["Access-Control-Allow-Headers"]
        async with self.session.request(method, target, json=body, headers=headers) as reply:
            assert reply.headers["Access-Control-Allow-Origin"] == "*"
            return await reply.json()

    def socket(self, *, autoping: bool = True) -> Any:
        return self.session.ws_connect(f"/ws/chat?token={self.token}", headers=ORIGIN, autoping=autoping)


@asynccontextmanager
async def _served(options: SimOptions = OPTIONS) -> AsyncIterator[tuple[SimServer, _Browser]]:
    async with SimServer(options) as server, aiohttp.ClientSession(server.base_url) as session:
        browser = _Browser(session)
        await browser.log_in()
        yield server, browser


async def test_a_browser_holds_a_live_conversation() -> None:
    async with _served() as (server, browser):
        connection = await browser.call("GET", "/connection")
        avatar = next(one for one in connection["avatars_info"] if one["hasLiveMode"])
        common = {
            "avatar_id": avatar["_id"],
            "user_id": "web-user",
            "language": connection["languages"][0]["language_code"],
            "source": "web",
            "isLive": True,
            "session": connection["session"],
        }
        live = await browser.call(
            "POST", "/startLiveSession", {"avatar_id": avatar["_id"], "width": "1280", "height": "720"}
        )
        common["LicenseId"] = live["LicenseId"]
        voice = common | {"chat_type": "voice", "requestType": "audio"}

        async with browser.socket() as ws:
            greeting = await ws.receive_json(timeout=5)
            async with browser.session.get(live["streamingUrl"], params={"token": browser.token}) as reply:
                picture = (reply.status, reply.content_type)
            await ws.send_json(common | {"chat_type": "text", "requestType": "text", "request": "Hello!"})
            written = await ws.receive_json(timeout=5)
            for piece in chunks(tone(1.024) + quiet(0.768)):
                await ws.send_json(voice | {"audio_base64_pcm": base64.b64encode(piece).decode()})
            spoken = await ws.receive_json(timeout=5)
            await ws.send_json(voice | {"file_base64_data": base64.b64encode(wav(2.5)).decode()})
            recorded = await ws.receive_json(timeout=5)
        ended = await browser.call("POST", "/endLiveSession", {"LicenseId": live["LicenseId"]})
        history = await browser.call("GET", "/chat?user_id=web-user&per_page=50&page=1")

        assert greeting["type"] == "connection"
        assert picture == (200, "text/html")
        assert [one["request"] for one in (written, spoken, recorded)] == [
            "Hello!",
            "(speech, 1.0 s)",
            "(speech, 2.5 s)",
        ]
        assert ended == {"status": "success"}
        assert [one["direction"] for one in history["payload"]] == ["outgoing", "incoming"] * 3
        assert bytes(server.record.sessions[0].audio) == tone(1.024) + quiet(0.768)
        assert server.record.open_licences() == []
        assert not server.record.violations


async def test_a_busy_service_answers_in_the_status_and_in_the_body() -> None:
    async with _served(SimOptions(licences=0)) as (_, browser):
        headers = {"Authorization": f"Bearer {browser.token}"}
        body = {"avatar_id": ADA}
        async with browser.session.post("/startLiveSession", json=body, headers=headers) as reply:
            status, answer = reply.status, await reply.json()

    assert status == 503
    assert answer == {"status": 503, "error": "All AI assistants are busy at the moment"}


async def test_a_wrong_token_opens_no_socket() -> None:
    async with _served() as (_, browser):
        browser.token = browser.token[:-1]

        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.socket()

    assert refused.value.status == 403


async def test_a_ping_is_answered() -> None:
    # Without autoping the client shows the pong instead of swallowing it.
    async with _served() as (_, browser), browser.socket(autoping=False) as ws:
        await ws.receive_json(timeout=5)
        await ws.ping(b"are you there")
        pong = await ws.receive(timeout=5)

    assert (pong.type, bytes(pong.data)) == (aiohttp.WSMsgType.PONG, b"are you there")


async def test_a_binary_frame_is_read_as_text() -> None:
    async with _served() as (_, browser), browser.socket() as ws:
        await ws.receive_json(timeout=5)
        await ws.send_bytes(b'{"avatar_id": "nobody"}')
        refused = await ws.receive_json(timeout=5)

    assert refused["message"] == "Message refused: avatar_id 'nobody' is not known"


async def test_a_frame_of_20_megabytes_closes_the_socket_and_nothing_else() -> None:
    async with _served() as (server, browser):
        async with browser.socket() as ws:
            await ws.receive_json(timeout=5)
            try:
                await ws.send_str("x" * 20_000_000)
            except ConnectionError:
                # The service stops reading: how much could be sent before is a matter of buffers.
                pass
            async with asyncio.timeout(5):
                message = await ws.receive()
        again = await browser.call("GET", "/connection")

    assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
    assert server.record.refusals["oversize"] == 1
    assert again["status"] == 200


async def test_a_frame_of_4_megabytes_is_read() -> None:
    async with _served() as (_, browser), browser.socket() as ws:
        await ws.receive_json(timeout=5)
        await ws.send_str("x" * (4 * 1024 * 1024 - 1))
        refused = await ws.receive_json(timeout=5)

    assert refused["message"] == "Message refused: the message is not JSON"


async def test_a_frame_that_is_no_text_is_a_breach() -> None:
    async with _served() as (server, browser), browser.socket() as ws:
        await ws.receive_json(timeout=5)
        await ws.send_frame(b"\xff\xfe", aiohttp.WSMsgType.TEXT)
        message = await ws.receive(timeout=5)

    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1007)
    assert server.record.refusals == {"bad_frame": 1}


async def test_a_body_of_20_megabytes_is_refused() -> None:
    async with (
        _served() as (_, browser),
        browser.session.post("/jwt", data=io.BytesIO(bytes(20_000_000))) as reply,
    ):
        assert reply.status == 413


async def test_a_body_that_never_comes_is_not_waited_for() -> None:
    async with SimServer(front=FrontOptions(body_s=0.05)) as server, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"POST /jwt HTTP/1.1\r\nHost: sim\r\nContent-Length: 100\r\n\r\n{")
        status = await reader.readline()
        writer.close()
        await writer.wait_closed()

    assert status.startswith(b"HTTP/1.1 408 ")


async def test_what_is_no_request_is_refused() -> None:
    async with SimServer() as server, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"nonsense\r\n\r\n")
        status = await reader.readline()
        writer.close()
        await writer.wait_closed()

    assert status.startswith(b"HTTP/1.0 400 ")


async def test_a_client_that_does_not_read_holds_nobody_up() -> None:
    cloud = SimCloud(OPTIONS)
    async with (
        SimServer(cloud=cloud, front=FrontOptions(send_s=0.05)) as server,
        aiohttp.ClientSession(server.base_url) as session,
        asyncio.timeout(10),
    ):
        browser = _Browser(session)
        await browser.log_in()
        reader, writer = await asyncio.open_connection(server.host, server.port, limit=1_024)
        writer.write(
            f"GET /ws/chat?token={browser.token} HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
        )
        status = await reader.readline()
        for _ in range(40):
            cloud.say("x" * 1_000_000, asyncio.get_running_loop().time())
        await asyncio.sleep(0.2)

        answer = await browser.call("GET", "/connection")
        writer.transport.abort()

    assert status.startswith(b"HTTP/1.1 101 ")
    assert answer["status"] == 200


async def test_a_socket_whose_client_is_gone_is_forgotten() -> None:
    async with _served() as (server, browser):
        ws = await browser.socket()
        await ws.receive_json(timeout=5)
        server.drop_sockets()
        message = await ws.receive(timeout=5)

    # The server's end waits for every handler.
    assert message.type is aiohttp.WSMsgType.CLOSED
    assert server.record.counts["lines_closed"] == 1


async def test_the_service_may_hang_up() -> None:
    async with _served() as (server, browser), browser.socket() as ws:
        await ws.receive_json(timeout=5)
        server.cloud.hang_up(4403, "token", asyncio.get_running_loop().time())
        message = await ws.receive(timeout=5)

    assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 4403, "token")


async def test_it_stops_within_a_second_although_sockets_are_open_that_do_not_answer() -> None:
    loop = asyncio.get_running_loop()
    async with SimServer(OPTIONS) as server, aiohttp.ClientSession(server.base_url) as session:
        browser = _Browser(session)
        await browser.log_in()
        sockets = [await browser.socket() for _ in range(5)]
        began = loop.time()

        await server.__aexit__(None, None, None)

        assert loop.time() - began < 1.0
        for ws in sockets:
            await ws.close()


async def test_a_restarted_service_refuses_the_tokens_of_before() -> None:
    async with _served() as (_, browser):
        old = browser.token
    async with _served() as (_, browser):
        browser.token = old
        answer = await browser.call("GET", "/connection")

    assert answer["status"] == 403


async def test_a_port_that_is_taken_is_told_with_the_remedy() -> None:
    async with SimServer() as server:
        with pytest.raises(RavatardError, match=rf"port {server.port} of 127.0.0.1 is taken .* --port"):
            await SimServer(port=server.port).__aenter__()


async def test_an_address_that_is_not_ours_is_told_with_the_remedy() -> None:
    with pytest.raises(RavatardError, match=r"cannot listen on 192\.0\.2\.1 port 0: .* --host"):
        await SimServer(host="192.0.2.1").__aenter__()


async def test_memory_and_sockets_answer_the_same_bytes() -> None:
    targets = [
        ("POST", "/jwt", b'{"user_id": "a b"}'),
        ("POST", "/jwt", b"{"),
        ("GET", "/connection", None),
        ("GET", "/chat?user_id=twin&page=%31", None),
        ("POST", "/startLiveSession", b'{"avatar_id": "avatar-ada-001", "width": 7}'),
        ("POST", "/endLiveSession", b'{"LicenseId": "x"}'),
        ("GET", "/a%20b?x=1", None),
        ("PUT", "/jwt", b"x" * 70_000),
        ("OPTIONS", "/jwt", None),
    ]
    async with SimServer(OPTIONS) as server, aiohttp.ClientSession(server.base_url) as session:
        cloud = SimCloud(OPTIONS)
        network = SimNetwork(cloud)
        browser = _Browser(session)
        await browser.log_in("twin")
        body = await network.request("POST", "http://sim/jwt", headers={}, body=b'{"user_id": "twin"}')
        tokens = (browser.token, json.loads(body.body)["jwt"])
        for method, target, sent in targets:
            real, memory = ({"Authorization": f"Bearer {token}"} for token in tokens)
            async with session.request(method, target, data=sent, headers=real) as over_sockets:
                over_sockets_body = await over_sockets.read()
            in_memory = await network.request(method, f"http://sim{target}", headers=memory, body=sent)

            assert (over_sockets.status, over_sockets_body) == (in_memory.status, in_memory.body), target


# ------------------------------------------------------------------ the command


@asynccontextmanager
async def _command(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ravatard", "simulate", *words, stdout=-1, stderr=-1, env=os.environ
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_serves_until_it_is_stopped(number: signal.Signals) -> None:
    async with asyncio.timeout(20), _command("--port", "0", "--licences", "7") as process:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        found = re.search(r"at (http://127\.0\.0\.1:\d+); watch it at \1/sim/", line)
        assert found is not None
        async with aiohttp.ClientSession(found[1]) as session, session.get("/sim/state") as reply:
            state = await reply.json()

        process.send_signal(number)
        _, errors = await process.communicate()

    assert state["licences"]["total"] == 7
    assert (process.returncode, errors) == (0, b"")


async def test_the_command_tells_of_a_taken_port_and_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with asyncio.timeout(20), _command("--port", str(port)) as process:
            out, errors = await process.communicate()

    assert (process.returncode, out) == (1, b"")
    assert errors.decode().startswith(f"ravatard: port {port} of 127.0.0.1 is taken")
    assert errors.count(b"\n") == 1
