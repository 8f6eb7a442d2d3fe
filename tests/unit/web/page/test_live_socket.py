"""What waits for an open page is bounded."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web

from ravatard.web.page.live_socket import MOST_LINES, MOST_TURNS, LiveSocket
from ravatard.web.page.log_ring import LogRing
from tests.unit.web.page.test_log_ring import record


class Reader:
    """A page that takes each message when a test lets it; ``got``: all it took."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.closed = False

    async def send_str(self, text: str) -> None:
        self.got.append(json.loads(text))

    async def close(self) -> None:
        self.closed = True


async def sent(page: LiveSocket, turns: int = 4) -> Reader:
    """Let ``page`` send what waits."""
    reader = Reader()
    async with asyncio.TaskGroup() as group:
        request = cast(web.BaseRequest, None)
        task = group.create_task(page._send(cast(web.WebSocketResponse, reader), request))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
    return reader


async def test_of_many_states_only_the_newest_is_sent() -> None:
    page = LiveSocket(LogRing(), lambda: None)
    for at in range(50):
        page.show("state", b'{"n": %d}' % at)

    assert (await sent(page)).got == [{"n": 49}]


async def test_of_many_turns_the_newest_are_sent() -> None:
    page = LiveSocket(LogRing(), lambda: None)
    for at in range(MOST_TURNS + 5):
        page.add_turn(b'{"turn": %d}' % at)

    got = (await sent(page)).got
    assert len(got) == MOST_TURNS
    assert got[-1] == {"turn": MOST_TURNS + 4}


async def test_lines_of_the_log_come_only_when_asked_for_and_in_pieces() -> None:
    ring = LogRing()
    for at in range(MOST_LINES + 10):
        ring.handle(record(str(at)))
    wished: list[bool] = []
    page = LiveSocket(ring, lambda: wished.append(True))
    page.show("state", b"{}")
    assert len((await sent(page)).got) == 1

    page._heard('{"log": true, "log_after": 5}')
    got = (await sent(page, 8)).got

    assert [len(message["lines"]) for message in got] == [MOST_LINES, 5]
    assert got[0]["lines"][0]["number"] == 6
    assert wished == [True]


async def test_lines_that_are_not_kept_any_more_are_counted() -> None:
    ring = LogRing(lines=3)
    for at in range(10):
        ring.handle(record(str(at)))
    page = LiveSocket(ring, lambda: None)

    page._heard('{"log": true, "log_after": 4}')

    (message,) = (await sent(page)).got
    assert (message["missed"], [line["text"] for line in message["lines"]]) == (3, ["7", "8", "9"])


async def test_the_last_message_says_why() -> None:
    page = LiveSocket(LogRing(), lambda: None)
    page.end("the appliance stops")

    reader = await sent(page)

    assert reader.got == [{"type": "end", "reason": "the appliance stops"}]
    assert reader.closed


async def test_nonsense_changes_no_wish() -> None:
    page = LiveSocket(LogRing(), lambda: None)
    for message in ("", "{", "[]", '{"meter": 1}', '{"x": 1}', b"\xff"):
        page._heard(message)

    assert not page.wish.meter


async def test_a_number_that_no_line_can_have_changes_no_wish() -> None:
    page = LiveSocket(LogRing(), lambda: None)
    for number in (2**63 - 1, 2**63, -1):
        page._heard(f'{{"log": true, "log_after": {number}}}')

    assert not page.wish.log


async def test_a_failure_behind_the_upgrade_writes_no_reply(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Upgraded:
        """An upgraded connection whose reading fails."""

        def __init__(self, **_: object) -> None:
            self.headers: dict[str, str] = {}

        async def prepare(self, request: object) -> None:
            """Upgrade."""

        def __aiter__(self) -> Upgraded:
            return self

        async def __anext__(self) -> object:
            raise ValueError("a bug")

    class Transport:
        aborted = False

        def abort(self) -> None:
            self.aborted = True

    monkeypatch.setattr(web, "WebSocketResponse", Upgraded)
    transport = Transport()

    served: object = await LiveSocket(LogRing(), lambda: None).serve(
        cast(Any, SimpleNamespace(transport=transport))
    )

    assert isinstance(served, Upgraded)
    assert transport.aborted
    assert "failed to serve a live page" in caplog.text


@pytest.mark.parametrize("before", [1_007, 5_000, 999_000], ids=["fewer", "none", "later"])
async def test_a_page_that_was_open_before_a_restart_gets_every_line_of_the_new_run(before: int) -> None:
    ring = LogRing(began=100_000)
    page = LiveSocket(ring, lambda: None)
    page._heard(json.dumps({"log": True, "log_after": before}))
    ring.handle(record("started"))
    page.wake()
    reader = await sent(page)

    assert [line["text"] for line in reader.got[0]["lines"]] == ["started"]
    assert reader.got[0]["missed"] == 0
    assert [line["number"] for line in reader.got[0]["lines"]] == [100_001]


async def test_lines_of_a_new_run_are_sent_once() -> None:
    ring = LogRing(began=100_000)
    page = LiveSocket(ring, lambda: None)
    page._heard(b'{"log": true, "log_after": 999000}')
    reader = Reader()
    ring.handle(record("started"))
    sent_line = await page._send_all(cast(web.WebSocketResponse, reader), 0)
    ring.handle(record("ready"))
    await page._send_all(cast(web.WebSocketResponse, reader), sent_line)

    assert [[line["text"] for line in one["lines"]] for one in reader.got] == [["started"], ["ready"]]
