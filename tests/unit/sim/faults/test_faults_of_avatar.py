"""Scenarios around the simulated AvaTar API: the same faults by the names of either service."""

from __future__ import annotations

import json

import pytest

from ravatard.sim.exchange import Close, DeliveryOutcome, Drop, HalfOpen, Reply, Request
from ravatard.sim.faults.faulty_service import FaultyService
from ravatard.sim.faults.faulty_socket import FaultySocket
from ravatard.sim.faults.scenario_file import parse
from tests.unit.sim.avatar.client import AvatarClient


class _Trouble:
    """A client whose service misbehaves."""

    def __init__(self, faults: str) -> None:
        self.client = AvatarClient()
        self.service = FaultyService(self.client.service, parse(faults.encode()), began=0.0)

    def new(self, now: float = 0.0) -> Reply:
        request = Request.of("POST", "/v1/streaming.new", {}, b'{"quality": "low"}')
        return self.service.handle(request, now)

    def socket(self, now: float = 0.0) -> FaultySocket | Reply:
        session_id = json.loads(self.new(now).body)["session_id"]
        return self.service.connect(Request.of("GET", f"/ws/{session_id}", {}), now, lambda: None)

    def line(self) -> FaultySocket:
        socket = self.socket()
        assert isinstance(socket, FaultySocket)
        return socket


@pytest.mark.parametrize("name", ["/v1/streaming.new", "/startLiveSession"])
def test_a_call_is_answered_with_a_status_in_the_documented_form(name: str) -> None:
    trouble = _Trouble(
        f"[{{when: {{call: {name}, nth: 1}}, do: {{answer: {{status: 429, retry_after: '7'}}}}}}]"
    )

    first, second = trouble.new(), trouble.new()

    assert (first.status, first.headers["retry-after"]) == (429, "7")
    assert json.loads(first.body)["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert second.status == 200
    assert trouble.client.record.refusals["fault_answer"] == 1


@pytest.mark.parametrize(
    ("fault", "outcome", "sessions"),
    [
        ("lose", DeliveryOutcome.LOST, 1),
        ("refuse", DeliveryOutcome.REFUSED, 0),
        ("hang", DeliveryOutcome.NEVER, 0),
        ("{hang: {handled: true}}", DeliveryOutcome.NEVER, 1),
        ("expire-token", DeliveryOutcome.ARRIVES, 1),
    ],
)
def test_calls_are_lost_refused_or_never_answered(
    fault: str, outcome: DeliveryOutcome, sessions: int
) -> None:
    trouble = _Trouble(f"[{{when: {{call: /v1/streaming.new}}, do: {fault}}}]")

    reply = trouble.new()

    assert reply.delivery.outcome is outcome
    assert len(trouble.client.record.sessions) == sessions


@pytest.mark.parametrize("fault", ["truncate", "malformed", "{oversize: {size_bytes: 5000}}", "split"])
def test_a_streamed_answer_is_spoilt_as_a_whole(fault: str) -> None:
    trouble = _Trouble(f"[{{when: {{call: /v1/chat.completions}}, do: {fault}}}]")
    session_id = json.loads(trouble.new().body)["session_id"]
    messages = [{"role": "user", "content": "Hi"}]
    body = json.dumps({"session_id": session_id, "messages": messages, "stream": True}).encode()

    reply = trouble.service.handle(Request.of("POST", "/v1/chat.completions", {}, body), 0.0)

    assert reply.stream is None
    assert reply.body


@pytest.mark.parametrize("name", ["/ws", "/ws/chat"])
@pytest.mark.parametrize(
    ("fault", "item"),
    [
        ("{close: {code: 1012, reason: again}}", Close(1012, "again")),
        ("drop", Drop()),
        ("half-open", HalfOpen()),
    ],
)
def test_a_socket_is_closed_dropped_or_frozen_as_it_opens(name: str, fault: str, item: object) -> None:
    line = _Trouble(f"[{{when: {{call: {name}}}, do: {fault}}}]").line()

    assert line.due(1.0)[-1] == item


def test_the_clock_breaks_a_socket() -> None:
    line = _Trouble("[{when: {after_s: 20}, do: drop}]").line()
    line.due(1.0)

    assert line.next_due() == 20.0
    assert line.due(20.0) == [Drop()]


def test_an_upgrade_is_refused() -> None:
    reply = _Trouble("[{when: {call: /ws}, do: {answer: {status: 503}}}]").socket()

    assert isinstance(reply, Reply)
    assert reply.status == 503


def test_messages_come_late_or_never() -> None:
    late = _Trouble("[{when: {call: /ws}, do: {delay: {delay_s: 2}}}]").line()
    never = _Trouble("[{when: {call: /ws}, do: swallow}]").line()

    assert (late.due(0.0), len(late.due(2.0))) == ([], 1)
    assert never.due(9.0) == []


def test_the_service_talks_unasked_and_ends_its_sessions() -> None:
    trouble = _Trouble(
        "[{when: {after_s: 1}, do: {say: {text: Oops}}}, {when: {after_s: 2}, do: unasked},"
        " {when: {after_s: 3}, do: {expire-licence: {tell: Over}}}]"
    )
    line = trouble.line()

    items = [item for at in (0.0, 1.0, 2.0, 2.0, 3.0) for item in line.due(at)]
    events = [json.loads(item) for item in items if isinstance(item, str)]

    assert [event.get("message") for event in events if event["type"] == "error"] == ["Oops", "Over"]
    assert "And another thing:" in [event.get("content") for event in events]
    assert items[-1] == Close(4408, "session over")
    assert trouble.client.record.open_sessions == []
