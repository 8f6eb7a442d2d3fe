from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from ravatard.devices.process.environment import ProcessEnvironment
from ravatard.devices.process.piped import SLIM_CONFIG
from ravatard.devices.process.retry import RetryPolicy
from ravatard.devices.process.supervisor import Supervisor
from ravatard.errors import DeviceError
from tests.unit.devices.children import FakeChild
from tests.virtual_time import VirtualTimeLoop

HOME = {"HOME": "/home/ada"}
OWN = {"ALSA_CONFIG_PATH": "/etc/asound.conf"}


class Machine:
    """Where a supervisor starts its processes, and the one that it has."""

    def __init__(self, *, slim: bool = False, environ: Mapping[str, str] | None = None) -> None:
        self.spawned: list[FakeChild[str]] = []
        self.full = False
        self.cards = "one card"
        environment = ProcessEnvironment(RetryPolicy(start_s=10), self.spawn, lambda: self.cards)
        self.supervisor = Supervisor(environment, HOME if environ is None else environ, slim=slim)

    def spawn(self, environment: Mapping[str, str], first: str) -> FakeChild[str]:
        if self.full:
            raise DeviceError("no memory")
        self.spawned.append(FakeChild[str](environment, first))
        return self.spawned[-1]

    async def started(self) -> FakeChild[str]:
        """The next child, however often that has to be asked."""
        while (child := await self.supervisor.start("begin")) is None:
            pass
        return child

    async def hears(self, child: FakeChild[str], absorbed: str = "") -> list[str]:
        return await self.supervisor.receive(
            child, silent="Ada is silent", ended="Ada left", absorbs=lambda said: said == absorbed
        )


def now() -> float:
    return asyncio.get_running_loop().time()


# ------------------------------------------------------------------ a busy machine


async def beating() -> tuple[Machine, FakeChild[str]]:
    """A child whose heartbeats are expected."""
    machine = Machine()
    child = await machine.started()
    machine.supervisor.ready("a device")
    return machine, child


@pytest.mark.parametrize("silent_s", [1.2, 2.0, 3.5, 4.8])
async def test_a_child_that_the_machine_keeps_from_running_is_waited_for(silent_s: float) -> None:
    machine, child = await beating()
    child.starved = True
    asyncio.get_running_loop().call_later(silent_s, child.says, "at last")

    assert await machine.hears(child) == ["at last"]
    assert now() == pytest.approx(silent_s)


async def test_a_child_that_is_starved_without_end_is_given_up_after_some_seconds() -> None:
    machine, child = await beating()
    child.starved = True

    with pytest.raises(DeviceError, match=r"^Ada is silent: nothing for 5(\.\d)? s$"):
        await machine.hears(child)
    assert now() == pytest.approx(5.0, abs=0.15)


async def test_a_child_that_could_run_again_and_stays_silent_is_given_up() -> None:
    machine, child = await beating()
    child.starved = True
    asyncio.get_running_loop().call_later(2.0, setattr, child, "starved", False)

    with pytest.raises(DeviceError, match="Ada is silent"):
        await machine.hears(child)
    assert 2.4 < now() < 3.2


@pytest.mark.parametrize("late_s", [0.1, 0.7, 3.0, 30.0])
@pytest.mark.parametrize("at_s", [0.3, 0.55, 0.65, 0.95])
async def test_a_daemon_that_was_late_itself_gives_its_child_time(at_s: float, late_s: float) -> None:
    machine, child = await beating()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    # The whole machine stood still; the child needs some time, too.
    loop.call_later(at_s, loop.jump, late_s)
    loop.call_later(at_s + late_s + 0.4, child.says, "at last")

    assert await machine.hears(child) == ["at last"]


async def test_a_dead_device_is_noticed_after_a_second_on_a_machine_that_is_on_time() -> None:
    machine, child = await beating()

    with pytest.raises(DeviceError, match=r"^Ada is silent: nothing for 1 s$"):
        await machine.hears(child)
    assert now() == pytest.approx(1.0)


async def test_silence_counts_from_what_was_absorbed_last() -> None:
    machine, child = await beating()
    loop = asyncio.get_running_loop()
    for at_s in (0.5, 1.0, 1.5, 2.0):
        loop.call_later(at_s, child.says, "beat")

    with pytest.raises(DeviceError, match=r"^Ada is silent: nothing for 1 s$"):
        await machine.hears(child, "beat")
    assert now() == pytest.approx(3.0)
    assert child.received == 0


