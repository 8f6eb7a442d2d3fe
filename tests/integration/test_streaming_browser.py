"""The simulated stream in headless Chromium: picture and sound through the element that a page shows."""

from __future__ import annotations

import asyncio
import base64
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from ravatard.sim.streaming.options import SimStreamOptions
from tests.integration.browser import browsing, chromium
from tests.integration.program import until
from tests.integration.receiver import calling, correlation

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(chromium() is None, reason="no chromium: apt install chromium"),
]

#: 150 ms at 48 kHz.
PIECE_BYTES = 7_200 * 2
#: One that is short of processor time stretches the pieces, too.
ATTEMPTS = 5
#: Takes down what the page's element plays, 48 kHz mono, from now on.
LISTEN = """
(async () => {
  const context = new AudioContext({ sampleRate: 48000 });
  const source = context.createMediaStreamSource(document.querySelector("video").captureStream());
  const tap = context.createScriptProcessor(4096, 1, 1);
  window.heard = [];
  tap.onaudioprocess = event => window.heard.push(event.inputBuffer.getChannelData(0).slice());
  source.connect(tap).connect(context.destination);
  await context.resume();
  return true;
})()
"""
HEARD = """
(() => {
  const pieces = window.heard, all = new Int16Array(pieces.length * 4096);
  pieces.forEach((piece, at) => all.set(piece.map(one => Math.max(-1, Math.min(1, one)) * 32767), at * 4096));
  let text = "";
  for (const byte of new Uint8Array(all.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
})()
"""

#: A client of the vendor's on another site, as far as the stream is concerned.
CLIENT = """<!doctype html><title>waiting</title>
<script>addEventListener("message", event => { document.title = event.data })</script>
<iframe sandbox="allow-same-origin allow-scripts" src="ADDRESS"></iframe>"""


def rms(pcm: bytes) -> float:
    """How loud s16le sound is."""
    return float(np.sqrt((np.frombuffer(pcm, "<i2").astype(np.float64) ** 2).mean()))


async def answer(server: SimServer, licence: str, number: int) -> bytes:
    """The sound of an answer, counted from 0; on a busy machine it takes seconds to be made."""
    spoken = await until(lambda: server.streaming.said(licence)[number:], "an answer is said")
    return spoken[0].pcm


@pytest.mark.parametrize("options", [SimStreamOptions(), SimStreamOptions(video="h264", audio_first=True)])
@pytest.mark.alone
async def test_a_browser_shows_the_picture_and_plays_what_is_said(
    options: SimStreamOptions, tmp_path: Path
) -> None:
    quick = SimOptions(think_s=0.05)
    async with (
        asyncio.timeout(90),
        SimServer(quick, stream=options) as server,
        calling(server.base_url) as caller,
        browsing(tmp_path) as browser,
    ):
        await browser.go(f"{caller.streaming_url}?token={caller.token}")
        await browser.until("document.querySelector('video')?.currentTime > 0.2")
        size = await browser.ask("[document.querySelector('video').videoWidth, peer.connectionState]")
        for attempt in range(ATTEMPTS):
            await browser.ask(LISTEN)
            await caller.write("hello")
            said = await answer(server, caller.licence, attempt)
            await asyncio.sleep(len(said) / 96_000 + 1.0)
            heard = np.frombuffer(base64.b64decode(await browser.ask(HEARD)), "<i2")
            # A browser stretches sound to keep its delay: the pieces are like, their distances are not.
            pieces = [said[at : at + PIECE_BYTES] for at in range(0, len(said), PIECE_BYTES)]
            found = [correlation(heard, piece) for piece in pieces if rms(piece) > 500]
            likeness = statistics.median(like for like, _ in found)
            if likeness >= 0.9:
                break
        places = [place for _, place in found]

        assert size == [160, "connected"]
        assert likeness >= 0.9
        assert statistics.mean(after > before for before, after in pairwise(places)) > 0.8
        assert not server.record.violations


@asynccontextmanager
async def another_site(html: str) -> AsyncIterator[str]:
    """A page on 127.0.0.2, which is another site to a browser than 127.0.0.1, whatever the ports."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        del request
        return web.Response(text=html, content_type="text/html")

    runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.2", 0).start()
    try:
        yield f"http://127.0.0.2:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("flags", [(), ("--test-third-party-cookie-phaseout",)], ids=["allowed", "blocked"])
async def test_a_stream_that_wants_its_cookie_plays_in_a_frame_of_another_site(
    flags: tuple[str, ...], tmp_path: Path
) -> None:
    async with (
        asyncio.timeout(60),
        SimServer(stream=SimStreamOptions(cookie=True)) as server,
        calling(server.base_url) as caller,
        another_site(CLIENT.replace("ADDRESS", f"{caller.streaming_url}?token={caller.token}")) as url,
        browsing(tmp_path, *flags) as browser,
    ):
        await browser.go(url)
        # A page that is not there yet has no title.
        await browser.until("!['', 'waiting'].includes(document.title)")

        assert await browser.ask("document.title") == "ravatar-session-start"
        assert server.streaming.counts["refusals"] == 0
