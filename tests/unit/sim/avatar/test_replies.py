from __future__ import annotations

from typing import Any

import pytest

from ravatard.sim.avatar.options import AvatarSimOptions, SimAccessOptions
from tests.unit.sim.avatar.client import AvatarClient


def with_access(**access: Any) -> AvatarClient:
    return AvatarClient(AvatarSimOptions(access=SimAccessOptions(**access)))


@pytest.mark.parametrize(
    ("errors", "body"),
    [
        ("detail", {"detail": "quality must be low, medium or high"}),
        (
            "detail-list",
            {
                "detail": [
                    {"loc": ["body"], "msg": "quality must be low, medium or high", "type": "invalid_request"}
                ]
            },
        ),
        ("message", {"message": "quality must be low, medium or high"}),
        ("string", {"error": "quality must be low, medium or high"}),
    ],
)
def test_errors_come_in_every_form(errors: str, body: object) -> None:
    assert with_access(errors=errors).post("streaming.new", quality="?") == (400, body)


def test_errors_may_be_a_page_or_nothing() -> None:
    page = with_access(errors="html").ask("POST", "/v1/streaming.new", b"?")
    empty = with_access(errors="empty").ask("POST", "/v1/streaming.new", b"?")

    assert page.headers["content-type"] == "text/html"
    assert page.body.startswith(b"<html>")
    assert (empty.status, empty.body) == (400, b"")


def test_replies_may_come_in_an_envelope() -> None:
    status, body = with_access(envelope=True).post("streaming.new", quality="low")

    assert (status, body["code"]) == (200, 100)
    assert body["data"]["session_id"]


def test_pages_of_any_origin_may_call() -> None:
    client = AvatarClient()

    asked = client.ask("OPTIONS", "/v1/streaming.new")
    refused = client.ask("POST", "/v1/streaming.new", b"?")

    assert asked.status == 204
    assert {one.headers["access-control-allow-origin"] for one in (asked, refused)} == {"*"}
