"""Questions by UDP whose answers prove that a destination is reached: DNS, NTP and STUN. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ravatard.doctor.network.udp_answers import TRANSMIT, DatagramAnswer, dns_answer, ntp_answer, stun_answer

#: RFC 1035, 4.1.1: a standard query with recursion desired.
_QUERY_FLAGS = b"\x01\x00"
_LONGEST_LABEL = 63
#: RFC 5905, 7.3: version 4, mode 3 (client).
_NTP_CLIENT = 0x23
#: RFC 8489, 5: a binding request without attributes, and the magic cookie.
_BINDING_REQUEST, _COOKIE = b"\x00\x01", b"\x21\x12\xa4\x42"


@dataclass(frozen=True, slots=True)
class Question:
    """Datagram to send, and the way to know its answer.

    Attributes:
        datagram: the bytes.
        answer: returns the answer in a datagram; None for one that does not answer it. Takes any bytes.
        server: servers that answer, such as "name server".
    """

    datagram: bytes
    answer: Callable[[bytes], DatagramAnswer | None]
    server: str


def dns_question(name: str, chance: bytes) -> Question:
    """Return the question for the IPv4 addresses of ``name``; an answer is one also when it has none.

    Args:
        name: a host's name; one that cannot be asked for is replaced by the root.
        chance: two random bytes.
    """
    labels = [label.encode("ascii", "ignore") for label in name.rstrip(".").split(".")]
    if not all(0 < len(label) <= _LONGEST_LABEL for label in labels):
        labels = []
    asked = b"".join(bytes((len(label),)) + label for label in labels) + b"\x00"
    # One question, for an address (A) of the internet.
    datagram = chance[:2] + _QUERY_FLAGS + b"\x00\x01" + bytes(6) + asked + b"\x00\x01\x00\x01"
    return Question(datagram, partial(dns_answer, datagram, name if labels else ""), "name server")


def ntp_question(chance: bytes, now_s: float) -> Question:
    """Return the question for the time.

    Args:
        chance: eight random bytes, in the place of our own time, which no server needs.
        now_s: our own time, which is told to no server: seconds since 1970.
    """
    datagram = bytes((_NTP_CLIENT,)) + bytes(TRANSMIT - 1) + chance[:8]
    return Question(datagram, partial(ntp_answer, datagram, now_s), "time server")


def stun_question(chance: bytes) -> Question:
    """Return a binding request; a refusal is an answer, too.

    Args:
        chance: twelve random bytes.
    """
    datagram = _BINDING_REQUEST + b"\x00\x00" + _COOKIE + chance[:12]
    return Question(datagram, partial(stun_answer, datagram), "STUN server")
