"""No escape of an address is rewritten: it may be part of a signature."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.web_address import as_authority, as_it_came, may_be_host

_ESCAPES = [f"%{number:02X}" for number in range(32, 127)] + [f"%{number:02x}" for number in range(128, 256)]
_PLAIN = [chr(number) for number in range(0x21, 0x7F) if chr(number) not in "#%?\\"]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(_ESCAPES + _PLAIN), max_size=30), st.lists(st.sampled_from(_ESCAPES + _PLAIN))
)
def test_path_and_query_are_sent_as_they_came(path: list[str], query: list[str]) -> None:
    sent = "/x" + "".join(path) + "?a=" + "".join(query)

    assert as_it_came(f"https://files.example{sent}").raw_path_qs == sent
    assert as_it_came("https://elsewhere.example/y").join(as_it_came("/x?a=%2C")).raw_path_qs == "/x?a=%2C"


@pytest.mark.parametrize(
    ("text", "host", "sent"),
    [
        (" http://h.example/a b?ä ", "h.example", "/a%20b?%C3%A4"),
        ("http://bücher.example/%7e?y=%2C", "xn--bcher-kva.example", "/%7e?y=%2C"),
        ("http://h.example/\udce9", "h.example", "/%E9"),
        ("http://h.example", "h.example", "/"),
        ("http://b%C3%BCcher.example:81/%2F", "xn--bcher-kva.example", "/%2F"),
        ("http://%68.example/", "h.example", "/"),
    ],
)
def test_only_what_a_request_cannot_carry_is_escaped(text: str, host: str, sent: str) -> None:
    url = as_it_came(text)

    assert (url.raw_host, url.raw_path_qs) == (host, sent)


@pytest.mark.parametrize("scheme", ["http", "https", "ws", "wss"])
@pytest.mark.parametrize(("rest", "sent"), [("", "/"), ("?a=%2F", "/?a=%2F"), (":81?a", ":81/?a")])
def test_a_proxy_is_sent_an_address_with_a_path(scheme: str, rest: str, sent: str) -> None:
    assert str(as_it_came(f"{scheme}://h.example{rest}")) == f"{scheme}://h.example{sent}"


@pytest.mark.parametrize(
    "text",
    [
        "http://[::1/a",
        "http://h:99999/a",
        "http://h%2Fa/",
        "http://h%40b/",
        "http://h%/",
        "http://%FF/",
        "http://h/a\nb",
        "http://h/\x00",
    ],
)
def test_what_is_no_address_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        _ = as_it_came(text).port


#: Letters of three scripts, each other than the one before: nothing is slower to encode for the name service.
_ODD = "".join(
    letter for code in range(0xE0, 0x250) if unicodedata.category(letter := chr(code)) == "Ll"
) + "".join(chr(0x3B1 + at % 17) + chr(0x430 + at % 31) for at in range(300))


@pytest.mark.parametrize(
    "place",
    [
        _ODD * 25,
        f"{_ODD * 25}.example",
        f"me:x@{_ODD * 25}:81",
        _ODD[:64],
        ".".join([_ODD[:50]] * 6),
        "\u3002".join([_ODD[:50]] * 6),
        _ODD[:64] + "\u3002example",
        "%C3%BC" * 3_000,
    ],
)
def test_a_host_longer_than_any_name_is_refused_before_it_is_encoded(place: str) -> None:
    began_s = time.process_time()

    with pytest.raises(ValueError, match="longer than any can be"):
        as_it_came(f"https://{place}/")

    assert time.process_time() - began_s < 0.1


def test_a_long_path_in_another_script_is_escaped_at_once() -> None:
    letters = _ODD * 25
    began_s = time.process_time()

    url = as_it_came(f"https://h.example/{letters}?{letters}")

    assert time.process_time() - began_s < 0.1
    assert url.path == f"/{letters}"


def test_each_half_of_a_pair_is_one_question_mark() -> None:
    assert as_it_came("http://h.example/\ud800\ud801\udce9\u00e4").raw_path == "/%3F%3F%E9%C3%A4"


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    assert as_authority("::1", 80) == "[::1]:80"
    assert as_authority("::1") == "[::1]"
    assert as_authority("a.example", 443) == "a.example:443"


@pytest.mark.parametrize(
    "host",
    [
        "h",
        "proxy.example",
        "proxy.example.",
        "under_score.example",
        "m\u00fcller.example",
        "10.0.0.1",
        "::1",
        "fe80::1%eth0",
        f"{'x' * 63}.example",
    ],
)
def test_a_name_that_a_host_can_have(host: str) -> None:
    assert may_be_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "a..b",
        ".a",
        "x" * 64,
        f"{'x' * 60}." * 5,
        "a b",
        "a%62",
        "a<b",
        "*",
        "a\x00b",
        "\u2024",
        "256.1.1.1",
        "1.2.3.4.5",
        "::zz",
        "fe80::1%",
        "\ud800",
        "\u00fc" * 20_000,
    ],
)
def test_a_name_that_no_host_can_have(host: str) -> None:
    assert not may_be_host(host)
