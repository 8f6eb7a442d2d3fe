"""Bad input for the owner's page, each with its status; and planted secrets, which appear nowhere."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import socket
from itertools import product
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import structs

from ravatard.web.headers import STRICT
from ravatard.web.page.access.record import changing
from ravatard.web.page.api.catalog import ENDPOINTS
from ravatard.web.page.api.endpoints import PREFIX
from ravatard.web.page.live_feed import MOST_OF_ONE, MOST_OF_TOKENS, MOST_PAGES
from ravatard.web.page.options import PageOptions
from ravatard.web.page.server import MOST_UNKNOWN
from tests.integration.page_rig import PASSWORD, ServedPage, serving_page
from tests.integration.program import until

pytestmark = pytest.mark.integration

STATUS, MUTE = f"{PREFIX}/status", f"{PREFIX}/mute"


# ---------------------------------------------------------------------- where a request comes from


HOSTS = ["evil.example", "192.168.0.5", "localhost.evil.example", "a@localhost"]


async def test_a_host_that_is_no_name_of_the_appliance_gets_421(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        for host, path in product(HOSTS, ("/", STATUS, "/healthz")):
            status, body, _ = await served.call("GET", path, headers={"Host": host})

            assert status == 421
            assert body["code"] == "wrong-host"


async def test_every_name_of_the_appliance_opens_the_page(tmp_path: Path) -> None:
    options = PageOptions(listen="loopback", port=0, names=("avatar.example.org",))
    async with serving_page(tmp_path, options, names=frozenset({"raspi", "raspi.local"})) as served:
        for name in ("127.0.0.1", "localhost", "raspi", "RASPI.local", "avatar.example.org", "raspi.local."):
            host = {"Host": f"{name}:{served.page.port}"}

            assert (await served.call("GET", "/", headers=host))[0] == 200


async def test_a_page_of_another_site_changes_nothing(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        asked = len(served.control.asked)
        for headers in [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"},
        ]:
            status, body, _ = await served.call("POST", MUTE, {}, headers)

            assert (status, body["code"]) == (403, "cross-site")
        assert len(served.control.asked) == asked


async def test_an_old_browser_on_another_site_changes_nothing(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
            headers = {"Origin": origin}
            async with served.session.post(f"{served.base}{MUTE}", json={}, headers=headers) as reply:
                assert reply.status == 403
        async with served.session.post(f"{served.base}{MUTE}", json={}) as reply:
            # A program sends neither header.
            assert reply.status == 200


async def test_no_reply_lets_another_site_read_it(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        for path in ("/", "/nothing", STATUS, "/healthz", f"{PREFIX}/nothing", MUTE):
            _, _, headers = await served.call("GET", path)

            assert "Access-Control-Allow-Origin" not in headers
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "default-src 'none'; script-src 'self'" in headers["Content-Security-Policy"]
            assert "aiohttp" not in headers["Server"]


async def test_only_the_page_itself_opens_its_socket(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        for origin in (None, "null", "http://evil.example", "http://127.0.0.1:1"):
            headers = {} if origin is None else {"Origin": origin}

            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with served.session.ws_connect(f"{served.base}{PREFIX}/live", headers=headers):
                    pass

            assert refused.value.status == 403


# ---------------------------------------------------------------------- bodies


BAD_BODIES = [
    ("application/x-www-form-urlencoded", b"percent=3", 415),
    ("text/plain", b"{}", 415),
    ("multipart/form-data; boundary=x", b"--x--", 415),
    ("application/json", b"", 400),
    ("application/json", b"{", 400),
    ("application/json", b"[]", 400),
    ("application/json", b"[" * 60_000, 400),
    ("application/json", b'{"percent": 1e999}', 400),
    ("application/json", b'{"percent": 30.5}', 400),
    ("application/json", b'{"percent": 101}', 400),
    ("application/json", b'{"percent": true}', 400),
    ("application/json", b"{}", 400),
    ("application/json", b'{"percent": 1, "by": 2}', 400),
    ("application/json", b'{"percent": 1, "planted": 2}', 400),
    ("application/json", b'{"percent": 1' + b" " * 65_536 + b"}", 413),
    ("application/json", b'\xff\xfe{"percent": 1}', 400),
]


async def test_a_bad_body_is_refused(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        for content_type, body, status in BAD_BODIES:
            headers = {"Content-Type": content_type}

            found = await served.call("POST", f"{PREFIX}/volume", headers=headers, data=body)

            assert found[0] == status, body[:40]
        assert all(asked["do"] != "volume" for asked in served.control.asked)


async def test_a_compressed_body_is_not_unpacked(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

        found = await served.call("POST", f"{PREFIX}/volume", headers=headers, data=b"x")

        assert found[0] in (400, 415)


async def test_a_bad_query_is_refused(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        for query in ["?after=x", "?after=-1", "?after=1&after=2", "?token=abc", "?after=" + "9" * 40]:
            assert (await served.call("GET", f"{PREFIX}/log{query}"))[0] == 400, query


async def test_wrong_addresses_and_methods_are_refused(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        for path in ("/../etc/passwd", "/static/index.html", f"{PREFIX}/", f"{PREFIX}/tokens/", "//", "/%00"):
            assert (await served.call("GET", path))[0] in (400, 404)
        status, _, headers = await served.call("PUT", MUTE, {})
        assert (status, headers["Allow"]) == (405, "POST")
        assert (await served.call("DELETE", f"{PREFIX}/tokens/{'0' * 16}"))[0] == 404
        assert (await served.call("DELETE", f"{PREFIX}/sessions/{'0' * 16}"))[0] == 404


# ---------------------------------------------------------------------- log-ins


async def test_guessing_is_slowed_down_and_the_right_password_waits_too(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        found = [
            await served.call("POST", f"{PREFIX}/session", {"password": f"guess {at:04}"}) for at in range(40)
        ]
        last = await served.call("POST", f"{PREFIX}/session", {"password": PASSWORD})

        assert [status for status, _, _ in found[:3]] == [401, 401, 401]
        assert sum(status == 401 for status, _, _ in found) < 10
        status, body, headers = last
        assert (status, body["code"]) == (429, "too-many-attempts")
        assert int(headers["Retry-After"]) == body["retry_after_s"] >= 1
        # Who is in stays in.
        assert (await served.call("GET", STATUS))[0] == 200


async def test_many_log_ins_at_once_are_refused_at_once(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served, asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(served.call("POST", f"{PREFIX}/session", {"password": f"guess {at:04}"}))
            for at in range(MOST_UNKNOWN - 2)
        ]

    statuses = [task.result()[0] for task in tasks]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= 4


async def test_a_password_of_a_wrong_form_is_refused(tmp_path: Path) -> None:
    async with serving_page(tmp_path) as served:
        code = served.set_code()
        for password in ("short", "x" * 201, "", None, 12345678):
            found = await served.call("POST", f"{PREFIX}/claim", {"code": code, "password": password})

            assert found[0] == 400
        assert not served.page._vault.claimed


async def test_three_wrong_codes_end_the_claim(tmp_path: Path) -> None:
    async with serving_page(tmp_path) as served:
        code = served.set_code()
        wrong = f"{(int(code) + 1) % 1_000_000:06}"

        for _ in range(3):
            body = {"code": wrong, "password": PASSWORD}
            assert (await served.call("POST", f"{PREFIX}/claim", body))[0] == 401
        status, _, _ = await served.call("POST", f"{PREFIX}/claim", {"code": code, "password": PASSWORD})

        assert status in (401, 429)
        assert served.page._vault.record.code is None


async def test_a_claimed_appliance_cannot_be_claimed_again(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        body = {"code": "123456", "password": "another password"}

        assert (await served.call("POST", f"{PREFIX}/claim", body))[0] == 409
        assert (await served.call("POST", f"{PREFIX}/claim/wait", {}))[0] == 409


@pytest.mark.parametrize(
    "content",
    [
        b'{"version": 1, "password"',
        b'{"version": 1, "password": {"salt": "00", "digest": "%s", "cost": 15}}' % (b"11" * 32),
    ],
)
async def test_a_damaged_file_of_passwords_lets_no_caller_in_and_none_claim(
    tmp_path: Path, content: bytes
) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        (tmp_path / "page-access.json").write_bytes(content)

        assert (await served.call("GET", STATUS))[0] == 503
        assert (await served.call("GET", f"{PREFIX}/session"))[1]["claimed"]
        body = {"code": "123456", "password": PASSWORD}
        assert (await served.call("POST", f"{PREFIX}/claim", body))[0] == 409
        assert (await served.call("POST", f"{PREFIX}/session", {"password": PASSWORD}))[0] == 503
        assert any("passwords cannot be read" in fault for fault in served.page.faults)


@pytest.mark.parametrize("address", ["session", "sessions", "password"])
async def test_on_a_full_disk_a_session_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with serving_page(tmp_path, logged_in=True) as served:
        monkeypatch.setattr("ravatard.host.page.access_file.replace_state", full)
        new = {"current": PASSWORD, "password": f"{PASSWORD} at all"} if address == "password" else None

        status, body, _ = await served.call("PUT" if new else "DELETE", f"{PREFIX}/{address}", new)

        assert (status, body["code"]) == (503, "not-saved")
        assert "only until the appliance restarts" in body["error"]
        assert (await served.call("GET", STATUS))[0] == 401


# ---------------------------------------------------------------------- rights


async def test_a_token_does_what_its_scopes_say_and_never_access(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        _, made, _ = await served.call("POST", f"{PREFIX}/tokens", {"name": "prometheus", "scopes": ["read"]})
        token = made["token"]
        found = {}
        async with aiohttp.ClientSession() as program:
            for endpoint in ENDPOINTS:
                if endpoint.right == "none" or endpoint.name in ("live", "restart"):
                    continue
                path = endpoint.path.replace("{id}", "0" * 16)
                async with program.request(
                    endpoint.method,
                    served.base + path,
                    headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                    data=None if endpoint.takes is None else b"{}",
                ) as reply:
                    found[endpoint.name] = endpoint.right, reply.status
            async with program.get(f"{served.base}{STATUS}?token={token}") as reply:
                assert reply.status == 401

        assert all(status == 403 for right, status in found.values() if right != "read")
        assert all(status != 403 for right, status in found.values() if right == "read")


async def test_nothing_but_the_way_in_is_open_to_all(tmp_path: Path) -> None:
    async with serving_page(tmp_path) as served:
        for endpoint in ENDPOINTS:
            if endpoint.right == "none":
                continue
            path = endpoint.path.replace("{id}", "0" * 16)
            body: Any = None if endpoint.takes is None else {}
            assert (await served.call(endpoint.method, path, body))[0] == 401, endpoint.name


async def test_a_new_password_and_the_end_of_all_sessions_close_open_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ravatard.web.page.live_feed.CHECKED_S", 0.05)
    async with serving_page(tmp_path, logged_in=True) as served, served.live() as page:
        await page.receive()
        body = {"current": PASSWORD, "password": "another long word"}

        status, _, _ = await served.call("PUT", f"{PREFIX}/password", body)

        assert status == 200
        async with asyncio.timeout(20):
            last = [message async for message in page][-1]
        assert json.loads(last.data) == {"type": "end", "reason": "this page was logged out"}
        # The browser that changed it goes on with its new cookie.
        assert (await served.call("GET", STATUS))[0] == 200
        assert (await served.call("DELETE", f"{PREFIX}/sessions"))[0] == 204
        assert (await served.call("GET", STATUS))[0] == 401


# ---------------------------------------------------------------------- crowds and slowness


@pytest.mark.parametrize("rights", ["session", "token"])
async def test_a_request_that_is_held_back_does_not_outlive_its_access(tmp_path: Path, rights: str) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        _, made, _ = await served.call("POST", f"{PREFIX}/tokens", {"name": "lamp", "scopes": ["control"]})
        [cookie] = served.session.cookie_jar
        key = (
            f"Cookie: {cookie.key}={cookie.value}"
            if rights == "session"
            else f"Authorization: Bearer {made['token']}"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", served.page.port)
        head = f"POST {MUTE} HTTP/1.1\r\nHost: localhost\r\n{key}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: 2\r\n\r\n{{".encode())
        # When others were answered since, it was found to be let in, and waits for its body.
        for _ in range(3):
            assert (await served.call("GET", STATUS))[0] == 200
        served.file.update(changing(lambda before: structs.replace(before, sessions=[], tokens=[])))

        writer.write(b"}")

        async with asyncio.timeout(20):
            assert b" 401 " in await reader.readline()
        assert not any(one["do"] == "mute" for one in served.control.asked)
        writer.close()


async def test_a_long_call_ends_with_its_callers_access(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ravatard.web.page.dispatch.CHECKED_S", 0.05)
    async with serving_page(tmp_path, logged_in=True) as served:
        served.control.holds = True
        holding = asyncio.create_task(served.call("POST", f"{PREFIX}/press", {"ms": 120_000}))
        await until(lambda: {"do": "press", "ms": 120_000} in served.control.asked, "the button is down")

        served.file.update(changing(lambda before: structs.replace(before, sessions=[])))

        async with asyncio.timeout(20):
            status, body, _ = await holding
        assert (status, body["code"]) == (401, "not-logged-in")
        assert served.control.released == [120_000]


async def test_a_client_has_so_many_connections_and_no_more(tmp_path: Path) -> None:
    async with serving_page(tmp_path) as served:
        opened: list[socket.socket] = []
        loop = asyncio.get_running_loop()
        try:
            for _ in range(100):
                made = socket.socket()
                made.setblocking(False)
                opened.append(made)
                await loop.sock_connect(made, ("127.0.0.1", served.page.port))
            await asyncio.sleep(0.2)
            alive = 0
            for made in opened:
                try:
                    alive += made.recv(1) != b""
                except BlockingIOError:
                    alive += 1
                except OSError:
                    continue
        finally:
            for made in opened:
                made.close()

        assert alive <= MOST_UNKNOWN
        # Their place is free again.
        await asyncio.sleep(0.1)
        assert (await served.call("GET", "/healthz"))[0] == 204


@pytest.mark.parametrize(
    "sent",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nno-colon-secret\r\n\r\n",
    ],
    ids=["line", "long", "version", "length", "header"],
)
async def test_a_reply_to_what_is_no_request_has_our_headers_and_form(
    tmp_path: Path, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving_page(tmp_path) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.page.port)
        writer.write(sent)
        async with asyncio.timeout(20):
            reply = await reader.read()
        writer.close()

    head, _, body = reply.decode().partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    assert status.partition(" ")[2].startswith("4")
    assert headers.items() >= STRICT.items()
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (headers["Server"], headers["Content-Type"]) == ("ravatard", "application/json")
    assert json.loads(body)["code"] == "not-http"
    assert "secret" not in body
    assert "Traceback" not in caplog.text


async def test_a_header_by_the_byte_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ravatard.web.page.server.REQUEST_S", 0.3)
    async with serving_page(tmp_path) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.page.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")

        async with asyncio.timeout(20):
            assert await reader.read() == b""
        writer.close()


async def test_bodies_that_do_not_come_keep_no_owner_out_and_fill_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        head = f"POST {PREFIX}/session HTTP/1.1\r\nHost: 127.0.0.1:{served.page.port}\r\n"
        begun = f"{head}Content-Type: application/json\r\nContent-Length: 60\r\n\r\n{{".encode()
        strangers = []
        for _ in range(MOST_UNKNOWN + 3):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.page.port)
            writer.write(begun)
            strangers.append((reader, writer))
        await asyncio.sleep(0.1)

        async with aiohttp.ClientSession(cookie_jar=served.session.cookie_jar) as owner:
            for _ in range(3):
                async with owner.get(f"{served.base}{STATUS}") as reply:
                    assert reply.status == 200

        for _, writer in strangers:
            writer.transport.abort()
        await asyncio.sleep(0.1)

    ours = [one for one in caplog.records if one.name.startswith("ravatard")]
    assert not [one for one in ours if one.levelno >= logging.WARNING]


async def test_a_body_by_the_byte_gets_408(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ravatard.web.page.dispatch.BODY_S", 0.2)
    async with serving_page(tmp_path) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.page.port)
        writer.write(
            b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )

        async with asyncio.timeout(20):
            assert b" 408 " in await reader.readline()
        writer.close()


async def live_of(served: ServedPage, **headers: str) -> aiohttp.ClientWebSocketResponse | int:
    """One more live socket, or the status of its refusal; with a token of a program, which has no cookie."""
    if not headers:
        headers = served.origin
    try:
        opened: aiohttp.ClientWebSocketResponse = await served.session.ws_connect(
            f"{served.base}{PREFIX}/live", headers=headers
        )
    except aiohttp.WSServerHandshakeError as refused:
        return refused.status
    return opened


async def test_more_pages_of_one_browser_than_it_needs_are_refused(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        pages = [await live_of(served) for _ in range(MOST_OF_ONE + 1)]

        assert pages.pop() == 503
        for page in pages:
            assert isinstance(page, aiohttp.ClientWebSocketResponse)
            await page.close()


async def test_programs_keep_no_owner_from_the_live_page(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        pages = []
        for name in "abc":
            made = await served.call("POST", f"{PREFIX}/tokens", {"name": name, "scopes": ["read"]})
            token = {"Authorization": f"Bearer {made[1]['token']}"}
            pages += [await live_of(served, **token) for _ in range(MOST_OF_ONE + 1)]
        owners = await live_of(served)

        assert isinstance(owners, aiohttp.ClientWebSocketResponse)
        opened = [one for one in pages if isinstance(one, aiohttp.ClientWebSocketResponse)]
        assert len(opened) == MOST_OF_TOKENS < MOST_PAGES
        assert [one for one in pages if isinstance(one, int)] == [503] * (len(pages) - MOST_OF_TOKENS)
        for page in (owners, *opened):
            await page.close()


async def test_a_page_that_sends_nonsense_is_served_on(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served, served.live() as page:
        for nonsense in ("", "{", '{"meter": "x"}', '{"other": 1}', "[]", '{"log_after": 1e30}'):
            await page.send_str(nonsense)
        await page.send_bytes(b"\xff\xfe")
        await page.receive()
        served.control.change(state="busy")

        async with asyncio.timeout(20):
            message = json.loads((await page.receive()).data)

        assert message["status"]["state"] == "busy"


# ---------------------------------------------------------------------- secrets


async def test_planted_secrets_are_in_no_reply_file_or_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving_page(tmp_path, logged_in=True) as served:
        cookie = next(iter(served.session.cookie_jar)).value
        _, made, _ = await served.call(
            "POST", f"{PREFIX}/tokens", {"name": "a", "scopes": ["read", "control"]}
        )
        secrets = [PASSWORD, cookie, made["token"], "planted-guess-4711"]
        await served.call("POST", f"{PREFIX}/session", {"password": "planted-guess-4711"})
        await served.call("POST", f"{PREFIX}/say", {"text": "planted-guess-4711"})
        replies = []
        for endpoint in ENDPOINTS:
            if endpoint.method == "GET" and endpoint.name not in ("live", "openapi"):
                replies.append(await served.call("GET", endpoint.path))
        replies.append(await served.call("POST", f"{PREFIX}/say", {"text": ["planted-guess-4711"]}))
        kept = (tmp_path / "page-access.json").read_text()

    written = f"{replies}{kept}{caplog.text}{list(served.log.after(0, 1_000))}"
    assert [secret for secret in secrets if secret in written] == []


async def test_each_change_is_one_line_with_who_and_what(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ravatard.web.page")
    async with serving_page(tmp_path, logged_in=True) as served:
        caplog.clear()
        await served.call("POST", f"{PREFIX}/volume", {"percent": 40})
        await served.call("GET", STATUS)
        await served.call("POST", f"{PREFIX}/tokens", {"name": "lamp", "scopes": ["control"]})

    lines = [record.getMessage() for record in caplog.records if record.name.endswith("dispatch")]
    assert [line.partition(" from 127.0.0.1: ")[2] for line in lines] == [
        "volume",
        "make_token",
    ]
    assert all(line.startswith("the page: session ") for line in lines)
    (audit,) = [record for record in caplog.records if hasattr(record, "audit")]
    assert audit.getMessage().endswith(" from 127.0.0.1 made the token 'lamp' with control")
