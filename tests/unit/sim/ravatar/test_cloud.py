from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from ravatard.errors import RavatardError
from ravatard.sim.exchange import Reply, Request
from ravatard.sim.options import ChatOptions, SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from tests.unit.sim.caller import Caller, quiet, said, tone, wav


@pytest.mark.parametrize(
    "target", ["/jwt", "/connection", "/chat?user_id=u", "/startLiveSession", "/sim/state", "/x"]
)
def test_a_browsers_preflight_is_granted_everywhere_and_without_a_token(target: str) -> None:
    reply = Caller(SimCloud()).ask(
        "OPTIONS",
        target,
        signed=False,
        Origin="https://app.example",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization,content-type",
    )

    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-headers"] == "authorization,content-type"
    assert "POST" in reply.headers["access-control-allow-methods"]


def test_a_page_from_the_internet_may_use_a_simulator_at_home() -> None:
    reply = Caller(SimCloud()).ask("OPTIONS", "/jwt", Access_Control_Request_Private_Network="true")

    assert reply.headers["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize("target", ["/connection", "/nothing", "/sim/state"])
def test_every_reply_may_be_read_by_a_page(target: str) -> None:
    reply = Caller(SimCloud()).ask("GET", target, signed=False, Origin="https://app.example")

    assert reply.headers["access-control-allow-origin"] == "*"


def test_a_file_is_had_without_a_token_by_a_page_from_anywhere_and_recorded() -> None:
    caller = Caller(SimCloud(speak=lambda _: wav(0.5)))
    line = caller.line()
    caller.send(line, caller.text())
    (answer,) = said(line, 1.0)

    path = answer["fileUrl"].removeprefix("http://localhost")
    reply = caller.ask("GET", path, signed=False, Origin="https://app.example")

    assert (reply.status, reply.body) == (200, wav(0.5))
    assert reply.headers["access-control-allow-origin"] == "*"
    assert [(one.path, one.status) for one in caller.cloud.record.requests][-1] == (path, 200)


def test_a_slow_file_stays_slow_on_its_way_through_the_service() -> None:
    caller = Caller(SimCloud(chat=ChatOptions(bytes_per_s=1_000), speak=lambda _: wav(0.5)))
    line = caller.line()
    caller.send(line, caller.text())
    (answer,) = said(line, 1.0)

    reply = caller.ask("GET", answer["fileUrl"].removeprefix("http://localhost"), signed=False)

    assert reply.delivery.pieces == pytest.approx(len(wav(0.5)) / 1_000 * 200, abs=1)


def test_an_address_is_where_the_client_came_from() -> None:
    cloud = SimCloud()
    cloud.shared.scheme = "https"
    caller = Caller(cloud)
    target = f"/ws/chat?token={caller.token}"
    line = cloud.connect(Request.of("GET", target, {"Host": "sim.test:8480"}), 0.0, lambda: None)
    assert not isinstance(line, Reply)

    caller.send(line, caller.text())
    answer = said(line, 1.0)[1]

    assert answer["fileUrl"].startswith("https://sim.test:8480/sim/files/")


def test_an_answer_as_mp3_needs_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)

    with pytest.raises(RavatardError, match="answers as mp3 need PyAV"):
        SimCloud(chat=ChatOptions(container="mp3"))


def test_a_socket_needs_a_token() -> None:
    caller = Caller(SimCloud())

    refused = caller.cloud.connect(Request.of("GET", "/ws/chat", {}), 0.0, lambda: None)

    assert isinstance(refused, Reply)
    assert refused.status == 403


def test_a_socket_is_refused_a_token_that_expired() -> None:
    caller = Caller(SimCloud(SimOptions(token_lifetime_s=60)))
    caller.now = 60.0

    refused = caller.connect()

    assert isinstance(refused, Reply)
    assert refused.status == 403


def test_a_socket_is_refused_the_token_of_another_service() -> None:
    refused = Caller(SimCloud()).connect(Caller(SimCloud(key=b"another")).token)

    assert isinstance(refused, Reply)
    assert refused.status == 403


def test_there_is_one_place_for_sockets() -> None:
    caller = Caller(SimCloud())

    refused = caller.cloud.connect(Request.of("GET", f"/ws?token={caller.token}", {}), 0.0, lambda: None)

    assert isinstance(refused, Reply)
    assert refused.status == 404
    assert caller.ask("GET", "/ws/chat").status == 426


