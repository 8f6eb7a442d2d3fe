"""Versions come from the owner's command, and are installed by it alone."""

from __future__ import annotations

import asyncio
import resource
import sys

import pytest

from ravatard.mqtt.software import CommandFailedError, Software

pytestmark = pytest.mark.integration

PRINTS = f"{sys.executable} -c \"print('9.8.7 is the newest')\""
FAILS = f"{sys.executable} -c 'raise SystemExit(3)'"


async def test_the_newest_version_is_what_the_command_prints_first() -> None:
    software = Software("1.0", check=PRINTS)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(software.watch())
        await software.changed.wait()
        watching.cancel()

    assert software.report == {"installed_version": "1.0", "latest_version": "9.8.7", "in_progress": False}


@pytest.mark.parametrize("command", [FAILS, "/no/such/command", "'"])
async def test_a_command_that_fails_is_told_and_changes_nothing(
    command: str, caplog: pytest.LogCaptureFixture
) -> None:
    software = Software("1.0", check=command, install=command)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(software.watch())
        while not caplog.records:  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0.01)
        watching.cancel()
    with pytest.raises(CommandFailedError):
        await software.install()

    assert software.report["latest_version"] == "1.0"
    assert not software.installing


async def test_a_command_that_prints_without_end_costs_no_memory() -> None:
    endless = f"{sys.executable} -c \"print('9.8.7'); [print('x' * 65_536) for _ in range(3_000)]\""
    software = Software("1.0", check=endless)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(software.watch())
        await software.changed.wait()
        watching.cancel()

    assert software.latest == "9.8.7"
    # Kilobytes; it printed 190 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


async def test_installing_is_shown_and_done_once_at_a_time() -> None:
    software = Software("1.0", install=f"{sys.executable} -c 'import time; time.sleep(0.3)'")
    async with asyncio.TaskGroup() as group:
        installing = group.create_task(software.install())
        await software.changed.wait()
        assert software.report["in_progress"] is True
        with pytest.raises(CommandFailedError, match="already"):
            await software.install()

    assert "ended" in installing.result()
    assert software.report["in_progress"] is False


async def test_an_update_that_goes_on_in_the_background_is_not_waited_for() -> None:
    """The command is over when it ends, whoever has its output open."""
    begins = f"sh -c '{sys.executable} -c \"import time; time.sleep(15)\" & echo begun'"
    software = Software("1.0", install=begins)

    async with asyncio.timeout(10.0):
        assert "ended" in await software.install()


async def test_without_a_command_nothing_is_installed() -> None:
    with pytest.raises(CommandFailedError, match="update_command"):
        await Software("1.0").install()
