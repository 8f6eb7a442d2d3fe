from __future__ import annotations

import json

import pytest

from ravatard.sim.exchange import BODY_LIMIT_BYTES
from ravatard.sim.options import AnnouncedOptions, SimOptions
from ravatard.sim.ravatar.avatars import session_id
from ravatard.sim.ravatar.cloud import SimCloud
from tests.unit.sim.caller import ADA, BROOK, Caller, said


def _caller(options: SimOptions | None = None) -> Caller:
    return Caller(SimCloud(options))


def _jwt(caller: Caller, body: object) -> tuple[int, object]:
    status, answer = caller.post("/jwt", body, signed=False)
    return status, answer.get("error", answer["result"])


# ------------------------------------------------------------------ POST /jwt


@pytest.mark.parametrize(
    "body",
    [
        {"user_id": "u"},
        {"user_id": "A-z_09" * 21},
        {"user_id": "u", "project_id": "proj-abc"},
        {"user_id": "u", "project_id": "p" * 64, "more": 1},
    ],
)
def test_a_documented_request_gets_a_token(body: object) -> None:
    assert _jwt(_caller(), body) == (200, "success")


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "user",
        None,
        {"user_id": ""},
        {"user_id": "a b"},
        {"user_id": "u" * 129},
        {"user_id": 7},
        {"user_id": "é"},
        {"user_id": "user\n"},
    ],
)
def test_a_malformed_user_is_refused(body: object) -> None:
    assert _jwt(_caller(), body) == (400, "invalid_user_id")


@pytest.mark.parametrize("project_id", ["", "a_b", "p" * 65, 7, None, "a\n"])
def test_a_malformed_project_is_refused(project_id: object) -> None:
    assert _jwt(_caller(), {"user_id": "u", "project_id": project_id}) == (400, "invalid_project_id")


def test_an_unknown_project_is_refused_when_projects_are_named() -> None:
    caller = _caller(SimOptions(projects=("proj-abc",)))

    assert _jwt(caller, {"user_id": "u", "project_id": "proj-abc"}) == (200, "success")
    assert _jwt(caller, {"user_id": "u"}) == (200, "success")
    assert _jwt(caller, {"user_id": "u", "project_id": "other"}) == (401, "project_not_found")


def test_a_failure_has_the_documented_body() -> None:
    assert _caller().post("/jwt", {}, signed=False)[1] == {"result": "failure", "error": "invalid_user_id"}


# ------------------------------------------------------------------ the token


@pytest.mark.parametrize("target", ["/connection", "/chat?user_id=user-1"])
def test_a_call_without_a_token_is_refused(target: str) -> None:
    caller = _caller()

    assert caller.get(target, signed=False)[0] == 403
    assert caller.cloud.record.refusals == {"token_missing": 1}


@pytest.mark.parametrize("path", ["/startLiveSession", "/endLiveSession"])
def test_a_command_without_a_token_is_refused_before_its_body_is_read(path: str) -> None:
    assert _caller().post(path, "nonsense", signed=False)[0] == 403


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x.y.z", "Basic abc", "sesame"])
def test_an_improper_authorization_header_is_refused(header: str) -> None:
    reply = _caller().ask("GET", "/connection", signed=False, Authorization=header)

    assert reply.status == 403


def test_an_expired_token_is_refused_and_no_breach() -> None:
    caller = _caller(SimOptions(token_lifetime_s=60))
    caller.now = 60.0

    assert caller.get("/connection")[0] == 403
    assert caller.cloud.record.refusals == {"token_expired": 1}
    assert not caller.cloud.record.violations


def test_the_scheme_may_be_written_small() -> None:
    caller = _caller()

    assert (
        caller.ask("GET", "/connection", signed=False, Authorization=f"bearer {caller.token}").status == 200
    )


# ------------------------------------------------------------------ GET /connection and GET /chat


