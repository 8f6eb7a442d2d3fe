from __future__ import annotations

from ravatard.sim.options import KeepOptions
from ravatard.sim.ravatar.record import MessageRecord, PieceRecord, Record, SessionRecord
from tests.unit.sim.caller import tone


def _session(record: Record, licence: str = "licence-1") -> SessionRecord:
    return record.session_started(licence, "user-1", "avatar-1", 1.0)


def test_sound_is_kept_sample_by_sample_with_the_time_it_came() -> None:
    record = Record(KeepOptions())
    session = _session(record)

    record.sound(session, tone(0.5), 2.0)
    record.sound(session, tone(0.25), 3.0)

    assert bytes(session.audio) == tone(0.5) + tone(0.25)
    assert session.pieces == [PieceRecord(2.0, 0, 8_000), PieceRecord(3.0, 8_000, 4_000)]
    assert record.counts["samples"] == session.samples == 12_000


def test_the_speech_of_a_turn_can_be_had() -> None:
    record = Record(KeepOptions())
    session = _session(record)
    record.sound(session, tone(1.0), 2.0)
    turn = record.turn_began(session, 1_600, 2.0)
    going_on = session.sound_of(turn)

    turn.last_sample = 8_000

    assert going_on == tone(1.0)[3_200:]
    assert session.sound_of(turn) == tone(1.0)[3_200:16_000]
    assert turn.speech_s == 0.4


def test_a_turn_that_goes_on_has_no_length_yet() -> None:
    record = Record(KeepOptions())

    assert record.turn_began(_session(record), 1_600, 2.0).speech_s == 0.0


def test_open_licences_are_those_not_ended() -> None:
    record = Record(KeepOptions())
    first, _second = _session(record, "a"), _session(record, "b")

    record.session_ended(first, "client", "asked for", 2.0)

    assert record.open_licences() == ["b"]
    assert (record.counts["sessions_started"], record.counts["sessions_ended"]) == (2, 1)


def test_the_sound_of_the_oldest_session_makes_room_for_new_sound() -> None:
    record = Record(KeepOptions(audio_s=1.0))
    sessions = [_session(record, name) for name in "abc"]
    record.sound(sessions[0], tone(0.5), 1.0)
    record.sound(sessions[1], tone(0.5), 2.0)

    record.sound(sessions[2], tone(0.25), 3.0)

    assert [len(session.audio) for session in sessions] == [0, 16_000, 8_000]
    assert [session.audio_kept for session in sessions] == [False, True, True]
    assert sessions[0].samples == 8_000
    assert sessions[0].pieces == []


def test_a_session_longer_than_the_room_keeps_no_sound_and_counts_on() -> None:
    record = Record(KeepOptions(audio_s=1.0))
    session = _session(record)

    for _ in range(4):
        record.sound(session, tone(0.4), 1.0)

    assert not session.audio_kept
    assert session.audio == b""
    assert session.samples == 4 * 6_400


def test_room_that_became_free_is_used_again() -> None:
    record = Record(KeepOptions(audio_s=1.0))
    first, second = _session(record, "a"), _session(record, "b")
    for _ in range(3):
        record.sound(first, tone(0.4), 1.0)

    record.sound(second, tone(1.0), 2.0)

    assert second.audio_kept


def test_only_ended_sessions_are_forgotten() -> None:
    record = Record(KeepOptions(sessions=2))
    first, second = _session(record, "a"), _session(record, "b")
    record.session_ended(second, "client", "asked for", 2.0)

    third, fourth = _session(record, "c"), _session(record, "d")

    assert list(record.sessions) == [first, third, fourth]
    assert record.counts["sessions_started"] == 4


def test_messages_and_requests_are_kept_up_to_a_number_and_counted_beyond() -> None:
    record = Record(KeepOptions(messages=1, requests=1))

    for number in range(3):
        record.message(MessageRecord(number, "in" if number else "out", "user-1", 1, "text", {}))
        record.request(number, "GET", "/connection", 200)
        record.violated(number, "kind", "detail")

    assert [message.at for message in record.messages] == [2]
    assert [request.at for request in record.requests] == [2]
    assert [violation.at for violation in record.violations] == [2]
    assert record.counts["messages_in"] == 2
    assert record.counts["messages_out"] == 1
    assert record.counts["requests"] == record.counts["violations"] == 3


def test_refusals_are_counted_by_kind_breaches_included() -> None:
    record = Record(KeepOptions())

    record.refused("busy")
    record.refused("busy")
    record.violated(1.0, "pcm_size", "detail", "user-1")

    assert record.refusals == {"busy": 2, "pcm_size": 1}
    assert [violation.kind for violation in record.violations] == ["pcm_size"]
