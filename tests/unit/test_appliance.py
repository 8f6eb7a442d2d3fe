"""The appliance run's own parts that need no virtual machine: its table, its line to the guest, its agent."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.appliance.first_hour import sample
from tests.appliance.guest.agent import LATE, obey
from tests.appliance.guest_link import GuestError, GuestLink
from tests.appliance.image import Image
from tests.appliance.listening import changes, longest_lit_ms
from tests.appliance.machine import BOOT_S, KVM_BOOT_S, Machine
from tests.appliance.qemu import Process
from tests.appliance.table import Row, table


def test_the_table_says_what_was_seen_how_long_it_took_and_how_many_passed() -> None:
    text = table([Row("start", "READY=1", True, 3.2), Row("kill -9", "word " * 30, False, 61.0)])

    lines = text.splitlines()
    assert lines[1] == "pass  start      3 s  READY=1"
    assert lines[2].startswith("FAIL  kill -9   61 s  word word")
    assert lines[3].startswith(" " * 22 + "word")
    assert lines[-1] == "1 of 2 passed in 64 s"


def test_a_watched_line_is_read_as_times_and_levels() -> None:
    seen = changes("0 0\n1520 1\n1999 0\n2100 1\n2150 0")

    assert seen[:3] == [(0, False), (1520, True), (1999, False)]
    assert longest_lit_ms(seen) == 479
    assert longest_lit_ms([]) == 0


def test_the_agent_tells_status_and_both_streams_of_a_command() -> None:
    told: list[dict[str, object]] = []

    obey({"id": 4, "command": "echo out; echo err >&2; exit 3", "within_s": 10}, told.append, cwd="/")

    assert told == [{"id": 4, "status": 3, "output": "out\nerr\n"}]


def test_the_agent_ends_a_command_that_takes_too_long_with_all_it_started() -> None:
    told: list[dict[str, object]] = []

    obey({"id": 5, "command": "sleep 600 & sleep 600", "within_s": 0.05}, told.append, cwd="/")

    assert told == [{"id": 5, "status": LATE, "output": ""}]


@asynccontextmanager
async def _guest(folder: Path, *answers: dict[str, Any]) -> AsyncIterator[GuestLink]:
    """A link to a guest that says the first answer by itself, then one for each request, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, answer in enumerate(answers):
            request = json.loads(await reader.readline()) if number else {}
            writer.write(b"not for us\n" + json.dumps(request | answer).encode() + b"\n")
        await reader.readline()
        writer.close()

    server = await asyncio.start_unix_server(serve, folder / "agent")
    link = GuestLink()
    async with asyncio.TaskGroup() as group, server:
        reading = group.create_task(link.run(folder / "agent"))
        yield link
        reading.cancel()


def test_a_command_gets_the_answer_with_its_number(tmp_path: Path) -> None:
    async def scene() -> None:
        async with _guest(tmp_path, {"boot": "first"}, {"status": 0, "output": "six"}) as link:
            await link.booted(None, 5)

            result = await link.ask("echo six", 5)

            assert (link.boot, result.status, result.output) == ("first", 0, "six")

    asyncio.run(scene())


def test_a_machine_that_goes_away_fails_what_was_asked_of_it(tmp_path: Path) -> None:
    async def scene() -> None:
        async with _guest(tmp_path, {"boot": "first"}) as link:
            await link.booted(None, 5)

            with pytest.raises(GuestError, match="gone"):
                await link.ask("sleep 5", 5)
            with pytest.raises(GuestError, match="off"):
                await link.ask("true", 5)

    asyncio.run(scene())


def test_the_same_boot_is_not_another_one(tmp_path: Path) -> None:
    async def scene() -> None:
        async with _guest(tmp_path, {"boot": "first"}) as link:
            await link.booted(None, 5)

            with pytest.raises(GuestError, match="not up within"):
                await link.booted("first", 0.05)

    asyncio.run(scene())


# ---------------------------------------------------------------------- how the machine comes up


class FakeProcess:
    """A QEMU that runs until it is killed, or has ended by itself.

    Attributes:
        lines: the connections to the guest's agent.
        server: where its agent is reached.
    """

    def __init__(self, status: int | None = None) -> None:
        self.returncode = status
        self.lines: list[asyncio.StreamWriter] = []
        self.server: asyncio.Server | None = None
        self._over = asyncio.Event()
        if status is not None:
            self._over.set()

    def kill(self) -> None:
        self.returncode = -9
        if self.server is not None:
            self.server.close()
        for line in self.lines:
            line.close()
        self._over.set()

    async def wait(self) -> int:
        await self._over.wait()
        assert self.returncode is not None
        return self.returncode


