"""The owner's page in a real browser: from the claim to a spoken turn, by keys alone, and for every reader.

Screenshots are kept in ``RAVATARD_ARTIFACTS``, where that is set.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ravatard.sim.server import SimServer
from tests import make_page_pictures
from tests.integration import recordings
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.devtools import CHROMIUM, chromium
from tests.integration.feeder import feed
from tests.integration.owner_browser import PAGES, PLANTED, SIZES, OwnerTab, axe_source, on_axis, owner_tab
from tests.integration.page_rig import PASSWORD, ServedPage
from tests.integration.program import RAVATARD, until

pytestmark = [
    pytest.mark.integration,
    # A browser and a page take many times as long on a busy machine.
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt install chromium"),
]

#: Looked at now: a test sees nothing of this name.
_ARTIFACTS = os.environ.get("RAVATARD_ARTIFACTS")
#: It tries to run, is written from right to left at its end, and is long.
HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script> مرحبا " + "W" * 140
)


def asked(served: ServedPage, do: str) -> list[dict[str, Any]]:
    return [one for one in served.control.asked if one["do"] == do]


# ---------------------------------------------------------------------- from the claim to a spoken turn


async def test_a_new_owner_claims_the_appliance_and_has_a_spoken_turn(tmp_path: Path) -> None:
    spoken = recordings.write(tmp_path / "spoken.wav", recordings.one_request(0, after_s=3.2))
    config: Config = {
        "page": {"listen": "loopback", "port": 0},
        "microphone": {"command": feed(spoken)},
    }
    async with SimServer() as server, Daemon(tmp_path, server.base_url, config) as daemon:
        (port,) = await daemon.until(
            lambda: re.findall(r"the owner's page is at port (\d+)", daemon.stderr), "the page is served"
        )
        async with chromium(tmp_path / "profile") as tab:
            await tab.resize(*SIZES[0])
            page = OwnerTab(tab, f"http://127.0.0.1:{port}")
            await page.open()
            await page.says("Make it yours")
            words: list[str | Path] = [
                "page",
                "code",
                "--config",
                daemon.config_file,
                "--state",
                tmp_path / "state",
            ]
            told = await asyncio.to_thread(subprocess.check_output, [RAVATARD, *words], text=True)
            (code,) = re.findall(r"\b\d{6}\b", told)
            for element, text in (("code", code), ("password", PASSWORD)):
                await page.fill(element, text)
            await page.click("Set the password")
            await page.says("To the page of the appliance")
            await page.tab.value("location.hash = '#/now'")
            # The microphone is a recording, which begins anew when it is opened again.
            await page.click("Mute")
            await page.says("The microphone is closed")
            before = server.record.counts["answers"]
            await page.click("Unmute")
            await daemon.until(lambda: server.record.counts["answers"] > before, "it is answered", 60)
            await tab.value("location.hash = '#/turns'")
            await page.says("Answered")
            shown = await page.text()
            everything = await tab.value("document.documentElement.outerHTML")
        await daemon.stopped()

    assert "by voice" in shown
    assert PROJECT not in everything
    assert PASSWORD not in everything
    assert PASSWORD not in daemon.stderr


async def test_the_button_says_the_digits_that_the_keyboard_types(tmp_path: Path) -> None:
    """From the first page to the first state, without a mouse."""
    async with owner_tab(tmp_path, logged_in=False) as page:
        await page.open()
        await page.tab_to("I am beside it")
        await page.tab.key("Enter")
        await page.says("Now press the button")

        assert page.served.page.takes_press()
        await page.says("It has said six digits")
        code = page.served.page._doorkeeper._claim.code
        await page.tab_to("code")
        await page.tab.write("000000" if code != "000000" else "111111")
        await page.tab_to("password")
        await page.tab.write(PASSWORD)
        await page.tab.key("Enter")
        await page.says("These digits are wrong")
        await page.fill("code", code)
        await page.tab_to("Set the password")
        await page.tab.key("Enter")
        await page.says("To the page of the appliance")
        await page.tab_to("To the page of the appliance")
        await page.tab.key("Enter")
        await page.tab.until("!!document.querySelector('.face')")

        assert len(asked(page.served, "play")) == 1
        await page.tab_to("Access")
        await page.tab.key("Enter")
        await page.says("Log everyone out")
        await page.tab_to("Log out here")
        await page.tab.key("Enter")
        await page.tab.until("document.querySelector('h1').textContent", "Log in")
        await page.fill("password", "not the right one")
        await page.tab.key("Enter")
        await page.says("The password is wrong.")
        await page.fill("password", PASSWORD)
        await page.tab.key("Enter")
        await page.says("Log everyone out")
        assert await page.tab.value("document.activeElement.textContent") == "Access"


# ---------------------------------------------------------------------- every page, every size


@pytest.mark.skipif(axe_source() is None, reason="no axe: pip install --no-deps axe-playwright-python")
@pytest.mark.parametrize(("colours", "size"), [("light", SIZES[0]), ("dark", SIZES[-1])])
async def test_every_page_is_for_every_reader_and_every_size(
    colours: str, size: tuple[int, int], tmp_path: Path
) -> None:
    complaints: dict[str, list[str]] = {}
    overflow: dict[str, int] = {}
    async with owner_tab(tmp_path, logged_in=False) as page:
        features = [{"name": "prefers-color-scheme", "value": colours}]
        await page.tab.command("Emulation.setEmulatedMedia", features=features)
        await page.tab.resize(*size)
        await page.open()
        complaints["claim"] = await page.complaints()
        await page.enter()
        secrets = [PASSWORD, *PLANTED, *(cookie.value for cookie in page.served.session.cookie_jar)]
        for name in PAGES:
            await page.show(name)
            if name == "settings":
                await page.tab.value("document.querySelector('summary').click()")
                # The section with the credentials.
                await page.tab.until("!!document.getElementById('set-service.project_id')")
            if name == "health":
                await page.click("Check now")
                await page.says("To look at: 2")
            complaints[name] = await page.complaints()
            shown = await page.tab.value("document.documentElement.outerHTML")
            assert [one for one in secrets if one in shown] == []
            for width, height in SIZES:
                await page.tab.resize(width, height)
                overflow[f"{name} {width}"] = await page.overflow_px()
                if _ARTIFACTS:
                    await page.tab.screenshot(Path(_ARTIFACTS) / f"page-{name}-{width}-{colours}.png")
            await page.tab.resize(*size)

        assert {name: found for name, found in complaints.items() if found} == {}
        assert {name: px for name, px in overflow.items() if px > 0} == {}
        assert page.troubles() == []
        assert page.hosts() == {page.base}


async def test_the_readme_shows_the_page_as_it_is_taken(tmp_path: Path) -> None:
    await make_page_pictures.take(tmp_path, tmp_path)

    for name, _, (width, height) in make_page_pictures.PICTURES:
        # Bytes differ from one Chromium to the next; what is a PNG and how large is in the first chunk.
        taken, kept = (tmp_path / name).read_bytes(), (make_page_pictures.FOLDER / name).read_bytes()
        assert taken[:8] == kept[:8] == b"\x89PNG\r\n\x1a\n"
        assert taken[16:24] == kept[16:24] == struct.pack(">II", width, height)
        assert len(taken) > 10_000


async def test_a_name_with_script_in_it_is_shown_as_text(tmp_path: Path) -> None:
    faults = ["no microphone: " + HOSTILE]
    async with owner_tab(tmp_path, avatar=HOSTILE, degraded=faults, turns=[on_axis(1, HOSTILE)]) as page:
        for name in ("now", "turns"):
            await page.show(name)
            assert await page.overflow_px() <= 0
            assert HOSTILE in await page.text()

        assert "owned" not in await page.tab.value("document.title")
        assert await page.tab.value("document.querySelectorAll('script[src]').length") == 1


# ---------------------------------------------------------------------- what is true on the device


async def test_a_change_on_the_device_is_shown_and_so_is_a_connection_that_is_lost(tmp_path: Path) -> None:
    async with owner_tab(tmp_path) as page:
        control = page.served.control
        control.change(state="listening", muted=True)
        await page.says("What you say goes to the avatar.")
        # The wish alone is not the truth: only a closed device is muted.
        await page.says("Being closed …")
        control.change(microphone={**control.report["microphone"], "state": "muted"}, state="muted")
        await page.says("The microphone is closed; nothing is heard.")

        await page.click("Unmute")
        await until(lambda: asked(page.served, "unmute"), "the appliance is asked to open the microphone")
        await page.tab.value("document.getElementById('volume').focus()")
        await page.tab.key("ArrowRight")
        await until(lambda: asked(page.served, "volume"), "the volume is set")
        assert asked(page.served, "volume")[0]["percent"] == 70

        page.cable.cut()
        await page.says("Connection lost.")
        await page.says("This page does not reach the appliance.")
        page.cable.mend()
        await page.tab.until("document.body.innerText.includes('Connection lost')", wanted=False)
        assert page.troubles() == []


async def test_a_volume_that_is_changed_faster_than_it_is_set_ends_as_what_was_wanted_last(
    tmp_path: Path,
) -> None:
    async with owner_tab(tmp_path) as page:
        control = page.served.control
        control.slow = asyncio.Event()
        await page.tab.value("document.getElementById('volume').focus()")
        for _ in range(3):
            await page.tab.key("ArrowRight")
        await until(lambda: asked(page.served, "volume"), "the volume is asked for")
        assert await page.tab.value("document.getElementById('volume').value") == "80"
        control.slow.set()

        await until(lambda: asked(page.served, "volume")[-1]["percent"] == 80, "the last one is set")
        assert [one["percent"] for one in asked(page.served, "volume")] == [70, 80]


async def test_an_address_that_names_no_page_shows_the_first(tmp_path: Path) -> None:
    async with owner_tab(tmp_path) as page:
        for name in ("constructor", "toString", "none"):
            await page.show("turns")
            await page.tab.value(f"location.hash = '#/{name}'")
            await page.tab.until("!!document.querySelector('nav a[href=\"#/now\"][aria-current=page]')")
        assert page.troubles() == []


async def test_pages_that_are_not_looked_at_take_no_place_of_one_that_is(tmp_path: Path) -> None:
    async with owner_tab(tmp_path) as page:
        log = page.served.log
        await until(lambda: log._told, "the page is open")
        look = (
            "Object.defineProperty(document, 'visibilityState', {get: () => '%s', configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        await page.tab.value(look % "hidden")
        await until(lambda: not log._told, "its connection is closed")
        assert "Connection lost" not in await page.text()
        page.served.control.change(state="listening")

        await page.tab.value(look % "visible")

        await page.says("What you say goes to the avatar.")
        assert "Connection lost" not in await page.text()


async def test_the_button_is_held_as_long_as_a_finger_or_a_key_is_down(tmp_path: Path) -> None:
    async with owner_tab(tmp_path) as page:
        control = page.served.control
        control.holds = True
        await page.tab.value("document.querySelector('.hold').scrollIntoView({block: 'center'})")
        await page.tab.touch(".hold")
        await until(lambda: control.released == [0], "a tap is a press of no length")

        box = await page.tab.value("JSON.stringify(document.querySelector('.hold').getBoundingClientRect())")
        place = json.loads(box)
        at = {"x": place["x"] + 20, "y": place["y"] + 20, "button": "left", "clickCount": 1}
        await page.tab.command("Input.dispatchMouseEvent", type="mousePressed", **at)
        await until(lambda: len(asked(page.served, "press")) == 2, "the button is down")
        assert control.released == [0]
        await page.tab.command("Input.dispatchMouseEvent", type="mouseReleased", **at)
        await until(lambda: len(control.released) == 2, "the button is released")

        await page.tab.value("document.querySelector('.hold').focus()")
        await page.tab.key(" ", phases="d")
        await until(lambda: len(asked(page.served, "press")) == 3, "the button is down by a key")
        await page.tab.key(" ", phases="u")
        await until(lambda: len(control.released) == 3, "the button is released by the key")
        assert len(asked(page.served, "press")) == 3


# ---------------------------------------------------------------------- settings


async def test_settings_are_checked_compared_saved_and_undone(tmp_path: Path) -> None:
    async with owner_tab(tmp_path) as page:
        await page.show("settings")
        await page.fill("find", "longest_s")
        await page.fill("set-gate.longest_s", "4000")
        await page.click("Check and compare")
        await page.says("To be corrected: 1")
        assert await page.tab.value("document.getElementById('set-gate.longest_s').ariaInvalid") == "true"

        await page.fill("set-gate.longest_s", "40")
        await page.click("Check and compare")
        await page.says("This will change")
        assert "before: 30" in await page.tab.value("document.querySelector('dialog').textContent")
        await page.click("Save")
        await page.tab.until("!document.querySelector('dialog')")
        await page.says("Undo the last save")
        assert "longest_s: 40" in (tmp_path / "settings.yaml").read_text()

        # Another page is faster.
        _, found, headers = await page.served.call("GET", "/api/v1/settings")
        assert found["undo"]
        change = {"changes": {"gate.longest_s": 50}}
        assert (await page.served.call("PUT", "/api/v1/settings", change, {"If-Match": headers["ETag"]}))[
            0
        ] == 200
        await page.fill("set-gate.longest_s", "45")
        await page.click("Check and compare")
        await page.says("This will change")
        await page.click("Save")
        await page.says("Settings were saved elsewhere meanwhile.")
        assert await page.tab.value("document.getElementById('set-gate.longest_s').value") == "45"
        await page.click("Discard")
        await page.tab.until("document.getElementById('set-gate.longest_s').value", "50")

        await page.click("Undo the last save")
        await page.tab.until("document.getElementById('set-gate.longest_s').value", "40")

        await page.fill("find", "microphone.command")
        await page.says("Edit on the device:")
        assert await page.tab.value("document.getElementById('set-microphone.command').disabled")
        assert page.troubles() == []


async def test_after_a_restart_what_was_saved_asks_for_none_any_more(tmp_path: Path) -> None:
    async with owner_tab(tmp_path) as page:
        await page.show("settings")
        await page.fill("find", "mqtt.prefix")
        await page.fill("set-mqtt.prefix", "home")
        await page.click("Check and compare")
        await page.says("This will change")
        await page.click("Save")
        await page.tab.until("!document.querySelector('dialog') && !!document.querySelector('.diff')")
        page.cable.cut()
        await page.says("Connection lost.")
        page.cable.mend()
        await page.tab.until("document.body.innerText.includes('Connection lost')", wanted=False)
        # A connection that was lost is no restart.
        assert await page.tab.value("!!document.querySelector('.diff')")

        await page.click("Restart")
        await page.says("Restarting; the page comes back by itself.")
        page.cable.cut()
        await page.says("Connection lost.")
        page.cable.mend()

        await page.tab.until("!document.querySelector('.diff')")


async def test_what_another_page_has_revoked_already_is_gone_and_no_trouble(tmp_path: Path) -> None:
    async with owner_tab(tmp_path) as page:
        _, made, _ = await page.served.call("POST", "/api/v1/tokens", {"name": "lamp", "scopes": ["read"]})
        await page.show("access")
        await page.says("lamp")
        gone = f"/api/v1/tokens/{made['entry']['id']}"
        assert (await page.served.call("DELETE", gone))[0] == 204

        await page.click("Revoke")

        await page.tab.until("document.body.innerText.includes('lamp')", wanted=False)
        assert "Not available on this device." not in await page.text()


async def test_the_sound_the_log_and_the_access_of_programs(tmp_path: Path) -> None:
    async with owner_tab(tmp_path) as page:
        await page.show("sound")
        await page.click("Play a tone")
        await page.says("The tone is played.")
        await page.click("Listen with all")
        await page.says("usb:Jabra hears you best.")

        await page.show("log")
        logging.getLogger("ravatard.test").warning("the <b>kettle</b> boils")
        await page.says("the <b>kettle</b> boils")
        for source, words in (
            ("recorder", "MicrophoneLost(reason='unplugged')"),
            ("journal", "Started ravatard"),
        ):
            await page.choose("source", source)
            await page.says(words)
        # Behind the journal stands what has come since.
        await page.says("the <b>kettle</b> boils")
        page.served.journal.missing = "sudo adduser ravatard systemd-journal"
        await page.click("Read again")
        await page.says("sudo adduser ravatard systemd-journal")
        assert await page.overflow_px() <= 0

        await page.show("access")
        await page.fill("token", "heating")
        await page.click("Make a token")
        await page.says("Copy it now")
        token = await page.tab.value("document.getElementById('secret').value")
        headers = {"Authorization": f"Bearer {token}"}
        assert (await page.served.call("GET", "/api/v1/status", headers=headers))[0] == 200
        await page.click("Revoke")
        await page.says("A token lets a program in")
        await page.tab.until(
            "!document.body.innerText.includes('Never used') && !document.body.innerText.includes('heating')"
        )

        cut = {}
        for language in ("de", "en", "es", "fr", "ru", "uk"):
            await page.choose("language", language)
            await page.tab.until("document.documentElement.lang", language)
            await page.tab.until("document.title.startsWith(document.querySelector('h1').textContent)")
            # A word of the menu that does not fit a phone.
            words = "[...document.querySelectorAll('.menu span')]"
            cut[language] = await page.tab.value(
                f"{words}.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"
            )
        await page.says("Мова сторінки")
        assert {language: found for language, found in cut.items() if found} == {}
        assert page.troubles() == []
