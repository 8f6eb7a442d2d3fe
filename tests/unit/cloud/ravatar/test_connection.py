"""A message with much sound in it is read beside the event loop."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Sequence
from contextlib import suppress

import pytest

from ravatard.cloud.ravatar.connection import RavatarConnection, SocketToken, WireProfile
from ravatard.cloud.token import TokenKeeper
from ravatard.core.capabilities import Capabilities
from ravatard.core.events import Answered
from ravatard.core.states import VoiceSource
from ravatard.errors import LinkError
from ravatard.ports.network import SocketClosed
from ravatard.secret import Secret

pytestmark = pytest.mark.usefixtures("uncollected")

SOUND = bytes(range(256)) * 23_000


class SomeMessages:
    """A socket that gives some messages and closes."""

    def __init__(self, messages: Sequence[str | bytes]) -> None:
        self._messages = [*reversed(messages)]

    async def send(self, text: str) -> None:
        raise AssertionError("nothing is sent")

    async def receive(self) -> str | bytes:
        if self._messages:
            return self._messages.pop()
        raise SocketClosed(1000)


async def no_token() -> Secret:
    raise AssertionError("no token is fetched")


async def _never() -> None:
    await asyncio.Event().wait()


def connection(*messages: str | bytes) -> RavatarConnection:
    capabilities = Capabilities(
        streams_audio=False,
        needs_session=False,
        listens=True,
        answer_timeout_s=30.0,
        avatar="Ada",
        language="en",
        voice=VoiceSource.ANSWER,
    )
    profile = WireProfile(capabilities, {}, None, _never)
    token = SocketToken(Secret("t"), TokenKeeper(no_token, lambda: 0.5))
    return RavatarConnection(SomeMessages(messages), profile, token, 5.0)


@pytest.mark.parametrize(
    "message",
    [
        '{"answer": "hello", "file_base64_data": "%s"}',
        '{"answer": "hello", "x": NaN, "file_base64_data": "%s"}',
        '{"answer": "hello", "x": "\\q", "file_base64_data": "%s"}',
        '{"answer": "hello", "file_base64_data": "data:audio/wav;base64,%s",}',
        '{"answer": "hello", "file_base64_data": "%s\n==", "x": "\x01"}',
    ],
)
@pytest.mark.parametrize("as_bytes", [False, True])
def test_eight_megabytes_of_sound_do_not_hold_the_loop(message: str, as_bytes: bool) -> None:
    text = message % base64.b64encode(SOUND).decode()

    async def read() -> tuple[list[object], float]:
        wire = connection(text.encode() if as_bytes else text)
        answers: list[object] = []
        before = time.thread_time()
        with suppress(LinkError):
            async for answer in wire.receive():
                answers.append(answer)
        return answers, time.thread_time() - before

    tries = [asyncio.run(read()) for _ in range(3)]

    for answers, _ in tries:
        assert [one.sound for one in answers if isinstance(one, Answered)] == [SOUND]
    # Of this thread: the message is read in another one.
    assert min(took_s for _, took_s in tries) < 0.02


def test_every_sound_that_cannot_be_read_is_reported_after_many_odd_messages(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each is an answer that is not heard, also the second one with the same fault."""
    odd = [f"no JSON {'x' * number}" for number in range(40)]
    unreadable = '{"answer": "hello", "file_base64_data": "UklGRg*A"}'

    async def read() -> int:
        wire, count = connection(*odd, unreadable, unreadable), 0
        with suppress(LinkError):
            async for _ in wire.receive():
                count += 1
        return count

    with caplog.at_level("WARNING"):
        assert asyncio.run(read()) == 2

    assert caplog.text.count("'*' is no character of base64") == 2
    assert caplog.text.count("no message") <= 10
