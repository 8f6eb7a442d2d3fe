"""The live voice: one player for each session, as long as it is held, whatever breaks in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.lease import Lease
from ravatard.cloud.ravatar.voice import LiveVoice, url_problem
from ravatard.cloud.token import TokenKeeper
from ravatard.errors import (
    AuthError,
    DeniedError,
    InternalError,
    LinkError,
    MoneyError,
    PeerError,
    RavatardError,
)
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret
from tests.unit.cloud.ravatar.fakes import FakePlayer, HeardSink, now

URL = "https://stream.example/avatar?id=7"
BROKE = LinkError("the stream broke")
REFUSED = DeniedError("the stream refuses the token")


class Stage:
    """Sessions, tokens, a player and a sink."""

    def __init__(self, player: FakePlayer, *, url: str = URL, attempts: int = 5, chance: float = 0.5) -> None:
        self.player = player
        self.sink = HeardSink()
        self.lease = Lease(self._start, self._end, close_s=5.0)
        self.tokens = TokenKeeper(self._fetch, lambda: 0.5)
        self.fetched = 0
        self.token_trouble: RavatardError | None = None
        self.voice = LiveVoice(player, self.lease, self.tokens, lambda: chance, attempts)
        self._url = url
        self._sessions = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The voice is being brought in; leaving cancels that, before sessions end."""
        async with self.lease.opened(), asyncio.TaskGroup() as group:
            running = group.create_task(self.voice.run(self.sink, self._address))
            yield
            running.cancel()

    def _address(self, debt: OwedSession) -> Secret:
        return Secret(self._url and f"{self._url}&session={debt.id.reveal()}")

    async def _start(self) -> OwedSession:
        self._sessions += 1
        return OwedSession("ravatar", Secret(f"s{self._sessions}"), "https://service.example", "kiosk-1")

    async def _end(self, debt: OwedSession) -> None:
        del debt

    async def _fetch(self) -> Secret:
        if self.token_trouble is not None:
            raise self.token_trouble
        self.fetched += 1
        return Secret(f"token-{self.fetched}")


async def test_nothing_is_opened_without_a_session() -> None:
    stage = Stage(FakePlayer())

    async with stage.running():
        await asyncio.sleep(3600.0)

    assert (stage.player.opened, stage.sink.told, stage.fetched) == ([], [], 0)


async def test_a_session_is_heard_from_its_start_and_closed_with_its_end() -> None:
    stage = Stage(FakePlayer(close_s=1.5))

    async with stage.running():
        await asyncio.sleep(10.0)
        await stage.lease.acquire()
        await asyncio.sleep(100.0)
        await stage.lease.release()
        await asyncio.sleep(100.0)

    assert stage.player.opened == [(10.0, f"{URL}&session=s1", "token-1")]
    assert stage.player.closed == [111.5]
    assert stage.sink.told == [(10.0, "online"), (111.5, "the live session is over")]
    assert stage.sink.sound == b"sound"


async def test_a_session_the_service_ended_is_closed_as_well() -> None:
    stage = Stage(FakePlayer())

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(5.0)
        stage.lease.forget()
        await asyncio.sleep(5.0)

    assert stage.player.closed == [6.0]


async def test_the_next_session_has_a_player_of_its_own_after_the_old_one_closed() -> None:
    stage = Stage(FakePlayer())

    async with stage.running():
        for _ in range(3):
            await stage.lease.acquire()
            await asyncio.sleep(5.0)
            stage.lease.forget()

        await asyncio.sleep(5.0)

    assert [url[-2:] for _, url, _ in stage.player.opened] == ["s1", "s2", "s3"]
    assert [at for at, _, _ in stage.player.opened] == [0.0, 6.0, 11.0]
    assert stage.player.open == 0


async def test_a_stream_that_breaks_is_opened_again_after_a_pause_and_the_session_goes_on() -> None:
    stage = Stage(FakePlayer((1.0, 60.0, BROKE), (None, 15.0, PeerError("no offer came"))))

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(200.0)
        held = stage.lease.held

    assert held is not None
    assert stage.sink.words == [
        "online",
        "the stream broke",
        "no offer came",
        "online",
        "the live session is over",
    ]
    (_, second, third) = [at for at, _, _ in stage.player.opened]
    assert second == 62.5
    assert third == pytest.approx(79.3, abs=0.1)


async def test_the_same_trouble_is_told_once() -> None:
    stage = Stage(FakePlayer(*[(None, 1.0, BROKE)] * 3))

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(100.0)

    assert stage.sink.words[:2] == ["the stream broke", "online"]


async def test_after_five_failures_in_a_row_only_a_new_session_can_help() -> None:
    stage = Stage(FakePlayer((None, 15.0, BROKE), again=True))

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(3600.0)
        tried = len(stage.player.opened)
        await stage.lease.release()
        await stage.lease.acquire()
        await asyncio.sleep(3600.0)

    hopeless = "hopeless: the stream broke; given up after 5 attempts"
    assert tried == 5
    assert len(stage.player.opened) == 10
    assert stage.sink.words == ["the stream broke", hopeless] * 2


async def test_failures_are_forgiven_after_a_stream_that_lasted() -> None:
    failures = [(None, 1.0, BROKE)] * 4
    stage = Stage(FakePlayer(*failures, (0.0, 30.0, BROKE), *failures[1:], close_s=0.0))

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(600.0)

    assert len(stage.player.opened) == 9
    assert not any(word.startswith("hopeless") for word in stage.sink.words)


