"""RAVATAR's REST calls: what is asked, and which error each refusal becomes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.ravatar import refusals, rest
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
from ravatard.secret import MASK, Secret
from tests.assertions import assert_no_complaint, assert_raises_only

# ---------------------------------------------------------------- asked


def test_the_bodies_are_those_of_the_documents() -> None:
    assert json.loads(rest.token_request("user-1", Secret("proj-abc"))) == {
        "user_id": "user-1",
        "project_id": "proj-abc",
    }
    assert json.loads(rest.token_request("user-1", None)) == {"user_id": "user-1"}
    assert json.loads(rest.start_request("avatar-1", 1280, 720)) == {
        "avatar_id": "avatar-1",
        "width": "1280",
        "height": "720",
    }
    assert json.loads(rest.end_request(Secret("license-1"))) == {"LicenseId": "license-1"}


# ---------------------------------------------------------------- /jwt


@pytest.mark.parametrize("name", ["jwt", "token"])
def test_the_token_is_found_under_both_names(name: str) -> None:
    body = json.dumps({"result": "success", name: "eyJ.a.b"}).encode()

    assert rest.token_reply(200, body) == Secret("eyJ.a.b")


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        " {} ",
        "{}\r\n",
        "\x00{}\x00",
        "\xa0{}",
        "\ufeff{}",
        "\u200b{}\u2060",
        '"{}"',
        "'{}'\n",
        "Bearer {}",
        "bearer  {}",
    ],
)
def test_what_is_wrapped_around_a_token_is_no_part_of_it(around: str) -> None:
    body = json.dumps({"result": "success", "jwt": around.format("eyJ.a.b")}).encode()

    assert rest.token_reply(200, body) == Secret("eyJ.a.b")


@pytest.mark.parametrize(
    ("status", "body", "error", "word"),
    [
        (400, {"error": "invalid_user_id"}, AuthError, "service.user_id"),
        (400, {"error": "invalid_project_id"}, AuthError, "service.project_id"),
        (401, {"error": "project_not_found"}, AuthError, "service.project_id"),
        (500, {"error": "token_generation_failed"}, LinkError, "token_generation_failed"),
        (200, {"result": "failure"}, LinkError, "no token"),
        (200, {"result": "failure", "jwt": "eyJ.a.b"}, LinkError, "no token"),
        (200, {"result": "failure", "error": "project_not_found"}, AuthError, "service.project_id"),
        (200, {}, LinkError, "no token"),
        (402, {}, MoneyError, "money"),
        (503, {}, BusyError, "busy"),
        (404, {}, LinkError, "404"),
        (301, {}, PeerError, "service.base_url"),
    ],
)
def test_a_token_refused_says_what_to_do(
    status: int, body: dict[str, str], error: type[RavatardError], word: str
) -> None:
    with pytest.raises(error, match=word) as caught:
        rest.token_reply(status, json.dumps(body).encode())

    assert "eyJ" not in str(caught.value)


def test_a_page_instead_of_json_is_judged_by_its_status() -> None:
    with pytest.raises(LinkError, match="502"):
        rest.token_reply(502, b"<html>bad gateway</html>")


# ---------------------------------------------------------------- /connection


def test_a_connection_is_read_as_documented() -> None:
    body = {
        "status": 200,
        "session": "s-1",
        "avatars_info": [
            {"_id": "a-1", "name": "Ava", "hasLiveMode": True, "greetingText": "Hi", "previewIcons": {}},
            {"_id": "a-2"},
        ],
        "languages": [{"name": "English", "language_code": "en", "icon_url": "x"}],
        "messageTimeoutSeconds": 12,
        "vadEnabled": True,
    }

    connection = rest.connection_reply(200, json.dumps(body).encode())

    assert connection.session == "s-1"
    assert [(a.id, a.name, a.has_live_mode) for a in connection.directory.avatars] == [
        ("a-1", "Ava", True),
        ("a-2", "", False),
    ]
    assert connection.directory.languages[0].code == "en"
    assert (connection.answer_timeout_s, connection.vad_enabled) == (12.0, True)


def test_what_is_null_counts_as_missing() -> None:
    body = {
        "session": None,
        "avatars_info": [{"_id": "a-1", "name": None, "greetingText": None, "hasLiveMode": True}, None],
        "languages": None,
        "messageTimeoutSeconds": None,
        "vadEnabled": None,
    }

    connection = rest.connection_reply(200, json.dumps(body).encode())

    assert [avatar.id for avatar in connection.directory.avatars] == ["a-1"]
    assert (connection.session, connection.directory.languages) == ("", ())
    assert (connection.answer_timeout_s, connection.vad_enabled) == (30.0, None)


def test_both_spellings_of_ids_and_codes_are_read() -> None:
    body = {
        "avatars_info": [{"id": "a-1", "hasLiveMode": True}],
        "languages": [{"code": "en", "name": "English"}],
    }

    connection = rest.connection_reply(200, json.dumps(body).encode())

    assert (connection.directory.avatars[0].id, connection.directory.languages[0].code) == ("a-1", "en")


@pytest.mark.parametrize("seconds", [0, -5, "soon", True, 1e9])
def test_an_absurd_message_timeout_leaves_the_documented_one(seconds: object) -> None:
    body = json.dumps({"messageTimeoutSeconds": seconds}).encode()

    assert rest.connection_reply(200, body).answer_timeout_s == 30.0


def test_a_connection_that_says_little_leaves_the_documented_defaults() -> None:
    connection = rest.connection_reply(200, b"{}")

    assert connection.answer_timeout_s == 30.0
    assert connection.vad_enabled is None
    assert connection.directory.avatars == ()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"nonsense", b"\xff", b'"x"', b"[" * 100_000])
def test_a_connection_nobody_can_read_is_the_services_fault(body: bytes) -> None:
    with pytest.raises(PeerError, match="/connection"):
        rest.connection_reply(200, body)


OURS = Secret("opaque-token-of-ours")
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmMifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "called", [OURS.reveal(), f"Bearer {OURS.reveal()}", f"x{OURS.reveal()}x", JWT, f"Bearer {JWT}"]
)
def test_a_service_that_names_things_by_our_token_has_it_nowhere_shown(called: str) -> None:
    body = {
        "avatars_info": [{"_id": "a-1", "name": called, "greetingText": f"Hello, {called}!"}],
        "languages": [{"name": called, "language_code": "en"}],
    }

    directory = rest.connection_reply(200, json.dumps(body).encode(), token=OURS).directory

    shown = [directory.avatars[0].name, directory.avatars[0].greeting, directory.languages[0].name]
    assert all(MASK in one for one in shown)
    assert not [one for one in shown if OURS.reveal() in one or "eyJ" in one]


def test_a_token_at_the_end_of_what_fits_is_masked_before_the_rest_is_cut() -> None:
    body = {"avatars_info": [{"_id": "a-1", "name": "x" * 190 + OURS.reveal()}]}

    name = rest.connection_reply(200, json.dumps(body).encode(), token=OURS).directory.avatars[0].name

    assert name == "x" * 190 + MASK


def test_an_id_that_is_our_token_is_left_out_as_it_can_be_neither_sent_nor_shown() -> None:
    body = {
        "avatars_info": [{"_id": OURS.reveal(), "name": "Eve"}, {"_id": "a-1", "name": "Ava"}],
        "languages": [
            {"name": "Odd", "language_code": OURS.reveal()},
            {"name": "English", "language_code": "en"},
        ],
    }

    directory = rest.connection_reply(200, json.dumps(body).encode(), token=OURS).directory

    assert [avatar.name for avatar in directory.avatars] == ["Ava"]
    assert [language.name for language in directory.languages] == ["English"]


def test_a_token_of_a_letter_or_two_is_in_any_name_and_masks_none() -> None:
    body = {"avatars_info": [{"_id": "a-1", "name": "Ava"}]}

    directory = rest.connection_reply(200, json.dumps(body).encode(), token=Secret("a")).directory

    assert [avatar.name for avatar in directory.avatars] == ["Ava"]


# ---------------------------------------------------------------- /startLiveSession


def test_blanks_around_the_address_of_the_stream_are_no_part_of_it() -> None:
    body = json.dumps(
        {"status": 200, "LicenseId": "lic", "streamingUrl": " https://s.example/a%20 \n"}
    ).encode()

    assert rest.start_reply(200, body).streaming_url == Secret("https://s.example/a%20")


def test_a_started_session_gives_its_licence_and_shows_neither() -> None:
    body = {"status": 200, "LicenseId": "license-1", "streamingUrl": "https://stream.example/x"}

    session = rest.start_reply(200, json.dumps(body).encode())

    assert session.license_id == Secret("license-1")
    assert "license-1" not in repr(session)
    assert "stream.example" not in repr(session)


@pytest.mark.parametrize(
    "odd",
    [
        {"streamingUrl": None},
        {"error": None},
        {"status": "success"},
        {"status": None},
        {"status": "NAN"},
        {"status": "1e999"},
        {"LicenseId": 4711},
        {"streamingUrl": 5, "error": [], "status": {}},
    ],
)
def test_a_licence_that_was_granted_is_never_lost_for_the_oddness_of_other_fields(
    odd: dict[str, object],
) -> None:
    body = {"status": 200, "LicenseId": "license-1", "streamingUrl": "https://stream.example/x", **odd}

    session = rest.start_reply(200, json.dumps(body).encode())

    assert session.license_id == Secret(str(body["LicenseId"]))


@pytest.mark.parametrize("status", [200, 503])
def test_the_bodys_status_counts_whatever_http_says(status: int) -> None:
    body = json.dumps({"status": 503, "error": "All AI assistants are busy at the moment"}).encode()

    with pytest.raises(BusyError) as caught:
        rest.start_reply(status, body, 9.0)

    assert caught.value.retry_after_s == 9.0


PAGE = b"<html><title>Service Unavailable</title></html>"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [PAGE, b"", b"upstream connect error", b"[]"])
def test_a_page_in_place_of_the_service_keeps_a_start_waiting_for_twenty_seconds_at_most(
    status: int, body: bytes
) -> None:
    with pytest.raises(LinkError) as caught:
        rest.start_reply(status, body, 86_400.0)
    with pytest.raises(LinkError) as sooner:
        rest.start_reply(status, body, 5.0)

    assert caught.value.retry_after_s == 20.0
    assert sooner.value.retry_after_s == 5.0


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, {"status": 504, "error": "x"}, LinkTimeout),
        (200, {"status": -1, "error": "x"}, LinkError),
        (200, {"status": 402}, MoneyError),
        (402, {}, MoneyError),
        (403, {}, AuthError),
        (429, {}, BusyError),
        (400, {"error": "invalid_width"}, DeniedError),
        (500, {}, LinkError),
        (200, {"status": 200}, PeerError),
        (200, {"status": 200, "LicenseId": ""}, PeerError),
    ],
)
def test_a_session_refused_becomes_the_right_error(
    status: int, body: dict[str, object], error: type[RavatardError]
) -> None:
    with pytest.raises(error):
        rest.start_reply(status, json.dumps(body).encode())


def test_a_status_written_as_text_is_a_status() -> None:
    with pytest.raises(BusyError):
        rest.start_reply(200, b'{"status": "503"}')


# ---------------------------------------------------------------- every status


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, PeerError),
        (400, DeniedError),
        (401, AuthError),
        (402, MoneyError),
        (403, AuthError),
        (429, BusyError),
        (500, LinkError),
        (503, BusyError),
        (504, LinkTimeout),
        (599, LinkError),
    ],
)
def test_every_kind_of_status_has_its_error(status: int, error: type[RavatardError]) -> None:
    with pytest.raises(error):
        refusals.raise_for_status("/x", status, None, b'{"error": "no_such_thing"}')


def test_success_raises_nothing() -> None:
    with assert_no_complaint():
        refusals.raise_for_status("/x", 200, None)
        refusals.raise_for_status("/x", 204, None)


@pytest.mark.parametrize(
    "body", [b'{"error": "eyJhbGciOi"}', b'{"error": "two words"}', b'{"error": 5}', b"[]", b'{"error": ""}']
)
def test_only_a_plain_error_word_is_repeated(body: bytes) -> None:
    with pytest.raises(LinkError) as caught:
        refusals.raise_for_status("/x", 500, None, body)

    assert str(caught.value) == "the service failed (500 at /x)"


@pytest.mark.parametrize("status", [500, 422, 401])
@pytest.mark.parametrize("value", ["okapitokenofletters", "8154711licence", "quagga_77_secret_id"])
def test_an_error_word_that_repeats_a_secret_is_in_no_message(status: int, value: str) -> None:
    secret = Secret(value)
    body = json.dumps({"error": f"bad_{secret.reveal()}", "status": status}).encode()

    with pytest.raises(RavatardError) as raised:
        refusals.raise_for_status("/x", status, None, body)

    assert secret.reveal() not in str(raised.value)


@settings(deadline=None)
@given(st.integers(100, 599), st.binary())
def test_no_reply_raises_anything_but_our_errors(status: int, body: bytes) -> None:
    for parse in (rest.token_reply, rest.connection_reply, rest.start_reply):
        with assert_raises_only(RavatardError):
            parse(status, body)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["status", "LicenseId", "jwt", "result", "avatars_info", "languages", "session"]),
        st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    )
)
def test_no_field_of_any_type_raises_anything_but_our_errors(body: dict[str, object]) -> None:
    for parse in (rest.token_reply, rest.connection_reply, rest.start_reply):
        with assert_raises_only(RavatardError):
            parse(200, json.dumps(body).encode())


@pytest.mark.parametrize("status", [429, 503])
def test_a_page_that_says_busy_is_told_as_one_of_an_intermediary(status: int) -> None:
    page = b"<html><title>Maintenance</title></html>"

    for parse in (rest.token_reply, rest.connection_reply, rest.start_reply):
        with pytest.raises(BusyError, match=rf"an intermediary .*HTML, status {status}, from cdn") as busy:
            parse(status, page, 7.0, "cdn.example")
        assert busy.value.retry_after_s == 7.0
