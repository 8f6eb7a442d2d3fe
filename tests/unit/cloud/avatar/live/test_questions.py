"""Answers to written questions in odd forms: read by their bytes, failed with a sentence, never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from ravatard.core.events import Answered, TurnFailed
from ravatard.ports.network import ReplyStream
from tests.unit.cloud.avatar.world import PLAIN, AvatarWorld

WORDS = b'data: {"choices":[{"delta":{"content":"Well."}}]}\n\ndata: [DONE]\n\n'
WHOLE = b'{"choices":[{"message":{"content":"Well."}}]}'


@dataclass
class OddStream:
    """A reply in these pieces, each after so many seconds."""

    pieces: list[bytes]
    content_type: str = "text/event-stream"
    every_s: float = 0.0
    status: int = 200
    retry_after: str | None = None
    server: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    async def read(self) -> bytes:
        """See ``ReplyStream.read``."""
        await asyncio.sleep(self.every_s)
        return self.pieces.pop(0) if self.pieces else b""


@dataclass
class Asked:
    """A world whose answers to chat.completions are replaced, and what came of them."""

    answers: list[OddStream]
    world: AvatarWorld = field(default_factory=AvatarWorld)
    questions: int = 0

    @asynccontextmanager
    async def _stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[ReplyStream]:
        if url.endswith("streaming.new"):
            async with self.plain(method, url, headers=headers, body=body) as reply:
                yield reply
            return
        self.questions += 1
        yield self.answers.pop(0)

    async def ask(self, monkeypatch: pytest.MonkeyPatch, pauses: tuple[float, ...]) -> None:
        """Ask, with these pauses behind each question."""
        self.plain = self.world.network.stream
        monkeypatch.setattr(self.world.network, "stream", self._stream)
        async with self.world.connected() as connection:
            await self.world.cloud.start_session()
            for pause_s in pauses:
                await connection.send_text("Hello?")
                await asyncio.sleep(pause_s)

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.world.said if isinstance(one, Answered)]

    @property
    def failures(self) -> list[str]:
        return [one.reason for one in self.world.said if isinstance(one, TurnFailed)]


@pytest.mark.parametrize("stated", ["text/event-stream", "application/json", "text/plain", "text/html", ""])
@pytest.mark.parametrize("cut", [1, 3, 1_000])
@pytest.mark.parametrize("before", [b"", b"\n\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("body", [WORDS, WHOLE], ids=["events", "whole"])
async def test_the_bytes_of_an_answer_decide_over_its_stated_type(
    monkeypatch: pytest.MonkeyPatch, stated: str, cut: int, before: bytes, body: bytes
) -> None:
    sent = before + body
    asked = Asked([OddStream([sent[at : at + cut] for at in range(0, len(sent), cut)], stated)])

    await asked.ask(monkeypatch, (1.0,))

    assert (asked.texts, asked.failures) == (["Well."], [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "without a word"),
        (b"\n\n\n", "without a word"),
        (b": ping\n\n", "without a word"),
        (b"data: [DONE]\n\n", "without a word"),
        (b"{}", "without a word"),
        (b'event: error\ndata: {"message": "no model", "code": "E1"}\n\n', "E1"),
        (b"event: error\ndata: it broke\n\n", "failed"),
        (b"event: error\n\ndata: [DONE]\n\n", "without a word"),
        (b"<!doctype html><html>Log in</html>", "HTML"),
        (b"\n <html>Log in</html>", "HTML"),
        (b"nothing to see", "without a word"),
    ],
)
@pytest.mark.parametrize("stated", ["text/event-stream", "text/html", ""])
async def test_an_answer_without_words_fails_the_turn_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, body: bytes, reason: str, stated: str
) -> None:
    asked = Asked([OddStream([body], stated)])

    await asked.ask(monkeypatch, (40.0,))

    assert asked.texts == []
    (failure,) = asked.failures
    assert reason in failure


async def test_words_before_an_event_of_another_name_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked([OddStream([b"event: message\n" + WORDS])])

    await asked.ask(monkeypatch, (1.0,))

    assert (asked.texts, asked.failures) == (["Well."], [])


@pytest.mark.parametrize("every_s", [1.0, 5.0, 14.0])
async def test_comments_alone_keep_a_question_open_for_half_a_minute(
    monkeypatch: pytest.MonkeyPatch, every_s: float
) -> None:
    asked = Asked([OddStream([b": ping\n\n"] * 1_000, every_s=every_s)])

    await asked.ask(monkeypatch, (70.0,))

    (failure,) = asked.failures
    assert "no word came" in failure


@pytest.mark.parametrize("after_s", [0.5, 7.0, 29.0])
async def test_a_question_that_stands_still_makes_room_for_the_next(
    monkeypatch: pytest.MonkeyPatch, after_s: float
) -> None:
    stalled = [OddStream([b": ping\n\n"] * 1_000, every_s=1.0) for _ in range(2)]
    asked = Asked([*stalled, OddStream([WORDS])])

    await asked.ask(monkeypatch, (after_s, after_s, 1.0))

    assert (asked.questions, asked.texts, asked.failures) == (3, ["Well."], [])


@pytest.mark.parametrize(("sentences", "spoken"), [(1, 1), (60, 3), (80, 4), (2_000, 4)])
async def test_an_endless_answer_leaves_calls_for_others(
    monkeypatch: pytest.MonkeyPatch, sentences: int, spoken: int
) -> None:
    text = "This is a sentence of about forty characters. " * sentences
    body = b'{"choices":[{"message":{"content":"' + text.encode() + b'"}}]}'
    talk = replace(PLAIN.talk, speaks="client", chat_beside=False)
    asked = Asked([OddStream([body], "application/json")], AvatarWorld(replace(PLAIN, talk=talk)))

    await asked.ask(monkeypatch, (600.0,))

    assert asked.world.calls("avatar.speak") == spoken
