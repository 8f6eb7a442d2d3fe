"""Takes the pictures of the owner's page: ``python -m tests.make_page_pictures``. Needs Chromium.

The page is really served, by an appliance in the middle of its day, and a browser shows it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.integration.owner_browser import owner_tab

FOLDER = Path(__file__).parents[1] / "hardware"
#: File, page, size in pixels.
PICTURES = (
    ("page-now.png", "now", (360, 740)),
    ("page-turns.png", "turns", (1280, 540)),
    ("page-settings.png", "settings/spend", (1280, 600)),
)


async def take(folder: Path, scratch: Path) -> None:
    """Write the pictures to ``folder``, as PNG; ``scratch``: an empty folder for the browser and the page."""
    async with owner_tab(scratch) as page:
        for name, place, size in PICTURES:
            await page.tab.resize(*size)
            await page.show(place)
            await page.tab.until("document.fonts.status", "loaded")
            await page.tab.screenshot(folder / name)


def main() -> int:
    """Take the pictures that README shows."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(take(FOLDER, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
