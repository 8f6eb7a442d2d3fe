"""Saved settings on a real disk and in a real appliance: power cuts, and files that are unusable."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ravatard.host.control.client import ask
from ravatard.host.runtime import find_socket
from ravatard.sim.server import SimServer
from tests.integration import dying_saves
from tests.integration.daemon import Daemon
from tests.integration.test_install_durable import Call, traced

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """Every life that ended while it saved, and the two that did not."""
    folder = tmp_path_factory.mktemp("lives") / "appliance"
    done = subprocess.run(
        [sys.executable, "-P", str(Path(dying_saves.__file__)), str(folder)],
        capture_output=True,
        check=True,
        timeout=120,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_save_dies_at_every_step_and_at_many_bytes(lives: list[dict[str, object]]) -> None:
    died = [life for life in lives if life["status"] == dying_saves.DIED]

    assert [life["status"] for life in lives if life not in died] == [0, 0]
    assert sum("step" in life for life in died) >= 6
    assert sum("after_bytes" in life for life in died) >= 40


def test_whenever_the_power_goes_the_old_settings_or_the_new_ones_are_there(
    lives: list[dict[str, object]],
) -> None:
    assert {life["found"] for life in lives} == {dying_saves.OLD, dying_saves.NEW}


def test_whenever_the_power_went_an_undo_leads_to_what_was_before_or_nowhere(
    lives: list[dict[str, object]],
) -> None:
    for life in lives:
        before = {dying_saves.OLD: (None, dying_saves.OLDER), dying_saves.NEW: (dying_saves.OLD,)}

        assert life["undone"] in before[float(str(life["found"]))], life


def _last(calls: list[Call], name: str) -> int:
    """The place of the last call of this name that has to do with the new file."""
    return max(at for at, call in enumerate(calls) if call.name.startswith(name) and ".yaml.new" in call.text)


def test_a_saved_file_gets_its_name_when_its_content_is_on_the_disk(tmp_path: Path) -> None:
    state = tmp_path / "root" / "state"
    state.parent.mkdir()
    words = ("config", "set", "gate.longest_s", "30", "--state", state, "--config", "/dev/null")

    calls = traced(tmp_path, sys.executable, "-P", "-m", "ravatard", *words)

    content_at, synced_at, named_at = (_last(calls, name) for name in ("write", "fsync", "rename"))
    assert '"settings.yaml.new"' in calls[named_at].text
    assert content_at < synced_at < named_at
    assert any(call.name == "fsync" and call.paths == (str(state),) for call in calls[named_at:])


async def test_an_appliance_starts_without_unusable_settings_and_says_so(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "settings.yaml").write_text("gate:\n  longest_s: 1000\n")

    async with SimServer() as server, Daemon(tmp_path, server.base_url) as daemon:
        await daemon.until(lambda: bool(daemon.told("READY")), "the daemon is ready")
        reply = await asyncio.to_thread(ask, find_socket(os.environ), {"do": "status"})
        degraded = reply["status"]["degraded"]

    assert [one for one in degraded if one.startswith("the saved settings are not in effect")]
    assert (state / "settings.yaml.bad").exists()
    assert not (state / "settings.yaml").exists()
    assert "gate.longest_s: found '1000'" in daemon.stderr
