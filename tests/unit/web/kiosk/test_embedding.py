from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.web.kiosk.embedding import EmbeddingPolicy
from ravatard.web.kiosk.origin import Origin

STREAM = Origin("https", "stream.example", 443)
HERE = Origin("http", "127.0.0.1", 8470)


def refused(*, options: tuple[str, ...] = (), policies: tuple[str, ...] = ()) -> bool:
    return EmbeddingPolicy(options, policies).refuses(STREAM, HERE) is not None


def test_a_page_that_says_nothing_may_be_embedded() -> None:
    assert not refused()


@pytest.mark.parametrize(
    "options",
    [("DENY",), ("deny ",), ("SAMEORIGIN",), ("DENY, SAMEORIGIN",), ("DENY", "SAMEORIGIN"), ("ALLOWALL, x",)],
)
def test_x_frame_options_refuses(options: tuple[str, ...]) -> None:
    assert refused(options=options)


@pytest.mark.parametrize("options", [("ALLOWALL",), ("ALLOW-FROM http://x",), ("",), ("a", "b"), ("DENYx",)])
def test_x_frame_options_that_browsers_ignore_do_not_refuse(options: tuple[str, ...]) -> None:
    assert not refused(options=options)


@pytest.mark.parametrize(
    "sources",
    [
        "'none'",
        "",
        "'self'",
        "https:",
        "https://127.0.0.1:8470",
        "127.0.0.1:8470",  # without a scheme that of the page it protects is meant, https
        "http://127.0.0.1",
        "http://127.0.0.1:8471",
        "http://localhost:8470",
        "https://app.example",
        "*.example",
        "http://",
        "data:",
        "http://127.0.0.1:99999",
    ],
)
def test_frame_ancestors_without_us_refuses(sources: str) -> None:
    assert refused(policies=(f"default-src 'self'; frame-ancestors {sources}",))


@pytest.mark.parametrize(
    "sources",
    [
        "*",
        "http:",
        "HTTP://127.0.0.1:8470",
        "http://127.0.0.1:*",
        "http://*:8470",
        "http://127.0.0.1:8470/any/path",
        "'self' http://127.0.0.1:8470",
    ],
)
def test_frame_ancestors_with_us_does_not_refuse(sources: str) -> None:
    assert not refused(policies=(f"frame-ancestors {sources}",))


def test_https_in_front_of_us_satisfies_a_source_of_http() -> None:
    proxied = Origin("https", "localhost", 8443)

    assert EmbeddingPolicy((), ("frame-ancestors http://localhost:8443",)).refuses(STREAM, proxied) is None


def test_a_wildcard_is_for_subdomains_only() -> None:
    framing = EmbeddingPolicy((), ("frame-ancestors *.home.example",))

    assert framing.refuses(STREAM, Origin("https", "pi.home.example", 443)) is None
    assert framing.refuses(STREAM, Origin("https", "home.example", 443)) is not None


def test_every_policy_has_to_agree() -> None:
    assert refused(policies=("frame-ancestors *", "frame-ancestors 'none'"))
    assert refused(policies=("frame-ancestors *, frame-ancestors 'none'",))


def test_only_the_first_frame_ancestors_of_a_policy_counts() -> None:
    assert not refused(policies=("frame-ancestors *; frame-ancestors 'none'",))


def test_frame_ancestors_silences_x_frame_options() -> None:
    assert not refused(options=("DENY",), policies=("frame-ancestors *",))
    assert refused(options=("DENY",), policies=("default-src 'none'",))


def test_a_page_of_our_own_origin_may_be_embedded_where_only_itself_may() -> None:
    framing = EmbeddingPolicy(("SAMEORIGIN",))

    assert framing.refuses(HERE, HERE) is None
    assert EmbeddingPolicy((), ("frame-ancestors 'self'",)).refuses(HERE, HERE) is None


def test_the_header_is_told_short_and_on_one_line() -> None:
    told = EmbeddingPolicy(("SAMEORIGIN",)).refuses(STREAM, HERE)
    long = EmbeddingPolicy((), ("frame-ancestors " + "https://x.example " * 50,)).refuses(STREAM, HERE)
    odd = EmbeddingPolicy(("DENY\x1b[2J",) * 2 + ("DENY",)).refuses(STREAM, HERE)

    assert told == "X-Frame-Options: SAMEORIGIN"
    assert long is not None
    assert len(long) < 130
    assert odd is not None
    assert odd.isprintable()


@given(st.lists(st.text()), st.lists(st.text() | st.text().map(lambda text: f"frame-ancestors {text}")))
def test_no_header_is_too_odd_to_be_read(options: list[str], policies: list[str]) -> None:
    told = EmbeddingPolicy(tuple(options), tuple(policies)).refuses(STREAM, HERE)

    assert told is None or told.isprintable()
