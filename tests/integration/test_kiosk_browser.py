"""The kiosk in a real browser: every look in words, the stream embedded, and what is told when it is not.

Screenshots are kept in ``RAVATARD_ARTIFACTS``, where that is set.
"""

from __future__ import annotations

import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ravatard.core.indication import WORDS, Indication, Look
from ravatard.secret import Secret
from ravatard.sim.jpeg import grey_jpeg
from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from ravatard.sim.streaming.options import SimStreamOptions
from ravatard.web.kiosk.page_state import PageState
from ravatard.web.kiosk.texts import read_texts
from tests import make_kiosk_picture
from tests.integration.devtools import CHROMIUM, Tab, chromium
from tests.integration.kiosk_rig import QUOTED_TOKEN, TOKEN, Served, Streamer, moved, serving, streaming
from tests.integration.program import until
from tests.integration.receiver import calling

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt install chromium"),
]

#: What the unit starts the browser with: sound without a touch.
AUDIBLE = "--autoplay-policy=no-user-gesture-required"
SIZES = ((800, 480), (1920, 1080))
#: A phone, held upright.
NARROW = (390, 844)
ENGLISH = read_texts()
#: Looked at now: a test sees nothing of this name.
_ARTIFACTS = os.environ.get("RAVATARD_ARTIFACTS")


@asynccontextmanager
async def browsing(folder: Path, *words: str, **options: Any) -> AsyncIterator[tuple[Streamer, Served, Tab]]:
    """A display whose browser plays the avatar's voice, unless ``sound`` says otherwise."""
    async with streaming() as streamer, serving(**{"sound": "browser", **options}) as served:
        async with chromium(folder / "profile", *words) as browser:
            await browser.open(served.base)
            await served.shows(PageState.EMPTY)
            yield streamer, served, browser


def artifact(folder: Path, name: str) -> Path:
    """Where a screenshot is kept."""
    kept = Path(_ARTIFACTS or folder)
    kept.mkdir(parents=True, exist_ok=True)
    return kept / name


async def keep_pictures(browser: Tab, folder: Path, name: str) -> None:
    for width, height in SIZES:
        await browser.resize(width, height)
        await browser.until("innerWidth", width)
        assert await browser.value("document.documentElement.scrollHeight <= innerHeight")
        await browser.screenshot(artifact(folder, f"kiosk-{name}-{width}x{height}.png"))


#: Names of the elements (not the orb, whose rings spread) whose box or content leaves the screen at a side.
OUTSIDE = """() => [...document.querySelectorAll("#face, #text, #word, #advice, #help")].filter(one => {
  const box = one.getBoundingClientRect();
  return box.left < 0 || box.right > innerWidth || one.scrollWidth > one.clientWidth + 1;
}).map(one => one.id).concat(document.documentElement.scrollWidth > innerWidth ? ["page"] : [])"""


def text_of(element: str) -> str:
    return f"document.getElementById('{element}').innerText"


async def test_a_browser_shows_every_look_in_words_that_fit(tmp_path: Path) -> None:
    async with browsing(tmp_path) as (_, served, browser):
        for look in Look:
            served.kiosk.show(Indication(look, f"{WORDS[look]}: more of it"))
            await browser.until(text_of("word"), ENGLISH.word(look))
            await browser.until(text_of("status"), f"{WORDS[look]}: more of it")
            await browser.until("getComputedStyle(document.querySelector('#orb')).display", "grid")
            await keep_pictures(browser, tmp_path, look.value)
            for element in ("word", "advice"):
                inside = "(b => b.left >= 0 && b.right <= innerWidth && b.bottom <= innerHeight)"
                assert await browser.value(
                    f"({inside})(document.getElementById('{element}').getBoundingClientRect())"
                )
        served.kiosk.show(Indication(Look.LISTENING, "listening"))
        green = "getComputedStyle(document.querySelector('#orb')).backgroundColor"
        await browser.until(green, "rgb(27, 167, 75)")


@pytest.mark.parametrize("language", ["de", "uk"])
async def test_the_page_speaks_the_language_of_the_conversation_and_fits_a_narrow_screen(
    language: str, tmp_path: Path
) -> None:
    texts = read_texts(language, contact="+380 44 000 00 00")
    async with browsing(tmp_path, language=language, contact="+380 44 000 00 00") as (_, served, browser):
        assert await browser.value("document.documentElement.lang") == language
        for width, height in (NARROW, *SIZES):
            await browser.resize(width, height)
            await browser.until("innerWidth", width)
            for look in Look:
                served.kiosk.show(Indication(look, look.value))
                await browser.until(text_of("word"), texts.word(look))
                # Its code tells apart what has the same words for visitors.
                await browser.until(text_of("help"), texts.help(look))
                assert await browser.value(text_of("advice")) == texts.advice(look)
                # Every element lies within the screen, and no text runs out of its own box.
                assert await browser.value(f"({OUTSIDE})()") == [], (look, width)
            await browser.screenshot(artifact(tmp_path, f"kiosk-{language}-{width}x{height}.png"))


