"""Answers of the avatar, as a client on the socket meets them."""

from __future__ import annotations

import pytest

from tests.unit.sim.avatar.client import heard, kinds, talking


def test_texts_are_spoken_one_after_another() -> None:
    client = talking()
    session_id = client.new()
    line = client.line(session_id)

    first = client.post(
        "avatar.speak", session_id=session_id, text="One two", voice_settings={"stability": 1}
    )
    second = client.post("avatar.speak", session_id=session_id, text="Three")

    assert first == (200, {"task_id": "task_000001", "status": "processing", "duration_estimate": 0.2})
    assert second[1]["task_id"] == "task_000002"
    events = heard(line, 60.0)
    assert kinds(events) == ["status:speaking", "audio", "status:idle"] * 2
    times = [at for one in client.record.said for at in (one.started_at, one.ended_at)]
    assert times == pytest.approx([0.0, 0.2, 0.2, 0.3])


def test_an_interrupt_silences_the_avatar_and_empties_its_queue() -> None:
    client = talking()
    session_id = client.new()
    line = client.line(session_id)
    client.post("avatar.speak", session_id=session_id, text=" ".join(["word"] * 20))
    client.post("avatar.speak", session_id=session_id, text="Never")

    before = kinds(heard(line, 0.5))
    client.now = 0.5
    client.send(line, "interrupt")
    after = kinds(heard(line, 60.0))

    assert (before, after) == (["status:speaking", "audio", "audio"], ["status:idle"])
    assert [one.cut_at for one in client.record.said] == [0.5, 0.5]


def test_an_interrupt_may_be_ignored() -> None:
    client = talking(obeys_interrupt=False)
    session_id = client.new()
    line = client.line(session_id)
    client.post("avatar.speak", session_id=session_id, text="Word")
    client.send(line, "interrupt")

    assert kinds(heard(line, 60.0)) == ["status:speaking", "audio", "status:idle"]


@pytest.mark.parametrize(
    ("sound", "pieces", "track"), [("socket", 1, 0), ("track", 0, 1), ("both", 1, 1), ("none", 0, 0)]
)
def test_the_voice_takes_the_ways_it_is_given(sound: str, pieces: int, track: int) -> None:
    client = talking(sound=sound)
    session_id = client.new()
    line = client.line(session_id)
    client.post("avatar.speak", session_id=session_id, text="Word")

    found = kinds(heard(line, 60.0))

    assert found.count("audio") == pieces
    assert ("status:speaking" in found) is (sound != "none")
    assert len(client.service.sessions.open[session_id].mouth.speech.spoken) == track


def test_answers_go_on_without_a_socket_and_are_lost() -> None:
    client = talking()
    session_id = client.new()
    client.post("avatar.speak", session_id=session_id, text="Word")

    due = client.service.next_due()
    client.service.tick(60.0)
    client.now = 60.0

    assert due == 0.0
    assert client.record.said[0].ended_at == pytest.approx(0.1)
    assert kinds(heard(client.line(session_id), 61.0)) == []
