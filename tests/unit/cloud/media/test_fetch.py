"""What is refused before anything is connected; integration/test_fetch.py downloads from real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cloud.media.fetch import WebFetch
from ravatard.cloud.media.options import MediaOptions
from ravatard.errors import MediaError
from ravatard.ports.media import Fetch
from tests.virtual_time import run

SECRET = "eyJsecret"


class Names:
    """A name service that knows what it was told."""

    def __init__(self, **known: Sequence[str]) -> None:
        self._known = {name.replace("_", "."): list(addresses) for name, addresses in known.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self._known:
            raise OSError(-2, "Name or service not known")
        return self._known[host]


NAMES = {
    "chat_example": ["93.184.215.14"],
    "router_example": ["192.168.178.1"],
    "home_example": ["192.168.1.5"],
    "rebound_example": ["127.0.0.1"],
    "cloud_example": ["169.254.169.254"],
}


async def refused(url: str, base: str = "https://chat.example", options: MediaOptions | None = None) -> str:
    fetching: Fetch = WebFetch(options or MediaOptions(), base, lookup=Names(**NAMES))
    with pytest.raises(MediaError) as caught:
        async with fetching.open(url):
            pass
    message = str(caught.value)
    assert SECRET not in message
    assert SECRET not in repr(caught.value.__cause__)
    return message


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "has no address"),
        ("/files/a.mp3", "a relative address"),
        ("file:///etc/shadow", "a file address; only https"),
        ("ftp://chat.example/a.mp3", "a ftp address"),
        ("data:audio/mpeg;base64,AAAA", "a data address"),
        ("https://", "names no host"),
        ("https:///a.mp3", "names no host"),
        ("https://" + "a." * 150 + "example/", "names no host"),
        ("https://chat.example:99999/a", "cannot be read"),
        ("https://[::1/a", "cannot be read"),
        (f"https://me:{SECRET}@chat.example/a.mp3", "at https://chat.example has a user name in it"),
        (f"https://{SECRET}@chat.example/a.mp3", "has a user name in it"),
        (f"https://:{SECRET}@chat.example/a.mp3", "has a user name in it"),
        (f"http://chat.example/{SECRET}?token={SECRET}", "at http://chat.example, not encrypted"),
        (f"https://nowhere.example/?token={SECRET}", "https://nowhere.example is not found (Name or service"),
        (f"https://router.example/?token={SECRET}", "no public address; see media.private_addresses"),
        (f"https://rebound.example:8443/{SECRET}", "https://rebound.example:8443, which is this machine"),
        ("https://cloud.example/latest/meta-data", "no public address"),
        ("https://chat.example/" + "a" * 9_000, "too long"),
    ],
)
async def test_an_address_that_is_not_fetched_is_told_without_its_secrets(url: str, told: str) -> None:
    assert told in await refused(url)


@pytest.mark.parametrize(
    ("base", "private", "url", "told"),
    [
        ("https://home.example", "auto", "https://rebound.example/a", "this machine"),
        ("https://home.example", "auto", "https://cloud.example/a", "no public address"),
        ("https://home.example", "never", "https://router.example/a", "no public address"),
        ("https://rebound.example", "auto", "https://cloud.example/a", "no public address"),
        ("https://chat.example", "always", "https://cloud.example/a", "no public address"),
        ("https://gone.example", "auto", "https://router.example/a", "https://gone.example is not found"),
    ],
)
async def test_how_near_a_file_may_be_depends_on_the_service(
    base: str, private: str, url: str, told: str
) -> None:
    options = MediaOptions(private_addresses=private)  # type: ignore[arg-type]

    assert told in await refused(url, base, options)


async def test_http_is_fetched_only_where_that_was_said() -> None:
    forbidden = MediaOptions(insecure=False)

    assert "not encrypted" in await refused("http://router.example/a", "https://chat.example")
    assert "not encrypted" in await refused("http://router.example/a", "http://chat.example", forbidden)
    assert "no public" in await refused("http://router.example/a", "http://chat.example")
    assert "no public" in await refused("http://router.example/a", options=MediaOptions(insecure=True))


async def test_a_name_service_that_hangs_is_a_sentence() -> None:
    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(3_600)
        return []

    loop = asyncio.get_running_loop()
    with pytest.raises(MediaError, match=r"https://slow\.example was not found within 10 s"):
        async with WebFetch(MediaOptions(), "https://chat.example", lookup=silent).open(
            "https://slow.example/"
        ):
            pass

    assert loop.time() == 10.0


@given(st.one_of(st.text(max_size=60), st.text(max_size=40).map("https://{}/x".format)))
def test_whatever_an_answer_points_at_is_refused_in_one_line(url: str) -> None:
    async def ask() -> None:
        with pytest.raises(MediaError) as caught:
            async with WebFetch(MediaOptions(), "https://chat.example", lookup=Names()).open(url):
                pass
        assert "\n" not in str(caught.value)

    run(ask())