class FakeHypervisor:
    """A machine that does on each accelerator what a test says.

    Attributes:
        does: ``kvm`` and ``tcg`` -> comes ``up``, stays ``silent``, or the status it ``ends`` with.
        says: what each boot writes on the console.
        started: the accelerator and the time of every start.
        disks: how often the disk was made anew.
    """

    def __init__(self, **does: str | int) -> None:
        self.does = does
        self.says = ""
        self.started: list[tuple[str, float]] = []
        self.disks = 0

    def make_disk(self, base: Path, disk: Path) -> None:
        assert base != disk
        self.disks += 1

    async def offers_kvm(self) -> bool:
        return "kvm" in self.does

    async def start(self, *words: str) -> Process:
        line = " ".join(words)
        accelerator = "kvm" if "-accel kvm" in line else "tcg"
        self.started.append((accelerator, asyncio.get_running_loop().time()))
        does = self.does[accelerator]
        if isinstance(does, int):
            return FakeProcess(does)
        (agent,) = re.findall(r"id=agent,path=([^,]+)", line)
        (console,) = re.findall(r"id=console,path=([^,]+)", line)
        _append(Path(console), self.says.format(accelerator))
        process = FakeProcess()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            process.lines.append(writer)
            if does == "up":
                writer.write(json.dumps({"boot": f"boot {len(self.started)}"}).encode() + b"\n")
                await writer.drain()

        process.server = await asyncio.start_unix_server(answer, agent)
        return process


def _append(file: Path, text: str) -> None:
    with file.open("a") as opened:
        opened.write(text)


def _machine(folder: Path, hypervisor: FakeHypervisor) -> tuple[Machine, list[str]]:
    said: list[str] = []
    image = Image(folder / "disk", folder / "kernel", folder / "initrd")
    return Machine(image, folder, folder / "delivery", said.append, hypervisor), said


async def test_a_machine_that_comes_up_on_kvm_stays_there(tmp_path: Path) -> None:
    hypervisor = FakeHypervisor(kvm="up", tcg="up")
    machine, said = _machine(tmp_path, hypervisor)
    async with machine:
        await machine.power_on()

    assert [accelerator for accelerator, _ in hypervisor.started] == ["kvm"]
    assert (said, hypervisor.disks) == ([], 1)


async def test_a_machine_that_gets_nowhere_on_kvm_goes_on_emulated_and_says_so(tmp_path: Path) -> None:
    hypervisor = FakeHypervisor(kvm="silent", tcg="up")
    hypervisor.says = "hello from {}\n\n"
    machine, said = _machine(tmp_path, hypervisor)
    async with machine:
        await machine.power_on()

        assert [accelerator for accelerator, _ in hypervisor.started] == ["kvm", "tcg"]
        assert hypervisor.started[1][1] == pytest.approx(KVM_BOOT_S, abs=0.1)
        assert machine.accelerator[1].startswith("tcg")
        # The second begins with an untouched disk and its own console.
        assert hypervisor.disks == 2
        assert machine.console.read_text() == "hello from tcg\n\n"
    (line,) = said
    assert "not up within 60 s" in line
    assert "ends with 'hello from kvm'" in line
    assert line.endswith("going on emulated, which is slow")
    assert "\n" not in line


async def test_a_kvm_that_ends_the_machine_is_not_waited_for(tmp_path: Path) -> None:
    hypervisor = FakeHypervisor(kvm=1, tcg="up")
    machine, said = _machine(tmp_path, hypervisor)
    async with machine:
        await machine.power_on()

    assert hypervisor.started[1] == ("tcg", 0.0)
    assert "QEMU ended with status 1" in said[0]
    assert "its console is empty" in said[0]


async def test_without_kvm_it_is_emulated_from_the_start(tmp_path: Path) -> None:
    hypervisor = FakeHypervisor(tcg="up")
    machine, said = _machine(tmp_path, hypervisor)
    async with machine:
        await machine.power_on()

    assert (hypervisor.started, said) == ([("tcg", 0.0)], [])


@pytest.mark.parametrize("does", [{"tcg": "silent"}, {"kvm": "silent", "tcg": "silent"}])
async def test_a_failure_to_come_up_shows_the_end_of_the_console(
    tmp_path: Path, does: dict[str, str]
) -> None:
    hypervisor = FakeHypervisor(**does)
    hypervisor.says = "".join(f"line {number}\n" for number in range(40)) + "Kernel panic on {}\n"
    machine, _ = _machine(tmp_path, hypervisor)
    async with machine:
        with pytest.raises(GuestError, match=f"not up within {BOOT_S:g} s") as caught:
            await machine.power_on()

    lines = str(caught.value).splitlines()
    assert lines[0].endswith("its console ends with:")
    assert lines[1:] == [*(f"line {number}" for number in range(26, 40)), "Kernel panic on tcg"]


async def test_what_was_up_on_kvm_once_is_not_emulated_later(tmp_path: Path) -> None:
    hypervisor = FakeHypervisor(kvm="up", tcg="up")
    machine, said = _machine(tmp_path, hypervisor)
    async with machine:
        await machine.power_on()
        await machine.power_cut()
        hypervisor.does["kvm"] = "silent"

        with pytest.raises(GuestError, match=f"not up within {BOOT_S:g} s; its console is empty"):
            await machine.power_on()

    # A scenario that breaks the machine must be seen to, and keeps its disk.
    assert [accelerator for accelerator, _ in hypervisor.started] == ["kvm", "kvm"]
    assert (said, hypervisor.disks) == ([], 1)


def test_the_settings_that_the_readme_shows_are_those_that_are_typed() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

    assert "board: respeaker-2mic" in sample(readme).splitlines()
    with pytest.raises(ValueError, match="no settings with a board"):
        sample("# A program\n\n```yaml\nservice: {}\n```\n")
