"""Answers by UDP: those of servers, of servers that refuse, and datagrams of strangers."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.doctor.network.questions import Question, dns_question, ntp_question, stun_question
from ravatard.doctor.network.udp_answers import DatagramAnswer

CHANCE = bytes(range(1, 17))
NOW_S = 1_796_000_000.0
DNS, NTP, STUN = dns_question("chat.example", CHANCE), ntp_question(CHANCE, NOW_S), stun_question(CHANCE)
ANSWERS = DatagramAnswer()
CERTAIN = struct.pack(">II", int(NOW_S) + 2_208_988_800, 5)


def named(
    code: int, *, records: int = 0, question: bytes = DNS.datagram[12:], number: bytes = b"\x01\x02"
) -> bytes:
    """A name server's answer."""
    return number + bytes((0x81, 0x80 | code)) + struct.pack(">4H", bool(question), records, 0, 0) + question


def timed(
    stratum: int = 2,
    leap: int = 0,
    reference: bytes = b"GPS\0",
    told: bytes = CERTAIN,
    origin: bytes = CHANCE[:8],
) -> bytes:
    """A time server's answer."""
    head = bytes((leap << 6 | 0x24, stratum, 6, 0xE9)) + bytes(8) + reference
    return head + told + origin + told + told


def bound(attributes: bytes, kind: int = 0x0101, length: int | None = None) -> bytes:
    """A STUN server's answer."""
    wanted = len(attributes) if length is None else length
    return struct.pack(">HH", kind, wanted) + STUN.datagram[4:] + attributes


ADDRESS = struct.pack(">HHBBH4s", 0x20, 8, 0, 1, 80, b"\1\2\3\4")
SOFTWARE = struct.pack(">HH", 0x8022, 5) + b"coturn\0\0"


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (named(0, records=1), DatagramAnswer(found=True)),
        (named(0), ANSWERS),
        (named(3), ANSWERS),
        (named(0, question=DNS.datagram[12:].upper()), ANSWERS),
        (named(1), DatagramAnswer("answers FORMERR for chat.example", useful=False)),
        (named(1, question=b""), DatagramAnswer("answers FORMERR for chat.example", useful=False)),
        (named(2), DatagramAnswer("answers SERVFAIL for chat.example", useful=False)),
        (named(4), DatagramAnswer("answers NOTIMP for chat.example", useful=False)),
        (named(5), DatagramAnswer("answers REFUSED for chat.example", useful=False)),
        (named(9), DatagramAnswer("answers code 9 for chat.example", useful=False)),
        (named(0, question=b""), None),
        (named(0, question=b"\x05other\x07example\x00\x00\x01\x00\x01"), None),
        (named(0, number=b"\x09\x09"), None),
        (named(0)[:13], None),
        (named(0)[:4] + bytes(200), None),
        (DNS.datagram, None),
    ],
)
def test_a_name_server(reply: bytes, answer: DatagramAnswer | None) -> None:
    assert DNS.answer(reply) == answer


@pytest.mark.parametrize("code", [0, 2, 3, 5])
def test_of_the_root_a_server_of_a_firm_need_not_know(code: int) -> None:
    root = dns_question("", CHANCE)

    assert root.answer(named(code, question=root.datagram[12:])) == ANSWERS


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (timed(), ANSWERS),
        (timed() + bytes(20), ANSWERS),
        (timed(15), ANSWERS),
        (timed(0, 3, b"RATE"), DatagramAnswer("answers, and wants to be asked less often (RATE)")),
        (timed(0, 3, b"DENY"), DatagramAnswer("answers without a time (DENY)", useful=False)),
        (timed(0, 3, b"INIT"), DatagramAnswer("answers without a time (INIT)", useful=False)),
        (timed(0, 0, b"\0\0\0\0"), DatagramAnswer("answers without a time (stratum 0)", useful=False)),
        (timed(0, 0, b"\x1b[2J"), DatagramAnswer("answers without a time ([2J)", useful=False)),
        (timed(16), DatagramAnswer("answers that its own clock is not set", useful=False)),
        (timed(2, 3), DatagramAnswer("answers that its own clock is not set", useful=False)),
        (timed(told=bytes(8)), DatagramAnswer("answers that its own clock is not set", useful=False)),
        (
            timed(told=struct.pack(">II", int(NOW_S) + 2_208_988_800 - 90_000, 0)),
            DatagramAnswer("answers with a time that is more than a day from this machine's"),
        ),
        # 1900 as it is written is 2036.
        (
            timed(told=struct.pack(">II", 1, 0)),
            DatagramAnswer("answers with a time that is more than a day from this machine's"),
        ),
        (timed(origin=bytes(8)), None),
        (timed()[:47], None),
        (NTP.datagram, None),
    ],
)
def test_a_time_server(reply: bytes, answer: DatagramAnswer | None) -> None:
    assert NTP.answer(reply) == answer


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (bound(ADDRESS), ANSWERS),
        (bound(SOFTWARE + ADDRESS), ANSWERS),
        (bound(b"\x00\x01" + ADDRESS[2:]), ANSWERS),
        (bound(b"", 0x0111), ANSWERS),
        (bound(b""), DatagramAnswer("answers without an address", useful=False)),
        (bound(SOFTWARE), DatagramAnswer("answers without an address", useful=False)),
        (bound(ADDRESS[:8]), DatagramAnswer("answers without an address", useful=False)),
        (bound(ADDRESS)[:20], None),
        (bound(ADDRESS, length=0xFFFF), None),
        (bound(ADDRESS) + bytes(64_000), None),
        (bound(ADDRESS, 0x0001), None),
        (bound(ADDRESS)[:8] + bytes(12) + ADDRESS, None),
        (STUN.datagram, None),
    ],
)
def test_a_stun_server(reply: bytes, answer: DatagramAnswer | None) -> None:
    assert STUN.answer(reply) == answer


@given(st.sampled_from([DNS, NTP, STUN]), st.binary(max_size=80), st.integers(0, 60))
def test_any_bytes_are_taken(question: Question, junk: bytes, kept: int) -> None:
    good = {DNS: named(0), NTP: timed(), STUN: bound(ADDRESS)}[question]

    assert isinstance(question.answer(good[:kept] + junk), DatagramAnswer | None)
    assert question.answer(junk[:7]) is None
