"""A session is over when the service says so in its own words, or does not know it; nothing else counts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.ravatar.endings import check_ended
from ravatard.errors import RavatardError
from tests.assertions import assert_no_complaint, assert_raises_only
from tests.unit.cloud.oddities import ODD

#: 404 of web frameworks and gateways for an address that they do not know, as while a service is started.
FRAMEWORKS = (
    b'{"detail": "Not Found"}',
    b'{"message": "Not Found"}',
    b'{"statusCode": 404, "message": "Resource not found"}',
    b'{"statusCode": 404, "message": "Cannot POST /endLiveSession", "error": "Not Found"}',
    b'{"message": "Route POST:/endLiveSession not found", "error": "Not Found", "statusCode": 404}',
    b'{"type": "about:blank", "title": "Not Found", "status": 404, "traceId": "00-1"}',
    b'{"error": {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}}',
    b'{"errors": [{"status": "404", "title": "Not Found"}]}',
    b'{"code": 5, "message": "Not Found", "details": []}',
)
#: A good status with words of somebody else, or of a failure.
WITHOUT_VERDICT = (
    b'{"captive": true, "user-portal-url": "https://hotel.example"}',
    b'{"errorMessage": "Task timed out after 3.00 seconds", "errorType": "TimeoutError"}',
    b'{"errors": [{"message": "upstream failed"}]}',
    b'{"message": "Internal server error"}',
    b'{"message": "The session could not be ended"}',
    b'{"message": "Session not closed"}',
    b'{"detail": "Something went wrong"}',
    b'{"data": {"status": "failure"}}',
    b'{"data": {}}',
    b'{"error": "x", "data": {"status": "success"}}',
)


@pytest.mark.parametrize(
    "body",
    [
        b'{"status": "success"}',
        b'{"status": " SUCCESS "}',
        b'{"status": 200}',
        b'{"status": "200"}',
        b'{"status": true}',
        b'{"status": "ok", "error": null}',
        b'{"success": true}',
        b'{"result": "success"}',
        b'"success"',
        b"true",
        b"{}",
        b'{"message": "Live session ended"}',
        b'{"data": {"status": "success"}}',
        b"",
        b'{"status": "failure", "error": "LicenseId not found"}',
        b'{"status": "failure", "error": "unknown license"}',
        b'{"status": "failure", "error": "session already ended"}',
        b'{"status": "failure", "error": "license_not_found"}',
        b'{"status": 404}',
        b'{"status": "not found"}',
        b'{"status": "expired"}',
        *(odd({"status": "success"}) for odd in ODD.values()),
    ],
)
def test_the_service_says_that_it_is_over(body: bytes) -> None:
    with assert_no_complaint():
        check_ended(200, body)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b'{"status": 404, "error": "LicenseId is not that of an open session"}'),
        (404, b'{"error": "not found"}'),
        (410, b'{"error": "gone"}'),
        (410, b""),
        (400, b'{"error": "unknown_license"}'),
        (404, b'{"detail": "LicenseId not found"}'),
        (404, b'{"message": "No such session"}'),
        (404, b'{"status": "failure", "message": "License not found", "code": 17}'),
        (204, b""),
    ],
)
def test_a_session_the_service_does_not_know_is_over(status: int, body: bytes) -> None:
    with assert_no_complaint():
        check_ended(status, body)


@pytest.mark.parametrize(
    "word",
    [
        "failure",
        "failed",
        "error",
        "fail",
        "pending",
        "busy",
        "unsuccessful",
        "no",
        "",
        "later",
        "not ok",
        "denied",
    ],
)
@pytest.mark.parametrize("name", ["status", "result"])
def test_a_word_that_is_not_success_leaves_it_open(name: str, word: str) -> None:
    with pytest.raises(RavatardError):
        check_ended(200, f'{{"{name}": "{word}"}}'.encode())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"status": false}'),
        (200, b'{"success": false}'),
        (200, b'{"status": 200, "success": false}'),
        (200, b'{"status": "success", "result": "failure"}'),
        (200, b'{"error": "something"}'),
        (200, b'{"status": 500}'),
        (200, b'{"status": -1}'),
        (200, b'{"status": []}'),
        (200, b'{"status": "failure", "error": "unknown error"}'),
        (200, b'{"status": "failure", "error": "project_not_found"}'),
        (200, b"[1]"),
        (200, b"false"),
        (200, b'"failure"'),
        (200, b"<html>Log in to the hotel's network</html>"),
        (404, b"<html>Not found</html>"),
        (404, b""),
        (404, b'{"timestamp": "x", "status": 404, "error": "Not Found", "path": "/endLiveSession"}'),
        (404, b'{"message": "no Route matched with those values"}'),
        (410, b"<html>gone</html>"),
        *((404, body) for body in FRAMEWORKS),
        *((410, body) for body in FRAMEWORKS),
        *((200, body) for body in WITHOUT_VERDICT),
        (403, b'{"error": "Token is missing, invalid or expired"}'),
        (400, b'{"error": "LicenseId is required"}'),
        (302, b""),
        (500, b'{"error": "license not found"}'),
        (503, b'{"status": "success"}'),
    ],
)
def test_anything_else_leaves_it_open(status: int, body: bytes) -> None:
    with pytest.raises(RavatardError):
        check_ended(status, body)


@pytest.mark.parametrize("status", [code for code in range(400, 600) if code != 410])
@pytest.mark.parametrize("body", [b"<html><title>Just a moment...</title>", b"", b"Bad gateway"])
def test_an_intermediary_ends_nothing(status: int, body: bytes) -> None:
    with pytest.raises(RavatardError):
        check_ended(status, body)


@settings(deadline=None)
@given(st.integers(100, 599), st.binary())
def test_no_reply_raises_anything_but_our_errors(status: int, body: bytes) -> None:
    with assert_raises_only(RavatardError):
        check_ended(status, body)
