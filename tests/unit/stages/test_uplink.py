"""The link comes back by itself, sends in order, and never loses a cancellation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio_format import silence
from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.capabilities import Capabilities
from ravatard.core.states import Refusal
from ravatard.errors import (
    AuthError,
    BusyError,
    DeniedError,
    LinkError,
    LinkTimeout,
    MoneyError,
    NoSessionError,
    PeerError,
    TurnError,
)
from ravatard.stages.mailbox import Inbox, Outbox
from ravatard.stages.uplink import DENIED_PAUSES_S, uplink
from tests.unit.stages.fakes import CAPABILITIES, FakeCloud, running

CHUNK = silence(4096)


class Line:
    """An uplink with a fake cloud, and what it told the hub."""

    def __init__(self) -> None:
        self.cloud, self.outbox, self.inbox = FakeCloud(), Outbox(), Inbox()

    async def run(self) -> None:
        await uplink(self.cloud, self.outbox, self.inbox, Backoff(BackoffOptions(), lambda: 1.0))

    async def told(self) -> list[Any]:
        await asyncio.sleep(0.001)
        told = []
        while not self.inbox._queue.empty():
            told.append(await self.inbox.get())
        return told


async def test_connecting_and_being_online_are_told() -> None:
    line = Line()

    async with running(line.run):
        assert await line.told() == [ev.LinkConnecting(), ev.LinkOnline(CAPABILITIES)]


async def test_the_outbox_is_sent_in_its_order_and_each_message_told() -> None:
    line = Line()

    async with running(line.run):
        for action in (act.StartSession(1), act.SendAudio(1, CHUNK, 7.0), act.SendText(2, "hi")):
            line.outbox.put(action)
        told = (await line.told())[2:]

    assert line.cloud.log[:4] == ["start", "started", "audio 8192", "text hi"]
    assert isinstance(told[0], ev.SessionStarted)
    assert [(m.turn, m.read_at) for m in told[1:]] == [(1, 7.0), (2, None)]


async def test_ending_and_forgetting_a_session_reach_the_cloud() -> None:
    line = Line()

    async with running(line.run):
        line.outbox.put(act.EndSession("idle"))
        line.outbox.put(act.EndSession("expired", gone=True))
        await line.told()

        assert line.cloud.log == ["end", "forget"]


async def test_what_the_service_says_is_told() -> None:
    line = Line()

    async with running(line.run):
        line.cloud.says.put_nowait(ev.Answered("hello"))

        assert (await line.told())[-1] == ev.Answered("hello")


@pytest.mark.parametrize(
    ("error", "refusal", "retry_after_s"),
    [
        (BusyError("busy", retry_after_s=9.0), Refusal.BUSY, 9.9),
        (LinkTimeout("slow"), Refusal.TIMEOUT, None),
        (MoneyError("broke"), Refusal.MONEY, None),
        (AuthError("who"), Refusal.DENIED, None),
        (LinkError("cut"), Refusal.FAILED, None),
        (PeerError("odd"), Refusal.FAILED, None),
    ],
)
async def test_a_refused_session_is_told_with_its_kind(
    error: Any, refusal: Refusal, retry_after_s: float | None
) -> None:
    line = Line()
    line.cloud.session_errors = [error]

    async with running(line.run):
        line.outbox.put(act.StartSession(1))

        assert (await line.told())[-1] == ev.SessionRefused(refusal, str(error), retry_after_s)


async def test_waits_grow_while_nothing_can_be_reached() -> None:
    line = Line()
    line.cloud.refusals = [LinkError("no way") for _ in range(5)]
    loop = asyncio.get_running_loop()

    async with running(line.run):
        waits = []
        for _ in range(4):
            offline = next(e for e in await line.told() if isinstance(e, ev.LinkOffline))
            waits.append(offline.retry_s)
            await asyncio.sleep(offline.retry_s)

    assert waits == pytest.approx([1.0, 2.1, 5.061, 15.82], abs=0.01)
    assert loop.time() < 26.0


async def test_a_socket_that_breaks_is_told_and_opened_again() -> None:
    line = Line()

    async with running(line.run):
        await line.told()
        line.cloud.says.put_nowait(LinkError("it broke"))
        (offline,) = await line.told()
        await asyncio.sleep(offline.retry_s)
        told = await line.told()

    assert offline.reason == "it broke."
    assert told == [ev.LinkConnecting(), ev.LinkOnline(CAPABILITIES)]


async def test_a_service_that_hangs_up_in_good_order_is_offline_too() -> None:
    line = Line()

    async with running(line.run):
        await line.told()
        line.cloud.says.put_nowait(None)

        (offline,) = await line.told()

    assert "ended the connection" in offline.reason


@pytest.mark.parametrize(
    ("error", "refusal"), [(MoneyError("no money"), Refusal.MONEY), (DeniedError("no"), Refusal.DENIED)]
)
async def test_a_refusal_for_a_person_is_tried_again_soon_and_then_less_often(
    error: DeniedError, refusal: Refusal
) -> None:
    line = Line()
    line.cloud.refusals = [error] * (len(DENIED_PAUSES_S) + 3)

    async with running(line.run):
        assert (await line.told())[-1] == ev.LinkDenied(str(error), refusal)
        for attempts, pause_s in enumerate([*DENIED_PAUSES_S, DENIED_PAUSES_S[-1]], start=1):
            # A tenth more by the dice: a fleet that is refused does not ask again in one second.
            await asyncio.sleep(1.1 * pause_s - 1.0)
            assert line.cloud.connections == attempts
            await asyncio.sleep(1.0)
            assert line.cloud.connections == attempts + 1


def test_a_refused_appliance_asks_within_ten_minutes_for_ever() -> None:
    assert list(DENIED_PAUSES_S) == sorted(DENIED_PAUSES_S)
    assert DENIED_PAUSES_S[0] <= 10.0
    assert DENIED_PAUSES_S[-1] <= 600.0


async def test_a_refusal_outranks_the_link_that_broke_with_it() -> None:
    line = Line()
    line.cloud.maintain_error = AuthError("the project is gone")

    async with running(line.run):
        assert (await line.told())[-1] == ev.LinkDenied("the project is gone", Refusal.DENIED)


async def test_a_message_that_may_have_been_half_sent_drops_its_turn() -> None:
    line = Line()
    line.cloud.send_errors = [LinkError("it broke")]

    async with running(line.run):
        line.outbox.put(act.SendAudio(3, CHUNK, 0.0))
        told = await line.told()

    assert [type(event) for event in told[2:4]] == [ev.UtteranceDropped, ev.LinkOffline]
    assert told[2].turn == 3


async def test_a_session_start_interrupted_by_the_link_is_wanted_again_before_what_follows_it() -> None:
    line = Line()
    line.cloud.start_s = 5.0

    async with running(line.run):
        line.outbox.put(act.StartSession(1))
        line.outbox.put(act.SendAudio(1, CHUNK, 0.0))
        await asyncio.sleep(1.0)
        line.cloud.says.put_nowait(LinkError("it broke"))
        await asyncio.sleep(10.0)

    assert line.cloud.log[:5] == ["start", "closed", "start", "started", "audio 8192"]


async def test_a_session_is_ended_while_there_is_no_link() -> None:
    line = Line()
    line.cloud.refusals = [LinkError("no way") for _ in range(20)]

    async with running(line.run):
        await asyncio.sleep(30.0)
        line.outbox.put(act.SendAudio(1, CHUNK, 0.0))
        line.outbox.put(act.EndSession("idle"))
        await asyncio.sleep(0.01)

        assert line.cloud.log == ["end"]


@pytest.mark.parametrize("after_s", [0.0, 0.5, 1.0, 1.2, 1.5, 1.9, 2.0, 2.5, 3.1, 4.0])
async def test_it_can_be_cancelled_at_every_await(after_s: float) -> None:
    line = Line()
    line.cloud.connect_s, line.cloud.start_s, line.cloud.send_s = 1.0, 0.9, 0.5
    line.outbox.put(act.StartSession(1))
    line.outbox.put(act.SendAudio(1, CHUNK, 0.0))

    async with running(line.run) as task:
        await asyncio.sleep(after_s)

    assert task.cancelled()


@pytest.mark.parametrize("after_s", [0.9999, 1.0, 1.0001])
async def test_a_cancellation_in_the_moment_the_link_breaks_is_not_lost(after_s: float) -> None:
    line = Line()
    line.cloud.maintain_s, line.cloud.maintain_error = 0.999, LinkError("it broke")

    async with running(line.run) as task:
        await asyncio.sleep(after_s - 0.001)

    assert task.cancelled()


# ---------------------------------------------------------------- a service that is told


TOLD = replace(CAPABILITIES, marks_utterances=True, interrupts=True)
UTTERANCE = (act.SendAudio(1, CHUNK, 7.0), act.SendAudio(1, CHUNK, None), act.EndUtterance(1))


@pytest.mark.parametrize(
    ("capabilities", "sent"), [(TOLD, ["audio 8192", "end"]), (CAPABILITIES, ["audio 8192", "audio 8192"])]
)
async def test_each_service_gets_the_end_of_an_utterance_as_it_wants_it(
    capabilities: Capabilities, sent: list[str]
) -> None:
    line = Line()
    line.cloud.capabilities = capabilities

    async with running(line.run):
        for action in UTTERANCE:
            line.outbox.put(action)
        told = await line.told()

        assert line.cloud.log == sent
        assert len([one for one in told if isinstance(one, ev.MessageSent)]) == len(sent)


async def test_what_is_half_sent_is_cancelled_ahead_of_what_follows() -> None:
    line = Line()
    line.cloud.capabilities = TOLD
    line.cloud.send_s = 1.0

    async with running(line.run):
        for action in (act.SendAudio(1, CHUNK, 7.0), act.SendAudio(1, CHUNK, 7.0), act.SendText(2, "hi")):
            line.outbox.put(action)
        await asyncio.sleep(0.5)
        line.outbox.put(act.DropTurn(1))
        line.outbox.put(act.CancelUtterance(1))
        await asyncio.sleep(3.0)

        assert line.cloud.log == ["audio 8192", "cancel", "text hi"]


async def test_a_service_that_listens_is_not_told_what_was_to_be_cancelled_before_it_was_known() -> None:
    line = Line()

    async with running(line.run):
        line.outbox.put(act.SendAudio(1, CHUNK, 7.0))
        await line.told()
        line.outbox.put(act.DropTurn(1))
        line.outbox.put(act.CancelUtterance(1))
        line.outbox.put(act.SendText(2, "hi"))
        await line.told()

        assert line.cloud.log == ["audio 8192", "text hi"]


async def test_a_cancellation_that_cannot_be_sent_costs_nothing() -> None:
    line = Line()
    line.cloud.capabilities = TOLD

    async with running(line.run):
        line.outbox.put(act.SendAudio(1, CHUNK, 7.0))
        await line.told()
        line.cloud.send_errors = [NoSessionError("there is none")]
        line.outbox.put(act.CancelUtterance(1))
        line.outbox.put(act.SendText(2, "hi"))
        told = await line.told()

        assert [type(one) for one in told] == [ev.MessageSent]


@pytest.mark.parametrize("error", [NoSessionError("no session"), TurnError("no recogniser")])
async def test_a_turn_that_cannot_be_sent_is_dropped_and_the_link_stays(error: TurnError) -> None:
    line = Line()
    line.cloud.capabilities = TOLD
    line.cloud.send_errors = [error]

    async with running(line.run):
        for action in (*UTTERANCE, act.SendText(2, "hi")):
            line.outbox.put(action)
        told = (await line.told())[2:]

        assert told[0] == ev.UtteranceDropped(1, str(error))
        assert line.cloud.log == ["text hi"]
        assert line.cloud.connections == 1


async def test_an_interruption_overtakes_a_message_that_is_slow_and_all_that_wait() -> None:
    line = Line()
    line.cloud.capabilities = TOLD
    line.cloud.send_s = 5.0

    async with running(line.run):
        for turn in range(1, 5):
            line.outbox.put(act.SendText(turn, "hi"))
        await asyncio.sleep(1.0)
        line.outbox.put(act.Interrupt())
        await asyncio.sleep(0)
        await asyncio.sleep(0)

        assert line.cloud.log == ["interrupt"]


async def test_an_interruption_that_has_nothing_to_stop_is_none() -> None:
    line = Line()
    line.cloud.capabilities = TOLD
    line.cloud.interrupt_errors = [NoSessionError("there is none")]

    async with running(line.run):
        line.outbox.put(act.Interrupt())
        line.outbox.put(act.Interrupt())
        await line.told()
        line.outbox.put(act.Interrupt())
        await line.told()

        assert line.cloud.log == ["interrupt"]
        assert line.cloud.connections == 1


async def test_an_interruption_that_breaks_the_link_is_told() -> None:
    line = Line()
    line.cloud.interrupt_errors = [LinkError("it broke")]

    async with running(line.run):
        await line.told()
        line.outbox.put(act.Interrupt())
        (offline,) = await line.told()

        assert offline.reason == "it broke."


async def test_an_interruption_from_before_the_link_is_forgotten() -> None:
    line = Line()
    line.cloud.connect_s = 1.0

    async with running(line.run):
        line.outbox.put(act.Interrupt())
        line.outbox.put(act.SendText(1, "hi"))
        await asyncio.sleep(2.0)

        assert line.cloud.log == ["text hi"]
