from __future__ import annotations

import json

from ravatard.cloud.avatar import requests
from ravatard.cloud.avatar.requests import ChatLine, VoiceSettings
from ravatard.secret import Secret

SESSION = Secret("s-1")


def test_bodies_are_the_documented_ones() -> None:
    settings = VoiceSettings(0.75, 0.75)

    assert json.loads(requests.new_request("medium", "avatar_1", "v")) == {
        **{"quality": "medium", "avatar_id": "avatar_1"},
        "voice_id": "v",
    }
    assert json.loads(requests.start_request(SESSION, "v=0\r\n")) == {
        "session_id": "s-1",
        "sdp": {"type": "offer", "sdp": "v=0\r\n"},
    }
    assert json.loads(requests.stop_request(SESSION)) == {"session_id": "s-1"}
    assert json.loads(requests.chat_request(SESSION, [ChatLine("user", "Hi")], model="gpt-4")) == {
        "session_id": "s-1",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "model": "gpt-4",
    }
    assert json.loads(requests.speak_request(SESSION, "Welcome", "v", settings)) == {
        "session_id": "s-1",
        "text": "Welcome",
        "voice_id": "v",
        "voice_settings": {"stability": 0.75, "similarity_boost": 0.75},
    }


def test_optional_fields_are_left_out() -> None:
    assert json.loads(requests.new_request("low")) == {"quality": "low"}
    assert json.loads(requests.speak_request(SESSION, "a", settings=VoiceSettings())) == {
        "session_id": "s-1",
        "text": "a",
    }
    assert json.loads(requests.speak_request(SESSION, "a", settings=VoiceSettings(0.0)))[
        "voice_settings"
    ] == {"stability": 0.0}
    assert "model" not in json.loads(requests.chat_request(SESSION, [], stream=False))


def test_half_a_surrogate_pair_can_be_sent() -> None:
    assert b"\\ud800" in requests.speak_request(SESSION, "\ud800")


def test_the_key_is_sent_only_when_there_is_one() -> None:
    assert "Authorization" not in requests.headers(None)
    assert requests.headers(Secret("k"))["Authorization"] == "Bearer k"
    assert "text/event-stream" in requests.headers(None, requests.ACCEPT_CHAT)["Accept"]


def test_words_stay_out_of_reprs() -> None:
    assert "secret words" not in repr(ChatLine("user", "secret words"))
