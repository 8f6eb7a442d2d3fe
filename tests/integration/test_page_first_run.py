"""A phone's whole first run: from a new appliance to its first answer, touch by touch."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest

from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.devtools import CHROMIUM, chromium
from tests.integration.feeder import feed
from tests.integration.owner_browser import PLANTED, SIZES, OwnerTab, axe_source, owner_tab
from tests.integration.page_rig import PASSWORD
from tests.integration.program import RAVATARD

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt install chromium"),
]
#: Where a report of the time is written, if it is wanted.
_ARTIFACTS = os.environ.get("RAVATARD_ARTIFACTS")
CURRENT = "document.querySelector('.steps [aria-current=step] h3')?.textContent"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def on_phone(page: OwnerTab) -> None:
    await page.tab.command("Emulation.setTouchEmulationEnabled", enabled=True)
    await page.tab.resize(*SIZES[0])


async def test_a_phone_sets_a_new_appliance_up_and_has_its_first_answer(tmp_path: Path) -> None:
    spoken = recordings.write(tmp_path / "spoken.wav", recordings.one_request(0, after_s=3.2))
    port = free_port()
    config: Config = {
        "service": {"project_id": None},
        "page": {"listen": "loopback", "port": port},
        "microphone": {"command": feed(spoken)},
    }
    begun = time.monotonic()
    async with SimServer() as server, chromium(tmp_path / "profile") as tab:
        page = OwnerTab(tab, f"http://127.0.0.1:{port}")
        await on_phone(page)
        async with Daemon(tmp_path, server.base_url, config) as daemon:
            await daemon.until(lambda: "the owner's page is at port" in daemon.stderr, "the page is served")
            await page.open()
            await page.says("Make it yours")
            places: list[str | Path] = ["--config", daemon.config_file, "--state", tmp_path / "state"]
            told = await asyncio.to_thread(
                subprocess.check_output, [RAVATARD, "page", "code", *places], text=True
            )
            await page.type("code", re.findall(r"\b\d{6}\b", told)[0])
            await page.type("password", PASSWORD)
            await page.tap("Set the password")

            await page.tab.until(CURRENT, "Project")
            assert await page.tab.value("document.activeElement.textContent") == "First run"
            await page.type("project", PROJECT)
            await page.tap("Save and go on")
            await page.tab.until(CURRENT, "Avatar")
            await page.says("Who shall speak?")
            await page.tap("Ada")
            await page.tap("Save and go on")
            # Its microphone is a program, and it has no speaker: both can be set up later.
            await page.tab.until(CURRENT, "Microphone")
            await page.tap("Skip")
            await page.tab.until(CURRENT, "Speaker")
            await page.tap("Skip")
            await page.tab.until(CURRENT, "Restart, so that it holds")
            await page.says("service.avatar")
            await page.tap("Restart")
            assert await daemon.ended() == 0
        # Its service manager starts it again.
        async with Daemon(tmp_path, server.base_url, config) as daemon:
            # It listens at once, and may have answered before the page is back.
            await page.says("It has answered. All is set up.")
            took_s = time.monotonic() - begun
            assert server.record.counts["answers"] > 0
            everything = await tab.value("document.documentElement.outerHTML")
            await daemon.stopped()

    assert page.touches == [
        *("code", "password", "Set the password", "project", "Save and go on"),
        *("Ada", "Save and go on", "Skip", "Skip", "Restart"),
    ]
    assert PROJECT not in everything
    if _ARTIFACTS:
        story = f"{len(page.touches)} touches, {took_s:.1f} s\n"
        (Path(_ARTIFACTS) / "page-first-run.txt").write_text(story)


async def test_every_step_can_be_done_skipped_and_taken_up_again(tmp_path: Path) -> None:
    async with owner_tab(tmp_path, counters={"answers": 0, "turns": {}}) as page:
        await on_phone(page)
        await page.show_unlisted("start", "First run")
        # The project is set in a file already.
        await page.tab.until(CURRENT, "Avatar")
        await page.tap("Skip")
        await page.tap("Listen with all")
        await page.says("usb:Jabra hears you best.")
        await page.tap("Save and go on")
        await page.tab.until(CURRENT, "Speaker")
        assert 'device: "usb:Jabra"' in (tmp_path / "settings.yaml").read_text()

        await page.tab.command("Page.reload")
        await page.tab.until(CURRENT, "Speaker")
        await page.says("skipped")
        await page.tap("Play a tone")
        await page.tap("No")
        await page.tap("Jabra Speak 410")
        await page.tap("Save and go on")
        await page.tab.until(CURRENT, "Say something to it")
        assert (tmp_path / "settings.yaml").read_text().count("usb:Jabra") == 2
        page.served.control.change(counters={"answers": 1, "turns": {}})
        await page.says("It has answered. All is set up.")
        if axe_source() is not None:
            assert await page.complaints() == []
        for width, height in SIZES:
            await page.tab.resize(width, height)
            assert await page.overflow_px() <= 0

        await page.tap("Open Project")
        await page.type("project", "another-project-7")
        await page.tap("Save and go on")
        await page.says("It has answered. All is set up.")
        assert "another-project-7" not in await page.tab.value("document.documentElement.outerHTML")
        assert PLANTED[0] not in await page.tab.value("document.documentElement.outerHTML")
        assert page.troubles() == []
