from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ravatard.core.actions import Press, Release
from ravatard.devices.microphone.protocol import PROTOCOL, encode
from ravatard.devices.process.pipes import DaemonGone, PipeWriter, RecordReader


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    """Both ends of a pipe; a test that closes one empties the list of it."""
    ends = list(os.pipe())
    yield ends
    for fd in ends:
        os.close(fd)


def test_what_is_put_arrives(pipe: list[int]) -> None:
    outbox = PipeWriter(pipe[1])

    outbox.put(b"hello")

    assert os.read(pipe[0], 100) == b"hello"
    assert outbox.pending == 0


def test_a_full_pipe_costs_no_time_and_no_sound(pipe: list[int]) -> None:
    outbox = PipeWriter(pipe[1])
    sound = os.urandom(200_000)

    outbox.put(sound)
    waiting = outbox.pending
    arrived = b""
    while len(arrived) < len(sound):
        arrived += os.read(pipe[0], 1 << 16)
        outbox.put(b"")

    assert waiting > 0
    assert arrived == sound


def test_a_daemon_that_has_not_read_for_minutes_is_gone(pipe: list[int]) -> None:
    outbox = PipeWriter(pipe[1])

    def talk() -> None:
        for _ in range(100):
            outbox.put(bytes(1 << 16))

    with pytest.raises(DaemonGone):
        talk()


def test_a_daemon_that_closed_its_end_is_gone(pipe: list[int]) -> None:
    os.close(pipe.pop(0))
    outbox = PipeWriter(pipe[0])

    with pytest.raises(DaemonGone):
        outbox.put(b"hello")


def test_draining_writes_the_last_word(pipe: list[int]) -> None:
    outbox = PipeWriter(pipe[1])
    outbox.put(bytes(100_000))
    os.read(pipe[0], 1 << 16)

    outbox.drain()

    assert outbox.pending == 0


def test_commands_come_in_order(pipe: list[int]) -> None:
    os.write(pipe[1], encode(Press()) + encode(Release()) + encode(Press())[:2])

    assert RecordReader(pipe[0], PROTOCOL).read() == [Press(), Release()]


def test_the_end_of_the_pipe_is_the_end_of_the_daemon(pipe: list[int]) -> None:
    os.close(pipe.pop())

    with pytest.raises(DaemonGone):
        RecordReader(pipe[0], PROTOCOL).read()
