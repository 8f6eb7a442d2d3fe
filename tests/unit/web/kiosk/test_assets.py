from __future__ import annotations

import json
import re
from html import unescape

import pytest

from ravatard.core.indication import Look
from ravatard.web.kiosk.assets import Assets, content_security_policy
from ravatard.web.kiosk.origin import Origin
from ravatard.web.kiosk.texts import PageTexts, read_texts

STREAM = Origin("https", "stream.example", 443)


def text_of(path: str, *origins: Origin) -> str:
    asset = Assets(read_texts()).get(path, origins)
    assert asset is not None
    return asset.body.decode()


def test_a_frame_may_show_the_stream_and_nothing_else() -> None:
    policy = content_security_policy([STREAM, Origin("http", "other.example", 8080)])

    assert "default-src 'none'" in policy
    assert "frame-src https://stream.example http://other.example:8080;" in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_without_a_stream_a_frame_may_show_nothing() -> None:
    assert "frame-src 'none';" in content_security_policy([])


def test_the_page_has_its_texts_and_their_language_from_the_start() -> None:
    asset = Assets(read_texts("uk-UA", contact='<Ask "here">')).get("/", ())

    assert asset is not None
    page = asset.body.decode()
    assert '<html lang="uk"' in page
    assert '<h1 id="word" dir="auto">Майже готово</h1>' in page
    assert ">Торкніться, щоб почути звук</button>" in page
    assert "{{" not in page
    held = re.search('data-texts="([^"]*)"', page)
    assert held is not None
    texts = json.loads(unescape(held[1]))
    assert texts["words.gone"] == "Недоступно"
    assert texts["help.gone"] == '<Ask "here"> · Код: gone'


def test_a_text_that_is_no_place_in_the_page_stays() -> None:
    values = {**read_texts().values, "words.starting": "{{lang}} {{x}}"}
    asset = Assets(PageTexts("en", values)).get("/", ())

    assert asset is not None
    assert '<h1 id="word" dir="auto">{{lang}} {{x}}</h1>' in asset.body.decode()


def test_the_page_knows_what_its_policy_allows() -> None:
    assert 'data-origins="https://stream.example"' in text_of("/", STREAM)
    assert 'data-origins=""' in text_of("/")


@pytest.mark.parametrize("path", ["/", "/kiosk.css", "/kiosk.js"])
def test_every_file_is_ours_and_kept_by_nobody(path: str) -> None:
    asset = Assets(read_texts()).get(path, ())

    assert asset is not None
    assert asset.headers["Cache-Control"] == "no-store"
    assert asset.headers["Referrer-Policy"] == "no-referrer"
    assert asset.headers["X-Content-Type-Options"] == "nosniff"
    assert not any(name.startswith("Access-Control") for name in asset.headers)


def test_the_page_needs_nothing_from_elsewhere_and_no_inline_code() -> None:
    page = text_of("/") + text_of("/kiosk.css")

    assert not re.findall(r"https?://|url\(|@import", page)
    assert not re.findall(r"<style|\bstyle=|\bon\w+=|<script(?! src=)", page)


@pytest.mark.parametrize("path", ["/kiosk.html", "/../options.py", "//", "", "/favicon.ico", "/state"])
def test_nothing_else_is_given_out(path: str) -> None:
    assert Assets(read_texts()).get(path, ()) is None


@pytest.mark.parametrize("look", [*(look.value for look in Look), "gone"])
def test_every_look_has_a_shape_of_its_own_beside_its_colour(look: str) -> None:
    page, sheet = text_of("/"), text_of("/kiosk.css")
    shapes = {name for names in re.findall(r'data-for="([^"]+)"', page) for name in names.split()}

    assert look in shapes
    assert f'[data-look="{look}"] [data-for~="{look}"]' in sheet


def test_an_open_microphone_has_the_vendors_green() -> None:
    sheet = text_of("/kiosk.css")

    assert "--open: #1ba74b" in sheet
    assert re.search(r'\[data-look="listening"\][^{]*\{ --look: var\(--open\) \}', sheet)
    assert re.search(r'\[data-look="muted"\][^{]*\{ --look: var\(--muted\) \}', sheet)
