"""Signalling servers that close the socket on a message: the next one is used without it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from ravatard.cloud.pixelstreaming.signalling import PING_S, Action, Offered, Send, Signalling


@dataclass
class Server:
    """A signalling server as a table: what it refuses, and whether it offers unasked."""

    refuses: frozenset[str]
    unasked: bool
    code: int = 1008
    heard: list[str] = field(default_factory=list)

    def greeting(self) -> list[dict[str, Any]]:
        first: list[dict[str, Any]] = [
            {"type": "config", "peerConnectionOptions": {}},
            {"type": "playerCount", "count": 1},
        ]
        return [*first, {"type": "offer", "sdp": "v=0"}] if self.unasked else first

    def reply(self, kind: str) -> list[dict[str, Any]]:
        match kind:
            case "listStreamers":
                return [{"type": "streamerList", "ids": ["Ada"]}]
            case "subscribe":
                return [{"type": "offer", "sdp": "v=0"}]
            case "ping":
                return [{"type": "pong", "time": 1}]
        return []


def one_socket(
    server: Server, avoided: frozenset[str], *, pings: int = 2
) -> tuple[bool, bool, frozenset[str]]:
    """One socket from its opening: whether it was closed, whether an offer came, what to avoid next."""
    machine = Signalling(avoided=avoided)
    offered = False
    now = 0.0

    def talk(actions: Sequence[Action], inbox: list[dict[str, Any]]) -> bool:
        nonlocal offered
        waiting = list(actions)
        while waiting or inbox:
            while waiting:
                action = waiting.pop(0)
                if isinstance(action, Offered):
                    offered = True
                    waiting += machine.answered("v=0")
                if isinstance(action, Send):
                    kind = json.loads(action.text)["type"]
                    server.heard.append(kind)
                    if kind in server.refuses:
                        for message in inbox:
                            machine.received(json.dumps(message), now)
                        return False
                    inbox += server.reply(kind)
            if inbox:
                waiting += machine.received(json.dumps(inbox.pop(0)), now)
        return True

    alive = talk(machine.opened(now), server.greeting())
    for _ in range(pings if alive and offered else 0):
        now += PING_S
        alive = alive and talk(machine.tick(now), [])
    return not alive, offered, machine.closed(server.code if not alive else 1006)


KINDS = ["listStreamers", "subscribe", "ping"]
SERVERS = {
    "5.0 and 5.1": Server(frozenset(KINDS), unasked=True),
    "5.0, seen as a protocol error": Server(frozenset(KINDS), unasked=True, code=1002),
    "closes on a list, without a useful code": Server(frozenset(["listStreamers"]), unasked=True, code=1006),
    "lists, and closes on a subscription": Server(frozenset(["subscribe"]), unasked=True),
    "closes on a ping": Server(frozenset(["ping"]), unasked=False),
    "closes on a ping, without a useful code": Server(frozenset(["ping"]), unasked=False, code=1005),
    "today's": Server(frozenset(), unasked=False),
    "today's, offering unasked": Server(frozenset(), unasked=True),
}


@pytest.mark.parametrize("name", SERVERS)
def test_within_three_sockets_a_stream_stays(name: str) -> None:
    server = SERVERS[name]
    avoided: frozenset[str] = frozenset()
    stays = []
    for _ in range(3):
        server.heard.clear()
        closed, offered, avoided = one_socket(server, avoided)
        stays.append(offered and not closed)

    assert stays[-1], server.heard


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006, 1008, 1011, None])
def test_what_was_learned_wrongly_is_forgotten(code: int | None) -> None:
    # A server that closed for another reason, and makes no offer unasked.
    machine = Signalling()
    machine.opened(0.0)
    avoided = machine.closed(1008)
    silent = Signalling(avoided=avoided)

    assert silent.opened(0.0) == []
    assert silent.closed(code) == frozenset()


@pytest.mark.parametrize("code", [1006, None])
def test_a_socket_lost_on_the_first_question_is_followed_by_one_without_it_and_by_one_with_it(
    code: int | None,
) -> None:
    asking = Signalling()
    asking.opened(0.0)
    silent = Signalling(avoided=asking.closed(code))

    assert silent.opened(0.0) == []
    assert Signalling(avoided=silent.closed(code)).opened(0.0) != []


@pytest.mark.parametrize("code", [1006, None])
def test_a_socket_lost_after_the_list_teaches_nothing(code: int | None) -> None:
    machine = Signalling()
    machine.opened(0.0)
    machine.received(json.dumps({"type": "streamerList", "ids": []}), 0.1)

    assert machine.closed(code) == frozenset()


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1011])
def test_a_close_of_another_reason_teaches_nothing(code: int | None) -> None:
    machine = Signalling()
    machine.opened(0.0)

    assert machine.closed(code) == frozenset()


def test_an_offer_that_was_answered_is_not_followed_by_a_subscription() -> None:
    machine = Signalling()
    machine.opened(0.0)
    machine.received(json.dumps({"type": "offer", "sdp": "v=0"}), 0.0)
    machine.answered("v=0")

    assert machine.received(json.dumps({"type": "streamerList", "ids": ["Ada"]}), 0.1) == []
