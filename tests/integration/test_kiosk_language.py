"""The page of a running appliance speaks the language of its configuration, with the owner's own texts."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import pytest

from tests.integration.daemon import Config, Daemon

pytestmark = pytest.mark.integration


def _config(folder: Path, **kiosk: object) -> Config:
    """A microphone that says nothing, a service that is not there, and a page."""
    return {
        "microphone": {"command": "cat /dev/zero"},
        "service": {"language": "uk-UA"},
        "kiosk": {"enabled": True, "port": 0, "texts": str(folder / "texts"), **kiosk},
    }


async def test_the_page_has_the_language_of_the_conversation_and_the_owners_texts(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "uk.yaml").write_text("words: {starting: Зараз почнемо}\n", encoding="utf-8")
    config = _config(tmp_path, contact="Спитайте на касі.")
    async with Daemon(tmp_path, "http://127.0.0.1:9", config) as daemon:
        found = await daemon.until(
            lambda: re.findall(r"display is at (http://127\.0\.0\.1:\d+/)", daemon.stderr), "the page"
        )
        async with aiohttp.ClientSession() as session, session.get(found[0]) as reply:
            page = await reply.text()

    assert '<html lang="uk"' in page
    assert "Зараз почнемо</h1>" in page
    assert "Спитайте на касі. · Код: gone" in page
    assert "Торкніться, щоб почути звук" in page


async def test_texts_that_cannot_be_used_end_the_start_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    file = tmp_path / "texts" / "uk.yaml"
    file.write_text("words: {redy: x}\n")
    async with Daemon(tmp_path, "http://127.0.0.1:9", _config(tmp_path)) as daemon:
        status = await daemon.ended()

    assert status == 78
    assert f"the texts {file}: words.redy: unknown key; did you mean words.ready?" in daemon.stderr
