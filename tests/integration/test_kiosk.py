"""The kiosk on real sockets: who gets in, what a page is told and tells; and the unit of its browser."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ravatard.core.indication import Indication, Look, Show
from ravatard.ports.network import AddressRefused, Route
from ravatard.secret import Secret
from ravatard.stages.display import OnDisplay
from ravatard.web.kiosk.admission import MOST_CONNECTIONS, REQUEST_S
from ravatard.web.kiosk.inspection import inspect
from ravatard.web.kiosk.kiosk import MOST_PAGES, Kiosk
from ravatard.web.kiosk.options import KioskOptions
from ravatard.web.kiosk.page_state import PageState
from ravatard.web.kiosk.peer_user import _ask, _look_up, uid_of
from tests.integration.kiosk_rig import TOKEN, serving, streaming
from tests.integration.program import until

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


# ---------------------------------------------------------------------- the door


async def test_every_reply_is_strict_and_holds_no_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with streaming() as streamer, serving() as served, aiohttp.ClientSession() as session:
        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))
        await until(lambda: served.inspected, "the page was looked at")
        async with served.page(session) as page:
            await assert_told(page, lambda state: "address" in (state["picture"] or {}))
            for path in ("/", "/kiosk.css", "/kiosk.js", "/nothing", "/state"):
                async with session.get(served.base + path) as reply:
                    text = await reply.text()
                    headers = reply.headers

                assert "planted" not in f"{text} {headers}"
                assert headers["Cache-Control"] == "no-store"
                assert headers["Server"] == "ravatard"
                assert headers["Referrer-Policy"] == "no-referrer"
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert headers["X-Frame-Options"] == "DENY"
                assert "microphone=()" in headers["Permissions-Policy"]
                assert "Access-Control-Allow-Origin" not in headers
            async with session.get(served.base) as reply:
                assert f"frame-src {streamer.base};" in reply.headers["Content-Security-Policy"]
                assert f'data-origins="{streamer.base}"' in await reply.text()

    assert "planted" not in caplog.text


async def assert_told(page: Any, condition: Callable[[Any], bool]) -> Any:
    """The first message for which ``condition`` holds."""
    async with asyncio.timeout(10):
        while True:
            state = json.loads((await page.receive()).data)
            if condition(state):
                return state


@pytest.mark.parametrize("host", ["evil.example", "192.168.0.5", "localhost.evil.example", "a@localhost", ""])
async def test_a_name_that_is_not_this_machines_gets_nothing(host: str) -> None:
    async with serving() as served, aiohttp.ClientSession() as session:
        for path in ("/", "/state"):
            async with session.get(served.base + path, headers={"Host": host}) as reply:
                assert reply.status in (400, 421)
                assert "kiosk" not in await reply.text()


async def test_the_page_is_reached_by_every_name_of_this_machine() -> None:
    async with serving() as served, aiohttp.ClientSession() as session:
        for name in ("127.0.0.1", "localhost", "[::1]"):
            async with session.get(served.base, headers={"Host": f"{name}:{served.kiosk.port}"}) as reply:
                assert reply.status == 200


async def test_nobody_listens_beyond_loopback() -> None:
    async with serving() as served:
        port = served.kiosk.port
        assert port is not None
        with socket.socket() as other:
            other.bind(("127.0.0.2", port))  # fails where all addresses are listened on


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "http://localhost:{port}"]
)
async def test_only_the_page_itself_is_told_the_state(origin: str | None) -> None:
    async with serving() as served, aiohttp.ClientSession() as session:
        headers = {} if origin is None else {"Origin": origin.format(port=served.kiosk.port)}

        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with session.ws_connect(f"{served.base}/state", headers=headers):
                pass

        assert refused.value.status == 403
        assert served.kiosk.screen is PageState.AWAY


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_the_page_can_only_be_looked_at(method: str) -> None:
    async with serving() as served, aiohttp.ClientSession() as session:
        async with session.request(method, served.base, data=b"x" * 10) as reply:
            assert reply.status == 405


async def test_pages_are_bounded_and_leaving_makes_room() -> None:
    async with serving() as served, aiohttp.ClientSession() as session:
        async with AsyncExitStack() as pages:
            for _ in range(MOST_PAGES):
                await pages.enter_async_context(served.page(session))
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await pages.enter_async_context(served.page(session))
        await served.shows(PageState.AWAY)

        async with served.page(session) as page:
            assert await assert_told(page, lambda state: state["look"] == "starting")


async def test_connections_are_bounded() -> None:
    async with serving() as served, AsyncExitStack() as held:
        for _ in range(MOST_CONNECTIONS):
            _reader, writer = await asyncio.open_connection("127.0.0.1", served.kiosk.port)
            held.callback(writer.close)

        reader, writer = await asyncio.open_connection("127.0.0.1", served.kiosk.port)
        held.callback(writer.close)
        async with asyncio.timeout(5):
            assert await reader.read() == b""


@contextmanager
def as_user(uid: int) -> Iterator[None]:
    """A socket belongs to the user who makes it."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def stranger_to(host: str, port: int | None, uid: int = 4711) -> socket.socket:
    with as_user(uid):
        made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.connect((host, port))
    made.setblocking(False)
    return made


