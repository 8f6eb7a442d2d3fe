"""What systemd sees of the daemon: ready, status, watchdog, reloading, and lines the journal understands."""

from __future__ import annotations

import os
import re
import signal
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from ravatard.installation import adding
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.program import alive

pytestmark = pytest.mark.integration


def _quiet(folder: Path) -> Config:
    sound = recordings.write(folder / "quiet.wav", recordings.quiet(2.0))
    return {"microphone": {"wav": str(sound), "repeat": True}}


async def test_ready_is_told_once_and_not_before_the_first_sound(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Both ends, or opening would wait for the other side.
    end = os.open(pipe, os.O_RDWR)
    config: Config = {"microphone": {"command": f"cat {pipe}"}}
    async with SimServer() as server, Daemon(tmp_path, server.base_url, config) as daemon:
        await daemon.until(lambda: "online:" in daemon.stderr, "the service is reached")
        assert all(status.startswith("starting") for status in daemon.statuses)
        assert not daemon.told("READY")

        os.write(end, recordings.quiet(0.5).tobytes())
        await daemon.ready()
        os.write(end, recordings.quiet(0.5).tobytes())
        await daemon.stopped()
        os.close(end)

        assert [list(notice.fields) for notice in daemon.told("READY")] == [["READY", "STATUS"]]
        assert daemon.statuses[-1] == "stopping"


async def test_the_watchdog_is_fed_in_a_quiet_room_and_while_a_stuck_microphone_is_replaced(
    tmp_path: Path,
) -> None:
    async with (
        SimServer() as server,
        Daemon(tmp_path, server.base_url, _quiet(tmp_path), watchdog_s=2.0) as daemon,
    ):
        await daemon.ready()
        await daemon.until(lambda: len(daemon.told("WATCHDOG", "1")) >= 4, "four beats")
        (stuck,) = daemon.offspring()
        stuck_at = daemon.now
        os.kill(stuck, signal.SIGSTOP)
        await daemon.showing("no microphone", within_s=5)
        noticed_s = daemon.now - stuck_at
        await daemon.showing("ready")
        (fresh,) = daemon.offspring()
        beats = len(daemon.told("WATCHDOG"))
        await daemon.until(lambda: len(daemon.told("WATCHDOG")) >= beats + 2, "two more beats")
        await daemon.stopped()

        # Four signs of life a second are expected, and one second without any is waited for.
        assert noticed_s < 2.0
        assert fresh != stuck
        assert not alive(stuck)
        assert "fell silent" in daemon.stderr
        times = [notice.at for notice in daemon.told("WATCHDOG")]
        between_s = [after - before for before, after in pairwise(times)]
        assert median(between_s) == pytest.approx(1.0, abs=0.05)
        assert max(between_s) < 2.0


async def test_a_good_configuration_is_taken_over_while_running(tmp_path: Path) -> None:
    always: Config = {"session": {"keep": "always"}}
    async with (
        SimServer() as server,
        Daemon(tmp_path, server.base_url, _quiet(tmp_path), always) as daemon,
    ):
        await daemon.ready()
        await daemon.until(server.record.open_licences, "a session is held")

        daemon.configure({"session": {"keep": "on-need", "idle_s": 5}})
        daemon.send(signal.SIGHUP)
        await daemon.until(lambda: len(daemon.told("READY")) == 2, "the reload is over")
        await daemon.until(lambda: not server.record.open_licences(), "the idle session is ended")
        assert daemon.status is None
        await daemon.stopped()

        (reloading,) = daemon.told("RELOADING", "1")
        assert abs(int(reloading.fields["MONOTONIC_USEC"]) / 1e6 - reloading.at) < 1.0
        assert daemon.notices.index(reloading) < daemon.notices.index(daemon.told("READY")[-1])
        assert "configuration reloaded" in daemon.stderr


async def test_a_bad_configuration_changes_nothing_and_says_why(tmp_path: Path) -> None:
    async with (
        SimServer() as server,
        Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon,
    ):
        await daemon.ready()
        sound = daemon.offspring()

        daemon.configure({"session": {"idle_s": 1}, "gate": {"silense_ms": 900}})
        daemon.send(signal.SIGHUP)
        await daemon.until(lambda: len(daemon.told("READY")) == 2, "the reload is over")
        assert daemon.offspring() == sound
        assert daemon.shows("ready")
        await daemon.stopped()

        assert daemon.told("RELOADING", "1")
        for part in ("the old one stays", "session.idle_s", "gate.silense_ms", "silence_ms", "ravatard.yaml"):
            assert part in daemon.stderr


async def test_without_systemd_python_nothing_is_notified_and_the_journal_is_served_all_the_same(
    tmp_path: Path,
) -> None:
    hidden = tmp_path / "modules" / "systemd"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('not installed')\n")
    async with (
        SimServer() as server,
        Daemon(
            *(tmp_path, server.base_url, _quiet(tmp_path), {"logging": {"level": "debug"}}),
            environ={"PYTHONPATH": str(hidden.parent)},
            watchdog_s=0.5,
            in_journal=True,
        ) as daemon,
    ):
        await daemon.until(lambda: "microphone open: " in daemon.stderr, "the first sound")
        await daemon.until(lambda: "online:" in daemon.stderr, "the service is reached")
        daemon.send(signal.SIGTERM)
        status = await daemon.ended(10.0)

        assert (status, daemon.orphans(), daemon.notices) == (0, [], [])
        assert "Traceback" not in daemon.stderr
        assert f"needs systemd-python: {adding('systemd')}" in daemon.stderr
        lines = daemon.stderr.splitlines()
        assert any(line.startswith("<6>ravatard: microphone open: ") for line in lines)
        assert all(re.match(r"<[0-7]>[\w.]+: ", line) for line in lines), daemon.stderr
