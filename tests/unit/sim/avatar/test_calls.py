from __future__ import annotations

from typing import Any

import pytest

from ravatard.sim.avatar.options import AvatarSimOptions, SimAccessOptions
from tests.unit.sim.avatar.client import AvatarClient

Fields = dict[str, object]


def with_access(**access: Any) -> AvatarClient:
    return AvatarClient(AvatarSimOptions(access=SimAccessOptions(**access)))


@pytest.mark.parametrize(
    ("name", "fields", "word"),
    [
        ("streaming.new", {"quality": "best"}, "quality"),
        ("streaming.new", {"quality": "low", "avatar_id": 3}, "avatar_id"),
        ("streaming.new", {"quality": "low", "colour": "red"}, "colour"),
        ("streaming.stop", {}, "session_id"),
        ("streaming.start", {"sdp": "v=0"}, "sdp"),
        ("streaming.start", {"sdp": {"type": "offer", "sdp": "hello"}}, "description"),
        ("streaming.start", {"sdp": {"type": "answer", "sdp": "v=0"}}, "offer"),
        ("streaming.start", {"sdp": {"type": "offer", "sdp": "v=0\r\n"}}, "audio"),
        ("chat.completions", {}, "messages"),
        ("chat.completions", {"messages": []}, "messages"),
        ("chat.completions", {"messages": [{"role": "user"}]}, "content"),
        ("chat.completions", {"messages": [{"role": "king", "content": "x"}]}, "role"),
        ("chat.completions", {"messages": [{"role": "agent", "content": "x"}]}, "last message"),
        ("chat.completions", {"messages": [{"role": "user", "content": "x"}], "stream": 1}, "stream"),
        ("avatar.speak", {"text": " "}, "text"),
        ("avatar.speak", {"text": "x", "voice_settings": {"stability": 2}}, "voice_settings"),
        ("avatar.speak", {"text": "x", "voice_settings": {"speed": 1}}, "voice_settings"),
        ("avatar.speak", {"text": "x", "voice_settings": 1}, "voice_settings"),
    ],
)
def test_a_wrong_field_is_refused_named_and_recorded(name: str, fields: Fields, word: str) -> None:
    client = AvatarClient()
    needs_session = name not in {"streaming.new", "streaming.stop"}
    mine: Fields = {"session_id": client.new()} if needs_session else {}

    status, body = client.post(name, **(mine | fields))

    assert (status, body["error"]["code"]) == (400, "INVALID_REQUEST")
    assert word in body["error"]["message"]
    assert [one.kind for one in client.record.violations] == ["INVALID_REQUEST"]


def test_a_tolerant_service_ignores_strange_fields_and_records_them() -> None:
    client = with_access(strict_fields=False)

    client.new(colour="red")

    assert [one.detail for one in client.record.violations] == ["streaming.new: colour"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    assert AvatarClient().ask("POST", "/v1/streaming.new", body).status == 400
