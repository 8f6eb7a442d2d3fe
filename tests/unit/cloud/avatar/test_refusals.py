from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.avatar import requests
from ravatard.cloud.avatar.refusals import (
    CallMissing,
    RefusalKind,
    SessionVanished,
    raise_refusal,
    refusal_of,
)
from ravatard.errors import (
    AuthError,
    BusyError,
    DeniedError,
    LinkError,
    LinkTimeout,
    MoneyError,
    PeerError,
    RavatardError,
)
from tests.examples import examples

DOCUMENTED = json.dumps(
    {
        "error": {
            "code": "SESSION_NOT_FOUND",
            "message": "The specified session does not exist",
            "details": {"session_id": "550e8400"},
        }
    }
).encode()


def raised(call: str, status: int, body: bytes = b"", retry_after_s: float | None = None) -> RavatardError:
    refused = refusal_of(call, status, body, retry_after_s)
    assert refused is not None
    with pytest.raises(RavatardError) as caught:
        raise_refusal(refused)
    return caught.value


def test_the_documented_form_is_read_whole() -> None:
    refused = refusal_of(requests.CHAT, 404, DOCUMENTED)

    assert refused is not None
    assert refused.kind is RefusalKind.SESSION_GONE
    assert refused.code == "SESSION_NOT_FOUND"
    assert refused.message == "The specified session does not exist"
    assert refused.details == {"session_id": "550e8400"}
    assert "550e8400" not in repr(refused)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"detail":"Not Found"}', "Not Found"),
        (b'{"detail":[{"loc":["body","quality"],"msg":"field required"}]}', "field required body quality"),
        (b'{"detail":["no"]}', "no"),
        (b'{"detail":{"code":"X","message":"no"}}', "no"),
        *((b'{"message":"no"}', "no"), (b'{"error":"no"}', "no"), (b"<html>", ""), (b"", "")),
    ],
)
def test_every_form_of_an_error_is_read(body: bytes, message: str) -> None:
    refused = refusal_of(requests.SESSIONS, 500, body)

    assert refused is not None
    assert refused.message == message


@pytest.mark.parametrize(
    ("call", "status", "body", "error"),
    [
        (requests.NEW, 400, b"", PeerError),
        (requests.NEW, 422, b'{"detail":"avatar_id unknown"}', DeniedError),
        (requests.NEW, 404, b'{"error":{"code":"AVATAR_NOT_FOUND"}}', DeniedError),
        (requests.SPEAK, 404, b'{"error":{"code":"VOICE_NOT_FOUND"}}', DeniedError),
        (requests.CHAT, 401, b"", AuthError),
        (requests.CHAT, 403, b"", AuthError),
        (requests.NEW, 402, b"", MoneyError),
        (requests.CHAT, 404, b'{"detail":"Not Found"}', SessionVanished),
        (requests.CHAT, 404, b'{"detail":"No such avatar session"}', SessionVanished),
        (requests.STOP, 404, DOCUMENTED, SessionVanished),
        (requests.SPEAK, 410, b"", SessionVanished),
        (requests.SPEAK, 409, b"", SessionVanished),
        (requests.SPEAK, 400, b'{"error":{"code":"SESSION_EXPIRED"}}', SessionVanished),
        (requests.START, 404, b"", CallMissing),
        (requests.START, 405, b"", CallMissing),
        (requests.START, 501, b"", CallMissing),
        (requests.START, 404, DOCUMENTED, SessionVanished),
        (requests.NEW, 404, b"<html>", CallMissing),
        (requests.HEALTH, 405, b"", CallMissing),
        (requests.NEW, 302, b"", PeerError),
        (requests.NEW, 500, b"", LinkError),
        (requests.NEW, 502, b"<html>", LinkError),
        (requests.NEW, 504, b"", LinkTimeout),
        (requests.NEW, 408, b"", LinkTimeout),
        (requests.NEW, 200, b'{"error":{"code":"NO_GPU"}}', LinkError),
    ],
)
def test_each_refusal_has_its_error(call: str, status: int, body: bytes, error: type[Exception]) -> None:
    assert type(raised(call, status, body)) is error


@pytest.mark.parametrize(
    ("call", "status", "asked_s", "wait_s"),
    [
        (requests.NEW, 429, None, 9.0),
        (requests.SPEAK, 429, None, 3.0),
        (requests.CHAT, 429, None, 1.5),
        (requests.CHAT, 429, 7.0, 7.0),
        (requests.NEW, 503, None, 5.0),
        (requests.NEW, 503, 20.0, 20.0),
    ],
)
def test_a_busy_service_says_how_long_to_wait(
    call: str, status: int, asked_s: float | None, wait_s: float
) -> None:
    error = raised(call, status, b"", asked_s)

    assert isinstance(error, BusyError)
    assert error.retry_after_s == wait_s


def test_a_good_reply_is_no_refusal() -> None:
    assert refusal_of(requests.NEW, 200, b'{"session_id":"a","error":"none"}') is None
    assert refusal_of(requests.STOP, 204, b"") is None


@settings(deadline=None, max_examples=examples(300))
@given(
    st.sampled_from([requests.NEW, requests.STOP, requests.CHAT, requests.HEALTH]),
    st.integers(100, 999),
    st.binary(max_size=60)
    | st.dictionaries(
        st.sampled_from(["error", "detail", "message", "code"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["code", "message", "details", "loc", "msg"]), inner, max_size=3
                )
            ),
        ),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_every_reply_is_good_or_one_of_our_errors(call: str, status: int, body: bytes) -> None:
    refused = refusal_of(call, status, body)

    if refused is not None:
        with pytest.raises(RavatardError) as caught:
            raise_refusal(refused)
        assert len(str(caught.value)) < 250


@pytest.mark.parametrize("call", [requests.NEW, requests.CHAT, requests.SPEAK, requests.HEALTH])
@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(
    ("body", "asked_s", "obeyed_s"),
    [
        (b'{"detail": "busy"}', 86_400.0, 60.0),
        (b'{"detail": "busy"}', 1e24, 60.0),
        (b'{"detail": "busy"}', 7.0, 7.0),
        (b"<html>down</html>", 86_400.0, 20.0),
        (b"", 3_600.0, 20.0),
        (b"<html>down</html>", 7.0, 7.0),
    ],
)
def test_a_wait_is_obeyed_for_a_minute_at_most_and_of_a_page_for_less(
    call: str, status: int, body: bytes, asked_s: float, obeyed_s: float
) -> None:
    refused = refusal_of(call, status, body, asked_s)

    assert refused is not None
    assert refused.retry_after_s == obeyed_s
    assert refused.wait_s == obeyed_s
