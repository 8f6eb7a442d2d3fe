from __future__ import annotations

from functools import partial
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.avatar.address import (
    DEFAULT_API_URL,
    DEFAULT_SOCKET_URL,
    api_url,
    plain_key_problem,
    socket_base,
    socket_url,
    utilities_url,
)


@pytest.mark.parametrize(
    ("base", "api", "utilities", "socket"),
    [
        (DEFAULT_API_URL, DEFAULT_API_URL, "http://localhost:8000", DEFAULT_SOCKET_URL),
        (
            "https://api.yourdomain.com/v1",
            "https://api.yourdomain.com/v1",
            "https://api.yourdomain.com",
            "wss://ws.yourdomain.com/ws",
        ),
        (" http://box:8000 ", "http://box:8000/v1", "http://box:8000", "ws://box:8001/ws"),
        ("http://box:8000/", "http://box:8000/v1", "http://box:8000", "ws://box:8001/ws"),
        ("http://[::1]:8000/v1/", "http://[::1]:8000/v1", "http://[::1]:8000", "ws://[::1]:8001/ws"),
        ("https://x.example/avatar/v2", "https://x.example/avatar/v2", "https://x.example/avatar", None),
        ("https://x.example/avatar", "https://x.example/avatar", "https://x.example/avatar", None),
    ],
)
def test_addresses_follow_from_the_base(base: str, api: str, utilities: str, socket: str | None) -> None:
    assert api_url(base) == api
    assert utilities_url(api) == utilities
    assert socket_base(api) == (socket or "wss://x.example/ws")


def test_a_configured_socket_is_taken_as_it_is() -> None:
    assert socket_base(DEFAULT_API_URL, "wss://elsewhere.example/live/") == "wss://elsewhere.example/live"
    assert socket_base(DEFAULT_API_URL, "https://elsewhere.example") == "wss://elsewhere.example/ws"


@pytest.mark.parametrize(
    "base",
    [*("", "box:8000", "ftp://box/v1", "http://", "ws://box"), *("http://box:99999/v1", "http://box:0/v1")],
)
def test_what_is_no_address_is_refused_in_words(base: str) -> None:
    with pytest.raises(ValueError, match=r"address|port"):
        api_url(base)


@pytest.mark.parametrize(
    "base",
    ["http://me:hunter2@box/v1", "https://hunter2@box", "http://:hunter2@box:8000/v1", "ftp://a:hunter2@box"],
)
def test_an_address_with_a_password_is_refused_without_showing_it(base: str) -> None:
    for checked in (api_url, partial(socket_base, DEFAULT_API_URL)):
        with pytest.raises(ValueError, match="address") as caught:
            checked(base)

        assert "hunter2" not in str(caught.value)


def test_a_password_in_a_wrong_address_is_not_shown() -> None:
    with pytest.raises(ValueError, match="no address") as caught:
        api_url("ftp://me:hunter2@box/v1")

    assert "hunter2" not in str(caught.value)


@given(st.text(min_size=1, max_size=40))
def test_every_session_id_is_one_segment_of_the_path(session_id: str) -> None:
    try:
        session_id.encode()
    except UnicodeEncodeError:
        return

    path = urlsplit(socket_url("ws://box:8001/ws", session_id)).path

    assert path.count("/") == 2
    assert unquote(path.rpartition("/")[2]) == session_id
    assert path.rpartition("/")[2] not in (".", "..")


def test_a_token_goes_into_the_query_encoded() -> None:
    assert socket_url("ws://b/ws", "a/b", "t&=") == "ws://b/ws/a%2Fb?token=t%26%3D"


@pytest.mark.parametrize(
    "url",
    [
        *("http://avatar.example.com/v1", "http://8.8.8.8:8000/v1", "ws://ws.example.com/ws"),
        *("http://[2001:4860:4860::8888]/v1", "http://localhost.example.com/v1"),
        *("http://0x8080808:8000/v1", "http://134744072/v1", "http://010.8.8.8/v1", "ws://8.526344/ws"),
        *("http://0X8.0x8.2056/v1", "http://01002004010/v1", "http://8.8.8.8./v1", "http://\uff18.8.8.8/v1"),
        *("http://\uff10x8080808/v1", "http://8\u30028\u30028\u30028/v1", "http://256.1.1.1/v1"),
    ],
)
def test_a_key_does_not_cross_the_public_network_in_the_clear(url: str) -> None:
    assert "encryption" in plain_key_problem(url)


@pytest.mark.parametrize(
    "url",
    [
        *("https://avatar.example.com/v1", "http://localhost:8000/v1", "http://127.0.0.1:8000/v1"),
        *("http://192.168.1.4/v1", "http://avatar/v1", "http://box.local:8000/v1", "http://[fd00::1]/v1"),
        *("wss://ws.example.com/ws", "http://10.0.0.2/v1", "http://box.fritz.box/v1"),
        *("http://0x7f000001/v1", "http://2130706433/v1", "http://0300.0250.1.4/v1", "http://127.1/v1"),
        *("http://10.2/v1", "http://99999999999/v1", "http://0x/v1", "http://08/v1"),
    ],
)
def test_a_key_may_go_to_a_neighbour_or_under_encryption(url: str) -> None:
    assert plain_key_problem(url) == ""
