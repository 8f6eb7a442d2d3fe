from __future__ import annotations

import pytest

from ravatard.sim.avatar.service import AvatarSimService
from ravatard.sim.exchange import Reply, Request, Service
from ravatard.sim.faults.scenario import Answer


def test_it_is_a_service_whose_other_key_makes_other_ids() -> None:
    one: Service = AvatarSimService(key=b"1")
    other: Service = AvatarSimService(key=b"2")
    request = Request.of("POST", "/v1/streaming.new", {}, b'{"quality": "high"}')

    assert one.handle(request, 0.0).body != other.handle(request, 0.0).body


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ws/550e8400", "/ws"),
        ("/ws/550e8400", "/ws/chat"),
        ("/v1/streaming.stop", "/endLiveSession"),
        ("/v1/avatar.speak", "/v1/avatar.speak"),
    ],
)
def test_calls_go_by_the_names_of_scenarios(path: str, name: str) -> None:
    assert name in AvatarSimService().names(path)


def test_a_fault_answers_with_its_status_and_header() -> None:
    reply = AvatarSimService().made_up(Answer(status=503, error="away", retry_after="9"))

    assert (reply.status, reply.headers["retry-after"]) == (503, "9")
    assert b'"code":"SERVICE_UNAVAILABLE","message":"away"' in reply.body


def test_a_socket_elsewhere_is_for_no_session() -> None:
    refused = AvatarSimService().connect(Request.of("GET", "/v1/streaming.new", {}), 0.0, lambda: None)

    assert isinstance(refused, Reply)
    assert refused.status == 404
