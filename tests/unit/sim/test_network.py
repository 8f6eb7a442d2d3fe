from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ravatard.ports.network import Network, SocketClosed, UpgradeRefused
from ravatard.sim.exchange import MESSAGE_LIMIT_BYTES
from ravatard.sim.network import MemorySocket, SimNetwork
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from tests.unit.sim.caller import ADA, Caller

BASE = "http://cloud.sim"


class _Client:
    """A user of the network."""

    def __init__(self, options: SimOptions | None = None) -> None:
        self.cloud = SimCloud(options)
        self.caller = Caller(self.cloud)
        self.network = SimNetwork(self.cloud)
        self.url = f"ws://cloud.sim/ws/chat?token={self.caller.token}"

    async def get(self, target: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.caller.token}"}
        reply = await self.network.request("GET", f"{BASE}{target}", headers=headers)
        return reply.status, json.loads(reply.body)


async def _message(socket: MemorySocket) -> Any:
    return json.loads(await socket.receive())


def _now() -> float:
    return asyncio.get_running_loop().time()


def test_it_is_a_network() -> None:
    network: Network = SimNetwork(SimCloud())

    assert network


async def test_a_request_is_answered_as_by_the_service() -> None:
    client = _Client()

    status, body = await client.get("/connection")

    assert (status, body) == client.caller.get("/connection")


async def test_a_body_reaches_the_service_and_the_host_names_the_stream() -> None:
    client = _Client()
    headers = {"Authorization": f"Bearer {client.caller.token}"}

    reply = await client.network.request(
        "POST", f"{BASE}/startLiveSession", headers=headers, body=json.dumps({"avatar_id": ADA}).encode()
    )

    assert json.loads(reply.body)["streamingUrl"] == "http://cloud.sim/stream/1"


async def test_an_address_without_a_path_is_the_root() -> None:
    assert (await SimNetwork(SimCloud()).request("GET", BASE, headers={})).status == 302


async def test_an_answer_comes_at_its_time() -> None:
    client = _Client()
    async with client.network.socket(client.url, headers={}) as socket:
        assert (await _message(socket))["type"] == "connection"
        await asyncio.sleep(10.0)

        await socket.send(json.dumps(client.caller.text()))
        answer = await _message(socket)

    assert answer["type"] == "incoming"
    assert _now() == pytest.approx(10.8)


async def test_a_refused_upgrade_carries_the_status() -> None:
    with pytest.raises(UpgradeRefused) as refused:
        async with SimNetwork(SimCloud()).socket("ws://cloud.sim/ws/chat?token=x", headers={}):
            pytest.fail("it opened")

    assert refused.value.status == 403


async def test_leaving_closes_the_socket_for_the_service() -> None:
    client = _Client()

    async with client.network.socket(client.url, headers={}):
        assert client.network.open_sockets == 1

    assert client.network.open_sockets == 0
    assert client.cloud.record.counts["lines_closed"] == 1


async def test_a_socket_that_was_left_is_closed() -> None:
    client = _Client()
    async with client.network.socket(client.url, headers={}) as socket:
        await socket.receive()

    with pytest.raises(SocketClosed):
        await socket.send("{}")
    with pytest.raises(SocketClosed):
        await socket.receive()


async def test_a_network_that_is_down_refuses_everything_new() -> None:
    client = _Client()
    async with client.network.socket(client.url, headers={}) as socket:
        client.network.down = True

        with pytest.raises(OSError, match="the simulated network is down"):
            await client.get("/connection")
        with pytest.raises(OSError, match="the simulated network is down"):
            async with client.network.socket(client.url, headers={}):
                pytest.fail("it opened")
        assert (await _message(socket))["type"] == "connection"


async def test_a_network_that_goes_down_on_the_way_loses_the_answer_not_the_request() -> None:
    client = _Client()
    client.network.latency_s = 1.0
    asyncio.get_running_loop().call_later(1.5, setattr, client.network, "down", True)

    with pytest.raises(OSError, match="is down"):
        await client.get("/connection")

    assert client.cloud.record.requests[-1].path == "/connection"


async def test_latency_holds_up_requests_both_ways() -> None:
    client = _Client()
    client.network.latency_s = 0.25

    await client.get("/connection")

    assert _now() == 0.5
    assert client.cloud.record.requests[-1].at == 0.25


async def test_latency_holds_up_messages_both_ways() -> None:
    client = _Client()
    client.network.latency_s = 0.1
    async with client.network.socket(client.url, headers={}) as socket:
        await _message(socket)
        opened = _now()

        await socket.send(json.dumps(client.caller.text()))
        sent = _now()
        await _message(socket)

    assert (opened, sent) == pytest.approx((0.2, 0.2))
    assert _now() == pytest.approx(0.2 + 0.1 + 0.8 + 0.1)


