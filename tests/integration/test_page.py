"""The owner's page on a real socket: claim, log-in, state, commands, and the live socket."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from tests.integration.page_rig import PASSWORD, serving_page, told
from tests.integration.program import until
from tests.unit.web.page.samples import turn

pytestmark = pytest.mark.integration


async def test_a_new_appliance_is_claimed_by_the_digits_it_says(tmp_path: Path) -> None:
    async with serving_page(tmp_path) as served:
        _, who, _ = await served.call("GET", "/api/v1/session")
        assert who["claim"] | {"open": True, "button": True, "waiting": False} == who["claim"]
        assert not served.page.takes_press(), "a press means what it always does until the page awaits one"

        _, offer, _ = await served.call("POST", "/api/v1/claim/wait", {})
        assert offer["waiting"]
        assert served.page.takes_press()
        await until(lambda: "play" in [one["do"] for one in served.control.asked], "the digits are said")
        assert served.control.asked[-1]["volume"] == 100
        wrong = await served.call("POST", "/api/v1/claim", {"code": "000000", "password": PASSWORD})
        code = served.page._doorkeeper._claim.code
        assert wrong[0] == 401 or code == "000000"
        status, who, headers = await served.call(
            "POST", "/api/v1/claim", {"code": code, "password": PASSWORD}
        )

        assert (status, who["authenticated"], who["owner"], who["claimed"]) == (200, True, True, True)
        cookie = headers["Set-Cookie"]
        assert cookie.startswith("ravatard=")
        assert cookie.endswith("Path=/; HttpOnly; SameSite=Strict")
        assert (await served.call("GET", "/api/v1/status"))[0] == 200
        assert not served.page.takes_press()


async def test_a_browser_logs_in_and_out(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        assert (await served.call("GET", "/api/v1/status"))[1]["state"] == "starting"

        assert (await served.call("DELETE", "/api/v1/session"))[0] == 204
        assert (await served.call("GET", "/api/v1/status"))[0] == 401
        assert (await served.call("POST", "/api/v1/session", {"password": "wrong word"}))[0] == 401
        assert (await served.call("POST", "/api/v1/session", {"password": PASSWORD}))[0] == 200
        assert (await served.call("GET", "/api/v1/status"))[0] == 200


async def test_an_open_page_is_told_every_change_turn_and_line(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served, served.live() as page:
        first = await told(page, lambda message: message["type"] == "state")
        assert first["status"]["state"] == "starting"

        served.control.change(state="ready")
        await told(page, lambda message: message["type"] == "state" and message["status"]["state"] == "ready")
        served.control.change(turns=[turn(1)])
        ended = await told(page, lambda message: message["type"] == "turn")
        assert ended["turn"]["turn"] == 1
        logging.getLogger("ravatard.test").warning("something happened")
        await page.send_json({"log": True, "meter": True})
        line = await told(page, lambda message: message["type"] == "log")
        levels = [one["level"] for one in line["lines"] if "something happened" in one["text"]]
        assert levels == ["warning"]
        meter = await told(page, lambda message: message["type"] == "meter")
        assert meter["level_db"] is None


async def test_the_level_is_watched_while_a_page_looks_at_it(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        async with served.live() as one, served.live() as other:
            for page in (one, other):
                await page.send_json({"meter": True})
                await told(page, lambda message: message["type"] == "meter")
            assert served.watched == [True]
            await one.send_json({"meter": False})
            await told(other, lambda message: message["type"] == "meter")
            assert served.watched == [True]
        await until(lambda: served.watched == [True, False], "a page that is closed does not look at it")


async def test_a_button_that_is_held_is_released_when_the_page_lets_go(tmp_path: Path) -> None:
    async with serving_page(tmp_path, logged_in=True) as served:
        served.control.holds = True
        holding = asyncio.create_task(served.call("POST", "/api/v1/press", {"ms": 120_000}))
        await until(lambda: {"do": "press", "ms": 120_000} in served.control.asked, "the button is down")
        assert served.control.released == []

        holding.cancel()

        await until(lambda: served.control.released == [120_000], "the button is released")
        status, _, _ = await served.call("POST", "/api/v1/press", {"ms": 1})
        assert (status, served.control.released) == (200, [120_000, 1])
