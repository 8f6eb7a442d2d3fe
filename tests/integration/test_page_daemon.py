"""The owner's page of the installed daemon: off, on, claimed by its button, and from the command line."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import socket
import ssl
import sys
import wave
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ravatard.host.page.certificate import fingerprint
from ravatard.host.page.names import own_addresses
from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from ravatard.web.page.options import PageOptions
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.gpio_rig import BUTTON_AND_LIGHT, Pins
from tests.integration.page_rig import ServedPage
from tests.integration.program import RAVATARD, Program, until
from tests.integration.test_imports import loaded_by

pytestmark = pytest.mark.integration

PASSWORD = "a password nobody guesses"
JSON = {"Content-Type": "application/json"}
#: libraries and modules that only the page loads.
ONLY_THE_PAGE = ("ravatard.web.page.page", "ravatard.web.page.dispatch", "ravatard.host.page.access_file")


def loudest(file: Path) -> int:
    """The largest sample of a recording of the speaker; 0 while there is none."""
    try:
        with wave.open(str(file)) as sound:
            pcm = sound.readframes(sound.getnframes())
    except (OSError, EOFError, wave.Error):
        return 0
    return max(
        (abs(int.from_bytes(pcm[at : at + 2], "little", signed=True)) for at in range(0, len(pcm), 4_096)),
        default=0,
    )


async def base_of(daemon: Daemon) -> str:
    found = await daemon.until(
        lambda: re.search(r"the owner's page is at port (\d+) \((https?)\)", daemon.stderr),
        "the page is served",
        120,
    )
    assert found is not None
    return f"{found[2]}://127.0.0.1:{found[1]}"


def silent_microphone(tmp_path: Path) -> Config:
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    return {"microphone": {"wav": str(path)}}


async def ravatard(tmp_path: Path, *words: str) -> Program:
    """Run a command to its end."""
    places = ("--config", str(tmp_path / "ravatard.yaml"), "--state", str(tmp_path / "state"))
    async with Program(*words, *places) as program:
        assert await program.ended() == 0, program.story()
    return program


async def test_from_a_press_of_the_button_to_a_page_that_is_open(tmp_path: Path) -> None:
    pins = Pins(tmp_path)
    speaker = tmp_path / "spoken.wav"
    page: Config = {"page": {"listen": "lan", "port": 0}, "speaker": {"wav": str(speaker), "enabled": True}}
    async with SimServer(SimOptions()) as server:
        async with Daemon(
            tmp_path,
            server.base_url,
            silent_microphone(tmp_path),
            BUTTON_AND_LIGHT,
            page,
            launcher=pins.launcher,
        ) as daemon:
            base = await base_of(daemon)
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(cookie_jar=jar) as browser:
                async with browser.get(f"{base}/api/v1/session") as reply:
                    assert (await reply.json())["claim"]["button"]
                async with browser.post(f"{base}/api/v1/claim/wait", json={}) as reply:
                    assert (await reply.json())["waiting"]
                await pins.down()
                await daemon.until(lambda: "it says six digits" in daemon.stderr, "the press is taken")
                await pins.up()
                await daemon.until(lambda: loudest(speaker) > 3_000, "the digits are spoken")
                # The test has no ear; the command line gives digits as well.
                code = (await ravatard(tmp_path, "page", "code")).stdout.strip()[-6:]
                claim = {"code": code, "password": PASSWORD}
                async with browser.post(f"{base}/api/v1/claim", json=claim) as reply:
                    assert reply.status == 200, await reply.text()
                async with browser.get(f"{base}/api/v1/status") as reply:
                    status = await reply.json()
                live = await browser.ws_connect(f"{base}/api/v1/live", headers={"Origin": base})
                first = json.loads((await live.receive()).data)
                async with browser.post(f"{base}/api/v1/mute", json={}) as reply:
                    muted = await reply.json()
                async with asyncio.timeout(20):
                    while (told := json.loads((await live.receive()).data)["status"])["microphone"][
                        "state"
                    ] != "muted":
                        pass
                await live.close()
                async with browser.get(f"{base}/api/v1/log") as reply:
                    log = await reply.text()
            await daemon.stopped(signal.SIGTERM)

    assert status["talk"] in ("speaking", "idle")
    assert first["type"] == "state"
    assert muted["microphone"] == "muted"
    assert told["muted"]
    assert server.record.counts["sessions_started"] == 0, "the press opened no gate"
    assert "mute" in log
    assert "it says six digits" in log
    for secret in (PROJECT, PASSWORD, code):
        assert secret not in log
        assert secret not in daemon.stderr


async def test_the_page_reads_what_the_commands_say(tmp_path: Path) -> None:
    """The commands that the page runs are the real ones: their form may not differ from the one it takes."""
    page: Config = {"page": {"listen": "loopback", "port": 0}}
    recorded: Config = {"speaker": {"wav": str(tmp_path / "spoken.wav"), "enabled": True}}
    async with SimServer(SimOptions()) as server:
        async with Daemon(tmp_path, server.base_url, silent_microphone(tmp_path), recorded, page) as daemon:
            base = await base_of(daemon)
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(cookie_jar=jar) as browser:

                async def read(method: str, path: str, body: object = None) -> Any:
                    address = f"{base}/api/v1/{path}"
                    async with browser.request(method, address, json=body, headers={"Origin": base}) as reply:
                        assert reply.status == 200, f"{path}: {await reply.text()}"
                        return await reply.json()

                code = (await ravatard(tmp_path, "page", "code")).stdout.strip()[-6:]
                await read("POST", "claim", {"code": code, "password": PASSWORD})
                avatars = await read("GET", "avatars")
                devices = await read("GET", "devices")
                examined = await read("POST", "doctor", {"only": ["disk"]})
                recorder = await read("GET", "log/recorder")
            await daemon.stopped(signal.SIGTERM)

    assert "Ada" in [one["name"] for one in avatars["avatars"]]
    assert set(devices) >= {"microphones", "speakers"}
    assert [one["id"] for one in examined["checks"]] == ["disk"]
    assert recorder["lines"][0]["text"] == "started"


async def test_without_password_and_button_a_page_for_the_network_stays_on_this_machine(
    tmp_path: Path,
) -> None:
    page: Config = {"page": {"listen": "lan", "port": 0}}
    async with SimServer(SimOptions()) as server:
        async with Daemon(tmp_path, server.base_url, silent_microphone(tmp_path), page) as daemon:
            base = await base_of(daemon)
            await daemon.until(lambda: "ravatard page password" in daemon.stderr, "the reason is logged")
            port = int(base.rpartition(":")[2])
            own = await asyncio.get_running_loop().run_in_executor(None, outer_address)
            before = await reached(own, port)
            places = ("--config", str(tmp_path / "ravatard.yaml"))
            async with Program(
                "config", "check", *places, environ={"STATE_DIRECTORY": str(tmp_path / "state")}
            ) as check:
                checked = await check.ended()
            setting = asyncio.create_subprocess_exec  # the password comes by a pipe
            process = await setting(
                str(RAVATARD),
                "page",
                "password",
                "--state",
                str(tmp_path / "state"),
                stdin=asyncio.subprocess.PIPE,
            )
            await process.communicate(f"{PASSWORD}\n".encode())
            after = await reached(own, port)
            await daemon.stopped(signal.SIGTERM)

    assert checked == 0
    assert "the page is served to this machine only: " in check.stdout
    assert "there is no password yet" in check.stdout
    if own:
        assert (before, after) == (False, True)


def outer_address() -> str:
    return next((one for one in own_addresses() if not one.startswith("127.")), "")


async def reached(address: str, port: int) -> bool:
    """Whether the page answers at an address of this machine that is not loopback."""
    if not address:
        return False
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{address}:{port}/healthz") as reply,
        ):
            return reply.status == 204
    except aiohttp.ClientError:
        return False


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
async def test_a_self_made_certificate_has_the_fingerprint_that_is_told(tmp_path: Path) -> None:
    page: Config = {"page": {"listen": "loopback", "port": 0, "tls": "self-made"}}
    async with SimServer(SimOptions()) as server:
        async with Daemon(tmp_path, server.base_url, silent_microphone(tmp_path), page) as daemon:
            base = await base_of(daemon)
            port = int(base.rpartition(":")[2])
            pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
            shown = (await ravatard(tmp_path, "page")).stdout
            context = ssl.create_default_context(cadata=pem)
            context.check_hostname = True
            code = (await ravatard(tmp_path, "page", "code")).stdout.strip()[-6:]
            async with aiohttp.ClientSession() as browser:
                claim = {"code": code, "password": PASSWORD}
                async with browser.post(
                    f"https://localhost:{port}/api/v1/claim", json=claim, ssl=context
                ) as reply:
                    cookie, who = reply.headers["Set-Cookie"], await reply.json()
            await daemon.stopped(signal.SIGTERM)

    assert base.startswith("https://")
    assert fingerprint(pem) in shown
    assert fingerprint(pem) in daemon.stderr
    assert who["encrypted"]
    assert cookie.startswith("__Host-ravatard=")
    assert "; Secure" in cookie


#: Starts a program as systemd does: with a listening socket as file descriptor 3, meant for that process.
AS_SYSTEMD = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="page", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], sys.argv[1:])
"""


