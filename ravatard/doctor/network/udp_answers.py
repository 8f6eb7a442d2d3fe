"""Answers by UDP: which datagram answers a question, and if its server is of any use. Pure.

Datagrams are a stranger's: captive portals and filters answer in the place of servers, and a server that is
reached may refuse to serve this machine.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ravatard.cloud.border import plain

#: RFC 1035, 4.1.1: header, the bit of an answer, the mask of its code; codes of RFC 6895, 2.3.
_DNS_HEAD, _IS_RESPONSE, _CODE = struct.Struct(">HBBHHHH"), 0x80, 0x0F
_NO_ERROR, _NO_SUCH_NAME = 0, 3
_DNS_CODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}
#: RFC 5905, 7.3: modes that answer; places of the fields.
_NTP_ANSWERS, _NTP_BYTES = (4, 5), 48
_REFERENCE, _ORIGIN, TRANSMIT = 12, 24, 40
_NOT_SET, _NO_STRATUM = 3, 16
#: RFC 4330, 3: times without the first bit are those after 2036; seconds from 1900 to 1970.
_IS_ERA_0, _ERA_S, _FROM_1900_S, _DAY_S = 1 << 31, 1 << 32, 2_208_988_800, 86_400
#: RFC 5905, 7.4: a client that asks too often is told so by a server that is in order.
_TOO_OFTEN = "RATE"
#: RFC 8489, 5, 14.1 and 14.2: types of answers, and the attributes with the address that was asked for.
_BINDING_SUCCESS, _BINDING_ERROR = b"\x01\x01", b"\x01\x11"
_ADDRESSES = (0x0001, 0x0020)
_STUN_HEAD_BYTES = 20


@dataclass(frozen=True, slots=True)
class DatagramAnswer:
    """Answer to a question by UDP.

    Attributes:
        text: what the server does, in the third person, such as "answers".
        useful: False if the server is reached, and of no use to this machine.
        found: True if a name server has records for the name.
    """

    text: str = "answers"
    useful: bool = True
    found: bool = False


def dns_answer(asked: bytes, name: str, reply: bytes) -> DatagramAnswer | None:
    """Return the answer to the query ``asked`` for ``name``; None for any other datagram.

    A code of failure is no fault where the root is asked for: in a network whose proxy looks up all names
    servers need not know any but their own.
    """
    if len(reply) < _DNS_HEAD.size:
        return None
    number, flags, code, questions, records, *_ = _DNS_HEAD.unpack_from(reply)
    code &= _CODE
    if number != int.from_bytes(asked[:2]) or not flags & _IS_RESPONSE:
        return None
    # The question comes back with the answer; servers that have not understood it leave it out.
    question = asked[_DNS_HEAD.size :].lower()
    is_same = reply[_DNS_HEAD.size :].lower().startswith(question)
    if not (is_same if questions else code != _NO_ERROR):
        return None
    if code in (_NO_ERROR, _NO_SUCH_NAME) or not name:
        return DatagramAnswer(found=bool(records))
    return DatagramAnswer(f"answers {_DNS_CODES.get(code, f'code {code}')} for {name}", useful=False)


def ntp_answer(asked: bytes, now_s: float, reply: bytes) -> DatagramAnswer | None:
    """Return the answer to the request ``asked`` for the time; None for any other datagram.

    A time that is far from ``now_s``, in seconds since 1970, is told: either clock may be the wrong one.
    """
    if len(reply) < _NTP_BYTES or reply[0] & 7 not in _NTP_ANSWERS:
        return None
    if reply[_ORIGIN : _ORIGIN + 8] != asked[TRANSMIT : TRANSMIT + 8]:
        return None
    stratum = reply[1]
    if stratum == 0:
        kiss = plain(reply[_REFERENCE : _REFERENCE + 4].decode("ascii", "replace").strip("\0"), 4)
        if kiss == _TOO_OFTEN:
            return DatagramAnswer(f"answers, and wants to be asked less often ({kiss})")
        return DatagramAnswer(f"answers without a time ({kiss or 'stratum 0'})", useful=False)
    if reply[0] >> 6 == _NOT_SET or stratum >= _NO_STRATUM or not any(reply[TRANSMIT : TRANSMIT + 8]):
        return DatagramAnswer("answers that its own clock is not set", useful=False)
    seconds = int.from_bytes(reply[TRANSMIT : TRANSMIT + 4])
    told_s = seconds + (0 if seconds & _IS_ERA_0 else _ERA_S) - _FROM_1900_S
    if abs(told_s - now_s) > _DAY_S:
        return DatagramAnswer("answers with a time that is more than a day from this machine's")
    return DatagramAnswer()


def stun_answer(asked: bytes, reply: bytes) -> DatagramAnswer | None:
    """Return the answer to the binding request ``asked``; None for any other datagram."""
    if len(reply) < _STUN_HEAD_BYTES or reply[4:_STUN_HEAD_BYTES] != asked[4:_STUN_HEAD_BYTES]:
        return None
    if len(reply) != _STUN_HEAD_BYTES + int.from_bytes(reply[2:4]):
        return None
    if reply[:2] == _BINDING_ERROR:
        # A server that wants a login is reached, and the login is the service's.
        return DatagramAnswer()
    if reply[:2] != _BINDING_SUCCESS:
        return None
    return DatagramAnswer() if _has_address(reply) else DatagramAnswer("answers without an address", False)


def _has_address(reply: bytes) -> bool:
    """Return True if a binding response has the address that the request came from."""
    place = _STUN_HEAD_BYTES
    while place + 4 <= len(reply):
        kind, length = struct.unpack_from(">HH", reply, place)
        if kind in _ADDRESSES:
            return bool(place + 4 + length <= len(reply))
        # Attributes begin at multiples of four.
        place += 4 + length + -length % 4
    return False