async def test_what_ends_a_silence_is_received_and_the_next_silence_begins_there() -> None:
    machine, child = await beating()
    asyncio.get_running_loop().call_later(0.8, child.says, "beat")

    assert await machine.hears(child, "beat") == ["beat"]
    with pytest.raises(DeviceError, match=r"^Ada is silent: nothing for 1 s$"):
        await machine.hears(child, "beat")
    assert now() == pytest.approx(1.8)


async def test_a_daemon_that_was_late_after_something_was_absorbed_gives_its_child_time() -> None:
    machine, child = await beating()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop.call_later(0.5, child.says, "beat")
    loop.call_later(0.8, loop.jump, 3.0)
    loop.call_later(4.2, child.says, "at last")

    assert await machine.hears(child, "beat") == ["at last"]


# ------------------------------------------------------------------ one process


async def test_the_first_child_is_started_at_once_and_told_what_comes_first() -> None:
    machine = Machine()

    child = await machine.supervisor.start("begin")

    assert child is machine.supervisor.child is machine.spawned[0]
    assert child is not None
    assert child.sent == ["begin"]
    assert child.environment["HOME"] == "/home/ada"
    assert now() == 0


async def test_what_a_child_says_is_handed_on() -> None:
    machine = Machine()
    child = await machine.started()
    child.says("one", "two")

    assert await machine.hears(child) == ["one", "two"]


async def test_after_a_loss_the_next_one_is_asked_for_again_when_it_is_due() -> None:
    machine = Machine()
    await machine.started()
    machine.supervisor.lose("gone", opening=False)

    early = await machine.supervisor.start("too early")
    waited_s = now()
    child = await machine.supervisor.start("in time")

    assert early is None
    assert waited_s == pytest.approx(0.25)
    assert child is not None
    assert child.sent == ["in time"]


async def test_a_process_that_cannot_be_started_is_told_and_leaves_none_behind() -> None:
    machine = Machine()
    machine.full = True

    with pytest.raises(DeviceError, match="no memory"):
        await machine.supervisor.start("begin")

    assert machine.supervisor.child is None
    assert machine.supervisor.lose("no memory", opening=True) == ("no memory", False)


async def test_a_wait_for_the_next_one_that_is_cancelled_starts_nothing_and_can_be_repeated() -> None:
    machine = Machine()
    await machine.started()
    machine.supervisor.lose("gone", opening=False)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await machine.supervisor.start("begin")
    after_cancel = len(machine.spawned)
    await machine.started()

    assert after_cancel == 1
    assert now() == pytest.approx(0.25)


# ------------------------------------------------------------------ silence, and other ends


async def test_a_new_child_has_time_to_open_its_device() -> None:
    machine = Machine()
    child = await machine.started()

    with pytest.raises(DeviceError, match=r"^Ada is silent: nothing for 10 s$"):
        await machine.hears(child)

    assert now() == pytest.approx(10)


@pytest.mark.parametrize("word", ["ready", "delivers"])
async def test_one_that_delivers_may_be_silent_for_a_second(word: str) -> None:
    machine = Machine()
    child = await machine.started()
    if word == "ready":
        machine.supervisor.ready("a card")
    else:
        machine.supervisor.expect_heartbeats()

    with pytest.raises(DeviceError, match=r"^Ada is silent: nothing for 1 s$"):
        await machine.hears(child)

    assert now() == pytest.approx(1)


async def test_one_that_waits_by_itself_may_be_silent_for_ever() -> None:
    machine = Machine()
    child = await machine.started()
    machine.supervisor.ready("a fifo")
    machine.supervisor.expect_silence()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(100_000):
            await machine.hears(child)


async def test_the_next_child_has_time_again_whatever_the_last_one_did() -> None:
    machine = Machine()
    await machine.started()
    machine.supervisor.expect_silence()
    machine.supervisor.lose("gone", opening=False)
    child = await machine.started()

    with pytest.raises(DeviceError, match="nothing for 10 s"):
        await machine.hears(child)


async def test_a_child_that_ends_or_makes_no_sense_is_of_no_use() -> None:
    machine = Machine()
    child = await machine.started()
    child.says()
    child.babbles()

    with pytest.raises(DeviceError, match=r"^Ada left$"):
        await machine.hears(child)
    with pytest.raises(DeviceError, match=r"^the sound process sent nonsense$"):
        await machine.hears(child)


