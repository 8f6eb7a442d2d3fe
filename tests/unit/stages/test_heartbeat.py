"""The watchdog is fed only while the appliance works, and systemd hears in words how it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest

from ravatard.stages.heartbeat import heartbeat

WATCHDOG_S = 30.0


class FakeNotifier:
    """Keeps what systemd was told, and when."""

    def __init__(self, watchdog_s: float | None = WATCHDOG_S) -> None:
        self.watchdog_s = watchdog_s
        self.told: list[tuple[float, tuple[str, ...]]] = []

    def notify(self, *fields: str) -> None:
        self.told.append((asyncio.get_running_loop().time(), fields))

    def times_of(self, field: str) -> list[float]:
        return [at for at, fields in self.told if field in fields]

    @property
    def statuses(self) -> list[str]:
        return [field for _, fields in self.told for field in fields if field.startswith("STATUS=")]


class FakeAppliance:
    """A hub and a microphone that work until told otherwise; implements Pulse."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.ready = True
        self.status = "ready"
        self.events_handled = 0
        self.samples = 0
        self.microphone_excused = False
        self.overdue: str | None = None
        self.hub_works = True
        self.microphone_works = True

    def nudge(self) -> None:
        self.events_handled += self.hub_works

    def says(self, status: str) -> None:
        self.status = status
        self.changed.set()

    async def listen(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            self.samples += 1600 * self.microphone_works


@contextlib.asynccontextmanager
async def beating(notifier: FakeNotifier, appliance: FakeAppliance) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        heart = tasks.create_task(heartbeat(notifier, appliance))
        ear = tasks.create_task(appliance.listen())
        yield
        heart.cancel()
        ear.cancel()


async def test_a_working_appliance_feeds_the_watchdog_at_half_its_interval() -> None:
    notifier = FakeNotifier()

    async with beating(notifier, FakeAppliance()):
        await asyncio.sleep(61)

    assert notifier.times_of("READY=1") == [0]
    assert notifier.times_of("WATCHDOG=1") == [15, 30, 45, 60]


async def test_ready_waits_until_the_appliance_is_ready_and_goes_out_at_once_then() -> None:
    notifier, appliance = FakeNotifier(), FakeAppliance()
    appliance.ready, appliance.status = False, "starting"

    async with beating(notifier, appliance):
        await asyncio.sleep(0.5)
        appliance.says("opening the microphone")
        await asyncio.sleep(0.5)
        appliance.ready = True
        appliance.says("ready")
        await asyncio.sleep(16)

    assert notifier.told[:3] == [
        (0, ("STATUS=starting",)),
        (0.5, ("STATUS=opening the microphone",)),
        (1, ("READY=1", "STATUS=ready")),
    ]
    assert notifier.times_of("WATCHDOG=1") == [16]


async def test_a_hub_that_stands_still_starves_the_watchdog() -> None:
    notifier, appliance = FakeNotifier(), FakeAppliance()

    async with beating(notifier, appliance):
        await asyncio.sleep(20)
        appliance.hub_works = False
        await asyncio.sleep(100)

    # The nudge of the beat at 15 was still answered.
    assert notifier.times_of("WATCHDOG=1") == [15, 30]
    assert notifier.statuses[-1] == "STATUS=ready; stuck: the hub stands still"


async def test_a_microphone_that_delivers_nothing_starves_the_watchdog() -> None:
    notifier, appliance = FakeNotifier(), FakeAppliance()

    async with beating(notifier, appliance):
        await asyncio.sleep(20)
        appliance.microphone_works = False
        await asyncio.sleep(100)

    assert notifier.times_of("WATCHDOG=1") == [15, 30]
    assert notifier.statuses[-1] == "STATUS=ready; stuck: the microphone is open but delivers nothing"


async def test_a_microphone_that_is_excused_need_not_deliver() -> None:
    notifier, appliance = FakeNotifier(), FakeAppliance()
    appliance.microphone_works, appliance.microphone_excused = False, True

    async with beating(notifier, appliance):
        await asyncio.sleep(31)

    assert notifier.times_of("WATCHDOG=1") == [15, 30]


async def test_a_microphone_whose_count_starts_again_is_alive() -> None:
    notifier, appliance = FakeNotifier(), FakeAppliance()

    async with beating(notifier, appliance):
        await asyncio.sleep(14)
        appliance.samples = 0
        await asyncio.sleep(17)

    assert notifier.times_of("WATCHDOG=1") == [15, 30]


async def test_a_state_over_its_deadline_starves_the_watchdog_and_is_named() -> None:
    notifier, appliance = FakeNotifier(), FakeAppliance()

    async with beating(notifier, appliance):
        appliance.overdue = "thinking for 95 s"
        await asyncio.sleep(16)

    assert notifier.times_of("WATCHDOG=1") == []
    assert notifier.statuses == ["STATUS=ready", "STATUS=ready; stuck: thinking for 95 s"]


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Messages of the daemon's own loggers; another test may have let asyncio's through."""
    return [record.message for record in caplog.records if record.name.startswith("ravatard")]


async def test_a_hiccup_that_is_over_in_time_costs_no_restart(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    notifier, appliance = FakeNotifier(), FakeAppliance()

    async with beating(notifier, appliance):
        appliance.overdue = "connecting for 40 s"
        await asyncio.sleep(20)
        appliance.overdue = None
        await asyncio.sleep(20)

    assert notifier.times_of("WATCHDOG=1") == [22.5, 37.5]
    assert notifier.statuses[-1] == "STATUS=ready"
    assert logged(caplog) == [
        "systemd's watchdog is not fed: connecting for 40 s",
        "systemd's watchdog is fed again",
    ]


@pytest.mark.slow
async def test_why_the_beat_is_withheld_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    notifier, appliance = FakeNotifier(), FakeAppliance()
    appliance.microphone_works = False

    async with beating(notifier, appliance):
        await asyncio.sleep(300)

    assert logged(caplog) == ["systemd's watchdog is not fed: the microphone is open but delivers nothing"]


async def test_the_status_goes_out_when_it_changes_and_only_then() -> None:
    notifier, appliance = FakeNotifier(), FakeAppliance()

    async with beating(notifier, appliance):
        await asyncio.sleep(1)
        appliance.says("listening")
        await asyncio.sleep(1)
        appliance.says("listening")
        await asyncio.sleep(30)

    assert notifier.statuses == ["STATUS=ready", "STATUS=listening"]
    assert notifier.times_of("STATUS=listening") == [1]
    assert notifier.times_of("WATCHDOG=1") == [15, 30]


@pytest.mark.slow
async def test_without_a_watchdog_there_is_no_beat_and_nobody_is_nudged() -> None:
    notifier, appliance = FakeNotifier(watchdog_s=None), FakeAppliance()

    async with beating(notifier, appliance):
        await asyncio.sleep(100)
        appliance.says("offline")
        await asyncio.sleep(100)

    assert notifier.told == [(0, ("READY=1", "STATUS=ready")), (100, ("STATUS=offline",))]
    assert appliance.events_handled == 0


@pytest.mark.parametrize(("ready", "watchdog_s"), [(False, 30.0), (True, 30.0), (True, None)])
async def test_it_can_be_cancelled_wherever_it_waits(ready: bool, watchdog_s: float | None) -> None:
    notifier, appliance = FakeNotifier(watchdog_s), FakeAppliance()
    appliance.ready = ready
    async with asyncio.TaskGroup() as tasks:
        heart = tasks.create_task(heartbeat(notifier, appliance))
        await asyncio.sleep(1)

        heart.cancel()

    assert heart.cancelled()
