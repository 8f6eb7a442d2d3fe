"""Sockets of the page."""

from __future__ import annotations

import errno
import socket

import pytest

from ravatard.web.page.listening import bound, handed_over

pytestmark = pytest.mark.integration


def test_loopback_is_bound_by_both_protocols_at_one_port() -> None:
    made = bound("loopback", 0)
    try:
        names = [one.getsockname() for one in made]
        assert names[0][0] == "127.0.0.1"
        assert {name[1] for name in names} == {names[0][1]}
        assert not made[0].getblocking()
    finally:
        for one in made:
            one.close()


def test_a_port_that_is_taken_is_an_error() -> None:
    held = socket.create_server(("127.0.0.1", 0))

    with pytest.raises(OSError, match="in use") as error:
        bound("loopback", held.getsockname()[1])

    held.close()
    assert error.value.errno == errno.EADDRINUSE


def test_a_socket_of_systemd_is_taken_over() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    (taken,) = handed_over([listener.detach()])

    assert taken.getsockname()[1] == port
    assert not taken.getblocking()
    taken.close()
