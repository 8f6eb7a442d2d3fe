from __future__ import annotations

import json

import pytest

from ravatard.avatar_sdk import (
    AuthError,
    AvatarError,
    BadRequest,
    NotFound,
    RateLimited,
    SessionGone,
    Unavailable,
)
from ravatard.avatar_sdk.failures import failure_of
from ravatard.cloud.avatar.refusals import refusal_of


@pytest.mark.parametrize(
    ("call", "status", "code", "kind"),
    [
        ("streaming.new", 400, "", BadRequest),
        ("streaming.new", 401, "", AuthError),
        ("streaming.new", 402, "", AvatarError),
        ("streaming.new", 404, "", NotFound),
        ("streaming.new", 404, "AVATAR_NOT_FOUND", NotFound),
        ("avatar.speak", 422, "VOICE_UNKNOWN", BadRequest),
        ("avatar.speak", 404, "SESSION_NOT_FOUND", SessionGone),
        ("avatar.speak", 429, "RATE_LIMIT_EXCEEDED", RateLimited),
        ("avatar.speak", 500, "", Unavailable),
        ("avatar.speak", 503, "", Unavailable),
        ("avatar.speak", 302, "", AvatarError),
    ],
)
def test_each_refusal_is_an_error_of_its_kind(call: str, status: int, code: str, kind: type) -> None:
    body = json.dumps({"error": {"code": code, "message": "said so", "details": {"a": 1}}}).encode()
    refused = refusal_of(call, status, body, 7.0)
    assert refused is not None

    error = failure_of(refused)

    assert type(error) is kind
    assert (error.status, error.code, error.details, error.retry_after_s) == (status, code, {"a": 1}, 7.0)
    assert "said so" in error.message


def test_every_error_is_an_avatar_error_and_a_gone_session_was_not_found() -> None:
    assert issubclass(SessionGone, NotFound)
    assert all(issubclass(one, AvatarError) for one in (AuthError, BadRequest, RateLimited, Unavailable))


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("it is no list; check service.base_url", "it is no list; check api_url"),
        ("service.socket_url and service.api_key", "ws_url and api_key"),
    ],
)
def test_a_sentence_that_the_daemon_uses_too_names_arguments_instead_of_its_settings(
    sentence: str, told: str
) -> None:
    error = AvatarError(sentence)

    assert (error.message, str(error)) == (told, told)


@pytest.mark.parametrize(("status", "remedy"), [(302, True), (404, True), (500, False)])
def test_what_is_perhaps_no_api_is_told_with_a_remedy(status: int, remedy: bool) -> None:
    refused = refusal_of("streaming.new", status, b"<html>")
    assert refused is not None

    assert failure_of(refused).message.endswith("; check api_url") is remedy
