"""Questions by UDP: their bytes are those of the documents."""

from __future__ import annotations

import pytest

from ravatard.doctor.network.questions import dns_question, ntp_question, stun_question

CHANCE = bytes(range(1, 17))
QUESTIONS = [dns_question("chat.example", CHANCE), ntp_question(CHANCE, 0.0), stun_question(CHANCE)]


def test_a_question_for_a_name_is_that_of_the_document() -> None:
    question = dns_question("chat.example.", CHANCE)

    assert question.datagram == (
        b"\x01\x02\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04chat\x07example\x00\x00\x01\x00\x01"
    )


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64, "."])
def test_a_name_that_cannot_be_asked_for_is_the_root(name: str) -> None:
    assert dns_question(name, CHANCE).datagram[12:] == b"\x00\x00\x01\x00\x01"


def test_the_time_is_asked_for_without_telling_ours() -> None:
    datagram = QUESTIONS[1].datagram

    assert (len(datagram), datagram[0]) == (48, 0x23)
    assert datagram[1:40] == bytes(39)
    assert datagram[40:] == CHANCE[:8]


def test_a_binding_is_asked_for_with_a_transaction() -> None:
    assert QUESTIONS[2].datagram == b"\x00\x01\x00\x00\x21\x12\xa4\x42" + CHANCE[:12]


def test_each_kind_of_server_has_its_name() -> None:
    assert [question.server for question in QUESTIONS] == ["name server", "time server", "STUN server"]
