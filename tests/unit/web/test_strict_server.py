"""The server whose every reply is ours: what it answers where its library would answer for itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from ravatard.web.strict_server import StrictServer


async def answered(request: web.BaseRequest) -> web.Response:
    return web.Response()


def refused(status: int) -> web.Response:
    return web.Response(status=status, text="ours")


def request(sent: int) -> Any:
    """A request to which ``sent`` bytes of a reply have gone out."""
    return SimpleNamespace(writer=SimpleNamespace(output_size=sent))


@pytest.mark.parametrize("status", [400, 408, 500])
async def test_a_request_that_cannot_be_read_has_a_reply_of_ours_and_the_connection_ends(status: int) -> None:
    reply = StrictServer(answered, refused)().handle_error(
        request(0), status, ValueError("a stranger's bytes")
    )

    assert isinstance(reply, web.Response)
    assert (reply.status, reply.text, reply.keep_alive) == (status, "ours", False)


async def test_a_reply_that_has_begun_is_not_followed_by_another() -> None:
    with pytest.raises(ConnectionError, match="has begun already"):
        StrictServer(answered, refused)().handle_error(request(17), 500)
