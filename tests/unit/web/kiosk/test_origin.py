from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.secret import Secret
from ravatard.web.kiosk.origin import Origin, frame_address, origin_of_host


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://stream.example/a/b?x=1#y", "https://stream.example"),
        ("https://stream.example:443/", "https://stream.example"),
        ("http://stream.example:8080", "http://stream.example:8080"),
        ("HTTPS://Stream.Example", "https://stream.example"),
        ("https://user:password@stream.example/", "https://stream.example"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert str(Origin.of(url)) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "stream.example",
        "ftp://stream.example",
        "javascript:alert(1)",
        "https://",
        "https://stream.example:port/",
        "https://stream.example:99999/",
        "https://[::1/",
        "https://stream.example;script-src/",
        "https://stream example/",
        "https://'self'/",
    ],
)
def test_what_is_no_web_address_has_no_origin(url: str) -> None:
    assert Origin.of(url) is None


#: Letter that its normal form makes eighteen of.
_GROWS = "\ufdfa"


@pytest.mark.parametrize("host", [_GROWS * 8_000, ".".join([_GROWS * 60] * 60), "a" * 64, "a." * 127])
def test_a_host_that_is_too_long_for_a_name_is_refused_at_once(host: str) -> None:
    """Anyone may have it looked at: by a header, or as the service."""
    began = time.thread_time()

    assert Origin.of(f"https://{host}/") is None
    assert origin_of_host(host) is None
    assert time.thread_time() - began < 0.05


@given(st.text())
def test_no_address_can_smuggle_anything_into_a_header(rest: str) -> None:
    origin = Origin.of(f"https://{rest}")

    assert origin is None or not set(str(origin)) & set(" \t\r\n;,'\"<>{}&")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8470", "localhost:8470", "[::1]:8470", "localhost", "LOCALHOST:1"]
)
def test_a_page_is_opened_by_a_name_of_this_machine(host: str) -> None:
    assert origin_of_host(host) is not None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example:8470",
        "127.0.0.1.evil.example",
        "evil.example@localhost",
        "localhost@evil.example",
        "localhost/evil",
        "localhost:x",
        "127.0.0.2",
        "0.0.0.0",
        "192.168.1.5:8470",
        "localhost evil.example",
    ],
)
def test_any_other_name_was_led_here(host: str) -> None:
    assert origin_of_host(host) is None


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://s.example/stream", "https://s.example/stream?token=a%2Fb%3D%2B%20~!*'()"),
        ("https://s.example/stream?x=1", "https://s.example/stream?x=1&token=a%2Fb%3D%2B%20~!*'()"),
        ("https://s.example/#part", "https://s.example/?token=a%2Fb%3D%2B%20~!*'()#part"),
    ],
)
def test_the_token_is_joined_as_the_document_does(url: str, address: str) -> None:
    joined = frame_address(Secret(url), Secret("a/b=+ ~!*'()"))

    assert joined.reveal() == address


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_token_arrives_as_it_was(token: str) -> None:
    joined = frame_address(Secret("https://s.example/?x=1"), Secret(token))

    query = urlsplit(joined.reveal()).query
    assert parse_qs(query, keep_blank_values=True, strict_parsing=True)["token"] == [token]


def test_a_silent_frame_asks_the_player_to_start_muted() -> None:
    joined = frame_address(Secret("https://s.example/"), Secret("t"), silent=True)

    assert joined.reveal() == "https://s.example/?StartVideoMuted=true&token=t"


def test_the_address_of_a_frame_shows_itself_nowhere() -> None:
    joined = frame_address(Secret("https://s.example/"), Secret("planted"))

    assert "planted" not in f"{joined} {joined!r}"