async def test_messages_arrive_in_the_order_they_were_sent() -> None:
    client = _Client()
    client.network.latency_s = 1.0
    async with client.network.socket(client.url, headers={}) as socket:
        await _message(socket)

        await socket.send(json.dumps(client.caller.text("slow")))
        client.network.latency_s = 0.0
        await socket.send(json.dumps(client.caller.text("quick")))

        assert [(await _message(socket))["request"] for _ in range(2)] == ["slow", "quick"]


async def test_what_was_sent_before_leaving_still_arrives() -> None:
    client = _Client()
    client.network.latency_s = 1.0
    async with client.network.socket(client.url, headers={}) as socket:
        await socket.send(json.dumps(client.caller.text("goodbye")))
    still_open = client.network.open_sockets

    await asyncio.sleep(1.0)

    assert still_open == 1
    assert client.network.open_sockets == 0
    assert client.cloud.record.messages[-1].fields["request"] == "goodbye"


async def test_dropped_sockets_wake_whoever_waits() -> None:
    client = _Client()
    async with client.network.socket(client.url, headers={}) as socket:
        await _message(socket)
        asyncio.get_running_loop().call_later(5.0, client.network.drop_sockets, 1011, "restart")

        with pytest.raises(SocketClosed) as closed:
            await socket.receive()

    assert (closed.value.code, closed.value.reason) == (1011, "restart")
    assert _now() == 5.0
    assert client.cloud.record.counts["lines_closed"] == 1


async def test_what_is_on_its_way_is_lost_with_the_socket() -> None:
    client = _Client()
    client.network.latency_s = 1.0
    async with client.network.socket(client.url, headers={}) as socket:
        await socket.send(json.dumps(client.caller.text("lost")))
        client.network.drop_sockets()
        await asyncio.sleep(2.0)

        with pytest.raises(SocketClosed) as closed:
            await socket.receive()

    assert closed.value.code is None
    assert [message.kind for message in client.cloud.record.messages] == ["connection"]


async def test_closing_the_network_ends_every_socket() -> None:
    client = _Client()
    async with client.network.socket(client.url, headers={}) as socket:
        await client.network.close()
        await client.network.close()

        with pytest.raises(SocketClosed) as closed:
            await socket.receive()

    assert closed.value.code == 1001


async def test_a_service_that_hangs_up_closes_with_its_code_after_its_last_words() -> None:
    client = _Client()
    async with client.network.socket(client.url, headers={}) as socket:
        await _message(socket)
        client.cloud.say("Something went wrong", _now())
        client.cloud.hang_up(4403, "token", _now())

        last = await _message(socket)
        with pytest.raises(SocketClosed) as closed:
            await socket.receive()

    assert last["message"] == "Something went wrong"
    assert closed.value.code == 4403


async def test_a_message_that_is_too_long_closes_the_socket() -> None:
    client = _Client()
    async with client.network.socket(client.url, headers={}) as socket:
        await _message(socket)

        await socket.send("x" * (MESSAGE_LIMIT_BYTES + 1))
        with pytest.raises(SocketClosed) as closed:
            await socket.receive()

    assert closed.value.code == 1009
    assert client.cloud.record.refusals == {"oversize": 1}


@pytest.mark.parametrize("latency_s", [0.0, 0.1, 0.3])
async def test_odd_times_and_latencies_never_make_it_turn_on_the_spot(latency_s: float) -> None:
    client = _Client(SimOptions(think_s=0.1))
    client.network.latency_s = latency_s
    async with client.network.socket(client.url, headers={}) as socket:
        await _message(socket)
        for number in range(50):
            await asyncio.sleep(0.7 / 3 + number / 7)
            await socket.send(json.dumps(client.caller.text(str(number))))

            assert (await _message(socket))["request"] == str(number)


async def test_a_cancelled_receive_loses_nothing() -> None:
    client = _Client()
    async with client.network.socket(client.url, headers={}) as socket:
        await _message(socket)
        await socket.send(json.dumps(client.caller.text()))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await socket.receive()

        assert (await _message(socket))["type"] == "incoming"


async def test_sockets_may_be_down_while_requests_pass() -> None:
    network = SimNetwork(SimCloud())
    network.sockets_down = True

    reply = await network.request("GET", "http://sim.example/sim/state", headers={})
    with pytest.raises(ConnectionRefusedError):
        async with network.socket("ws://sim.example/ws/chat?token=x", headers={}):
            pass

    assert reply.status == 200


async def test_messages_sent_in_one_moment_arrive_in_their_order() -> None:
    cloud = SimCloud()
    network = SimNetwork(cloud)
    body = b'{"user_id": "u"}'
    reply = await network.request("POST", "http://sim.example/jwt", headers={}, body=body)
    token = json.loads(reply.body)["jwt"]
    network.latency_s = 0.7

    async with network.socket(f"ws://sim.example/ws/chat?token={token}", headers={}) as socket:
        for number in range(20):
            await socket.send(json.dumps({"avatar_id": str(number)}))
        await asyncio.sleep(2.0)

    came = [message.fields.get("avatar_id") for message in cloud.record.messages if message.direction == "in"]
    assert came == [str(number) for number in range(20)]
