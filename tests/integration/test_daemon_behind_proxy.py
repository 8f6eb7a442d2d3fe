"""The whole appliance behind a proxy with a login: what it does, and what it never shows."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.program import Program
from tests.integration.proxying import RunningProxy, proxying

pytestmark = pytest.mark.integration

USER, PASSWORD = "appliance", "never-shown-4712"
#: A name that only the proxy knows.
SERVICE = "http://service.example"


def config(folder: Path, proxy: RunningProxy, **network: str) -> Config:
    sound = recordings.write(folder / "again.wav", recordings.one_request(3))
    return {
        "microphone": {"wav": str(sound), "repeat": True},
        "speaker": {"enabled": True, "wav": str(folder / "heard.wav")},
        "service": {"proxy": f"http://127.0.0.1:{proxy.port}"},
        "network": {"proxy_username": USER, **network},
        "media": {"private_addresses": "always"},
        "logging": {"level": "debug"},
    }


def kept(folder: Path) -> list[str]:
    """What lies in the files of a folder."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return [file.read_bytes().decode("utf-8", "replace") for file in files]


async def _said(*words: str) -> str:
    async with Program(*words) as program:
        await program.ended()
        return program.stdout + program.stderr


async def test_the_appliance_talks_and_ends_its_session_through_the_proxy_and_shows_no_password(
    tmp_path: Path,
) -> None:
    async with SimServer() as server, proxying(f"{USER}:{PASSWORD}") as proxy:
        options = config(tmp_path, proxy, proxy_password=PASSWORD)
        async with Daemon(tmp_path, f"{SERVICE}:{server.port}", options) as daemon:
            await daemon.until(lambda: server.record.counts["answers"], "an answer", 30)
            await daemon.until(lambda: "live voice arrives" in daemon.stderr, "the live voice", 30)
            file = str(daemon.config_file)
            bundle = tmp_path / "bundle.tar.gz"
            seen = [
                await _said("status"),
                await _said("status", "--json"),
                await _said("config", "show", "--config", file),
                await _said("config", "get", "network", "--config", file),
                await _said("support-bundle", str(bundle), "--config", file, "--silent"),
            ]
            await daemon.stopped()
        assert server.record.open_licences() == []

    for calls in ("/jwt", "/connection", "/startLiveSession", "/endLiveSession", "/ws/chat"):
        assert calls.encode() in proxy.seen
    seen += [daemon.stdout, daemon.stderr, json.dumps([dict(one.fields) for one in daemon.notices])]
    seen += kept(tmp_path / "state")
    with tarfile.open(bundle) as opened:
        members = [opened.extractfile(member) for member in opened.getmembers()]
        seen += [one.read().decode("utf-8", "replace") for one in members if one is not None]
    for output in seen:
        assert PASSWORD not in output
    assert "through the proxy http://127.0.0.1" in daemon.stderr


async def test_a_wrong_password_is_told_in_the_status_and_tried_again(tmp_path: Path) -> None:
    async with SimServer() as server, proxying(f"{USER}:{PASSWORD}") as proxy:
        options = config(tmp_path, proxy, proxy_password="wrong-word-4713")
        async with Daemon(tmp_path, f"{SERVICE}:{server.port}", options) as daemon:
            said = "answers with status 407: user and password are missing or wrong"
            await daemon.until(lambda: said in daemon.stderr, "the refusal", 30)
            status = await _said("status")
            asked = len(proxy.asked)
            await daemon.until(lambda: len(proxy.asked) > asked, "another attempt", 30)
            proxy.password = f"{USER}:wrong-word-4713"
            await daemon.until(lambda: server.record.counts["answers"], "an answer", 60)

    assert said in status
    assert "wrong-word" not in daemon.stderr + status