def test_the_connection_is_the_users_own() -> None:
    status, body = _caller(SimOptions(vad_enabled=False)).get("/connection")

    assert (status, body["session"], body["vadEnabled"]) == (200, session_id("user-1"), False)


def test_the_history_is_given_back_in_pages() -> None:
    caller = _caller()
    line = caller.line()
    for number in range(3):
        caller.send(line, caller.text(f"question {number}"))
    said(line, 10.0)

    status, body = caller.get("/chat?user_id=user-1&per_page=2")
    _, second = caller.get("/chat?user_id=user-1&per_page=2&page=2")

    assert status == 200
    assert [message["request"] for message in body["payload"]] == ["question 1", "question 2"]
    assert body["has_more_messages"] is True
    assert [message["direction"] for message in second["payload"]] == ["outgoing", "incoming"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("user_id=", 400),
        ("user_id=user-2", 403),
        ("user_id=user-1&per_page=0", 400),
        ("user_id=user-1&per_page=1001", 400),
        ("user_id=user-1&page=0", 400),
        ("user_id=user-1&page=-1", 400),
        ("user_id=user-1&page=two", 400),
        ("user_id=user-1&page=", 400),
        ("user_id=user-1&page=1&per_page=1000", 200),
    ],
)
def test_the_history_checks_its_query(query: str, status: int) -> None:
    assert _caller().get(f"/chat?{query}")[0] == status


# ------------------------------------------------------------------ POST /startLiveSession


def test_a_session_starts_with_a_licence_and_a_picture() -> None:
    caller = _caller()

    reply = caller.ask(
        "POST",
        "/startLiveSession",
        body=json.dumps({"avatar_id": ADA, "width": "1280"}).encode(),
        Host="sim:1",
    )

    body = json.loads(reply.body)
    assert set(body) == {"status", "LicenseId", "streamingUrl"}
    assert body["streamingUrl"] == "http://sim:1/stream/1"
    assert caller.cloud.record.open_licences() == [body["LicenseId"]]


def test_the_picture_may_be_elsewhere() -> None:
    caller = Caller(SimCloud(announced=AnnouncedOptions(streaming_url="https://pictures.example/?x=1")))

    _, body = caller.post("/startLiveSession", {"avatar_id": ADA})

    assert body["streamingUrl"] == "https://pictures.example/?x=1"


@pytest.mark.parametrize(
    "changes",
    [
        {"avatar_id": "nobody"},
        {"avatar_id": None},
        {"avatar_id": 7},
        {"avatar_id": BROOK},
        {"width": 1280},
        {"width": "1921"},
        {"width": "0"},
        {"width": "-1"},
        {"width": "12.5"},
        {"width": ""},
        {"width": "1280px"},
        {"width": "١٢"},
        {"height": 720},
        {"height": "1081"},
        {"height": None},
    ],
)
def test_a_session_with_a_wrong_field_is_refused(changes: dict[str, object]) -> None:
    caller = _caller()

    status, body = caller.post(
        "/startLiveSession", {"avatar_id": ADA, "width": "1920", "height": "1080"} | changes
    )

    assert (status, body["status"]) == (400, 400)
    assert caller.cloud.record.counts["violations"] == 1
    assert caller.cloud.record.open_licences() == []


def test_the_largest_picture_is_allowed() -> None:
    assert (
        _caller().post("/startLiveSession", {"avatar_id": ADA, "width": "1920", "height": "1080"})[0] == 200
    )


def test_a_busy_service_says_so_in_the_status_and_in_the_body() -> None:
    caller = _caller(SimOptions(licences=1))
    caller.start()

    status, body = caller.post("/startLiveSession", {"avatar_id": ADA})

    assert (status, body) == (503, {"status": 503, "error": "All AI assistants are busy at the moment"})
    assert caller.cloud.record.refusals == {"busy": 1}
    assert not caller.cloud.record.violations


# ------------------------------------------------------------------ the picture


