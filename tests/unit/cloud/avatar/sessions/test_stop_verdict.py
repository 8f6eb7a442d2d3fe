from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.avatar.sessions.stop_verdict import StopVerdict, stop_verdict
from ravatard.secret import Secret
from tests.examples import examples

ID = "550e8400-e29b-41d4-a716-446655440000"
SESSION = Secret(ID)
GONE = {"error": {"code": "SESSION_NOT_FOUND", "message": "The specified session does not exist"}}


def body(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "stopped", "duration": 125.4},
        {"status": "stopped"},
        {"status": "Stopped", "session_id": ID, "duration": 12, "ended_at": "2024-01-22T10:30:00Z"},
        {"code": 100, "message": "ok", "data": {"status": "stopped"}},
        {"data": {"status": "stopped", "duration": 1}},
        {"status": "ok", "data": {"status": "stopped"}},
        {"status": "stopped", "error": None, "errors": [], "success": True, "message": "Session was stopped"},
    ],
)
def test_the_documented_word_ends_a_session(answer: object) -> None:
    assert stop_verdict(200, body(answer), SESSION) is StopVerdict.ENDED


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (404, GONE),
        (410, GONE),
        (404, {"error": {"code": "SESSION_NOT_FOUND", "details": {"session_id": ID}}}),
        (404, {"detail": "Session not found"}),
        (404, {"detail": f"Session '{ID}' was not found."}),
        (404, {"detail": f"session {ID} does not exist"}),
        (404, {"message": "unknown session"}),
        (404, {"error": "no such session"}),
        (404, {"error": {"code": "NOT_FOUND", "message": "The session has already ended"}}),
        (410, {"error": {"code": "410", "message": "Session expired"}}),
        (409, {"error": {"code": "SESSION_CLOSED"}}),
        (400, {"error": {"code": "session-expired"}}),
        (422, {"error": {"code": "NO_SUCH_SESSION"}}),
        (200, {"error": {"code": "SESSION_NOT_FOUND"}}),
    ],
)
def test_a_session_that_is_not_known_is_gone(status: int, answer: object) -> None:
    assert stop_verdict(status, body(answer), SESSION) is StopVerdict.GONE


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"duration": 0},
        {"ok": True},
        {"success": True},
        {"error": None, "data": None},
        {"code": 100, "data": {"status": "ok"}},
        {"status": "not_stopped"},
        {"status": "stop_failed"},
        {"status": "busy"},
        {"status": "timeout"},
        {"status": "retry"},
        {"status": "will stop"},
        {"status": 500},
        {"status": "queued"},
        {"status": "running"},
        {"status": "accepted"},
        {"status": "stopping"},
        {"status": "active"},
        {"status": "error"},
        {"status": "ok"},
        {"status": "success"},
        {"status": "stopped?"},
        {"status": "un-stopped"},
        {"status": None},
        {"ok": False},
        {"stopped": False},
        {"detail": "Session is locked"},
        {"errors": ["gpu lost"]},
        {"err": "x"},
        {"error_code": 12, "error_msg": "locked"},
        {"exception": "RuntimeError: gpu"},
        {"Error": {"code": "LOCKED"}},
        {"message": "could not stop the session"},
        {"result": "failure"},
        {"code": 10005, "message": "fail"},
        {"error": {"code": "X"}},
        {"error": "no"},
    ],
)
def test_an_answer_without_the_documented_word_ends_nothing(answer: object) -> None:
    assert stop_verdict(200, body(answer), SESSION) is StopVerdict.OPEN