async def test_an_owners_logo_and_colours_are_shown_and_the_logo_never_over_the_picture(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "design"
    folder.mkdir()
    (folder / "logo.jpg").write_bytes(grey_jpeg(200, 400))
    (folder / "colours.yaml").write_text("ground: 102030\nopen: 00aa99\n")
    logo = "document.getElementById('logo')"
    box = f"{logo}.getBoundingClientRect()"
    seen = "(b => document.elementFromPoint(b.left + b.width / 2, b.top + b.height / 2)?.id)"
    async with browsing(tmp_path, AUDIBLE, design=str(folder)) as (streamer, served, browser):
        served.kiosk.show(Indication(Look.LISTENING, "listening"))
        await browser.until(f"{logo}.naturalWidth", 160)
        assert await browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(16, 32, 48)"
        await browser.until(
            "getComputedStyle(document.querySelector('#orb')).backgroundColor", "rgb(0, 170, 153)"
        )
        for width, height in (NARROW, *SIZES):
            await browser.resize(width, height)
            await browser.until("innerWidth", width)
            assert await browser.value(f"(b => b.right <= innerWidth && b.height > 0)({box})")
            assert await browser.value(f"{seen}({box})") == "logo"
            await browser.screenshot(artifact(tmp_path, f"kiosk-design-{width}x{height}.png"))

        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))
        await served.shows(PageState.PLAYING)

        assert await browser.value(f"getComputedStyle({logo}).display") == "none"


async def test_a_long_touch_shows_the_owner_what_the_public_does_not_need(tmp_path: Path) -> None:
    trouble = "needs a person: the service does not know this project; check service.project_id"
    shown = "getComputedStyle(document.getElementById('status')).display"
    async with browsing(tmp_path, contact="Ask at the desk.") as (_, served, browser):
        served.kiosk.show(Indication(Look.FAULT, trouble))
        await browser.until(text_of("advice"), "This avatar is not available just now.")
        assert await browser.value(text_of("help")) == "Ask at the desk. · Code: fault"
        assert "project" not in await browser.value("document.body.innerText")

        await browser.hold("#orb", until=f"{shown} === 'block'")

        assert trouble in await browser.value("document.body.innerText")


async def test_a_browser_embeds_the_stream_as_the_vendors_client_does(tmp_path: Path) -> None:
    async with browsing(tmp_path, AUDIBLE) as (streamer, served, browser):
        served.kiosk.show(Indication(Look.SPEAKING, "speaking"))
        served.kiosk.stage(Secret(f"{streamer.base}/s?x=1"), Secret(TOKEN))
        await served.shows(PageState.PLAYING)

        frame = "document.querySelector('#stage > iframe')"
        attributes = await browser.value(
            f"Object.fromEntries([...{frame}.attributes].map(one => [one.name, one.value]))"
        )
        assert attributes == {
            "title": "RAVATAR Pixel Streaming",
            "src": f"{streamer.base}/s?x=1&token={QUOTED_TOKEN}",
            "allow": "camera; microphone; autoplay; fullscreen; clipboard-read; clipboard-write; "
            "pointer-lock; encrypted-media",
            "allowfullscreen": "",
            "referrerpolicy": "no-referrer",
            "sandbox": "allow-same-origin allow-scripts allow-forms allow-popups "
            "allow-popups-to-escape-sandbox allow-modals allow-pointer-lock",
        }
        await browser.until(text_of("word"), "Speaking")
        await browser.until("document.getElementById('touch').hidden")
        await browser.until("document.getElementById('note').hidden")
        await browser.until("getComputedStyle(document.getElementById('stage')).opacity", "1")
        await keep_pictures(browser, tmp_path, "picture")


async def test_a_renewed_token_leaves_the_picture_alone_and_the_end_takes_it_away(tmp_path: Path) -> None:
    async with browsing(tmp_path, AUDIBLE) as (streamer, served, browser):
        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))
        await served.shows(PageState.PLAYING)

        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret("renewed"))
        served.kiosk.show(Indication(Look.THINKING, "thinking"))
        await browser.until(text_of("word"), "Thinking")
        assert [one for one in streamer.by_browser if "token" in one] == [f"/s?token={QUOTED_TOKEN}"]

        served.kiosk.stage(None, None)
        await browser.until("document.querySelectorAll('iframe').length", 0)
        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret("renewed"))
        await served.shows(PageState.PLAYING)
        assert "/s?token=renewed" in streamer.by_browser


async def test_a_browser_tells_why_a_page_that_refuses_is_not_shown(tmp_path: Path) -> None:
    async with browsing(tmp_path) as (streamer, served, browser):
        served.kiosk.show(Indication(Look.SPEAKING, "speaking"))
        served.kiosk.stage(Secret(f"{streamer.base}/deny"), Secret(TOKEN))
        await served.shows(PageState.REFUSED)

        assert await browser.value(text_of("note-words")) == "The picture cannot be shown just now."
        note = await browser.value(text_of("detail"))
        assert "X-Frame-Options: DENY" in note
        assert f"frame-ancestors {served.base}" in note
        assert await browser.value("document.querySelectorAll('iframe').length") == 0
        assert streamer.by_browser == []
        await keep_pictures(browser, tmp_path, "refused")


