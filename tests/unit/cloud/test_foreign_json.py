"""An odd character or number costs itself, never the reply; and nothing takes long."""

from __future__ import annotations

import base64
import json
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.foreign_json import MOST_VALUES, decoded, each_field, finite, text_of, whole
from tests.assertions import assert_no_complaint
from tests.growth import assert_linear, repeated
from tests.unit.cloud.oddities import ODD

pytestmark = pytest.mark.usefixtures("uncollected")

FIELDS: dict[str, object] = {"answer": "Good day, Zoë", "number": 7, "list": [{"a": None}], "yes": True}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("as_text", [False, True], ids=["bytes", "text"])
def test_an_odd_field_leaves_all_others(odd: str, as_text: bool) -> None:
    data = ODD[odd](FIELDS)

    value = decoded(text_of(data) if as_text else data)

    assert isinstance(value, dict)
    assert FIELDS.items() <= value.items()


def test_what_is_lost_is_one_character_or_one_number() -> None:
    value = decoded(b'{"a": "x\\ud83d!", "b": NaN, "c": "Zo\xeb", "d": 1e999, "e": "a\nb"}')

    assert isinstance(value, dict)
    assert whole(value["a"]) == "x\N{REPLACEMENT CHARACTER}!"
    assert (value["b"], value["c"], value["e"]) == (None, "Zoë", "a\nb")
    assert finite(value["d"]) is None


@pytest.mark.parametrize("digits", ["3.2984262213766123e+16", "1.5", "0.1"])
def test_a_fraction_keeps_all_its_digits(digits: str) -> None:
    assert decoded(f'{{"a": {digits}}}') == {"a": Decimal(digits)}


@pytest.mark.parametrize("data", [b"", b"\x00", b"<html>", b"{", b"[" * 100_000, b'{"a":', b"\xff\xfe"])
def test_what_is_no_json_is_none(data: bytes) -> None:
    assert decoded(data) is None
    assert not each_field(data, lambda _name, _value: None)


def test_each_field_is_seen_however_often_and_deep() -> None:
    seen: list[tuple[str, object]] = []

    assert each_field(b'{"a": 1, "a": 2, "b": [{"a": NaN}]}', lambda name, value: seen.append((name, value)))

    assert [one for one in seen if one[0] == "a"] == [("a", None), ("a", 1), ("a", 2)]


@settings(deadline=None)
@given(st.binary() | st.text())
def test_no_bytes_raise(data: bytes | str) -> None:
    with assert_no_complaint():
        decoded(data)
        each_field(data, lambda _name, _value: None)


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text()))
def test_what_is_good_json_is_read_as_it_is(value: dict[str, object]) -> None:
    assert decoded(json.dumps(value).encode()) == value
    assert decoded(b"\xef\xbb\xbf" + json.dumps(value, ensure_ascii=True).encode()) == value


@pytest.mark.parametrize(
    "data",
    [
        b"[" + b"0," * 1_000_000,
        b"[" + b"{}," * 300_000 + b"NaN]",
        b'"' + b"\\x" * 500_000 + b'"',
        b'{"a":"' + b"\xe4" * 1_000_000 + b'"}',
        b'{"a":' + b"9" * 1_000_000 + b"}",
        b"[" + b"1.5e1," * (MOST_VALUES - 10) + b"NaN]",
        b" " * 1_000_000,
        b",]" * 500_000,
    ],
    ids=["zeros", "objects", "escapes", "latin-1", "digits", "fractions", "blanks", "brackets"],
)
def test_hostile_json_does_not_hold_the_loop(data: bytes) -> None:
    times = []
    for _ in range(3):
        began = time.thread_time()
        decoded(data)
        times.append(time.thread_time() - began)

    # A bound for a slow and busy machine: what grows faster than its input takes minutes.
    assert min(times) < 1.5


@pytest.mark.parametrize(
    "begin", ['{"a":"\\q', '{"a":NaN,"b":"\\q","c":"', '{"a":"\\q"', '{"a":"\\q","b":[', ""]
)
@pytest.mark.parametrize(
    "piece",
    ['\\"', '"', '\\"x', '" "', "\\", ",", ", ", ",\n", "[", '"a",', '"a" ,', " ", "x", '\\"\\q', ",\t}"],
)
def test_odd_json_takes_time_in_proportion_to_its_size(begin: str, piece: str) -> None:
    assert_linear(decoded, repeated(piece, begin=begin))


SOUND = base64.b64encode(bytes(range(256)) * 4_000).decode()
LARGE = {
    "plain": '{"answer":"hé","n":1,"sound":"%s"}',
    "NaN": '{"answer":"hé","n":1,"x":NaN,"sound":"%s"}',
    "odd escape": '{"answer":"hé","n":1,"x":"\\q","sound":"%s"}',
    "comma": '{"answer":"hé","n":1,"sound":"%s",}',
    "quotes": '{"answer":"hé","n":1,"x":"a\\"b\\\\","sound":"%s"}',
    "control character": '{"answer":"hé","n":1,"x":"\x01\n","sound":"%s"}',
    "mark order": '\ufeff{"sound":"%s","n":1,"answer":"hé"} behind',
    "within a list": '{"answer":"hé","n":1,"list":[{"sound":"%s"}],"sound":"\ufffc0",}',
}


@pytest.mark.parametrize("wide", ["utf-8", "utf-16-le", "text"])
@pytest.mark.parametrize("lines", ["", "\n", "\\n", "\\/"])
@pytest.mark.parametrize("look", LARGE)
def test_a_large_message_is_read_like_a_small_one(look: str, lines: str, wide: str) -> None:
    sound = SOUND.replace("/", "\\/") if lines == "\\/" else lines.join((SOUND[:5_000], SOUND[5_000:]))
    text = LARGE[look] % sound
    value = decoded(text if wide == "text" else text.encode(wide))

    assert isinstance(value, dict)
    assert (value["answer"], value["n"]) == ("hé", 1)
    assert value["sound"] == SOUND[:5_000] + ("\n" if "n" in lines or lines == "\n" else "") + SOUND[5_000:]


def test_a_byte_that_is_no_utf_8_costs_one_character_of_a_large_message() -> None:
    value = decoded(b'{"answer":"Zo\xeb, \xc3\xa9","sound":"%s"}' % SOUND.encode())

    assert value == {"answer": "Zoë, é", "sound": SOUND}


def test_each_field_sees_long_strings_whole() -> None:
    seen: dict[str, object] = {}
    text = "x" * 100_000 + '\\"LicenseId\\": \\"lic-1\\"'

    assert each_field(f'{{"text": "{text}", "x": NaN}}', lambda name, value: seen.update({name: value}))
    assert seen["text"] == "x" * 100_000 + '"LicenseId": "lic-1"'


@pytest.mark.parametrize("odd", ["NaN", "odd escape", "comma", "control character"])
def test_an_odd_large_message_takes_little_longer_than_a_good_one(odd: str) -> None:
    sound = SOUND * 4

    def seconds(look: str) -> float:
        times = []
        for _ in range(5):
            began = time.thread_time()
            decoded(LARGE[look] % sound)
            times.append(time.thread_time() - began)
        return min(times)

    assert seconds(odd) < 4 * seconds("plain") + 0.005