def _picture(caller: Caller, number: str = "1", token: str | None = None) -> int:
    """The status of a look at a picture, as an iframe looks: no header, the token in the address."""
    shown = caller.token if token is None else token
    return caller.ask("GET", f"/stream/{number}?token={shown}", signed=False).status


def test_the_announced_picture_can_be_embedded_by_a_page() -> None:
    caller = _caller()
    _, started = caller.post("/startLiveSession", {"avatar_id": ADA})
    path = started["streamingUrl"].removeprefix("http://localhost")

    reply = caller.ask("GET", f"{path}?token={caller.token}", signed=False)

    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert not {"x-frame-options", "content-security-policy"} & set(reply.headers)
    assert b"<b>Ada</b>" in reply.body
    assert caller.token.encode() not in reply.body
    assert not caller.cloud.record.violations


@pytest.mark.parametrize("token", ["", "x.y.z"])
def test_a_picture_needs_a_token_in_its_address(token: str) -> None:
    caller = _caller()
    caller.start()

    assert _picture(caller, token=token) == 403
    assert caller.cloud.record.counts["violations"] == 1


@pytest.mark.parametrize("number", ["2", "0", "", "x", "1/2", "-1", "9999999"])
def test_there_is_no_picture_of_a_session_that_is_not_open(number: str) -> None:
    caller = _caller()
    caller.start()

    assert _picture(caller, number) == 404
    assert caller.cloud.record.refusals == {"no_stream": 1}


def test_there_is_no_picture_of_anothers_session() -> None:
    caller = _caller()
    caller.start()

    assert _picture(Caller(caller.cloud, "user-2")) == 404


def test_a_page_that_looks_on_after_the_end_breaks_no_rule() -> None:
    caller = _caller()
    caller.end(caller.start())

    assert _picture(caller) == 404
    assert not caller.cloud.record.violations


# ------------------------------------------------------------------ POST /endLiveSession


def test_an_ended_session_frees_its_licence() -> None:
    caller = _caller(SimOptions(licences=1))
    licence = caller.start()
    caller.now = 5.0

    assert caller.end(licence) == (200, {"status": "success"})
    assert caller.cloud.record.open_licences() == []
    assert caller.cloud.record.sessions[0].ended_at == 5.0
    assert caller.start() != licence


def test_ending_a_session_twice_is_a_breach() -> None:
    caller = _caller()
    licence = caller.start()
    caller.end(licence)

    status, body = caller.end(licence)

    assert (status, body["status"]) == (404, 404)
    assert [violation.kind for violation in caller.cloud.record.violations] == ["double_end"]


def test_ending_a_session_that_never_was_is_a_breach() -> None:
    caller = _caller()

    assert caller.end("license-0")[0] == 404
    assert [violation.kind for violation in caller.cloud.record.violations] == ["unknown_licence"]


def test_nobody_ends_the_session_of_another() -> None:
    caller = _caller()
    licence = caller.start()

    assert Caller(caller.cloud, "user-2").end(licence)[0] == 404
    assert caller.cloud.record.open_licences() == [licence]


@pytest.mark.parametrize("body", [{}, {"LicenseId": ""}, {"LicenseId": 7}])
def test_ending_names_a_licence(body: object) -> None:
    assert _caller().post("/endLiveSession", body)[0] == 400


# ------------------------------------------------------------------ any call


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"null"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    reply = _caller().ask("POST", "/startLiveSession", body=body)

    assert (reply.status, json.loads(reply.body)["status"]) == (400, 400)


def test_a_long_body_is_refused() -> None:
    assert _caller().ask("POST", "/jwt", body=bytes(BODY_LIMIT_BYTES + 1)).status == 413


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [("GET", "/jwt", 405), ("POST", "/connection", 405), ("PUT", "/chat", 405), ("GET", "/nothing", 404)],
)
def test_there_is_nothing_else(method: str, target: str, status: int) -> None:
    assert _caller().ask(method, target).status == status