@pytest.mark.parametrize(
    "against",
    [
        {"session_id": "somebody-else"},
        {"ok": False},
        {"success": "false"},
        {"stopped": False},
        {"errors": ["gpu lost"]},
        {"err": "x"},
        {"error_code": 12},
        {"exception": "RuntimeError"},
        {"Error": {"code": "LOCKED"}},
        {"error": True},
        {"code": 500},
        {"code": "LOCKED"},
        {"message": "could not stop the session"},
        {"msg": "it isn't stopped, try later"},
        {"result": "failure"},
        {"state": "running"},
        {"active": True},
        {"failed_reason": "gpu"},
    ],
)
def test_the_documented_word_ends_nothing_beside_words_against_it(against: dict[str, object]) -> None:
    bare = body({"status": "stopped", **against})
    within = body({"data": {"status": "stopped", **against}})
    around = body({**against, "data": {"status": "stopped"}})

    assert {stop_verdict(200, one, SESSION) for one in (bare, within, around)} == {StopVerdict.OPEN}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "SESSION_TOKEN_EXPIRED"),
        (401, "LOGIN_SESSION_EXPIRED"),
        (401, "SESSION_EXPIRED"),
        (403, "SESSION_NOT_OWNED"),
        (403, "SESSION_NOT_FOUND"),
        (400, "SESSION_ID_INVALID_FORMAT"),
        (404, "SESSION_STORE_NOT_FOUND"),
        (404, "SESSION_BACKEND_GONE"),
        (404, "USER_SESSION_NOT_FOUND"),
        (410, "SESSION_X"),
        (409, "SESSION_STARTING"),
        (409, "SESSION_LOCKED"),
        (429, "SESSION_RATE_LIMIT"),
        (500, "SESSION_NOT_FOUND"),
        (503, "SESSION_BACKEND_NOT_FOUND"),
        (504, "SESSION_STOP_TIMEOUT"),
        (404, "ROUTE_NOT_FOUND"),
    ],
)
def test_a_code_that_is_not_about_this_session_ends_nothing(status: int, code: str) -> None:
    answer = body({"error": {"code": code, "message": "no session handler here"}})

    assert stop_verdict(status, answer, SESSION) is StopVerdict.OPEN


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    "answer",
    [
        {"detail": "Not Found"},
        {"detail": "Session service not mounted"},
        {"detail": "no session handler here"},
        {"detail": "session store not found"},
        {"detail": "The session could not be looked up"},
        {"detail": "Session not found in cache, it may still be open"},
        {"detail": f"login session {ID} expired"},
        {"detail": "Session 'another' not found"},
        {"message": "no Route matched with those values"},
        {"statusCode": 404, "message": "Cannot POST /v1/streaming.stop", "error": "Not Found"},
        {"error": {"code": "ROUTE_NOT_FOUND", "message": "Session not found"}},
        {"error": {"code": "SESSION_NOT_FOUND", "details": {"session_id": "another"}}},
        {"error": {"code": "NOT_FOUND", "message": "The requested resource was not found"}},
        {},
        {"detail": "Gone"},
    ],
)
def test_words_that_are_not_about_this_session_end_nothing(status: int, answer: object) -> None:
    assert stop_verdict(status, body(answer), SESSION) is StopVerdict.OPEN


@pytest.mark.parametrize("status", [201, 202, 204, 206, 302, 401, 404, 429, 500])
def test_the_documented_word_counts_with_the_documented_status(status: int) -> None:
    assert stop_verdict(status, body({"status": "stopped"}), SESSION) is StopVerdict.OPEN


@pytest.mark.parametrize("status", [200, 204, 404, 410, 502])
@pytest.mark.parametrize(
    "page", [b"", b"<html>session</html>", b"[]", b'"stopped"', b"stopped", b"null", b"true"]
)
def test_what_is_not_the_services_json_ends_nothing(status: int, page: bytes) -> None:
    assert stop_verdict(status, page, SESSION) is StopVerdict.OPEN


@settings(max_examples=examples(100))
@given(st.integers(100, 599), st.binary(max_size=100), st.text(max_size=5))
def test_no_answer_raises(status: int, answer: bytes, session_id: str) -> None:
    assert isinstance(stop_verdict(status, answer, Secret(session_id)), StopVerdict)