async def test_the_end_of_a_child_that_was_dropped_meanwhile_is_no_trouble() -> None:
    machine = Machine()
    child = await machine.started()

    async with asyncio.TaskGroup() as group:
        heard = group.create_task(machine.hears(child))
        await asyncio.sleep(0.5)
        machine.supervisor.drop()

    assert heard.result() == []
    assert machine.supervisor.child is None
    assert now() == 0.5


# ------------------------------------------------------------------ trouble


async def test_a_lost_child_is_killed_once_and_what_it_printed_belongs_to_the_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine = Machine()
    child = await machine.started()
    child.printed, child.insides = "arecord: no such device", "ALSA: Unknown PCM dmix"

    with caplog.at_level("DEBUG"):
        told = machine.supervisor.lose("no card", opening=True)
    machine.supervisor.drop()

    assert told == ("no card [arecord: no such device]", False)
    assert [record.levelname for record in caplog.records] == ["DEBUG"]
    assert caplog.messages == ["no card; the sound libraries printed: ALSA: Unknown PCM dmix"]
    assert child.kills == 1


async def test_where_nothing_has_to_settle_the_next_one_is_due_at_once() -> None:
    machine = Machine()
    await machine.started()

    told = machine.supervisor.lose("only zeros", opening=False, at_once=True)
    await machine.started()

    assert told == ("only zeros", True)
    assert now() == 0


async def test_one_that_crashes_after_stable_work_is_replaced_at_once_and_one_that_does_not_work_later() -> (
    None
):
    machine = Machine()
    await machine.started()
    machine.supervisor.ready("a card")
    await asyncio.sleep(2)
    starts = []

    for _ in range(3):
        machine.supervisor.lose("crashed", opening=False)
        await machine.started()
        starts.append(now())

    assert starts == pytest.approx([2, 2.25, 2.75])


async def test_a_card_that_comes_after_the_last_attempt_makes_the_next_one_due() -> None:
    machine = Machine(slim=True)
    for _ in range(9):
        await machine.started()
        machine.supervisor.lose("no such card", opening=False)
    begun, attempts = now(), len(machine.spawned)

    async with asyncio.TaskGroup() as group:
        group.create_task(machine.started())
        await asyncio.sleep(3)
        before = len(machine.spawned)
        machine.cards = "another card"

    assert before == attempts
    assert now() - begun == pytest.approx(3.5, abs=0.3)


async def test_to_start_over_ends_a_pause_and_forgets_the_waits() -> None:
    machine = Machine()
    for _ in range(5):
        await machine.started()
        machine.supervisor.lose("gone", opening=True)
    begun = now()

    async with asyncio.TaskGroup() as group:
        again = group.create_task(machine.started())
        await asyncio.sleep(0.1)
        machine.supervisor.start_over()

    assert machine.supervisor.child is again.result()
    assert now() - begun == pytest.approx(0.1)


# ------------------------------------------------------------------ two configurations of ALSA


async def test_the_slim_configuration_and_the_machines_own_take_turns_until_one_opens_the_device() -> None:
    machine = Machine(slim=True)
    told = []

    for _ in range(3):
        await machine.started()
        told.append(machine.supervisor.lose("no such card", opening=True))
    await machine.started()

    trying = ("no such card; trying the machine's own ALSA configuration", True)
    assert told == [trying, ("no such card", False), trying]
    used = [child.environment.get("ALSA_CONFIG_PATH") for child in machine.spawned]
    assert used == [str(SLIM_CONFIG), None, str(SLIM_CONFIG), None]


async def test_a_device_opened_by_the_machines_own_configuration_is_named_so() -> None:
    machine = Machine(slim=True)
    await machine.started()
    by_slim = machine.supervisor.ready("a card")
    machine.supervisor.lose("no such card", opening=True)
    await machine.started()
    by_own = machine.supervisor.ready("PipeWire")

    assert by_slim == "a card"
    assert by_own == "PipeWire (by the machine's own ALSA configuration)"


async def test_only_what_the_slim_configuration_opens_is_looked_for_among_the_cards() -> None:
    machine = Machine(slim=True)
    before = machine.supervisor.retry.by_cards
    await machine.started()
    machine.supervisor.lose("no such card", opening=True)
    await machine.started()
    machine.supervisor.ready("PipeWire")
    by_own = machine.supervisor.retry.by_cards
    machine.supervisor.lose("no such card", opening=True)
    await machine.started()
    machine.supervisor.ready("a card")

    assert (before, by_own, machine.supervisor.retry.by_cards) == (True, False, True)