def test_a_new_socket_is_greeted() -> None:
    caller = Caller(SimCloud())

    caller.line()

    assert caller.wakes == 1
    assert caller.cloud.record.counts["lines_opened"] == 1


def test_a_person_who_opens_the_address_is_shown_the_page() -> None:
    caller = Caller(SimCloud())

    first, page = caller.ask("GET", "/"), caller.ask("GET", "/sim/")

    assert (first.status, first.headers["location"]) == (302, "/sim/")
    assert page.headers["content-type"].startswith("text/html")
    assert b"RAVATAR simulator" in page.body
    assert caller.ask("GET", "/sim").body == page.body


def test_a_browser_that_asks_for_an_icon_by_itself_breaks_no_rule() -> None:
    caller = Caller(SimCloud())

    reply = caller.ask("GET", "/favicon.ico", signed=False)

    assert (reply.status, reply.body) == (204, b"")
    assert not caller.cloud.record.violations
    assert "/favicon.ico" not in {request.path for request in caller.cloud.record.requests}


def test_a_service_may_end_a_session_and_tell_its_user_alone() -> None:
    caller = Caller(SimCloud())
    other = Caller(caller.cloud, "user-2")
    line, others_line, licence = caller.line(), other.line(), caller.start()

    caller.cloud.expire_licence(licence, 7.0)

    assert [message["message"] for message in said(line, 7.0)] == ["Session expired"]
    assert said(others_line, 7.0) == []
    assert caller.cloud.record.sessions[0].ended_by == "service"
    assert caller.cloud.record.open_licences() == []


def test_a_service_ends_a_session_once() -> None:
    caller = Caller(SimCloud())
    line, licence = caller.line(), caller.start()
    caller.end(licence)

    caller.cloud.expire_licence(licence, 7.0)

    assert said(line, 7.0) == []
    assert caller.cloud.record.sessions[0].ended_by == "client"


def test_options_may_be_replaced_while_it_runs() -> None:
    caller = Caller(SimCloud())
    line = caller.line()

    caller.cloud.shared.options = replace(caller.cloud.shared.options, think_s=5.0)
    caller.send(line, caller.text())

    assert line.next_due() == 5.0


def test_the_state_shows_what_happened() -> None:
    caller = Caller(SimCloud())
    line, licence = caller.line(), caller.start()
    caller.speak(line, licence, tone(1.0) + quiet(1.0))
    caller.send(line, "nonsense")
    said(line, 60.0)

    _, state = caller.get("/sim/state", signed=False)

    assert state["licences"] == {"total": 2, "open": [licence]}
    assert state["sockets"] == 1
    assert state["refusals"] == {"malformed_json": 1}
    assert state["violations"][0]["kind"] == "malformed_json"
    assert state["sessions"][0]["turns"][0]["speech_s"] == 1.0
    assert [message["kind"] for message in state["messages"]] == [
        "connection",
        "refused",
        "system",
        "incoming",
    ]
    assert [request["path"] for request in state["requests"]] == ["/jwt", "/startLiveSession"]


def test_the_state_shows_the_newest_things_only() -> None:
    caller = Caller(SimCloud())
    line = caller.line()
    for number in range(60):
        caller.send(line, caller.text(str(number)))

    _, state = caller.get("/sim/state")

    assert [message["fields"]["request"] for message in state["messages"]] == [str(n) for n in range(10, 60)]


def test_a_closed_socket_is_not_counted() -> None:
    caller = Caller(SimCloud())
    caller.line().closed(1.0)

    assert caller.get("/sim/state")[1]["sockets"] == 0


def test_no_token_is_ever_shown() -> None:
    caller = Caller(SimCloud())
    line = caller.line()
    caller.get(f"/connection?token={caller.token}")
    caller.get(f"/nothing?token={caller.token}")
    caller.send(line, caller.text(token=caller.token, LicenseId="licence"))
    line.received(caller.token, 1.0)

    everything = json.dumps(caller.get("/sim/state")[1]) + repr(vars(caller.cloud.record))

    assert caller.token not in everything
    assert caller.token.split(".")[2] not in everything