async def asked(connection: socket.socket, request: str) -> str:
    """All that comes back for one request, until the connection ends or nothing more comes."""
    loop = asyncio.get_running_loop()
    received = b""
    with suppress(TimeoutError, ConnectionError):
        await loop.sock_sendall(connection, request.encode())
        async with asyncio.timeout(3):
            while piece := await loop.sock_recv(connection, 65_536):
                received += piece
    return received.decode(errors="replace")


UPGRADE = (
    "GET /state HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)
by_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")


@by_root
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("path", ["/state", "/", "/kiosk.js"])
async def test_another_user_of_the_machine_gets_nothing(host: str, path: str) -> None:
    async with streaming() as streamer, serving() as served:
        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))
        await until(lambda: served.inspected, "the page was looked at")
        with stranger_to(host, served.kiosk.port) as stranger:
            request = UPGRADE.format(host=f"127.0.0.1:{served.kiosk.port}").replace("/state", path)
            reply = await asked(stranger, request)

        assert reply.startswith("HTTP/1.1 403 ")
        assert "kiosk.users" in reply
        assert "planted" not in reply
        assert streamer.base not in reply
        assert served.screens == []


@by_root
async def test_a_user_who_is_named_gets_in() -> None:
    async with serving(users=("nobody", "no-such-user")) as served:
        nobody = pwd.getpwnam("nobody").pw_uid
        with stranger_to("127.0.0.1", served.kiosk.port, nobody) as connection:
            reply = await asked(connection, UPGRADE.format(host=f"127.0.0.1:{served.kiosk.port}"))

        assert reply.startswith("HTTP/1.1 101 ")


@by_root
@pytest.mark.parametrize("users", [1, 3])
async def test_no_crowd_of_silent_connections_closes_the_page_to_its_user(users: int) -> None:
    async with serving() as served, aiohttp.ClientSession() as session, AsyncExitStack() as held:
        for number in range(MOST_CONNECTIONS + 10):
            held.enter_context(stranger_to("127.0.0.1", served.kiosk.port, 4711 + number % users))
        async with asyncio.timeout(2), served.page(session) as page:
            await assert_told(page, lambda state: state["look"] == "starting")


