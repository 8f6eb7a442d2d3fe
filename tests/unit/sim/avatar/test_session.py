"""Turns, answers and the life of a session, as a client on its socket meets them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ravatard.sim.avatar.options import (
    AvatarSimOptions,
    SimLeaseOptions,
    SimPictureOptions,
    SimTalkOptions,
)
from ravatard.sim.avatar.sound_pieces import of_voice
from ravatard.sim.exchange import Close, Reply
from ravatard.sim.sound.speech import voice_of
from tests.unit.sim.avatar.client import STILL, AvatarClient, heard, kinds, talking, voice
from tests.unit.sim.caller import quiet, tone

#: One second of speech and a second of silence at 24 kHz.
SPEECH, SILENCE = tone(1.5), quiet(1.5)


def pcm_of(text: str) -> bytes:
    return of_voice(voice_of(voice(text)))


def test_a_spoken_turn_is_answered_with_words_status_and_sound() -> None:
    client = talking(ear="socket")
    line = client.line(client.new())

    client.speak(line, SPEECH)
    at_once = kinds(heard(line, 0.0))
    due = line.next_due()
    events = heard(line, 60.0)

    assert at_once == ["status:listening", "status:idle"]
    assert due == 0.5
    assert kinds(events) == ["chat:user", "chat:agent", "status:speaking", "audio", "status:idle"]
    assert (events[0]["content"], events[1]["content"]) == ("(speech, 1.0 s)", "Yes.")
    assert base64.b64decode(events[3]["data"]) == pcm_of("Yes.")
    (turn,), (said,) = client.record.heard, client.record.said
    assert (turn.path, bytes(turn.pcm), turn.parts) == ("socket", SPEECH, 1)
    assert (said.text, said.pcm, said.cause, said.pieces) == ("Yes.", pcm_of("Yes."), "voice", 1)
    assert (said.started_at, said.cut_at) == (1.0, None)
    assert said.ended_at == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("events", "wanted"),
    [("user", ["chat:user"]), ("agent", ["chat:agent"]), ("none", []), ("both", ["chat:user", "chat:agent"])],
)
def test_chat_events_of_a_spoken_turn_are_a_choice(events: str, wanted: list[str]) -> None:
    client = talking(chat_events=events)
    line = client.line(client.new())
    client.speak(line, SPEECH)

    assert [one for one in kinds(heard(line, 60.0)) if one.startswith("chat")] == wanted


def test_an_avatar_may_never_answer() -> None:
    client = AvatarClient(AvatarSimOptions(talk=SimTalkOptions(answers=()), picture=STILL))
    session_id = client.new()
    line = client.line(session_id)
    client.speak(line, SPEECH)
    client.write(session_id, "Hello")

    assert "chat:agent" not in kinds(heard(line, 60.0))[:3]
    assert client.record.said == []


@pytest.mark.parametrize(("speaks", "sounds"), [("service", True), ("client", False)])
def test_a_written_turn_is_spoken_or_not(speaks: str, sounds: bool) -> None:
    client = talking(speaks=speaks)
    session_id = client.new()
    line = client.line(session_id)

    reply = client.write(session_id, "Hello")
    found = kinds(heard(line, 60.0))

    assert b"Yes." in reply.body
    assert found[:2] == ["chat:user", "chat:agent"]
    assert ("audio" in found) is sounds


def test_a_written_turn_may_come_without_chat_events() -> None:
    client = talking(chat_beside=False)
    session_id = client.new()
    line = client.line(session_id)
    client.write(session_id, "Hello")

    assert kinds(heard(line, 60.0)) == ["status:speaking", "audio", "status:idle"]


@pytest.mark.parametrize(
    ("reaction", "wanted"),
    [
        ("accept", ["status:listening", "status:listening"]),
        ("refuse", ["error:INVALID_STATE", "status:idle"]),
        ("interrupt", ["status:idle", "status:listening"]),
    ],
)
def test_listening_while_the_avatar_speaks_is_a_choice(reaction: str, wanted: list[str]) -> None:
    client = talking(while_speaking=reaction)
    session_id = client.new()
    line = client.line(session_id)
    client.post("avatar.speak", session_id=session_id, text="Word")
    heard(line, 0.05)

    client.now = 0.05
    client.send(line, "start_listening")

    assert kinds(heard(line, 60.0)) == wanted


def test_frames_come_at_their_rate_while_a_socket_is_open() -> None:
    client = AvatarClient(AvatarSimOptions(picture=SimPictureOptions(frames_per_s=4, size_bytes=1_000)))
    line = client.connect(client.new())
    assert not isinstance(line, Reply)

    items = line.due(0.9)
    frames = [str(item) for item in items][1:]
    session = client.record.sessions[0]

    assert len(frames) == 4
    assert all(frame.startswith('{"type":"frame","data":"/9j/') for frame in frames)
    assert '"frame_id":4,"timestamp":1767225600.750}' in frames[-1]
    assert (session.frames, session.frame_bytes) == (4, sum(map(len, frames)))
    assert line.next_due() == 1.0
    assert [one.kind for one in client.record.messages] == ["status"]


@pytest.mark.parametrize(
    ("farewell", "wanted"),
    [("error", ["error:SESSION_EXPIRED", 4408]), ("close", [4408]), ("silent", [])],
)
def test_a_session_that_vanishes_says_goodbye_as_it_is_told(farewell: Any, wanted: list[object]) -> None:
    client = talking(lease=SimLeaseOptions(farewell=farewell))
    line = client.line(client.new())

    client.service.expire_sessions(5.0, "Session expired")
    items = line.due(5.0)

    assert [one.code if isinstance(one, Close) else "error:SESSION_EXPIRED" for one in items] == wanted
    assert client.record.open_sessions == []
    assert line.next_due() is None


def test_stopping_closes_the_socket() -> None:
    client = talking()
    session_id = client.new()
    line = client.line(session_id)
    client.post("streaming.stop", session_id=session_id)

    assert line.due(1.0) == [Close(1000, "session over")]


def test_a_second_socket_takes_the_place_of_the_first() -> None:
    client = talking()
    session_id = client.new()
    first = client.line(session_id)
    client.send(first, "start_listening")
    first.due(0.0)

    second = client.line(session_id)
    gone = first.due(0.0)
    first.closed(0.0)
    client.send(second, "interrupt")

    assert gone == [Close(4409, "another client took the session")]
    assert kinds(heard(second, 0.0)) == ["status:listening"]


def test_a_lost_socket_ends_listening_and_not_the_session() -> None:
    client = talking()
    session_id = client.new()
    line = client.line(session_id)
    client.send(line, "start_listening")
    client.append(line, SPEECH)

    line.closed(1.0)
    again = client.line(session_id)
    client.send(again, "stop_listening")

    assert kinds(heard(again, 2.0)) == ["status:idle"]
    assert client.record.sessions[0].heard[0].outcome == "cleared"
    assert client.record.sessions[0].sockets == 2
