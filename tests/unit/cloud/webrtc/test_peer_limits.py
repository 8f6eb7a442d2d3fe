"""The ICE agent below aiortc: a peer's addresses are few, whichever way they become known."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from ravatard.cloud.webrtc.ice import MOST_CANDIDATES, MOST_LEARNED, IceHelper, RemoteAddress
from ravatard.cloud.webrtc.reception import Reception
from ravatard.cloud.webrtc.sdp import prepare
from ravatard.errors import LinkError
from ravatard.secret import Secret
from tests.unit.cloud.webrtc.test_sdp import offer

pytest.importorskip("aiortc")


@dataclass
class Nowhere:
    """A reception of nothing."""

    packets: list[object] = field(default_factory=list)

    def add(self, packet: object) -> tuple[bool, None]:
        self.packets.append(packet)
        return False, None


def peer_of(*helpers: IceHelper) -> Any:
    from ravatard.cloud.webrtc.peer import Peer

    reception: Any = Nowhere()
    taken: Reception = reception
    return Peer(helpers, taken, lambda: None, gather_s=0.1, relay_only=False, loopback=True)


def address(number: int) -> RemoteAddress:
    return RemoteAddress("1", 1, 5, f"192.0.{number // 250}.{number % 250}", 9, "host")


async def test_of_twenty_thousand_candidates_few_are_taken() -> None:
    peer = peer_of()
    ready = prepare(offer("audio"))
    try:
        await peer.answer(ready)
        for number in range(20_000):
            await peer.add(address(number), "0", None)
        (agent,) = [one.iceGatherer._connection for one in peer._transports()]

        assert len(agent.remote_candidates) <= MOST_CANDIDATES
    finally:
        await peer.close()


async def test_of_the_addresses_a_peer_sends_from_few_are_learned() -> None:
    peer = peer_of()
    try:
        await peer.answer(prepare(offer("audio")))
        (agent,) = [one.iceGatherer._connection for one in peer._transports()]
        taken: list[tuple[str, int]] = []
        agent.check_incoming = lambda _message, address, _protocol: taken.append(address)
        agent._early_checks_done = True
        protocol = agent._protocols[0]
        for number in range(2_000):
            place = (f"192.0.2.{number % 250}", 1_000 + number)
            if len(taken) > len(agent._remote_candidates):
                agent._remote_candidates.append(address(number))
            agent.request_received(check_of(agent), place, protocol)

        assert 0 < len(taken) <= MOST_CANDIDATES + MOST_LEARNED + 1
    finally:
        await peer.close()


def check_of(agent: Any) -> Any:
    """A check with the credentials of ``agent``, as its peer sends it."""
    from aioice import stun

    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{agent.local_username}:peer"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    message.add_message_integrity(agent.local_password.encode())
    return stun.parse_message(bytes(message))


async def test_servers_are_reached_at_the_address_that_was_checked() -> None:
    helpers = (
        IceHelper("stun:s.example:3479", address="127.0.0.2"),
        IceHelper("turns:t.example", "u", Secret("c"), address="127.0.0.3"),
    )
    peer = peer_of(*helpers)
    try:
        await peer.answer(prepare(offer("audio")))
        (agent,) = [one.iceGatherer._connection for one in peer._transports()]

        assert agent.stun_server == ("127.0.0.2", 3479)
        # TURN servers are asked by ourselves.
        assert agent.turn_server is None
    finally:
        await peer.close()


@pytest.mark.parametrize(
    "line", ["a=setup:sometimes", "a=fingerprint:none", "a=sctp-port:x", "a=max-message-size:" + "9" * 1_500]
)
async def test_whatever_aiortc_raises_for_an_offer_is_ours(line: str) -> None:
    text = offer("audio", "data").replace("a=setup:actpass", line, 1) + line + "\r\n"
    peer = peer_of()
    try:
        async with asyncio.timeout(20):
            await peer.answer(prepare(text))
    except LinkError as error:
        assert "cannot be answered" in str(error)  # noqa: PT017 - some are accepted
    finally:
        await peer.close()