@pytest.mark.parametrize("begun", ["", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", "\r\n"])
async def test_a_connection_without_a_request_is_closed(begun: str) -> None:
    async with serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.kiosk.port)
        writer.write(begun.encode())
        since = asyncio.get_running_loop().time()
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                assert await reader.read() == b""
        writer.close()

        assert asyncio.get_running_loop().time() - since < REQUEST_S + 2


@by_root
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_owner_of_a_socket_is_found_until_it_is_closed(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        client = stranger_to(host, server.getsockname()[1])
        accepted, address = server.accept()
        with accepted:
            ends = address[:2], server.getsockname()[:2]
            found = [uid_of(*ends), _ask(*ends), _look_up(*ends)]
            client.close()
            # The kernel shows root as the owner of a socket that is closed and has not ended yet.
            closed = [uid_of(*ends), _ask(*ends), _look_up(*ends)]

    assert found == [4711, 4711, 4711]
    assert closed == [None, None, None]


async def test_a_taken_port_is_told_and_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    kiosk = Kiosk(KioskOptions(enabled=True, port=port))
    async with asyncio.TaskGroup() as group:
        serve = group.create_task(kiosk.serve(), name="kiosk")
        await until(lambda: f"port {port} cannot be had" in caplog.text, "it is told")
        faults = kiosk.faults
        taken.close()
        await until(lambda: kiosk.port == port, "it is served in the end")
        serve.cancel()

    assert kiosk.port is None
    assert (len(faults), kiosk.faults) == (1, ())
    assert f"no page for the display: port {port} cannot be had" in faults[0]
    assert caplog.text.count("cannot be had") == 1


async def test_stopping_closes_every_page_at_once() -> None:
    async with aiohttp.ClientSession() as session, AsyncExitStack() as pages:
        async with serving() as served:
            page = await pages.enter_async_context(served.page(session))
            await assert_told(page, lambda state: True)
            stopped_at = asyncio.get_running_loop().time()

        assert asyncio.get_running_loop().time() - stopped_at < 2
        assert served.kiosk.screen is PageState.AWAY


# ---------------------------------------------------------------------- what a page says and hears


async def test_a_page_hears_the_newest_of_what_the_hub_shows() -> None:
    async with serving() as served, aiohttp.ClientSession() as session, served.page(session) as page:
        onlooker = OnDisplay(served.kiosk)

        onlooker.on_action(Show(Indication(Look.LISTENING, "listening")), 0.0)
        onlooker.on_action(object(), 0.0)

        state = await assert_told(page, lambda state: state["look"] == "listening")
        assert state["word"] == "Listening"


async def test_what_a_page_says_of_its_frame_is_reported_and_its_end_is_noticed() -> None:
    async with streaming() as streamer, serving() as served, aiohttp.ClientSession() as session:
        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))
        async with served.page(session) as page:
            state = await assert_told(page, lambda state: "address" in (state["picture"] or {}))
            for nonsense in ("", "{", '{"picture":"away"}', '{"picture":"playing","frame":"another"}'):
                await page.send_str(nonsense)
            await page.send_json({"picture": "playing", "frame": state["picture"]["frame"]})
            await served.shows(PageState.PLAYING)
            served.kiosk.stage(None, None)
            assert served.kiosk.screen is PageState.EMPTY
            page._response.connection.transport.abort()
            await served.shows(PageState.AWAY)

    assert served.screens == [PageState.LOADING, PageState.PLAYING, PageState.EMPTY, PageState.AWAY]


async def test_a_page_that_writes_too_much_is_sent_away_and_no_other() -> None:
    async with serving() as served, aiohttp.ClientSession() as session:
        async with served.page(session) as loud, served.page(session) as quiet:
            await loud.send_str("x" * 5_000)
            async with asyncio.timeout(5):
                while (await loud.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
            served.kiosk.show(Indication(Look.READY, "ready"))

            await assert_told(quiet, lambda state: state["look"] == "ready")


async def test_the_picture_goes_to_the_newest_page_and_back() -> None:
    async with streaming() as streamer, serving() as served, aiohttp.ClientSession() as session:
        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))
        async with served.page(session) as first:
            await assert_told(first, lambda state: "address" in state["picture"])
            async with served.page(session) as second:
                await assert_told(second, lambda state: "address" in state["picture"])
                await assert_told(first, lambda state: "address" not in state["picture"])
            await assert_told(first, lambda state: "address" in state["picture"])


async def test_a_page_behind_a_proxy_with_tls_is_told_why_a_stream_without_is_not_shown() -> None:
    async with serving(check_page=False) as served, aiohttp.ClientSession() as session:
        served.kiosk.stage(Secret("http://stream.example/"), Secret(TOKEN))
        headers = {"Origin": "https://localhost:8443", "Host": "localhost:8443"}

        async with session.ws_connect(f"{served.base}/state", headers=headers) as page:
            state = await assert_told(page, lambda state: True)

    assert "over https" in state["picture"]["detail"]
    assert "address" not in state["picture"]


# ---------------------------------------------------------------------- looking at the streaming page


@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        ("/s", None),
        ("/there", None),
        ("/deny", None),
        ("/403", "refuses the token"),
        ("/404", "answers 404"),
        ("/502", "answers 502"),
        ("/loop", "redirects"),
        ("/mail", "neither http nor https"),
        ("/hang", "no answer within 0.3 s"),
    ],
)
async def test_a_streaming_page_is_looked_at(path: str, trouble: str | None) -> None:
    async with streaming() as streamer:
        found = await inspect(Secret(f"{streamer.base}{path}?token={TOKEN}"), 0.3)

    assert str(found.origins[0]) == streamer.base
    assert (found.trouble is None) if trouble is None else (trouble in (found.trouble or ""))
    assert "planted" not in repr(found)
    assert found.framing.options == (("DENY",) if path == "/deny" else ())


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://name.invalid/", "http://127.0.0.1:1/%zz ü\n"])
async def test_a_streaming_page_that_cannot_be_had_is_told_without_its_address(url: str) -> None:
    found = await inspect(Secret(f"{url}?token={TOKEN}"), 5.0)

    assert found.trouble is not None
    assert "Trying again" in found.trouble
    assert "planted" not in repr(found)


