"""Each fault behind real sockets, as a client that is not ours meets it."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ravatard.errors import ConfigError
from ravatard.sim.bad_certificate import make_certificate
from ravatard.sim.faults.faulty_service import FaultyService
from ravatard.sim.faults.scenario_file import parse
from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.integration.simulate import simulate
from tests.unit.sim.caller import ADA

pytestmark = pytest.mark.integration


class _Client:
    """A user with a token from before the night."""

    def __init__(self, server: SimServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.token = ""

    async def log_in(self) -> None:
        async with self.session.post("/jwt", json={"user_id": "user-1"}) as reply:
            self.token = (await reply.json())["jwt"]

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, bytes, str | None]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.request(method, path, json=body, headers=headers) as reply:
            return reply.status, await reply.read(), reply.headers.get("Retry-After")

    def socket(self, **more: Any) -> Any:
        return self.session.ws_connect(f"/ws/chat?token={self.token}", **more)

    def text(self, request: str) -> dict[str, object]:
        return {
            "avatar_id": ADA,
            "user_id": "user-1",
            "chat_type": "text",
            "language": "en",
            "request": request,
            "requestType": "text",
            "source": "a test",
            "isLive": False,
        }


@asynccontextmanager
async def _night(faults: str) -> AsyncIterator[_Client]:
    async with (
        SimServer(SimOptions(think_s=0.02)) as server,
        aiohttp.ClientSession(server.base_url) as session,
    ):
        client = _Client(server, session)
        await client.log_in()
        server.service = FaultyService(server.cloud, parse(faults.encode()))
        yield client


async def test_a_status_of_our_choice_with_retry_after() -> None:
    async with _night('[{do: {answer: {status: 503, body_status: 504, retry_after: "7"}}}]') as client:
        status, body, retry_after = await client.call("GET", "/connection")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.socket()

    assert (status, json.loads(body)["status"], retry_after) == (503, 504, "7")
    assert refused.value.status == 503
    assert refused.value.headers is not None
    assert refused.value.headers["Retry-After"] == "7"


@pytest.mark.parametrize(("do", "started"), [("refuse", 0), ("lose", 1), ("{tls: {}}", 0)])
async def test_a_connection_that_breaks_before_any_answer(do: str, started: int) -> None:
    async with _night(f"[{{do: {do}}}]") as client:
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.call("POST", "/startLiveSession", {"avatar_id": ADA})
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.socket()

        assert client.server.record.counts["sessions_started"] == started


async def test_an_answer_that_never_comes_and_the_server_still_stops_at_once() -> None:
    async with _night("[{do: {hang: {handled: true}}}]") as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.call("POST", "/startLiveSession", {"avatar_id": ADA})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.socket()
        assert len(client.server.record.open_licences()) == 1
        await asyncio.sleep(0.2)
        began = time.monotonic()

    assert time.monotonic() - began < 2.0


async def test_a_token_that_expires_at_once() -> None:
    async with _night("[{when: {call: /jwt, nth: 1}, do: expire-token}]") as client:
        await client.log_in()
        dead = await client.call("GET", "/connection")
        await client.log_in()
        alive = await client.call("GET", "/connection")

    assert (dead[0], alive[0]) == (403, 200)


async def test_replies_come_late_in_pieces_cut_malformed_and_much_too_long() -> None:
    faults = (
        "[{when: {call: /connection, nth: 1}, do: {delay: {delay_s: 0.3}}},"
        " {when: {call: /connection, nth: 2}, do: {split: {pieces: 20}}},"
        " {when: {call: /connection, nth: 3}, do: truncate},"
        " {when: {call: /connection, nth: 4}, do: malformed},"
        " {when: {call: /connection, nth: 5}, do: oversize}]"
    )
    async with _night(faults) as client:
        began = time.monotonic()
        whole, took = await client.call("GET", "/connection"), time.monotonic() - began
        split, cut, malformed, long = [await client.call("GET", "/connection") for _ in range(4)]

    assert took >= 0.3
    assert split[1] == whole[1]
    assert cut[1] == whole[1][: len(whole[1]) // 2]
    assert malformed[1] == b'{"status": 200, oops'
    assert len(long[1]) == 20_000_000


async def test_messages_come_in_fragments_cut_malformed_and_not_at_all() -> None:
    faults = (
        "[{do: {split: {pieces: 7}}, when: {call: /ws/chat}}, {when: {message: 2}, do: truncate, times: 1},"
        " {when: {message: 3}, do: {malformed: {text: x}}, times: 1},"
        " {when: {message: 4}, do: swallow, times: 1}]"
    )
    async with _night(faults) as client, client.socket() as socket:
        greeting = await socket.receive_json(timeout=5)
        answers = []
        for number in range(5):
            await socket.send_json(client.text(f"{number}, ein schöner Gruß"))
            if number != 3:
                answers.append(await socket.receive_str(timeout=5))
            else:
                await asyncio.sleep(0.1)

    assert greeting["type"] == "connection"
    whole, cut, malformed, last = answers
    assert json.loads(whole)["request"] == "0, ein schöner Gruß"
    assert len(cut) < len(whole)
    assert malformed == "x"
    assert json.loads(last)["request"] == "4, ein schöner Gruß"


async def test_an_oversize_message_is_more_than_a_client_takes() -> None:
    async with _night("[{do: oversize}]") as client, client.socket() as socket:
        message = await socket.receive(timeout=5)

        assert message.type is aiohttp.WSMsgType.ERROR
        assert socket.close_code == 1009


@pytest.mark.parametrize(("do", "code"), [("{close: {code: 4001}}", 4001), ("drop", 1006)])
async def test_a_socket_that_is_closed_as_it_opens(do: str, code: int) -> None:
    async with _night(f"[{{do: {do}}}]") as client, client.socket() as socket:
        while (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass

        assert socket.close_code == code


async def test_a_half_open_socket_answers_no_ping() -> None:
    async with _night("[{when: {message: 1}, do: half-open}]") as client:
        async with client.socket(heartbeat=0.4) as socket:
            await socket.receive_json(timeout=5)
            alive_until = time.monotonic()
            await asyncio.sleep(1.0)
            await socket.send_json(client.text("hello"))
            while (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
                pass
            took = time.monotonic() - alive_until
            assert isinstance(socket.exception(), aiohttp.ServerTimeoutError | TimeoutError)

        assert 1.0 < took < 3.0
        assert client.server.record.counts["lines_closed"] == 0


async def test_a_licence_dies_and_what_is_said_unasked_arrives() -> None:
    faults = (
        "[{when: {call: /startLiveSession}, do: {expire-licence: {}}},"
        " {when: {after_s: 0.3}, do: unasked}, {when: {after_s: 0.4}, do: {say: {text: Hm, bare: true}}}]"
    )
    async with _night(faults) as client, client.socket() as socket:
        await socket.receive_json(timeout=5)
        await client.call("POST", "/startLiveSession", {"avatar_id": ADA})
        expired, unasked = await socket.receive_json(timeout=5), await socket.receive_json(timeout=5)
        bare = await socket.receive_str(timeout=5)

        assert client.server.record.open_licences() == []
    assert expired["message"] == "Session expired"
    assert (unasked["type"], unasked["message"]) == ("incoming", "And another thing:")
    assert bare == "Hm"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with the openssl command")
@pytest.mark.parametrize(
    ("kind", "trusted", "when", "why"),
    [
        ("self-signed", False, "{after_s: 1000}", "self.signed"),
        ("self-signed", True, "{after_s: 1000}", ""),
        ("expired", True, "{after_s: 1000}", ""),
        ("self-signed", True, "{}", "self.signed"),
        ("not-yet-valid", True, "{}", "not yet valid"),
        ("expired", True, "{}", "has expired"),
    ],
)
async def test_a_certificate_that_should_not_be_trusted(
    kind: str, trusted: bool, when: str, why: str, tmp_path: Path
) -> None:
    night, pem = tmp_path / "night.yaml", tmp_path / "certificate.pem"
    night.write_text(f"[{{do: {{tls: {{certificate: {kind}}}}}, when: {when}}}]")
    async with simulate("--faults", str(night), "--write-certificate", str(pem)) as service:
        context = ssl.create_default_context(cafile=str(pem) if trusted else None)
        async with aiohttp.ClientSession(service.base_url) as session:
            if why:
                with pytest.raises(aiohttp.ClientConnectorCertificateError, match=why):
                    await session.get("/connection", ssl=context)
            else:
                async with session.get("/connection", ssl=context) as reply:
                    assert reply.status == 403

    assert service.base_url.startswith("https://")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with the openssl command")
async def test_a_defective_certificate_meets_every_request_of_its_time_and_none_after_it(
    tmp_path: Path,
) -> None:
    night, pem = tmp_path / "night.yaml", tmp_path / "certificate.pem"
    night.write_text("[{do: {tls: {certificate: expired}}, when: {message: 1}, times: 4}]")
    async with (
        simulate("--faults", str(night), "--write-certificate", str(pem)) as service,
        aiohttp.ClientSession(
            service.base_url,
            connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(pem))),
        ) as session,
    ):

        async def asked() -> str:
            try:
                async with session.get("/connection") as reply:
                    return str(reply.status)
            except aiohttp.ClientError as error:
                return "expired" if "has expired" in str(error) else repr(error)

        async with session.post("/jwt", json={"user_id": "user-1"}) as reply:
            token = (await reply.json())["jwt"]
        async with session.ws_connect(f"/ws/chat?token={token}") as socket:
            await socket.receive_json(timeout=5)
            before = await asked()
            await socket.send_str("no message of the protocol")
            await socket.receive(timeout=5)
        found = [await asked() for _ in range(4)]

    # The first of the four breaks the connection from before; aiohttp asks again on a new one.
    assert (before, found) == ("403", ["expired"] * 3 + ["403"])


async def test_without_openssl_a_certificate_is_refused_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ConfigError, match="apt install openssl"):
        make_certificate("expired")


async def test_the_command_misbehaves_as_a_shipped_scenario_says() -> None:
    async with (
        simulate("--faults", "overload") as service,
        aiohttp.ClientSession(service.base_url) as session,
    ):
        found = []
        for _ in range(4):
            async with session.get("/connection") as reply:
                found.append((reply.status, reply.headers.get("Retry-After")))

    assert found == [(503, "5"), (429, "3"), (504, None), (403, None)]
