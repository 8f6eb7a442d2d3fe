from __future__ import annotations

import os
from array import array
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ravatard.devices.echo.ring import RING_BYTES, RING_FRAMES, EchoRing, EchoWriter, make_ring


@pytest.fixture
def fd() -> Iterator[int]:
    number = make_ring()
    yield number
    os.close(number)


def numbered(first: int, count: int) -> bytes:
    return array("h", [at % 30_000 + 1 for at in range(first, first + count)]).tobytes()


def test_an_empty_ring_is_silent(fd: int) -> None:
    ring = EchoRing(fd)

    assert ring.state() is None
    assert ring.read(0, 10) == bytes(20)


def test_what_was_written_is_read_with_its_time(fd: int) -> None:
    writer, ring = EchoWriter(fd), EchoRing(fd)

    for block in range(3):
        writer.write(numbered(block * 480, 480), 480, 7.0 + block * 0.01)

    state = ring.state()
    assert state is not None
    assert state.frames == 1_440
    assert state.frame_at(7.02) == pytest.approx(960)
    assert ring.read(100, 1_000) == numbered(100, 1_000)


def test_before_and_after_there_are_zeros(fd: int) -> None:
    writer, ring = EchoWriter(fd), EchoRing(fd)
    writer.write(numbered(0, 480), 480, 1.0)

    assert ring.read(-5, 10) == bytes(10) + numbered(0, 5)
    assert ring.read(470, 20) == numbered(470, 10) + bytes(20)


def test_silence_is_not_written_but_read(fd: int) -> None:
    writer, ring = EchoWriter(fd), EchoRing(fd)
    for lap in range(3):
        for block in range(300):
            writer.write(numbered(0, 480), 480, (lap * 400 + block) / 100)
        writer.skip(480 * 50)
        writer.write(None, 480 * 50, lap * 4 + 3.5)

    state = ring.state()

    assert state is not None
    assert ring.read(state.frames - 48_000, 48_000) == bytes(96_000)
    assert ring.read(state.frames - 48_480, 480) == numbered(0, 480)


def test_after_silence_the_sound_stands_where_it_belongs(fd: int) -> None:
    writer, ring = EchoWriter(fd), EchoRing(fd)
    writer.write(numbered(0, 480), 480, 0.0)
    writer.skip(960)

    writer.write(numbered(0, 480), 480, 0.03)

    assert ring.read(0, 1_920) == numbered(0, 480) + bytes(1_920) + numbered(0, 480)


def test_what_is_overwritten_is_silence_and_not_something_else(fd: int) -> None:
    writer, ring = EchoWriter(fd), EchoRing(fd)

    for block in range(400):
        writer.write(numbered(block * 480, 480), 480, block / 100)

    assert ring.read(0, 480) == bytes(960)
    assert ring.read(400 * 480 - 50_000, 50_000) == numbered(400 * 480 - 50_000, 50_000)
    assert 400 * 480 > RING_FRAMES


def test_the_next_writer_goes_on_where_the_last_one_was_killed(fd: int) -> None:
    EchoWriter(fd).write(numbered(0, 480), 480, 1.0)

    EchoWriter(fd).write(numbered(480, 480), 480, 9.0)

    assert EchoRing(fd).read(0, 960) == numbered(0, 960)


def test_half_a_state_is_not_believed(fd: int) -> None:
    writer, ring = EchoWriter(fd), EchoRing(fd)
    writer.write(None, 480, 1.0)
    writer.write(None, 480, 1.01)

    os.pwrite(fd, b"\xff" * 10, 8)

    state = ring.state()
    assert state is not None
    assert state.number == 1


@given(st.binary(min_size=128, max_size=128))
def test_any_other_memory_is_no_state(noise: bytes) -> None:
    number = os.memfd_create("noise")
    os.ftruncate(number, RING_BYTES)
    os.pwrite(number, noise, 0)

    state = EchoRing(number).state()
    os.close(number)

    assert state is None or state.number
