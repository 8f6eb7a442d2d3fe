from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ravatard.avatar_sdk.blocking_calls import exchanged
from ravatard.avatar_sdk.failures import ConnectionLost
from ravatard.avatar_sdk.network_port import ApiRequest

pytestmark = pytest.mark.integration

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def answering(*pieces: bytes, hangs: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """Run a service of one answer; yields its address and what it was asked."""
    asked, over = list[bytes](), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65_536))
                for piece in pieces:
                    connection.sendall(piece)
                if hangs:
                    over.wait(10.0)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/v1/streaming.stop", asked
        finally:
            over.set()
            thread.join()


def request(url: str) -> ApiRequest:
    return ApiRequest("POST", url, {"Authorization": "Bearer k"}, b'{"session_id":"a"}')


def test_a_call_is_made_and_its_reply_is_whole() -> None:
    with answering(b"HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n", b"{}") as (url, asked):
        reply = exchanged(request(url), 10.0)

    assert (reply.status, reply.body, reply.retry_after_s) == (503, b"{}", 7.0)
    assert b"Authorization: Bearer k" in asked[0]


@pytest.mark.parametrize("hangs", [True, False])
@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
    ],
)
def test_a_reply_that_breaks_off_is_kept_as_far_as_it_came(head: bytes, hangs: bool) -> None:
    with answering(head, b'{"a"', hangs=hangs) as (url, _):
        assert exchanged(request(url), 0.3).body.startswith(b'{"a"')


@pytest.mark.parametrize(
    "pieces", [(), (b"HTTP/1.1",), (b"\x00\x01\r\n\r\n",), (b"HTTP/1.1 200 OK\r\nA: b",)]
)
def test_no_reply_is_a_lost_connection_in_time(pieces: tuple[bytes, ...]) -> None:
    began = time.monotonic()
    with answering(*pieces, hangs=True) as (url, _), pytest.raises(ConnectionLost):
        exchanged(request(url), 0.3)

    assert time.monotonic() - began < 5.0


def test_a_call_that_was_given_up_is_not_sent() -> None:
    with answering(GOOD) as (url, asked), pytest.raises(ConnectionLost):
        exchanged(request(url), 10.0, lambda: False)

    assert asked == [b""]
