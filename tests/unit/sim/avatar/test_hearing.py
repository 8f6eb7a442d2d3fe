"""Turns of the user, as a client on the socket meets them."""

from __future__ import annotations

import base64

import pytest

from tests.unit.sim.avatar.client import heard, kinds, talking
from tests.unit.sim.caller import quiet, tone

#: One second of speech and a second of silence at 24 kHz.
SPEECH, SILENCE = tone(1.5), quiet(1.5)


@pytest.mark.parametrize("raw", [b"", SILENCE])
@pytest.mark.parametrize("ear", ["socket", "both"])
def test_a_turn_without_speech_is_empty(raw: bytes, ear: str) -> None:
    client = talking(ear=ear)
    line = client.line(client.new())

    client.send(line, "start_listening")
    if raw:
        client.append(line, raw)
    client.send(line, "audio_buffer_commit")
    client.send(line, "stop_listening")

    assert kinds(heard(line, 60.0)) == ["status:listening", "error:AUDIO_BUFFER_EMPTY", "status:idle"]


@pytest.mark.parametrize("ear", ["none", "track"])
def test_a_service_that_is_deaf_on_the_socket_takes_it_and_does_nothing(ear: str) -> None:
    client = talking(ear=ear)
    line = client.line(client.new())
    client.send(line, "start_listening")
    client.append(line, SPEECH)
    client.send(line, "audio_buffer_commit")

    assert kinds(heard(line, 60.0)) == ["status:listening"]
    (turn,) = client.record.sessions[0].heard
    assert (turn.outcome, bytes(turn.pcm)) == ("deaf", SPEECH)
    assert client.record.heard == []


def test_a_parrot_speaks_what_was_appended() -> None:
    client = talking(ear="parrot")
    line = client.line(client.new())

    client.speak(line, SPEECH)
    events = heard(line, 60.0)

    assert "chat:user" not in kinds(events)
    pieces = [base64.b64decode(one["data"]) for one in events if one["type"] == "audio"]
    assert b"".join(pieces) == SPEECH
    assert client.record.sessions[0].heard[0].outcome == "spoken"


def test_outside_of_listening_the_buffer_is_the_avatars_mouth() -> None:
    client = talking()
    line = client.line(client.new())

    client.append(line, SPEECH)
    client.send(line, "audio_buffer_commit")

    assert kinds(heard(line, 60.0)) == ["status:speaking", "audio", "audio", "audio", "status:idle"]
    (said,) = client.record.said
    assert (said.cause, said.pcm) == ("buffer", SPEECH)
    assert client.record.sessions[0].stray_appends == 1


@pytest.mark.parametrize("ear", ["track", "both"])
def test_a_turn_on_the_track_ends_with_stop_listening(ear: str) -> None:
    client = talking(ear=ear)
    session_id = client.new()
    line, session = client.line(session_id), client.service.sessions.open[session_id]

    session.track_heard(SILENCE[:960], 0.0)
    session.track_heard(SPEECH[:960], 0.0)
    client.send(line, "start_listening")
    for start in range(0, len(SPEECH), 960):
        session.track_heard(SPEECH[start : start + 960], 0.0)
    client.send(line, "stop_listening")

    assert "chat:user" in kinds(heard(line, 60.0))
    (turn,) = client.record.heard
    assert (turn.path, bytes(turn.pcm), turn.parts) == ("track", SPEECH, 50)
    assert (client.record.sessions[0].track_frames, client.record.sessions[0].stray_track_frames) == (52, 1)


def test_silence_on_the_track_is_empty_and_beside_a_committed_turn_it_is_nothing() -> None:
    client = talking(ear="both")
    session_id = client.new()
    line, session = client.line(session_id), client.service.sessions.open[session_id]

    client.send(line, "start_listening")
    session.track_heard(SILENCE, 0.0)
    client.send(line, "stop_listening")
    alone = kinds(heard(line, 0.0))
    client.send(line, "start_listening")
    session.track_heard(SILENCE, 0.0)
    client.append(line, SPEECH)
    client.send(line, "audio_buffer_commit")
    client.send(line, "stop_listening")

    assert "error:AUDIO_BUFFER_EMPTY" in alone
    assert "error:AUDIO_BUFFER_EMPTY" not in kinds(heard(line, 60.0))


@pytest.mark.parametrize(("needed", "turns"), [(True, 0), (False, 1)])
def test_a_commit_is_needed_or_not(needed: bool, turns: int) -> None:
    client = talking(ear="socket", commit_needed=needed)
    line = client.line(client.new())

    client.send(line, "start_listening")
    client.append(line, SPEECH)
    client.send(line, "stop_listening")

    assert len(client.record.heard) == turns
    assert client.record.sessions[0].heard[0].outcome == ("heard" if turns else "dropped")


def test_a_cleared_turn_is_not_heard_and_no_mistake() -> None:
    client = talking()
    line = client.line(client.new())

    client.send(line, "start_listening")
    client.append(line, SPEECH)
    client.send(line, "audio_buffer_clear")
    client.send(line, "stop_listening")

    assert kinds(heard(line, 60.0)) == ["status:listening", "status:idle"]
    assert client.record.sessions[0].heard[0].outcome == "cleared"


def test_a_bracket_that_was_never_closed_is_dropped_by_the_next() -> None:
    client = talking()
    line = client.line(client.new())

    client.send(line, "start_listening")
    client.append(line, SPEECH)
    client.speak(line, SPEECH)

    assert [turn.outcome for turn in client.record.sessions[0].heard] == ["dropped", "heard"]
