"""The watch of the quiet hours, in virtual time, on clocks that are set and put forward."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ravatard.core.events import OptionsChanged, QuietChanged, VolumeAsked
from ravatard.core.options.equipment import Equipment
from ravatard.core.options.quiet import QuietOptions
from ravatard.stages.mailbox import Inbox
from ravatard.stages.quiet import QuietWatch
from tests.unit.core.recorded import OPTIONS
from tests.unit.stages.fakes import running

NIGHT = QuietOptions("22:00", "07:00")
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class Wall:
    """A clock on the wall: it goes with the loop's, and can be set."""

    begins: datetime
    looked: list[float] = field(default_factory=list)
    zone: ZoneInfo | None = None

    def __call__(self) -> datetime:
        loop_s = asyncio.get_running_loop().time()
        self.looked.append(loop_s)
        now = self.begins + timedelta(seconds=loop_s)
        return now if self.zone is None else now.astimezone(self.zone)


def on(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 1, 10, hour, minute, tzinfo=UTC)


async def told(watch: QuietWatch, inbox: Inbox, seconds: float) -> list[tuple[float, bool]]:
    """What the hub is told within a time, with the time."""
    found = []
    async with running(watch.run):
        try:
            async with asyncio.timeout(seconds):
                while True:
                    event = await inbox.get()
                    assert isinstance(event, QuietChanged)
                    found.append((round(asyncio.get_running_loop().time(), 1), event.quiet))
        except TimeoutError:
            return found


HOUR = 3600.0


async def test_the_hub_is_told_when_they_begin_and_end_by_the_second() -> None:
    inbox = Inbox()
    watch = QuietWatch(NIGHT, Wall(on(21, 30)), inbox)

    assert await told(watch, inbox, 24 * HOUR) == [(0.5 * HOUR, True), (9.5 * HOUR, False)]


async def test_an_appliance_that_is_started_in_the_night_is_quiet_at_once() -> None:
    inbox = Inbox()

    assert await told(QuietWatch(NIGHT, Wall(on(3)), inbox), inbox, HOUR) == [(0.0, True)]


async def test_without_quiet_hours_the_clock_is_looked_at_once() -> None:
    inbox, wall = Inbox(), Wall(on(3))

    assert await told(QuietWatch(QuietOptions(), wall, inbox), inbox, 24 * HOUR) == []
    assert wall.looked == [0.0]


async def test_a_clock_that_is_set_counts_within_a_minute() -> None:
    """A Raspberry Pi boots with the time of its last shutdown, and is told the right one by the network."""
    inbox, wall = Inbox(), Wall(on(12))
    watch = QuietWatch(NIGHT, wall, inbox)

    async def set_clock() -> None:
        await asyncio.sleep(90)
        wall.begins = on(23)

    async with asyncio.TaskGroup() as group:
        group.create_task(set_clock())
        found = await told(watch, inbox, HOUR)

    assert found == [(120.0, True)]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(datetime(2026, 3, 28, 20, tzinfo=UTC), 8, id="put forward"),
        pytest.param(datetime(2026, 10, 24, 19, tzinfo=UTC), 10, id="put back"),
    ],
)
async def test_in_the_night_of_a_time_change_the_face_of_the_clock_counts(day: datetime, hours: int) -> None:
    inbox = Inbox()

    found = await told(QuietWatch(NIGHT, Wall(day, zone=BERLIN), inbox), inbox, 20 * HOUR)

    assert found == [(HOUR, True), (HOUR * (1 + hours), False)]


async def test_an_hour_that_comes_twice_is_quiet_twice_and_one_that_is_left_out_never() -> None:
    early = QuietOptions("2:15", "2:45")

    async def changes(day: datetime) -> int:
        inbox = Inbox()
        return len(await told(QuietWatch(early, Wall(day, zone=BERLIN), inbox), inbox, 8 * HOUR))

    assert await changes(datetime(2026, 3, 28, 22, tzinfo=UTC)) == 0


async def test_new_options_count_at_once() -> None:
    inbox = Inbox()
    watch = QuietWatch(QuietOptions(), Wall(on(23)), inbox)

    async def reload(quiet: QuietOptions) -> None:
        await asyncio.sleep(100)
        watch.on_event(VolumeAsked(3), 0.0)
        watch.on_action(object(), 0.0)
        watch.on_event(OptionsChanged(replace(OPTIONS, equipment=Equipment(quiet=quiet))), 0.0)

    async with asyncio.TaskGroup() as group:
        group.create_task(reload(NIGHT))
        found = await told(watch, inbox, HOUR)
    assert found == [(100.0, True)]

    async with asyncio.TaskGroup() as group:
        group.create_task(reload(QuietOptions()))
        found = await told(watch, inbox, HOUR)
    assert found == [(3700.0, False)]
