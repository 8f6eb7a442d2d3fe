"""Lines from pipes and files, however they are cut."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.cli.chat.input import Lines, LineTooLong
from tests.unit.stages.fakes import running
from tests.virtual_time import VirtualTimeLoop, run


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


async def all_of(lines: Lines) -> list[str]:
    found = []
    while (line := await lines.next()) is not None:
        found.append(line)
    return found


async def test_lines_come_as_they_are_and_the_last_needs_no_end(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], "\ufeffone\r\n\nzwei ü\nthree".encode())
    os.close(pipe[1])

    assert await all_of(Lines(pipe[0])) == ["one", "", "zwei ü", "three"]


async def test_a_file_can_be_read_though_it_cannot_be_waited_for(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("one\ntwo\n")
    fd = os.open(tmp_path / "lines", os.O_RDONLY)

    assert await all_of(Lines(fd)) == ["one", "two"]
    os.close(fd)


async def test_a_descriptor_that_is_not_open_has_no_lines(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])

    assert await all_of(Lines(pipe[0])) == []


async def test_cancelling_loses_nothing(pipe: tuple[int, int]) -> None:
    lines = Lines(pipe[0])
    os.write(pipe[1], b"on")
    async with running(lines.next):
        await asyncio.sleep(0.1)
    os.write(pipe[1], b"e\n")

    assert await lines.next() == "one"


async def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(bytes(200_000))
    fd = os.open(tmp_path / "zeros", os.O_RDONLY)

    with pytest.raises(LineTooLong):
        await Lines(fd).next()
    os.close(fd)


@given(st.lists(st.binary(max_size=30), max_size=6))
def test_it_does_not_matter_how_the_bytes_are_cut(pieces: list[bytes]) -> None:
    async def read_in_pieces() -> list[str]:
        ours, theirs = os.pipe()
        lines, found = Lines(ours), []
        try:
            for piece in pieces:
                os.write(theirs, piece)
                await asyncio.sleep(0.001)
            os.close(theirs)
            found = await all_of(lines)
        finally:
            os.close(ours)
        return found

    whole = b"".join(pieces).decode("utf-8-sig", "replace")
    expected = [line.removesuffix("\r") for line in whole.split("\n")]
    if whole.endswith("\n") or not whole:
        expected.pop()
    elif expected:
        expected[-1] = whole.rpartition("\n")[2]

    assert run(read_in_pieces(), VirtualTimeLoop) == expected