async def test_a_device_that_was_open_is_tried_with_the_same_configuration_again() -> None:
    machine = Machine(slim=True)
    await machine.started()

    told = machine.supervisor.lose("fell silent", opening=False)
    child = await machine.started()

    assert told == ("fell silent", False)
    assert child.environment["ALSA_CONFIG_PATH"] == str(SLIM_CONFIG)


@pytest.mark.parametrize(("slim", "environ"), [(False, {}), (True, OWN)])
async def test_without_a_choice_there_is_one_configuration_and_it_needs_no_name(
    slim: bool, environ: dict[str, str]
) -> None:
    machine = Machine(slim=slim, environ=environ)
    first = await machine.started()
    name = machine.supervisor.ready("a card")
    told = machine.supervisor.lose("no such card", opening=True)
    second = await machine.started()

    assert (name, told) == ("a card", ("no such card", False))
    assert first.environment == second.environment
    assert first.environment.get("ALSA_CONFIG_PATH") == environ.get("ALSA_CONFIG_PATH")
    assert not machine.supervisor.retry.by_cards


# ------------------------------------------------------------------ the end


async def test_one_that_hangs_in_a_driver_is_asked_again_until_it_is_gone() -> None:
    machine = Machine()
    child = await machine.started()
    child.clings = True
    machine.supervisor.drop()

    hangs = await machine.supervisor.reap()
    waited_s = now()
    child.clings = False

    assert not hangs
    assert waited_s == pytest.approx(1)
    assert await machine.supervisor.reap()
    assert now() == waited_s


async def test_a_child_that_is_dropped_while_another_hangs_is_not_forgotten() -> None:
    machine = Machine()
    first = await machine.started()
    first.clings = True
    machine.supervisor.start_over()
    second = await machine.started()
    second.clings = True

    async with asyncio.TaskGroup() as group:
        gone = group.create_task(machine.supervisor.reap())
        await asyncio.sleep(0.5)
        machine.supervisor.drop()
    first.clings = False
    still = await machine.supervisor.reap()

    assert (gone.result(), still) == (False, False)


async def test_a_reaping_that_is_cancelled_has_forgotten_nobody() -> None:
    machine = Machine()
    child = await machine.started()
    child.clings = True
    machine.supervisor.drop()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await machine.supervisor.reap()

    assert not await machine.supervisor.reap()


async def test_closed_it_ends_its_child_and_every_wait_and_waits_for_nothing_any_more() -> None:
    machine = Machine()
    child = await machine.started()

    async with asyncio.TaskGroup() as group:
        heard = group.create_task(machine.hears(child))
        paused = group.create_task(machine.supervisor.pause(None))
        await asyncio.sleep(0.5)
        await machine.supervisor.close()
        await machine.supervisor.close()
    await machine.supervisor.pause(None)

    assert machine.supervisor.closed
    assert (child.kills, heard.result(), paused.result()) == (1, [], None)
    assert now() == 0.5


async def test_to_close_it_waits_a_second_for_one_that_hangs_in_a_driver() -> None:
    machine = Machine()
    child = await machine.started()
    child.clings = True

    await machine.supervisor.close()

    assert now() == pytest.approx(1)


async def test_a_pause_lasts_as_long_as_it_is_asked_to_whatever_ended_the_last_one() -> None:
    supervisor = Machine().supervisor
    supervisor.start_over()

    await supervisor.pause(3)

    assert now() == pytest.approx(3)


# ------------------------------------------------------------------ a child that may be silent


async def test_a_silence_without_a_limit_ends_when_the_child_is_to_wake() -> None:
    machine, child = await beating()
    machine.supervisor.expect_silence()
    asyncio.get_running_loop().call_later(500, machine.supervisor.expect_waking)

    first = await machine.hears(child)
    asked_at = now()
    with pytest.raises(DeviceError, match=r"^Ada is silent: nothing for 4 s$"):
        await machine.hears(child)

    assert first == []
    assert asked_at == pytest.approx(500)
    assert now() == pytest.approx(504)


async def test_what_a_waking_child_says_meanwhile_is_not_lost() -> None:
    machine, child = await beating()
    machine.supervisor.expect_silence()
    loop = asyncio.get_running_loop()
    loop.call_later(5, child.says, "one")
    loop.call_later(5, machine.supervisor.expect_waking)
    loop.call_later(6, child.says, "two")

    heard: list[str] = []
    while len(heard) < 2:
        heard += await machine.hears(child)

    assert heard == ["one", "two"]
