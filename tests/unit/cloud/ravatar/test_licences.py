"""A licence that any byte of an answer to a start names is found."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.ravatar import rest
from ravatard.cloud.ravatar.licences import MOST_LICENCES, licences_in, streaming_url_in
from ravatard.secret import Secret
from tests.assertions import assert_no_complaint
from tests.unit.cloud.oddities import ODD

URL = "https://stream.example/a?b=c%2Fd"
STARTED: dict[str, object] = {"status": 200, "LicenseId": "lic-1", "streamingUrl": URL}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_reply_to_a_start_is_a_session_with_its_stream(odd: str) -> None:
    body = ODD[odd](STARTED)

    session = rest.start_reply(200, body)

    assert (session.license_id, session.streaming_url) == (Secret("lic-1"), Secret(URL))
    assert licences_in(body) == ["lic-1"]


@pytest.mark.parametrize(
    ("written", "licence"),
    [
        ("3.2984262213766e+16", "32984262213766000"),
        ("3.2984262213766123E16", "32984262213766123"),
        ("32984262213766123", "32984262213766123"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("4711.0", "4711"),
        ("1.5", "1.5"),
        ('"3.2984262213766e+16"', "3.2984262213766e+16"),
        ('"lic 1/ü"', "lic 1/ü"),
        ('"a\\u002fb"', "a/b"),
        ('" lic-1 "', "lic-1"),
        # A signed token.
        (f'"eyJ.{"a" * 5_000}.b"', f"eyJ.{'a' * 5_000}.b"),
        ('{"$numberLong": "4711"}', "4711"),
    ],
)
@pytest.mark.parametrize(
    "around", ['{"LicenseId": %s}', '{"LicenseId": %s, "x": NaN}', '{"LicenseId": %s, broken']
)
def test_an_id_is_text_whatever_it_is_written_as(written: str, licence: str, around: str) -> None:
    body = (around % written).encode()

    assert licences_in(body) == [licence]
    assert rest.start_reply(200, body).license_id == Secret(licence)


@pytest.mark.parametrize(
    "body",
    [
        b"<html><p>LicenseId: lic-1</p>",
        b"<LicenseId>lic-1</LicenseId>",
        b"LicenseId=lic-1&status=200",
        b"{'LicenseId': 'lic-1'}",
        b'{"data": {"LicenseId": "lic-1"}}',
        b'{"licenseId": "lic-1"}',
        b'{"license_id": "lic-1"}',
        b'{"message": "{\\"LicenseId\\": \\"lic-1\\"}"}',
        b'{"message": "LicenseId: lic-1"}',
        b'{"status":200,"LicenseId":"lic-1","streamingUrl":"http',
        b'\xff\x00{"LicenseId":"lic-1"',
        b'{"LicenseIds": ["lic-1"]}',
        b'{"LicenseIds": ["lic-1"], "streamingUrl": "htt',
        b"{\"LicenseIds\" : [ 'lic-1', null",
        b'"{\\"LicenseIds\\": [\\"lic-1\\"], broken',
        b"<p>licenseIds = [lic-1]",
        b'{"LicenseId": {"id": "lic-1"}}',
        b'"{\\"LicenseId\\": \\"lic-1\\"}"',
        b'"LicenseId: lic-1"',
        b'["LicenseId=lic-1"]',
        b'{"log": [["LicenseId=lic-1 started"]]}',
        b'{"LicenseId": {"$oid": "lic-1"}, "streamingUrl": "htt',
        b'{"LicenseId": [{"_id": "lic-1"}]}',
        "{'Straße': 'İstanbul', 'LicenseId': 'lic-1'".encode(),
        b'{"LicenseId":"lic-1",' + b"[" * 60_000,
    ],
)
def test_an_answer_that_is_no_start_reply_names_it_all_the_same(body: bytes) -> None:
    assert licences_in(body) == ["lic-1"]


def test_every_id_of_an_answer_is_found_once() -> None:
    body = b'{"LicenseId": "a", "other": {"LicenseId": "b"}, "LicenseId": "c", "x": "LicenseId: b"}'

    assert licences_in(body) == ["c", "b", "a"]


@pytest.mark.parametrize("end", ["", "]", "]}", '], "streamingUrl": "ht', "]}garbage"])
@pytest.mark.parametrize("around", ['"{}"', "'{}'", '\\"{}\\"', "{}"])
def test_every_id_of_a_list_is_found_however_it_ends(around: str, end: str) -> None:
    ids = ["lic-1", "lic-2", "lic-3"]
    body = '{"LicenseIds": [' + " , ".join(around.format(one) for one in ids) + end

    assert licences_in(body.encode()) == ids


@pytest.mark.parametrize(
    "body", [b'{"LicenseId": null}', b'{"LicenseId": ""}', b"{}", b"LicenseId: undefined", b"", b"LicenseId"]
)
def test_what_is_no_id_is_none(body: bytes) -> None:
    assert licences_in(body) == []


def test_the_stream_of_a_reply_that_is_no_json_is_found() -> None:
    assert streaming_url_in(json.dumps(STARTED).encode()[:-1]) == URL


@settings(deadline=None)
@given(st.binary() | st.binary().map(lambda odd: b'{"LicenseId":' + odd))
def test_no_answer_raises(body: bytes) -> None:
    with assert_no_complaint():
        licences_in(body)
        streaming_url_in(body)


@pytest.mark.parametrize(
    "unit", [b"LicenseId:", b'LicenseId":"', b"licenseid   ", b"\\\\\\", b"LicenseId:a "]
)
def test_hostile_answers_do_not_hold_the_loop(unit: bytes) -> None:
    began = time.process_time()
    found = licences_in(unit * (1_000_000 // len(unit)))

    assert len(found) <= MOST_LICENCES
    assert time.process_time() - began < 0.5
