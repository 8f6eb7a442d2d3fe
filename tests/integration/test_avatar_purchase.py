from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from ravatard.avatar_sdk.exit_guard import ExitGuard
from ravatard.avatar_sdk.failures import ConnectionLost
from ravatard.avatar_sdk.network_port import ApiRequest, WholeReply
from ravatard.avatar_sdk.purchase import Purchase

pytestmark = pytest.mark.integration

REQUEST = ApiRequest("POST", "http://box/v1/streaming.new", {}, b"{}")
REPLY = WholeReply(200, b'{"session_id":"a"}')


class Rig:
    """Service whose answer comes when the test says so, in a loop with real time."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.unwanted = list[WholeReply]()
        self.sent = False
        self.fails = False
        self.guard = ExitGuard()

    def exchange(self, _request: ApiRequest, _within_s: float, may_send: Callable[[], bool]) -> WholeReply:
        self.sent = may_send()
        if not self.sent or not self.answers.wait(10.0) or self.fails:
            raise ConnectionLost("nothing came")
        return REPLY

    def purchase(self, within_s: float = 10.0) -> Purchase:
        return Purchase(REQUEST, within_s, self.unwanted.append, self.exchange, self.guard)

    def ends(self) -> None:
        """Wait until the thread is over."""
        for thread in list(self.guard._threads):
            thread.join(10.0)
            assert not thread.is_alive()


def test_a_reply_that_is_waited_for_is_returned() -> None:
    rig = Rig()

    async def main() -> WholeReply:
        purchase = rig.purchase()
        rig.answers.set()
        return await purchase.reply()

    assert asyncio.run(main()) is REPLY
    rig.ends()
    assert rig.unwanted == []


def test_a_failure_is_raised() -> None:
    rig = Rig()
    rig.fails = True

    async def main() -> None:
        purchase = rig.purchase()
        rig.answers.set()
        with pytest.raises(ConnectionLost, match="nothing came"):
            await purchase.reply()

    asyncio.run(main())
    rig.ends()


@pytest.mark.parametrize("how", ["time-out", "left before", "left after", "loop is left"])
def test_a_reply_that_nobody_waits_for_is_unwanted_also_when_it_comes_late(how: str) -> None:
    rig = Rig()

    async def main() -> Purchase:
        purchase = rig.purchase(0.05 if how == "time-out" else 10.0)
        while not rig.sent:  # noqa: ASYNC110 - a thread makes it true
            await asyncio.sleep(0.001)
        if how == "time-out":
            with pytest.raises(ConnectionLost, match="did not answer"):
                await purchase.reply()
            purchase.leave()
        elif how == "left before":
            purchase.leave()
        return purchase

    purchase = asyncio.run(main())
    assert rig.unwanted == []
    rig.answers.set()
    if how in ("left after", "loop is left"):
        purchase.leave()
    rig.ends()

    assert rig.unwanted == [REPLY]


def test_what_is_left_before_it_is_sent_is_not_bought() -> None:
    rig = Rig()
    rig.answers.set()
    asked = list[bool]()
    free = threading.Event()

    def slowly(_request: ApiRequest, _within_s: float, may_send: Callable[[], bool]) -> WholeReply:
        free.wait(10.0)
        asked.append(may_send())
        raise ConnectionLost("given up")

    async def main() -> None:
        Purchase(REQUEST, 10.0, rig.unwanted.append, slowly, rig.guard).leave()
        free.set()

    asyncio.run(main())
    rig.ends()
    assert asked == [False]