async def test_a_page_that_closes_itself_or_never_plays_is_told(tmp_path: Path) -> None:
    async with browsing(tmp_path, AUDIBLE, start_s=2.0) as (streamer, served, browser):
        served.kiosk.stage(Secret(f"{streamer.base}/close"), Secret(TOKEN))
        await served.shows(PageState.REFUSED)
        assert await browser.value(text_of("note-words")) == "The picture was interrupted. Trying again."
        assert "ended the picture" in await browser.value(text_of("detail"))

        served.kiosk.stage(Secret(f"{streamer.base}/mute"), Secret(TOKEN))
        await served.shows(PageState.SILENT)
        assert "has not reported that it plays" in await browser.value(text_of("detail"))


async def test_a_browser_that_wants_a_touch_before_sound_gets_a_button_for_it(tmp_path: Path) -> None:
    async with browsing(tmp_path) as (streamer, served, browser):
        served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))
        await served.shows(PageState.SILENT)
        await browser.until("document.getElementById('touch').hidden", False)

        await browser.touch("#touch")

        await served.shows(PageState.PLAYING)
        await browser.until("document.getElementById('touch').hidden")

        assert served.kiosk.screen is PageState.PLAYING


async def test_a_redirect_nobody_looked_at_is_not_followed(tmp_path: Path) -> None:
    async with browsing(tmp_path, check_page=False) as (streamer, served, browser):
        elsewhere = streamer.base.replace("127.0.0.1", "localhost")

        async def away(request: web.BaseRequest) -> web.StreamResponse:
            del request
            return moved(f"{elsewhere}/s")

        runner = web.ServerRunner(web.Server(away, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
            served.kiosk.stage(Secret(url), Secret(TOKEN))
            await served.shows(PageState.REFUSED)
            note = await browser.value(text_of("detail"))
        finally:
            await runner.cleanup()

    assert "redirected to another address" in note
    assert "planted" not in note


async def test_a_browser_outlives_the_daemon_and_finds_the_next_one(tmp_path: Path) -> None:
    async with chromium(tmp_path / "profile") as browser:
        async with serving() as first:
            port = first.kiosk.port
            await browser.open(first.base)
            await first.shows(PageState.EMPTY)
        await browser.until("document.documentElement.dataset.look", "gone")
        await browser.until(text_of("word"), "Not available")
        assert await browser.value(text_of("advice")) == "One moment, please. It comes back by itself."
        await keep_pictures(browser, tmp_path, "gone")

        async with serving(port=port) as second:
            await second.shows(PageState.EMPTY)
            await browser.until("document.documentElement.dataset.look", "starting")

            assert second.kiosk.screen is PageState.EMPTY


async def test_the_simulators_stream_plays_on_the_page_and_its_end_is_told(tmp_path: Path) -> None:
    media = ("--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns")
    async with (
        SimServer(SimOptions(), stream=SimStreamOptions()) as server,
        calling(server.base_url) as caller,
        browsing(tmp_path, AUDIBLE, "--mute-audio", *media) as (_, served, browser),
    ):
        served.kiosk.stage(Secret(caller.streaming_url), Secret(caller.token))
        await served.shows(PageState.PLAYING)

        await caller.end()
        await served.shows(PageState.REFUSED)
        assert await browser.value(text_of("note-words")) == "The picture was interrupted. Trying again."
        assert "ended the picture" in await browser.value(text_of("detail"))


async def test_the_readme_shows_the_page_as_it_is_taken(tmp_path: Path) -> None:
    picture = tmp_path / "kiosk.png"

    await make_kiosk_picture.take(picture, tmp_path / "profile")

    taken, kept = picture.read_bytes(), make_kiosk_picture.PICTURE.read_bytes()
    # Bytes differ from one Chromium to the next; what is a PNG and how large is in the first chunk.
    size = struct.pack(">II", make_kiosk_picture.WIDTH, make_kiosk_picture.HEIGHT)
    assert taken[:8] == kept[:8] == b"\x89PNG\r\n\x1a\n"
    assert taken[16:24] == kept[16:24] == size
    assert len(taken) > 5_000


async def test_a_player_that_says_when_it_is_heard_holds_the_microphone(tmp_path: Path) -> None:
    async with browsing(tmp_path, AUDIBLE, sound="browser") as (streamer, served, _):
        served.kiosk.stage(Secret(f"{streamer.base}/aloud"), Secret(TOKEN))
        await until(lambda: served.sounds, "it is heard", 40)

        served.kiosk.stage(None, None)
        await until(lambda: len(served.sounds) > 1, "it is silent", 40)

    assert served.sounds == [True, False]
