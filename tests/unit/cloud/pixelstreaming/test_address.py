from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.pixelstreaming.address import is_loopback, same_place, stream_address, with_token
from ravatard.errors import LinkError


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("https://host.example/stream", "https://host.example/stream?token=T"),
        ("https://host.example/stream?x=1", "https://host.example/stream?x=1&token=T"),
        ("https://host.example/#part", "https://host.example/?token=T#part"),
    ],
)
def test_the_token_joins_the_query(url: str, opened: str) -> None:
    assert with_token(url, "T") == opened


def test_a_token_of_odd_characters_is_escaped() -> None:
    assert with_token("http://h/", "a b&c=/") == "http://h/?token=a%20b%26c%3D%2F"


@pytest.mark.parametrize(
    ("page", "socket", "origin"),
    [
        ("https://host/any/path.html?x=1&token=T", "wss://host", "https://host"),
        ("http://host:8080/?token=T", "ws://host:8080", "http://host:8080"),
        ("https://host:443/", "wss://host", "https://host"),
        ("http://[::1]:81/p", "ws://[::1]:81", "http://[::1]:81"),
        ("https://host/?ss=wss%3A%2F%2Fother%2Fp%3Fq&token=T", "wss://other/p?q", "https://host"),
        ("https://host/?SS=wss://other", "wss://other", "https://host"),
        ("https://host/?ss=ws://127.0.0.1:9", "ws://127.0.0.1:9", "https://host"),
    ],
)
def test_the_socket_comes_from_the_page_s_address(page: str, socket: str, origin: str) -> None:
    address = stream_address(page)

    assert (address.socket, address.origin) == (socket, origin)


def test_parameters_are_named_without_regard_to_case() -> None:
    address = stream_address("https://h/?sTREAMERid=Ada&forceturn=true&BROWSERSENDOFFER=True")

    assert (address.streamer, address.relay_only, address.player_offers) == ("Ada", True, True)


def test_what_is_switched_off_or_left_out_is_off() -> None:
    address = stream_address("https://h/?StreamerId=&ForceTURN=false")

    assert (address.streamer, address.relay_only, address.player_offers) == (None, False, False)


@pytest.mark.parametrize(
    "page",
    [
        "ftp://host/",
        "https:///nohost",
        "https://h:port/",
        "https://h/?ss=http://other",
        "https://h/?ss=ws://other.example/",
        "https://h/?ss=wss://",
        "https://h/?ss=wss://[",
        "https://h/?" + "a=1&" * 200,
        "",
    ],
)
def test_what_leads_to_no_socket_is_told(page: str) -> None:
    with pytest.raises(LinkError):
        stream_address(page)


@given(st.text(max_size=80))
def test_any_address_gives_a_socket_or_an_error(tail: str) -> None:
    for page in (tail, "https://h/?" + tail, "http://" + tail):
        try:
            assert stream_address(page).socket.startswith(("ws://", "wss://"))
        except LinkError:
            pass


def test_the_token_is_shown_only_to_the_server_it_was_made_for() -> None:
    assert same_place("wss://host", "https://host/stream?x")
    assert same_place("ws://host:8080", "http://host:8080/")
    assert not same_place("ws://host:443", "https://host")
    assert not same_place("wss://other", "https://host")
    assert not same_place("wss://[", "wss://[")


@pytest.mark.parametrize(
    ("url", "local"),
    [("ws://127.0.0.1:9", True), ("ws://[::1]", True), ("wss://localhost/x", True), ("wss://host", False)],
)
def test_this_machine_is_recognised(url: str, local: bool) -> None:
    assert is_loopback(url) == local
