"""Questions by UDP whose answers prove that a destination is reached: DNS, NTP and STUN. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: RFC 1035, 4.1.1: a standard query with recursion desired; the bit and the mask of an answer's first flags.
_QUERY_FLAGS, _IS_RESPONSE = b"\x01\x00", 0x80
_DNS_HEAD_BYTES = 12
_LONGEST_LABEL = 63
#: RFC 5905, 7.3: version 4, mode 3 (client); modes 4 and 5 answer.
_NTP_CLIENT, _NTP_ANSWERS = 0x23, (4, 5)
_NTP_BYTES, _ORIGIN, _TRANSMIT = 48, 24, 40
#: RFC 8489, 5: a binding request without attributes, the magic cookie, and a success response.
_BINDING_REQUEST, _BINDING_SUCCESS, _BINDING_ERROR = b"\x00\x01", b"\x01\x01", b"\x01\x11"
_COOKIE = b"\x21\x12\xa4\x42"
_STUN_HEAD_BYTES = 20


@dataclass(frozen=True, slots=True)
class Question:
    """Datagram to send, and the way to know its answer.

    Attributes:
        datagram: the bytes.
        is_answer: returns True for a datagram that answers it. Takes any bytes.
    """

    datagram: bytes
    is_answer: Callable[[bytes], bool]


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
    return Question(
        datagram,
        lambda reply: (
            len(reply) >= _DNS_HEAD_BYTES and reply[:2] == chance[:2] and bool(reply[2] & _IS_RESPONSE)
        ),
    )


def ntp_question(chance: bytes) -> Question:
    """Return the question for the time.

    Args:
        chance: eight random bytes, in the place of our own time, which no server needs.
    """
    datagram = bytes((_NTP_CLIENT,)) + bytes(_TRANSMIT - 1) + chance[:8]
    return Question(
        datagram,
        lambda reply: (
            len(reply) >= _NTP_BYTES
            and reply[0] & 7 in _NTP_ANSWERS
            and reply[_ORIGIN : _ORIGIN + 8] == chance[:8]
        ),
    )


def stun_question(chance: bytes) -> Question:
    """Return a binding request; a refusal is an answer, too.

    Args:
        chance: twelve random bytes.
    """
    head = _COOKIE + chance[:12]
    return Question(
        _BINDING_REQUEST + b"\x00\x00" + head,
        lambda reply: (
            len(reply) >= _STUN_HEAD_BYTES
            and reply[:2] in (_BINDING_SUCCESS, _BINDING_ERROR)
            and reply[4:_STUN_HEAD_BYTES] == head
        ),
    )
