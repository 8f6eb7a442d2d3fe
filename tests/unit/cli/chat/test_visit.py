"""Visits: lines in, answers out, and no live session left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ravatard.cli.chat.visit import ChatSettings, Visit
from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.errors import AuthError, LinkError, RavatardError
from ravatard.ports.cloud import Avatar, Directory, HistoryMessage, Language
from tests.unit.cli.chat.test_session import CHAT, ChatCloud, FakeScreen
from tests.unit.stages.fakes import CAPABILITIES, running

CONNECTION = Directory(
    avatars=(Avatar("a-1", "Ava", True), Avatar("b-2", "Brook", False)),
    languages=(Language("English", "en"), Language("Deutsch", "de")),
)
PAST = HistoryMessage(
    *("1", "incoming", "hi", "good morning", "Ava"), datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "text", "en", ""
)
HINT = "only root may see whether a credential holds it"


class TellingCloud(ChatCloud):
    """A cloud that also knows what it offers and what was said."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log
        self.past: list[HistoryMessage] = []
        self.about_error: RavatardError | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self.log.append("opened")
        try:
            yield
        finally:
            self.log.append("left")

    async def about(self) -> Directory:
        if self.about_error is not None:
            raise self.about_error
        return CONNECTION

    async def history(
        self, since: datetime | None = None, per_page: int = 100
    ) -> AsyncIterator[HistoryMessage]:
        if self.about_error is not None:
            raise self.about_error
        for message in self.past:
            yield message


