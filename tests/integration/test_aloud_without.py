"""A daemon without live sound works on, says why, and loads nothing of what it does not need."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.integration.aloud_rig import Appliance, appliance, into_wav
from tests.integration.daemon import Config

pytestmark = pytest.mark.integration

OPTIONS = SimOptions(think_s=0.05, answers=("I heard you.",))
OFF: Config = {"live_audio": {"enabled": "off"}}
#: Python's own machinery, told that some packages are not installed.
HIDING = """
import sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        hidden = name.partition(".")[0] in {"aiortc", "aioice", "av"}
        return None if hidden else super().find_spec(name, path, target)

sys.meta_path = [Hiding if finder is PathFinder else finder for finder in sys.meta_path]
"""


def _without_extras(folder: Path) -> dict[str, str]:
    hiding = folder / "hiding"
    hiding.mkdir()
    (hiding / "sitecustomize.py").write_text(HIDING)
    return {"PYTHONPATH": str(hiding)}


async def _answered(daemon: Appliance) -> None:
    await daemon.say("speak")
    await daemon.reports(lambda it: it["counters"]["turns"]["answered"] == 1, "it is answered")


async def test_without_aiortc_it_talks_in_writing_and_says_why_there_is_no_voice(tmp_path: Path) -> None:
    async with (
        SimServer(OPTIONS) as server,
        appliance(tmp_path, server.base_url, into_wav(tmp_path), environ=_without_extras(tmp_path)) as daemon,
    ):
        await _answered(daemon)
        status, said = await daemon.run("status")
        await daemon.stopped()

    assert status == 3
    assert "no live voice: the avatar's voice cannot be played: aiortc is missing" in said
    assert "install ravatard[live-audio]" in said


@pytest.mark.parametrize("live", [False, True])
async def test_only_a_daemon_with_live_sound_loads_what_that_needs(tmp_path: Path, *, live: bool) -> None:
    switched: Config = {} if live else OFF
    timed = {"PYTHONPROFILEIMPORTTIME": "1"}
    async with (
        SimServer(OPTIONS) as server,
        appliance(tmp_path, server.base_url, into_wav(tmp_path), switched, environ=timed) as daemon,
    ):
        await _answered(daemon)
        if live:
            await daemon.with_voice()
        report, libraries = await daemon.report(), daemon.libraries()
        await daemon.stopped()

    imported = {
        line.rpartition("|")[2].strip().partition(".")[0]
        for line in daemon.stderr.splitlines()
        if line.startswith("import time:")
    }
    assert "aiohttp" in imported
    assert ({"aiortc", "av"} <= imported) == live
    assert (imported & {"aiortc", "aioice", "av", "pylibsrtp"} != set()) == live
    assert ("libavcodec" in libraries) == live
    assert report["degraded"] == []
