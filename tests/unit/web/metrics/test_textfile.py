"""The file is old or new, never half; one that cannot be written is told once; it goes with the daemon."""

from __future__ import annotations

import asyncio
import errno
import logging
import threading
from functools import partial
from pathlib import Path

import pytest

from ravatard.web.metrics.textfile import Textfile
from tests.unit.stages.fakes import running

# A test may look at its files between two writings.
# ruff: noqa: ASYNC240


class Text:
    """Text that says how often it was asked for."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> bytes:
        self.count += 1
        return f"figures {self.count}\n".encode()


async def test_the_file_is_written_every_so_often_and_goes_at_the_end(tmp_path: Path) -> None:
    file, text = tmp_path / "ravatard.prom", Text()
    seen = []
    async with running(partial(Textfile(file, 15.0).keep, text)):
        for _ in range(3):
            await asyncio.sleep(10.0)
            seen.append(file.read_text())
        assert file.stat().st_mode & 0o777 == 0o644
        assert list(tmp_path.iterdir()) == [file]

    assert seen == ["figures 1\n", "figures 2\n", "figures 3\n"]
    assert list(tmp_path.iterdir()) == []


async def test_a_link_in_the_way_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / "a.prom.new").symlink_to(other)

    async with running(partial(Textfile(tmp_path / "a.prom", 15.0).keep, Text())):
        await asyncio.sleep(1.0)

        assert (tmp_path / "a.prom").read_text() == "figures 1\n"
    assert other.read_text() == "mine"


async def test_a_file_system_without_modes_is_written_to_and_costs_no_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no modes here")

    monkeypatch.setattr("os.fchmod", refused)
    textfile = Textfile(tmp_path / "a.prom", 15.0)
    async with running(partial(textfile.keep, Text())):
        await asyncio.sleep(1.0)
        before = list(Path("/proc/self/fd").iterdir())
        await asyncio.sleep(60.0)

        assert textfile.fault == ""
        assert (tmp_path / "a.prom").read_text() == "figures 5\n"
        assert len(list(Path("/proc/self/fd").iterdir())) == len(before)


async def test_a_machine_without_threads_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    textfile = Textfile(tmp_path / "a.prom", 15.0)
    async with running(partial(textfile.keep, Text())):
        with monkeypatch.context() as patch:
            patch.setattr("asyncio.to_thread", refused)
            await asyncio.sleep(20.0)
            assert "can't start new thread" in textfile.fault
        await asyncio.sleep(20.0)

        assert textfile.fault == ""


@pytest.mark.integration
async def test_a_file_system_that_takes_its_time_stops_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, replaced = threading.Event(), threading.Event(), threading.Event()
    replace = Path.replace

    def slow(path: Path, target: Path) -> Path:
        begun.set()
        go_on.wait(10.0)
        moved = replace(path, target)
        replaced.set()
        return moved

    monkeypatch.setattr(Path, "replace", slow)
    async with running(partial(Textfile(tmp_path / "a.prom", 15.0).keep, Text())):
        # The loop gets on with other things.
        await asyncio.to_thread(begun.wait, 10.0)
        assert not (tmp_path / "a.prom").exists()
    # What is written after the end goes, too.
    go_on.set()
    await asyncio.get_running_loop().shutdown_default_executor()

    assert replaced.is_set()
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_is_missing_is_told_once_and_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    folder = tmp_path / "later"
    textfile = Textfile(folder / "a.prom", 15.0)
    async with running(partial(textfile.keep, Text())):
        await asyncio.sleep(40.0)
        assert "cannot be written" in textfile.fault
        assert "metrics.textfile" in textfile.fault
        folder.mkdir()
        await asyncio.sleep(15.0)

        assert (folder / "a.prom").read_text() == "figures 4\n"
    assert textfile.fault == ""
    told = [record.levelname for record in caplog.records if record.name.startswith("ravatard")]
    assert told == ["WARNING", "INFO"]


@pytest.mark.parametrize(
    ("number", "service", "remedy"),
    [
        (
            errno.EROFS,
            True,
            "`sudo systemctl edit ravatard`, with the lines [Service] and ReadWritePaths=FOLDER;",
        ),
        (errno.EACCES, False, "make the folder FOLDER one that you may write to"),
        (errno.ENOSPC, True, "make room for it"),
    ],
)
async def test_the_remedy_names_the_line_to_write(
    number: int, service: bool, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise OSError(number, "refused")

    monkeypatch.setattr("ravatard.web.metrics.textfile.is_services", lambda: service)
    monkeypatch.setattr("os.open", refused)
    textfile = Textfile(tmp_path / "a.prom", 15.0)
    async with running(partial(textfile.keep, Text())):
        await asyncio.sleep(1.0)

        assert remedy.replace("FOLDER", str(tmp_path)) in textfile.fault
