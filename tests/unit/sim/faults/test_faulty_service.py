"""Each fault as a client behind the network in memory meets it."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import suppress

import pytest

from ravatard.ports.network import SocketClosed, UpgradeRefused
from ravatard.sim.exchange import Reply, Request, Service
from ravatard.sim.faults.faulty_service import FaultyService
from ravatard.sim.faults.scenario import Scenario
from ravatard.sim.faults.scenario_file import parse
from tests.unit.sim.night import Night, message


def _now() -> float:
    return asyncio.get_running_loop().time()


def test_it_is_a_service_and_without_steps_it_behaves() -> None:
    night = Night(Scenario())
    service: Service = FaultyService(night.cloud, Scenario())

    assert service.handle(Request.of("GET", "/connection", {}), 0.0).status == 403


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500, 503, 504])
async def test_a_call_is_answered_with_any_status(status: int) -> None:
    night = Night(
        f'[{{when: {{call: /connection}}, do: {{answer: {{status: {status}, retry_after: "7"}}}}}}]'
    )

    reply = await night.ask("GET", "/connection")

    assert (reply.status, json.loads(reply.body)["status"], reply.retry_after) == (status, status, "7")
    assert (await night.start())[0] == 200


async def test_the_status_in_the_body_may_be_another_and_no_retry_after_comes_unasked() -> None:
    night = Night("[{do: {answer: {status: 200, body_status: -1, error: unknown}}}]")

    reply = await night.ask("POST", "/startLiveSession", {})

    assert reply.status == 200
    assert json.loads(reply.body)["status"] == -1
    assert reply.retry_after is None
    assert night.cloud.record.refusals["fault_answer"] == 1


async def test_an_upgrade_is_refused_with_a_status() -> None:
    night = Night('[{when: {call: /ws/chat, nth: 1}, do: {answer: {status: 403, retry_after: "9"}}}]')

    with pytest.raises(UpgradeRefused) as refused:
        async with night.network.socket(night.url, headers={}):
            pytest.fail("it opened")

    assert (refused.value.status, refused.value.retry_after) == (403, "9")
    async with night.network.socket(night.url, headers={}) as socket:
        assert (await message(socket))["type"] == "connection"


@pytest.mark.parametrize(
    ("do", "error"),
    [
        ("refuse", ConnectionRefusedError),
        ("lose", ConnectionResetError),
        ("{tls: {certificate: expired}}", ssl.SSLCertVerificationError),
    ],
)
async def test_no_connection_is_had_for_a_while(do: str, error: type[OSError]) -> None:
    night = Night(f"[{{when: {{after_s: 5}}, do: {do}, for_s: 10}}]")
    await night.start()
    await asyncio.sleep(5)

    with pytest.raises(error):
        await night.ask("GET", "/connection")
    with pytest.raises(error):
        async with night.network.socket(night.url, headers={}):
            pytest.fail("it opened")

    await asyncio.sleep(10)
    assert (await night.ask("GET", "/connection")).status == 200


def test_a_handshake_is_met_for_the_whole_time_of_a_step_that_names_no_call() -> None:
    scenario = (
        "[{do: {tls: {certificate: expired}}, when: {after_s: 5}, for_s: 10},"
        " {do: tls, when: {call: /connection}}, {do: tls, when: {after_s: 30}, times: 2}]"
    )
    service = FaultyService(Night(Scenario()).cloud, parse(scenario.encode()), began=100.0)

    found = [service.defect(100.0 + at) for at in (0, 5, 6, 14.9, 15, 30, 31, 32)]

    assert found == [None, "expired", "expired", "expired", None, "self-signed", "self-signed", None]


async def test_a_call_and_an_upgrade_that_hang_are_never_answered() -> None:
    night = Night("[{do: hang}]")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1e5):
            await night.ask("GET", "/connection")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1e5), night.network.socket(night.url, headers={}):
            pytest.fail("it opened")

    assert night.cloud.record.counts["lines_opened"] == 0


@pytest.mark.parametrize(("do", "started"), [("lose", 1), ("{hang: {handled: true}}", 1), ("hang", 0)])
async def test_the_work_may_be_done_though_the_answer_never_arrives(do: str, started: int) -> None:
    night = Night(f"[{{when: {{call: /startLiveSession}}, do: {do}}}]")

    with pytest.raises((ConnectionResetError, TimeoutError)):
        async with asyncio.timeout(60):
            await night.start()

    assert len(night.cloud.record.open_licences()) == started


async def test_a_token_that_expires_at_once_is_refused_and_the_next_one_lives() -> None:
    night = Night("[{when: {call: /jwt, nth: 1}, do: expire-token}]")
    await night.log_in()

    assert (await night.ask("GET", "/connection")).status == 403

    await night.log_in()
    assert (await night.ask("GET", "/connection")).status == 200
    async with night.network.socket(night.url, headers={}):
        pass


async def test_an_expired_token_does_not_open_a_socket_whose_step_shortens_tokens() -> None:
    night = Night("[{do: expire-token}, {do: {delay: {delay_s: 2}}}]")
    await night.log_in()

    with pytest.raises(UpgradeRefused):
        async with night.network.socket(night.url, headers={}):
            pytest.fail("it opened")

    assert _now() == 4.0


async def test_replies_are_cut_short_or_malformed() -> None:
    night = Night(
        "[{when: {call: /connection, nth: 1}, do: truncate},"
        " {when: {call: /connection, nth: 2}, do: {malformed: {text: nonsense}}}]"
    )

    cut = await night.ask("GET", "/connection")
    malformed = await night.ask("GET", "/connection")
    whole = await night.ask("GET", "/connection")

    assert whole.body.startswith(cut.body)
    assert len(cut.body) == len(whole.body) // 2
    assert malformed.body == b"nonsense"


async def test_an_oversize_reply_is_an_error_of_the_network() -> None:
    night = Night("[{do: oversize}]")

    with pytest.raises(OSError, match="larger than"):
        await night.ask("GET", "/connection")


async def test_messages_are_late_in_their_order_and_the_same_in_every_run() -> None:
    night = Night("[{do: {delay: {delay_s: 1, jitter_s: 3, seed: 5}}, when: {call: /ws/chat}}, {do: split}]")
    arrived = []
    async with night.network.socket(night.url, headers={}) as socket:
        await night.write(socket, "first")
        await night.write(socket, "second")
        for _ in range(3):
            arrived.append((_now(), (await message(socket)).get("request")))

    assert [request for _, request in arrived] == [None, "first", "second"]
    again = Night("[{do: {delay: {delay_s: 1, jitter_s: 3, seed: 5}}, when: {call: /ws/chat}}]")
    began = _now()
    async with again.network.socket(again.url, headers={}) as socket:
        await socket.receive()
        assert 1.0 <= _now() - began <= 4.0
    assert (await night.ask("GET", "/connection")).status == 200


async def test_what_the_service_says_is_spoiled_after_a_message_for_a_while() -> None:
    night = Night(
        "[{when: {message: 1}, do: truncate, times: 1},"
        " {when: {message: 2}, do: {malformed: {text: x}}, times: 1},"
        " {when: {message: 3}, do: swallow, for_s: 5}]"
    )
    answers = []
    async with night.network.socket(night.url, headers={}) as socket:
        await socket.receive()
        for number in range(4):
            await night.write(socket, str(number))
            with suppress(TimeoutError):
                async with asyncio.timeout(10.0):
                    answers.append(await socket.receive())

    cut, malformed, last = answers
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(cut)
    assert malformed == "x"
    assert json.loads(last)["request"] == "3"


async def test_an_oversize_message_closes_the_socket() -> None:
    night = Night("[{do: oversize}]")

    async with night.network.socket(night.url, headers={}) as socket:
        with pytest.raises(SocketClosed) as closed:
            await socket.receive()

    assert closed.value.code == 1009


@pytest.mark.parametrize(("do", "code"), [("{close: {code: 4001, reason: x}}", 4001), ("drop", None)])
async def test_a_socket_is_closed_as_it_opens(do: str, code: int | None) -> None:
    night = Night(f"[{{do: {do}}}]")

    async with night.network.socket(night.url, headers={}) as socket:
        assert (await message(socket))["type"] == "connection"
        with pytest.raises(SocketClosed) as closed:
            await socket.receive()

    assert closed.value.code == code
    assert night.cloud.record.counts["lines_closed"] == 1


async def test_a_socket_is_struck_at_its_time_and_never_again() -> None:
    night = Night("[{when: {after_s: 5}, do: drop}]")
    async with night.network.socket(night.url, headers={}) as socket:
        await socket.receive()
        with pytest.raises(SocketClosed):
            await socket.receive()

    assert _now() == 5.0
    async with night.network.socket(night.url, headers={}) as socket:
        await socket.receive()
        await night.write(socket)
        assert (await message(socket))["type"] == "incoming"


async def test_a_strike_while_no_socket_is_open_strikes_nobody() -> None:
    night = Night("[{when: {after_s: 5}, do: drop}]")
    await asyncio.sleep(9)

    async with night.network.socket(night.url, headers={}) as socket:
        await socket.receive()
        await night.write(socket)
        assert (await message(socket))["type"] == "incoming"


async def test_a_half_open_socket_takes_everything_and_gives_nothing_until_a_ping_finds_it() -> None:
    night = Night("[{when: {message: 1}, do: half-open}, {when: {after_s: 6}, do: drop}]")
    async with night.network.socket(night.url, headers={}) as socket:
        await socket.receive()
        await night.write(socket)
        await asyncio.sleep(0)
        await night.write(socket)
        with pytest.raises(SocketClosed) as closed:
            await socket.receive()

    assert closed.value.code is None
    assert _now() == 7.5
    assert [one.kind for one in night.cloud.record.messages].count("text") == 1


async def test_a_call_may_cost_every_socket() -> None:
    night = Night("[{when: {call: /endLiveSession}, do: {close: {code: 1011}}}]")
    async with night.network.socket(night.url, headers={}) as socket:
        await socket.receive()
        _, live = await night.start()
        await night.call("POST", "/endLiveSession", {"LicenseId": live["LicenseId"]})
        with pytest.raises(SocketClosed) as closed:
            await socket.receive()

    assert closed.value.code == 1011


async def test_the_service_says_what_nobody_asked_for() -> None:
    night = Night(
        "[{when: {after_s: 1}, do: unasked}, {when: {after_s: 2}, do: {say: {text: Connection timeout}}},"
        " {when: {after_s: 3}, do: {say: {text: Connection timeout, bare: true}}}]"
    )
    async with night.network.socket(night.url, headers={}) as socket:
        await socket.receive()
        unasked, told, bare = [await socket.receive() for _ in range(3)]

    assert (json.loads(unasked)["type"], json.loads(unasked)["message"]) == ("incoming", "And another thing:")
    assert (json.loads(told)["type"], json.loads(told)["message"]) == ("system", "Connection timeout")
    assert bare == "Connection timeout"


@pytest.mark.parametrize("tell", ["Session expired", "''"])
async def test_a_licence_dies_and_the_client_may_be_told(tell: str) -> None:
    night = Night(f"[{{when: {{after_s: 4}}, do: {{expire-licence: {{tell: {tell}}}}}}}]")
    async with night.network.socket(night.url, headers={}) as socket:
        await socket.receive()
        await night.start()
        await asyncio.sleep(5)
        if tell == "Session expired":
            assert (await message(socket))["message"] == "Session expired"
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(60):
                    await socket.receive()

    (session,) = night.cloud.record.sessions
    assert (session.ended_by, session.ended_at) == ("service", 4.0)


async def test_who_looks_at_the_simulator_or_asks_as_a_browser_does_is_spared() -> None:
    night = Night("[{do: refuse}]")

    assert (await night.ask("GET", "/sim/state")).status == 200
    assert (await night.ask("OPTIONS", "/connection")).status == 204


def test_a_scenario_begins_with_the_first_call_when_nothing_else_is_said() -> None:
    night = Night(Scenario())
    service = FaultyService(night.cloud, Night("[{when: {after_s: 5}, do: refuse}]").scenario)

    def status(now: float) -> int:
        answer = service.handle(Request.of("GET", "/chat", {}), now)
        assert isinstance(answer, Reply)
        return answer.status

    assert [status(100.0), status(104.9), status(105.0)] == [403, 403, 0]


async def test_an_unreadable_message_is_still_noted_by_the_service() -> None:
    night = Night("[{when: {after_s: 500}, do: drop}]")
    async with night.network.socket(night.url, headers={}) as socket:
        await socket.receive()
        await socket.send("x" * 5_000_000)
        with pytest.raises(SocketClosed):
            await socket.receive()

    assert night.cloud.record.violations[0].kind == "oversize"
