"""The ways to prove at a socket that we may open it, and their order."""

from __future__ import annotations

import pytest

from ravatard.cloud.avatar.address import ServiceAccess
from ravatard.cloud.avatar.live.socket_keys import SocketKeys
from ravatard.errors import DeniedError
from ravatard.secret import Secret

URL = "ws://127.0.0.1:8001/ws"


def ways(keys: SocketKeys, token: str | None) -> list[tuple[int, str, str | None]]:
    found = keys.ways(URL, Secret(token) if token else None)
    return [(number, headers.get("Authorization", ""), query) for number, headers, query in found]


def test_token_then_key_then_the_token_in_the_address() -> None:
    keys = SocketKeys(ServiceAccess("", Secret("key")))

    assert ways(keys, "token") == [(0, "Bearer token", None), (1, "Bearer key", None), (2, "", "token")]


def test_what_there_is_not_is_not_tried() -> None:
    assert ways(SocketKeys(ServiceAccess("", Secret("key"))), None) == [(0, "Bearer key", None)]
    assert ways(SocketKeys(ServiceAccess("", None)), None) == [(3, "", None)]
    assert ways(SocketKeys(ServiceAccess("", None)), "token") == [(0, "Bearer token", None), (2, "", "token")]


def test_what_has_worked_is_tried_first() -> None:
    keys = SocketKeys(ServiceAccess("", Secret("key")))

    keys.worked(2)

    assert [number for number, _, _ in ways(keys, "token")] == [2, 0, 1]


def test_a_key_is_not_sent_in_the_clear_to_the_public() -> None:
    keys = SocketKeys(ServiceAccess("", Secret("key")))

    with pytest.raises(DeniedError, match=r"avatar\.plain_key"):
        keys.ways("ws://avatar.example.org/ws", None)
    assert SocketKeys(ServiceAccess("", Secret("key"), plain_key=True)).ways(
        "ws://avatar.example.org/ws", None
    )


def test_a_key_that_was_replaced_is_used_at_the_next_socket() -> None:
    access = ServiceAccess("", Secret("old"))
    keys = SocketKeys(access)

    access.key = Secret("new")

    assert ways(keys, None) == [(0, "Bearer new", None)]
