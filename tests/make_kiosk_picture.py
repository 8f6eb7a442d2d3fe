"""Takes the picture of the page for a display: ``python -m tests.make_kiosk_picture``. Needs Chromium.

The kiosk really serves its page, and a browser shows it, with a drawn avatar in the place of a stream.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from ravatard.core.indication import Indication, Look
from ravatard.secret import Secret
from ravatard.web.kiosk.page_state import PageState
from tests.integration.devtools import chromium
from tests.integration.kiosk_rig import TOKEN, serving, streaming

PICTURE = Path(__file__).parents[1] / "hardware" / "kiosk.png"
WIDTH, HEIGHT = 800, 480


async def take(picture: Path, profile: Path) -> None:
    """Write the page to ``picture``, as PNG, while the avatar speaks; ``profile``: the browser's folder."""
    async with streaming() as streamer, serving() as served:
        async with chromium(profile, "--autoplay-policy=no-user-gesture-required") as browser:
            await browser.open(served.base)
            await served.shows(PageState.EMPTY)
            await browser.resize(WIDTH, HEIGHT)
            served.kiosk.show(Indication(Look.SPEAKING, "speaking"))
            served.kiosk.stage(Secret(f"{streamer.base}/s"), Secret(TOKEN))
            await served.shows(PageState.PLAYING)
            await browser.until("getComputedStyle(document.getElementById('stage')).opacity", "1")
            await browser.screenshot(picture)


def main() -> int:
    """Take the picture that README shows."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(take(PICTURE, Path(folder) / "profile"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
