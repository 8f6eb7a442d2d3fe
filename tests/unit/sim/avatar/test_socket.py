from __future__ import annotations

import json
from typing import Any

import pytest

from ravatard.sim.avatar.options import AvatarSimOptions, SimAccessOptions, SimLeaseOptions
from ravatard.sim.exchange import Close, Reply
from tests.unit.sim.avatar.client import STILL, AvatarClient, heard, kinds


def client_of(lease: SimLeaseOptions | None = None, **access: Any) -> AvatarClient:
    return AvatarClient(
        AvatarSimOptions(access=SimAccessOptions(**access), lease=lease or SimLeaseOptions(), picture=STILL)
    )


@pytest.mark.parametrize(
    "message",
    [b"\0", "", "{", "[]", '"interrupt"', "{}", '{"type": "agent.speak"}', '{"type": 3}', '{"type": null}'],
)
def test_a_message_that_is_no_command_is_an_error_and_recorded(message: str | bytes) -> None:
    client = client_of()
    line = client.line(client.new())

    line.received(message, 0.0)

    assert kinds(heard(line, 0.0)) == ["error:INVALID_MESSAGE"]
    assert [one.kind for one in client.record.violations] == ["INVALID_MESSAGE"]


@pytest.mark.parametrize("data", [None, "UklGRg==", {}, {"audio": 5}, {"audio": "?"}, {"audio": ""}])
def test_sound_that_is_none_is_an_error(data: object) -> None:
    client = client_of()
    line = client.line(client.new())

    client.send(line, "audio_buffer_append", data=data)

    assert kinds(heard(line, 0.0)) == ["error:AUDIO_PROCESSING_ERROR"]


def test_undocumented_fields_are_recorded_and_sound_is_kept_as_its_length() -> None:
    client = client_of()
    line = client.line(client.new())

    client.send(line, "audio_buffer_append", data={"audio": "A" * 4_000}, event_id=1)

    assert [one.detail for one in client.record.violations] == ["audio_buffer_append: event_id"]
    noted = client.record.messages[-1]
    assert (noted.direction, noted.kind, noted.fields["data"]) == (
        "in",
        "audio_buffer_append",
        {"audio": 4_000},
    )


def test_the_hundred_and_first_message_within_a_second_is_refused() -> None:
    client = client_of()
    line = client.line(client.new())
    for number in range(101):
        client.now = number * 0.001
        client.send(line, "audio_buffer_clear")
    client.now = 1.001
    client.send(line, "audio_buffer_clear")

    assert kinds(heard(line, 2.0)) == ["error:RATE_LIMIT_EXCEEDED"]
    assert not client.record.violations


def test_without_limits_there_is_no_such_error() -> None:
    client = client_of(limits=False)
    line = client.line(client.new())
    for _ in range(300):
        client.send(line, "audio_buffer_clear")

    assert heard(line, 1.0) == []


@pytest.mark.parametrize(("unknown", "wanted"), [("status", 404), ("close", 4404)])
def test_a_socket_for_no_session_is_refused(unknown: Any, wanted: int) -> None:
    client = client_of(SimLeaseOptions(unknown_socket=unknown))

    line = client.connect("550e8400")

    found = line.status if isinstance(line, Reply) else _code(line.due(0.0))
    assert found == wanted


def _code(items: Any) -> int:
    (close,) = items
    assert isinstance(close, Close)
    return close.code


@pytest.mark.parametrize("proof", ["api_key", "header", "query"])
@pytest.mark.parametrize(("refusal", "wanted"), [("status", 401), ("close", 4401)])
def test_a_socket_may_want_a_proof(proof: Any, refusal: Any, wanted: int) -> None:
    client = client_of(socket_auth=proof, socket_refusal=refusal, api_key="the-key")
    session_id = client.new()
    token = client.record.sessions[0].access_token

    without = client.connect(session_id)
    client.token = {"api_key": "the-key", "header": token, "query": ""}[proof]
    granted = client.connect(session_id, f"?token={token}" if proof == "query" else "")

    assert (without.status if isinstance(without, Reply) else _code(without.due(0.0))) == wanted
    assert not isinstance(granted, Reply)
    assert kinds(heard(granted, 0.0)) == ["status:idle"]


def test_an_id_with_a_slash_comes_percent_encoded() -> None:
    client = client_of(SimLeaseOptions(ids="slash"))
    session_id = client.new()

    encoded = session_id.replace("%", "%25").replace("/", "%2F").replace(" ", "%20").replace("?", "%3F")
    line = client.connect(encoded.replace("#", "%23"))

    assert not isinstance(line, Reply)


def test_a_service_may_greet_with_nothing() -> None:
    client = client_of(SimLeaseOptions(greeting=False))
    line = client.connect(client.new())

    assert not isinstance(line, Reply)
    assert line.due(0.0) == []


def test_an_unreadable_message_is_recorded() -> None:
    client = client_of()
    line = client.line(client.new())
    line.unreadable(1009, 0.0)
    line.unreadable(1002, 0.0)

    assert [one.kind for one in client.record.violations] == ["oversize", "bad_frame"]


def test_after_its_close_a_socket_takes_and_sends_nothing() -> None:
    client = client_of()
    session_id = client.new()
    line = client.line(session_id)
    client.post("streaming.stop", session_id=session_id)
    line.due(0.0)
    line.received(json.dumps({"type": "interrupt"}), 1.0)
    line.closed(1.0)

    assert line.due(2.0) == []
    assert client.record.messages[-1].kind == "close"
