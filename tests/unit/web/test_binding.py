"""Sockets of IPv4 and IPv6, on machines that have one of them."""

from __future__ import annotations

import errno
import logging
import socket

import pytest

from ravatard.web.binding import LOOPBACK, bind_both

pytestmark = pytest.mark.integration

#: Addresses for documents (RFC 5737 and 3849), which no machine has.
NO_FOUR, NO_SIX = "192.0.2.250", "2001:db8::77"


def names(addresses: tuple[str, str], port: int = 0) -> list[tuple[str, int]]:
    made = bind_both(addresses, port, "and so on")
    found = [(one.getsockname()[0], one.getsockname()[1]) for one in made]
    for one in made:
        assert not one.getblocking()
        one.close()
    return found


def test_both_are_bound_at_one_port() -> None:
    four, six = names(LOOPBACK)

    assert (four[0], six[0]) == LOOPBACK
    assert four[1] == six[1]


def test_one_is_enough() -> None:
    assert [name for name, _ in names(("127.0.0.1", NO_SIX))] == ["127.0.0.1"]
    assert [name for name, _ in names((NO_FOUR, "::1"))] == ["::1"]


def test_none_is_an_error() -> None:
    with pytest.raises(OSError, match="assign requested address"):
        names((NO_FOUR, NO_SIX))


def test_a_port_that_is_taken_is_an_error_unless_it_is_ipv6s_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with socket.create_server(("127.0.0.1", 0)) as held, pytest.raises(OSError, match="in use") as error:
        names(LOOPBACK, held.getsockname()[1])
    assert error.value.errno == errno.EADDRINUSE
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as held:
        port = held.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            names((NO_FOUR, "::1"), port)
        assert names(LOOPBACK, port) == [("127.0.0.1", port)]

    told = [record.getMessage() for record in caplog.records if record.name.startswith("ravatard")]
    assert told == [f"port {port} is taken for IPv6; and so on"]