async def test_a_port_that_systemd_opened_is_used(tmp_path: Path) -> None:
    page: Config = {"page": {"listen": "loopback", "port": 1}}
    launcher = (sys.executable, "-c", AS_SYSTEMD)
    async with SimServer(SimOptions()) as server:
        async with Daemon(
            tmp_path, server.base_url, silent_microphone(tmp_path), page, launcher=launcher
        ) as daemon:
            base = await base_of(daemon)
            async with aiohttp.ClientSession() as browser, browser.get(f"{base}/healthz") as reply:
                status = reply.status
            await daemon.stopped(signal.SIGTERM)

    assert not base.endswith(":1")
    assert status == 204


async def test_a_port_that_is_taken_is_told_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ravatard.web.server_port.FIRST_WAIT_S", 0.05)
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    served = ServedPage(tmp_path, PageOptions(listen="loopback", port=taken.getsockname()[1]))
    async with asyncio.TaskGroup() as group:
        serve = group.create_task(served.page.serve(served.appliance))
        await until(lambda: served.page.faults, "the trouble is told")
        faults = served.page.faults
        taken.close()
        await until(lambda: served.page.port, "the page is served")
        serve.cancel()

    assert "cannot be had" in faults[0]
    assert served.page.faults == ()


def test_nothing_of_the_page_is_loaded_unless_it_is_on() -> None:
    build = "import ravatard.cli.appliance, ravatard.assembly.page as p; from ravatard.config import load"
    off = loaded_by(
        f"{build}; from pathlib import Path; import os; "
        "p.owner_page(load(Path(os.devnull), {}).options, None)"
    )

    assert "ravatard.web.page.options" in off
    assert off.isdisjoint({*ONLY_THE_PAGE[:2], "aiohttp", "aiohttp.web", "segno"})
