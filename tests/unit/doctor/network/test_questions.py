"""Questions by UDP: their bytes are those of the documents, and only an answer answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.doctor.network.questions import Question, dns_question, ntp_question, stun_question

CHANCE = bytes(range(1, 17))
QUESTIONS = [dns_question("chat.example", CHANCE), ntp_question(CHANCE), stun_question(CHANCE)]


def test_a_question_for_a_name_is_that_of_the_document() -> None:
    question = dns_question("chat.example.", CHANCE)

    assert question.datagram == (
        b"\x01\x02\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04chat\x07example\x00\x00\x01\x00\x01"
    )


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64, "."])
def test_a_name_that_cannot_be_asked_for_is_the_root(name: str) -> None:
    assert dns_question(name, CHANCE).datagram[12:] == b"\x00\x00\x01\x00\x01"


def test_also_a_name_server_that_knows_nothing_answers() -> None:
    unknown = CHANCE[:2] + b"\x81\x83" + bytes(8)

    assert QUESTIONS[0].is_answer(unknown)
    assert not QUESTIONS[0].is_answer(b"\x09\x09" + unknown[2:])
    assert not QUESTIONS[0].is_answer(QUESTIONS[0].datagram)


def test_the_time_is_asked_for_without_telling_ours() -> None:
    datagram = QUESTIONS[1].datagram

    assert (len(datagram), datagram[0]) == (48, 0x23)
    assert datagram[1:40] == bytes(39)
    assert datagram[40:] == CHANCE[:8]


@pytest.mark.parametrize(("mode", "answers"), [(4, True), (5, True), (3, False), (6, False)])
def test_a_time_server_repeats_what_it_was_asked(mode: int, answers: bool) -> None:
    reply = bytes((0x20 | mode,)) + bytes(23) + CHANCE[:8] + bytes(16)

    assert QUESTIONS[1].is_answer(reply) is answers
    assert not QUESTIONS[1].is_answer(bytes((0x24,)) + bytes(47))


@pytest.mark.parametrize(("kind", "answers"), [(0x0101, True), (0x0111, True), (0x0001, False)])
def test_a_binding_is_answered_with_the_same_transaction(kind: int, answers: bool) -> None:
    datagram = QUESTIONS[2].datagram
    assert datagram == b"\x00\x01\x00\x00\x21\x12\xa4\x42" + CHANCE[:12]

    reply = kind.to_bytes(2) + b"\x00\x00" + datagram[4:]

    assert QUESTIONS[2].is_answer(reply) is answers
    assert not QUESTIONS[2].is_answer(reply[:-1] + b"\xff")


@given(st.sampled_from(QUESTIONS), st.binary(max_size=80))
def test_other_bytes_answer_nothing(question: Question, junk: bytes) -> None:
    assert question.is_answer(junk) in (True, False)
    assert not question.is_answer(junk[:7])
