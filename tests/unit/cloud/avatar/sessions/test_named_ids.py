from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.avatar.sessions.named_ids import ids_in, stopped_as
from tests.examples import examples

STANDARD = json.dumps({"session_id": "S1", "ice_servers": [], "access_token": "t"}).encode()
ICE = json.dumps({"session_id": "S1", "ice_servers": [{"urls": "stun:127.0.0.1:1"}] * 10_000}).encode()


@pytest.mark.parametrize(
    "body",
    [
        STANDARD,
        STANDARD[:-30],
        b'{"session_id":"S1","ice_servers":[',
        b"/* c */ " + STANDARD,
        b")]}',\n" + STANDARD,
        b"{'session_id':'S1'}",
        b"[" + STANDARD + b"]",
        b'{"data":{"data":' + STANDARD + b"}}",
        b'{"result":' + STANDARD + b"}",
        b'{"session":{"id":"S1","quality":"low"}}',
        b'{"session":{"session_id":"S1"}}',
        json.dumps({"code": 100, "data": STANDARD.decode()}).encode(),
        json.dumps(STANDARD.decode()).encode(),
        b'{"sessionId":"S1"}',
        b'{"SESSION_ID":"S1"}',
        b'{"id":"S1"}',
        b'{"data":{"id":"S1"}}',
        b'{"session_id":"S1","session_id":null}',
        b'{"session_id":{"id":"S1"}}',
        b'{"session_id":{"$oid":"S1"}}',
        b'{"session_id":["S1"]}',
        ICE,
        STANDARD[:-1] + b',"pad":"' + b"x" * 5_000_000 + b'"}',
        STANDARD[:-1] + b',"pad":"' + b"x" * 1_048_000,
        gzip.compress(STANDARD, mtime=0),
        STANDARD.decode().encode("utf-16"),
        b"<html>session_id=S1</html>",
    ],
)
def test_an_id_is_found_in_any_shape(body: bytes) -> None:
    assert ids_in(body) == ["S1"]


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"code": "SESSION_EXISTS", "details": {"session_id": "S1"}}},
        {"detail": "session_id: S1 is open already"},
        {"detail": {"sessionId": "S1"}},
        {"session_id": "S1", "status": "error"},
    ],
)
def test_an_id_is_found_in_a_refusal(error: object) -> None:
    assert ids_in(json.dumps(error).encode(), good=False) == ["S1"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"<html>hi</html>",
        b"{}",
        b'{"session_id":null}',
        b'{"session_id":""}',
        b'{"session_id":"  "}',
        b'{"session_id":true}',
        b'{"session_id":"null"}',
        b'{"session":{"quality":"low"}}',
        b"\x1f\x8b broken",
        b'{"session_id":[[["a"]]]}',
    ],
)
def test_what_names_no_session_has_no_id(body: bytes) -> None:
    assert ids_in(body) == []


def test_the_id_of_a_request_in_a_refusal_is_no_session() -> None:
    assert ids_in(b'{"id":"req-1","error":{"code":"X"}}', good=False) == []


@pytest.mark.parametrize(
    "session_id", ["abc\n", "  sp  ", "a\ud800", "q\"'\\", "\0x", "\u00e4\u2603", "c" * 1_000_000]
)
def test_an_id_is_kept_exactly_as_it_came(session_id: str) -> None:
    assert ids_in(json.dumps({"session_id": session_id}).encode()) == [session_id]


def test_the_documented_id_comes_first_and_each_once() -> None:
    body = b'{"x":{"session_id":"b"},"session_id":"a","note":"session_id=c","y":{"session_id":"a"}}'

    assert ids_in(body) == ["a", "b", "c"]


def test_no_answer_names_more_than_a_few() -> None:
    assert len(ids_in(json.dumps({"session_ids": [f"s{n}" for n in range(1_000)]}).encode())) <= 16


def test_an_id_is_stopped_as_it_came_and_then_without_blanks() -> None:
    assert stopped_as("a") == ["a"]
    assert stopped_as(" a\n") == [" a\n", "a"]
    assert stopped_as("  ") == ["  "]


@settings(max_examples=examples(200))
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f'{{"session_id":{text}'.encode()))
def test_no_answer_raises(body: bytes) -> None:
    assert isinstance(ids_in(body), list)
    assert isinstance(ids_in(body, good=False), list)
