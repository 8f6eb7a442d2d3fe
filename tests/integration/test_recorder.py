"""The real daemon, killed in mid-conversation: what the flight recorder kept can be gone through again."""

from __future__ import annotations

import json
import signal
from functools import partial
from pathlib import Path

import pytest

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.program import Program

pytestmark = pytest.mark.integration


def _talking(folder: Path) -> Config:
    return {"microphone": {"wav": str(recordings.write(folder / "long.wav", recordings.long_speech(30.0)))}}


def _asking(folder: Path) -> Config:
    spoken = recordings.one_request(3, after_s=3.0)
    return {"microphone": {"wav": str(recordings.write(folder / "one.wav", spoken)), "repeat": True}}


def _state(folder: Path) -> dict[str, str]:
    return {"STATE_DIRECTORY": str(folder / "state")}


def _hears(server: SimServer) -> bool:
    return server.record.counts["samples"] > 0


async def _replayed(folder: Path) -> list[dict[str, object]]:
    """What ``ravatard replay`` says of it; it must reach the same states."""
    async with Program("replay", "--json", str(folder / "state" / "recorder")) as replay:
        status = await replay.ended()
        assert status == 0, replay.story()
        assert PROJECT not in replay.stdout
        return [json.loads(line) for line in replay.stdout.splitlines()]


async def test_what_a_killed_daemon_recorded_leads_to_the_same_states_again(tmp_path: Path) -> None:
    async with (
        SimServer() as server,
        Daemon(tmp_path, server.base_url, _talking(tmp_path), environ=_state(tmp_path)) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["samples"] > 60_000, "speech arrives")
        daemon.send(signal.SIGKILL)
        assert await daemon.ended() == -signal.SIGKILL

    told = await _replayed(tmp_path)
    assert told[0]["began"] == "start"
    states = [(one["what"], one["value"]) for one in told if "what" in one]
    assert ("session", "live") in states
    assert states[-1] in (("look", "listening"), ("session", "live"))
    assert told[-1]["equal"] is True


async def test_killed_again_and_again_every_life_is_in_the_recording(tmp_path: Path) -> None:
    for _ in range(3):
        async with (
            SimServer() as server,
            Daemon(tmp_path, server.base_url, _talking(tmp_path), environ=_state(tmp_path)) as daemon,
        ):
            await daemon.until(partial(_hears, server), "speech arrives")
            daemon.send(signal.SIGKILL)
            await daemon.ended()
        (tmp_path / "notify").unlink()

    told = await _replayed(tmp_path)
    assert [one["began"] for one in told if "began" in one] == ["start"] * 3
    assert told[-1]["equal"] is True


async def test_a_daemon_that_was_stopped_recorded_everything_and_nothing_that_was_said(
    tmp_path: Path,
) -> None:
    async with (
        SimServer(SimOptions(answers=("Nobody may read this.",))) as server,
        Daemon(tmp_path, server.base_url, _asking(tmp_path), environ=_state(tmp_path)) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["answers"] and daemon.shows("ready"), "an answer", 30)
        await daemon.stopped()

    told = await _replayed(tmp_path)
    assert {"1 answered"} <= {one["value"] for one in told if one.get("what") == "turn"}
    written = b"".join(path.read_bytes() for path in (tmp_path / "state" / "recorder").iterdir())
    assert b"Nobody may read" not in written
    assert PROJECT.encode() not in written
    assert b"token" not in written
