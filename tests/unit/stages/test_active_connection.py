"""A newer connection takes over in a quiet moment, and nothing is lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio_format import silence
from ravatard.errors import AuthError, LinkError
from ravatard.stages.active_connection import QUIET_S, REOPEN_S
from tests.unit.stages.fakes import CAPABILITIES, FakeCloud, running
from tests.unit.stages.test_uplink import Line as Uplink

CHUNK = silence(4096)


class Line(Uplink):
    """An uplink that is online, and what it told the hub since."""

    @property
    def moved(self) -> bool:
        return self.cloud.connections == 2 and self.cloud.log.count("closed") == 1


@asynccontextmanager
async def online() -> AsyncIterator[Line]:
    line = Line()
    async with running(line.run):
        await line.told()
        yield line


async def test_a_quiet_line_moves_at_once_and_tells_nothing() -> None:
    async with online() as line:
        line.cloud.renewed.set()
        told = await line.told()

        assert line.moved
        assert told == []


async def test_the_newer_connection_is_open_before_the_older_is_closed() -> None:
    async with online() as line:
        line.cloud.connect_s = 5.0
        line.cloud.renewed.set()
        await asyncio.sleep(4.9)
        line.outbox.put(act.SendText(1, "hi"))
        await line.told()

        assert line.cloud.log == ["text hi"]


@pytest.mark.parametrize(
    ("answered", "moves_after_s"), [(True, QUIET_S), (False, CAPABILITIES.answer_timeout_s)]
)
async def test_a_line_with_an_open_question_waits_for_its_answer(
    answered: bool, moves_after_s: float
) -> None:
    async with online() as line:
        line.outbox.put(act.SendAudio(1, CHUNK, 0.0))
        line.outbox.put(act.SendAudio(1, CHUNK, 0.0))
        await line.told()
        line.cloud.renewed.set()
        if answered:
            line.cloud.says.put_nowait(ev.Answered("hello"))
        await asyncio.sleep(moves_after_s - 0.1)
        before = line.moved
        await asyncio.sleep(0.7)

        assert (before, line.moved) == (False, True)


async def test_the_end_of_a_turn_that_follows_its_answer_is_not_waited_for_again() -> None:
    async with online() as line:
        line.outbox.put(act.SendAudio(1, CHUNK, 0.0))
        await line.told()
        line.cloud.says.put_nowait(ev.Answered("hello"))
        await line.told()
        line.outbox.put(act.SendAudio(1, CHUNK, 0.0))
        await line.told()
        line.cloud.renewed.set()
        await asyncio.sleep(QUIET_S + 0.6)

        assert line.moved


async def test_a_message_on_its_way_keeps_the_line() -> None:
    async with online() as line:
        line.cloud.send_s = 4.0
        line.outbox.put(act.SendText(1, "hi"))
        await line.told()
        line.cloud.renewed.set()
        await asyncio.sleep(3.9)

        assert not line.moved


async def test_a_newer_connection_that_cannot_be_had_is_tried_again_while_the_older_works() -> None:
    async with online() as line:
        line.cloud.refusals = [LinkError("no way"), LinkError("no way")]
        line.cloud.renewed.set()
        await asyncio.sleep(REOPEN_S * 2 + 0.1)

        assert line.cloud.connections == 4
        assert line.cloud.log == ["closed"]
        assert await line.told() == []


async def test_a_refusal_for_a_person_ends_the_line() -> None:
    async with online() as line:
        line.cloud.refusals = [AuthError("who?")]
        line.cloud.renewed.set()

        assert [type(event) for event in await line.told()] == [ev.LinkDenied]


async def test_what_changed_in_the_service_is_told() -> None:
    async with online() as line:
        changed = replace(CAPABILITIES, language="fr")
        old = line.cloud
        newer = FakeCloud()
        newer.capabilities = changed
        old.connect = newer.connect  # type: ignore[method-assign]
        old.renewed.set()

        assert await line.told() == [ev.LinkOnline(changed)]
        assert old.log == ["closed"]


async def test_an_older_connection_that_breaks_before_the_move_closes_both() -> None:
    async with online() as line:
        line.outbox.put(act.SendText(1, "hi"))
        await line.told()
        line.cloud.renewed.set()
        await line.told()
        line.cloud.says.put_nowait(LinkError("it broke"))
        told = await line.told()

        assert isinstance(told[-1], ev.LinkOffline)
        assert line.cloud.log.count("closed") == line.cloud.connections == 2


@pytest.mark.parametrize("after_s", [0.0, 0.5, 1.0, 5.0])
async def test_it_can_be_cancelled_at_every_step_of_a_move(after_s: float) -> None:
    async with online() as line:
        line.outbox.put(act.SendText(1, "hi"))
        line.cloud.connect_s = 1.0
        line.cloud.renewed.set()
        await asyncio.sleep(after_s)

    assert line.cloud.log.count("closed") == (1 if after_s < 1.0 else 2)


@pytest.mark.parametrize("said", [ev.TurnFailed("no recogniser"), ev.NothingSaid(), ev.Answered("hello")])
async def test_a_turn_that_will_not_be_answered_is_not_waited_for(said: ev.ServiceMessage) -> None:
    async with online() as line:
        line.outbox.put(act.SendText(1, "hi"))
        await line.told()
        line.cloud.renewed.set()
        line.cloud.says.put_nowait(ev.ServiceHearing(True, "no ear"))
        await asyncio.sleep(QUIET_S + 1.0)
        before = line.moved
        line.cloud.says.put_nowait(said)
        await asyncio.sleep(QUIET_S + 1.0)

        assert (before, line.moved) == (False, True)


async def test_a_cancelled_utterance_is_not_waited_for() -> None:
    async with online() as line:
        line.cloud.capabilities = replace(CAPABILITIES, marks_utterances=True)
        line.outbox.put(act.SendAudio(1, CHUNK, 0.0))
        await line.told()
        line.cloud.renewed.set()
        line.outbox.put(act.CancelUtterance(1))
        await asyncio.sleep(QUIET_S + 1.0)

        assert line.moved
