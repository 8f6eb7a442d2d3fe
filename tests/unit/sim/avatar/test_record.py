from __future__ import annotations

from ravatard.sim.avatar.record import AvatarRecord, AvatarSessionRecord, HeardTurn, SaidAnswer


def test_turns_answers_and_open_sessions_are_those_of_all_sessions() -> None:
    record = AvatarRecord()
    over = AvatarSessionRecord(1, "a", "secret-token", 0.0, {}, stopped_at=5.0)
    still = AvatarSessionRecord(2, "b", "secret-token", 1.0, {})
    record.sessions += [over, still]
    over.heard += [HeardTurn("socket", 1.0, outcome="heard"), HeardTurn("track", 1.0, outcome="deaf")]
    still.heard.append(HeardTurn("track", 2.0, outcome="heard"))
    still.said.append(SaidAnswer(1, "voice", "Yes.", b""))

    assert record.open_sessions == [still]
    assert record.heard == [over.heard[0], still.heard[0]]
    assert record.said == still.said
    assert "secret-token" not in repr(record.sessions)


def test_a_violation_is_counted_with_the_refusals() -> None:
    record = AvatarRecord()

    record.refused("busy")
    record.violated(3.0, "INVALID_REQUEST", "no session_id")

    assert record.refusals == {"busy": 1, "INVALID_REQUEST": 1}
    assert [one.at for one in record.violations] == [3.0]