async def refused(_url: str) -> Route:
    raise AddressRefused("this machine; see media.private_addresses")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_a_page_where_the_service_may_not_lead_us_is_not_looked_at(name: str) -> None:
    async with streaming() as streamer:
        url = streamer.base.replace("127.0.0.1", name)
        found = await inspect(Secret(f"{url}/s?token={TOKEN}"), 5.0, route_to=refused)

    assert "media.private_addresses" in (found.trouble or "")


async def test_trouble_is_looked_at_at_once_with_a_new_token(caplog: pytest.LogCaptureFixture) -> None:
    async with streaming() as streamer, serving() as served, aiohttp.ClientSession() as session:
        url = Secret(f"{streamer.base}/403")
        async with served.page(session) as page:
            served.kiosk.stage(url, Secret("old"))
            await assert_told(
                page, lambda state: "refuses the token" in (state["picture"] or {}).get("detail", "")
            )
            served.kiosk.stage(url, Secret("new"))
            await until(lambda: len(served.inspected) == 2, "it is looked at with the new token", 1.5)

    assert caplog.text.count("no picture") == 1


async def test_a_page_that_hangs_does_not_hold_up_the_next_session() -> None:
    async with streaming() as streamer, serving() as served, aiohttp.ClientSession() as session:
        async with served.page(session) as page:
            served.kiosk.stage(Secret(f"{streamer.base}/hang"), Secret(TOKEN))
            await until(lambda: served.inspected, "it is being looked at")
            served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))

            async with asyncio.timeout(2):
                await assert_told(page, lambda state: "address" in (state["picture"] or {}))


# ---------------------------------------------------------------------- around it


def test_an_appliance_without_a_display_does_not_pay_for_the_page() -> None:
    code = "import sys, ravatard.web.kiosk.kiosk; sys.exit('aiohttp' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_browsers_unit_is_one_systemd_understands(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = (ROOT / "systemd" / "ravatard-kiosk.service").read_text()
    # cage need not be installed where the tests run.
    (tmp_path / "ravatard-kiosk.service").write_text(unit.replace("/usr/bin/cage", "/bin/true"))
    (tmp_path / "ravatard.service").write_text("[Service]\nExecStart=/bin/true\n")

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "ravatard-kiosk.service")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (checked.returncode, checked.stderr) == (0, "")
    assert str(KioskOptions().port) in unit


# ---------------------------------------------------------------------- a browser that is heard


def _report(frame: str, *, sounding: bool) -> str:
    return json.dumps({"picture": "playing", "frame": frame, "sounding": sounding})


async def test_a_page_that_is_heard_is_told_and_one_that_closes_is_silent() -> None:
    async with streaming() as streamer, serving(sound="browser") as served:
        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))
        async with aiohttp.ClientSession() as session, served.page(session) as page:
            told = await assert_told(page, lambda state: "address" in (state["picture"] or {}))
            frame = told["picture"]["frame"]
            await page.send_str(_report(frame, sounding=True))
            await until(lambda: served.sounds == [True], "it is heard")
            await page.send_str(_report(frame, sounding=False))
            await page.send_str(_report(frame, sounding=True))
            await until(lambda: served.sounds[-1:] == [True], "it is heard again")

        await until(lambda: served.sounds[-1:] == [False], "it is silent")


@pytest.mark.parametrize("sound", ["daemon", "browser"])
async def test_another_frames_sound_and_that_of_a_muted_page_count_for_nothing(sound: str) -> None:
    async with streaming() as streamer, serving(sound=sound) as served, aiohttp.ClientSession() as session:
        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))
        async with served.page(session) as page:
            told = await assert_told(page, lambda state: "address" in (state["picture"] or {}))
            frame = told["picture"]["frame"] if sound == "daemon" else "another"
            await page.send_str(_report(frame, sounding=True))
            await page.send_str(json.dumps({"picture": "silent", "frame": told["picture"]["frame"]}))
            await served.shows(PageState.SILENT)

    assert served.sounds == []