class FullScreen(FakeScreen):
    """Remembers everything."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.complaints: list[str] = []

    def asked(self, text: str) -> None:
        self.notes.append(f"you: {text}")

    def note(self, text: str) -> None:
        self.notes.append(text)

    def complain(self, text: str) -> None:
        self.complaints.append(text)


class Script:
    """Lines, each after a pause; a number is a pause."""

    def __init__(self, *script: str | float, endless: bool = False) -> None:
        self._script = iter(script)
        self._endless = endless

    async def next(self) -> str | None:
        for step in self._script:
            if isinstance(step, str):
                return step
            await asyncio.sleep(step)
        if self._endless:
            await asyncio.Event().wait()
        return None


class Stage:
    """Everything around one visit."""

    def __init__(
        self,
        *script: str | float,
        person: bool = False,
        live: bool = False,
        endless: bool = False,
        past: bool = True,
    ) -> None:
        self.log: list[str] = []
        self.chosen: list[tuple[str | None, str]] = []
        self.screen = FullScreen()
        self.cloud = TellingCloud(self.log)
        self.cloud.capabilities = CAPABILITIES if live else CHAT
        settings = ChatSettings(None, "en", live, person, idle_s=120.0, key_hint=HINT, past=past)
        lines = Script(*script, endless=endless)
        self.visit = Visit(self._cloud, self.screen, lines, Backoff(BackoffOptions(), lambda: 0.5), settings)

    def _cloud(self, avatar: str | None, language: str) -> TellingCloud:
        self.chosen.append((avatar, language))
        self.cloud.capabilities = replace(self.cloud.capabilities, avatar=avatar or "Ava", language=language)
        return self.cloud

    @property
    def said(self) -> list[str]:
        return [text for _, text in self.screen.answers]


async def test_each_line_of_a_pipe_is_answered_before_the_next_is_said() -> None:
    stage = Stage("one", "", "two")

    assert await stage.visit.run() == 0
    assert stage.said == ["you said one", "you said two"]
    assert stage.log == ["opened", "text one", "text two", "closed", "left"]


async def test_a_pipe_without_a_line_ends_at_once() -> None:
    assert await Stage().visit.run() == 0


async def test_what_stays_unanswered_is_counted_and_told() -> None:
    stage = Stage("one", "/dance")
    stage.cloud.thinks_s = None

    assert await stage.visit.run() == 2
    assert stage.screen.complaints == [
        "no answer within 30 s",
        "there is no /dance; /help lists the commands",
    ]


async def test_through_a_pipe_a_refusal_ends_it() -> None:
    stage = Stage("one", "two")
    stage.cloud.refusals = [AuthError("unknown project") for _ in range(9)]

    with pytest.raises(AuthError, match=f"unknown project; {HINT}"):
        await stage.visit.run()

    assert stage.log == ["opened", "left"]


async def test_a_person_may_ask_again_after_a_refusal() -> None:
    stage = Stage("one", 1.0, "two", 5.0, person=True)
    stage.cloud.refusals = [AuthError("unknown project")]

    await stage.visit.run()

    assert stage.screen.complaints == [f"unknown project; {HINT}"]
    assert stage.said == ["you said two"]


@pytest.mark.parametrize("end", [["/quit"], [" /exit "], []])
async def test_a_person_leaves_without_waiting_for_an_answer(end: list[str]) -> None:
    stage = Stage("one", 2.0, *end, person=True, live=True)
    stage.cloud.thinks_s = None

    await stage.visit.run()

    assert asyncio.get_running_loop().time() == pytest.approx(2.0)
    assert stage.log[-2:] == ["closed", "left"]
    assert stage.screen.states[-1] == "ending the live session"


@pytest.mark.parametrize("after_s", [0.0, 0.5, 1.0, 60.0])
async def test_a_signal_ends_it_whatever_is_under_way(after_s: float) -> None:
    stage = Stage("one", person=False, live=True, endless=True)
    stage.cloud.connect_s = 0.7
    stage.cloud.thinks_s = None
    asyncio.get_running_loop().call_later(after_s, stage.visit.leave)

    await stage.visit.run()

    assert asyncio.get_running_loop().time() == pytest.approx(after_s, abs=1e-6)
    assert stage.log[-1] == "left"


async def test_it_can_be_cancelled() -> None:
    stage = Stage("one", endless=True)
    async with running(stage.visit.run):
        await asyncio.sleep(0.1)

    assert stage.log[-1] == "left"


async def test_a_live_session_that_nobody_uses_is_ended_and_started_again() -> None:
    stage = Stage("one", 200.0, "two", 1.0, person=True, live=True)

    await stage.visit.run()

    assert stage.log == [
        "opened",
        "start",
        "started",
        "text one",
        "end",
        "start",
        "started",
        "text two",
        *("closed", "left"),
    ]
    assert any("nothing was said for 120 s" in note for note in stage.screen.notes)


async def test_another_avatar_is_another_connection() -> None:
    stage = Stage("/avatar brook", "hello", "/language DE", "hallo")

    assert await stage.visit.run() == 0

    assert stage.chosen == [(None, "en"), ("b-2", "en"), ("b-2", "de")]
    assert stage.log.count("opened") == stage.log.count("left") == 3
    assert stage.screen.notes[0] == "now with Brook"
    assert "now in Deutsch" in stage.screen.notes


async def test_another_language_keeps_the_avatar_the_service_chose() -> None:
    stage = Stage("hello", "/language de", "hallo")

    await stage.visit.run()

    assert stage.chosen[1] == ("Ava", "de")


async def test_in_live_mode_only_those_with_one_may_be_chosen() -> None:
    stage = Stage("/avatar Brook", "/avatar Zoe", "/language tlh", live=True)

    assert await stage.visit.run() == 3
    assert stage.screen.complaints == [
        "there is no avatar 'Brook' with a live mode; there are: Ava",
        "there is no avatar 'Zoe' with a live mode; there are: Ava",
        "there is no language 'tlh'; there are: en, de",
    ]


async def test_lists_mark_what_is_in_use() -> None:
    stage = Stage("hello", "/avatar", "/language", "/help")

    await stage.visit.run()

    lists = stage.screen.notes[1:]
    assert lists[0].splitlines()[0].split() == ["*", "Ava", "a-1", "live", "and", "chat"]
    assert lists[1].splitlines()[0].split() == ["*", "en", "English"]
    assert "/voice FILE.wav" in lists[2]


async def test_a_person_sees_first_what_was_said_before() -> None:
    stage = Stage(1.0, person=True)
    stage.cloud.past = [PAST]

    await stage.visit.run()

    assert "Ava: good morning" in stage.screen.notes[0]


async def test_a_history_that_cannot_be_had_is_told() -> None:
    stage = Stage("/history", "/avatar")
    stage.cloud.about_error = LinkError("no route")

    assert await stage.visit.run() == 1
    assert stage.screen.complaints == ["the history cannot be shown: no route", "no route"]


async def test_a_service_without_a_history_is_not_asked_for_it_first() -> None:
    stage = Stage(1.0, "hello", 5.0, person=True, past=False)
    stage.cloud.about_error = LinkError("no route")

    await stage.visit.run()

    assert stage.screen.complaints == []
    assert stage.said == ["you said hello"]


async def test_an_empty_history_is_told_to_those_who_ask() -> None:
    stage = Stage("/history")

    await stage.visit.run()

    assert stage.screen.notes == ["nothing was said yet"]


async def test_a_recording_that_is_none_is_told_and_nothing_is_sent(tmp_path: Path) -> None:
    stage = Stage(f"/voice {tmp_path / 'none.wav'}", live=True)

    assert await stage.visit.run() == 1
    assert "none.wav cannot be read" in stage.screen.complaints[0]
    assert "start" not in stage.log


async def test_a_user_is_greeted_with_avatar_language_and_the_way_out() -> None:
    stage = Stage(1.0, "hello", 1.0, person=True)
    stage.visit._settings = replace(stage.visit._settings, simulated=True)

    await stage.visit.run()

    greeting = "Talking to Ava in English (simulated). /help lists the commands, Ctrl-D leaves."
    assert stage.screen.notes.count(greeting) == 1


async def test_a_pipe_is_not_greeted_and_a_greeting_waits_for_nothing() -> None:
    piped, offline = Stage("hello"), Stage(1.0, person=True)
    offline.cloud.about_error = LinkError("no way")

    await piped.visit.run()
    await offline.visit.run()

    assert not [note for note in (*piped.screen.notes, *offline.screen.notes) if note.startswith("Talking")]