async def test_streams_that_come_up_and_do_not_last_are_failures_in_a_row() -> None:
    stage = Stage(FakePlayer((0.0, 29.0, BROKE), again=True, close_s=0.0))

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(3600.0)

    assert len(stage.player.opened) == 5
    assert stage.sink.words[-1].startswith("hopeless")


async def test_a_refused_token_is_renewed_once_and_tried_again_at_once() -> None:
    stage = Stage(FakePlayer((None, 1.0, REFUSED), close_s=0.0))

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(10.0)

    assert stage.player.opened == [
        (0.0, f"{URL}&session=s1", "token-1"),
        (1.0, f"{URL}&session=s1", "token-2"),
    ]
    assert stage.sink.words == ["online", "the live session is over"]


async def test_a_token_refused_in_the_middle_is_told_as_a_break() -> None:
    stage = Stage(FakePlayer((0.0, 60.0, REFUSED), close_s=0.0))

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(100.0)

    assert stage.player.tokens == ["token-1", "token-2"]
    assert stage.sink.words == [
        "online",
        "the stream wants another token",
        "online",
        "the live session is over",
    ]


async def test_a_stream_that_refuses_every_token_costs_one_renewal() -> None:
    stage = Stage(FakePlayer((None, 1.0, REFUSED), again=True))

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(3600.0)

    assert stage.player.tokens == ["token-1", *["token-2"] * 5]
    assert stage.sink.words[-1] == "hopeless: the stream refuses the token; given up after 5 attempts"


@pytest.mark.parametrize("trouble", [LinkError("no network"), AuthError("unknown"), MoneyError("no money")])
async def test_without_a_token_nothing_is_opened_and_no_token_is_refused(trouble: RavatardError) -> None:
    stage = Stage(FakePlayer())
    stage.token_trouble = trouble

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(1.0)
        told = stage.sink.words.copy()
        stage.token_trouble = None
        await asyncio.sleep(10.0)

    assert told == [str(trouble)]
    assert stage.player.tokens == ["token-1"]


async def test_a_new_token_does_not_disturb_a_stream_that_plays() -> None:
    stage = Stage(FakePlayer())

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(1.0)
        stage.tokens.refused(Secret("token-1"))
        await stage.tokens.token()
        await asyncio.sleep(100.0)

    assert (stage.player.tokens, stage.fetched) == (["token-1"], 2)


async def test_the_session_may_end_while_a_pause_runs() -> None:
    stage = Stage(FakePlayer((None, 1.0, BROKE), again=True, close_s=0.0))

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(1.1)
        await stage.lease.release()
        await asyncio.sleep(100.0)

    assert len(stage.player.opened) == 1
    assert stage.sink.words == ["the stream broke"]


@pytest.mark.parametrize(
    "url", ["", "stream.example/avatar", "ftp://stream.example", "http:///x", "http://[x"]
)
async def test_an_address_that_is_none_is_told_once_and_without_itself(url: str) -> None:
    stage = Stage(FakePlayer(), url=url)

    async with stage.running():
        await stage.lease.acquire()
        await asyncio.sleep(3600.0)

    (word,) = stage.sink.words
    assert "streamingUrl" in word
    assert not word.startswith("hopeless")
    assert not url or url not in word
    assert stage.player.opened == []


@settings(deadline=None)
@given(st.text() | st.text().map("http://".__add__) | st.text().map("https://h:".__add__))
def test_whatever_the_address_is_it_is_usable_or_told_in_words(url: str) -> None:
    word = url_problem(Secret(url))

    assert word == "" or "streamingUrl" in word


async def _cancelled(waiting: Awaitable[None], after_s: float) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(after_s):
            await waiting


@pytest.mark.parametrize("after_s", [0.0, 0.5, 1.5, 2.1, 5.0])
async def test_cancelled_anywhere_it_leaves_no_player_behind(after_s: float) -> None:
    stage = Stage(FakePlayer((1.0, 0.5, BROKE), close_s=0.5))

    async with stage.lease.opened():
        await stage.lease.acquire()
        await _cancelled(stage.voice.run(stage.sink, stage._address), after_s)
        left = stage.player.open
        held = stage.lease.held
        cancelled_at = now()

    assert (left, len(stage.player.closed)) == (0, len(stage.player.opened))
    assert held is not None
    assert cancelled_at <= after_s + 0.5


async def test_our_own_bug_is_not_tried_again() -> None:
    stage = Stage(FakePlayer((None, 1.0, InternalError("a bug"))))

    async def playing() -> None:
        async with stage.running():
            await stage.lease.acquire()
            await asyncio.sleep(100.0)

    with pytest.raises(ExceptionGroup) as caught:
        await playing()

    assert caught.group_contains(InternalError, match="a bug")


async def test_neither_address_nor_token_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(FakePlayer((None, 1.0, REFUSED), (0.0, 1.0, BROKE)))

    with caplog.at_level(logging.DEBUG):
        async with stage.running():
            await stage.lease.acquire()
            await asyncio.sleep(60.0)

    for secret in ("token-1", "token-2", "stream.example"):
        assert secret not in caplog.text + "".join(stage.sink.words)
