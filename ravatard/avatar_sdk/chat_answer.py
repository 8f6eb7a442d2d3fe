"""Answer of the avatar to a text, while it comes or whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from ravatard.avatar_sdk.failures import AvatarError, ConnectionLost, RateLimited, SessionGone, Unavailable
from ravatard.avatar_sdk.network_port import ComingReply
from ravatard.cloud.avatar.events import ErrorSaid
from ravatard.cloud.avatar.refusals import names_gone_session
from ravatard.cloud.avatar.sse import AnswerState, ChatReader, whole_answer

log = logging.getLogger(__name__)

#: An answer without a sign of life for this long has broken off, and so has one that never ends.
_SILENCE_S = 15.0
_LONGEST_ANSWER_S = 120.0


async def deltas_of(reply: ComingReply) -> AsyncIterator[str]:
    """Yield the deltas of a streamed answer, or all of a whole one.

    Raises:
        AvatarError: the service reported an error, or the answer never ends.
    """
    if reply.content_type == "application/json":
        if text := _text_in(await reply.read_all(_LONGEST_ANSWER_S)):
            yield text
        return
    reader = ChatReader()
    time = asyncio.get_running_loop().time
    until = time() + _LONGEST_ANSWER_S
    while not reader.over:
        left_s = until - time()
        if left_s <= 0.0:
            raise ConnectionLost(f"the answer did not end in {_LONGEST_ANSWER_S:.0f} s", partial=reader.text)
        data = await reply.read_some(min(_SILENCE_S, left_s))
        for delta in reader.feed(data) if data else reader.finish():
            yield delta
    if reader.state is AnswerState.FAILED:
        raise _answer_failure(reader.error, reader.text)
    if reader.state is AnswerState.BROKE_OFF:
        log.warning("the answer broke off: its end did not come")


def _text_in(body: bytes) -> str:
    answer = whole_answer(body)
    if answer.state is AnswerState.FAILED:
        raise _answer_failure(answer.error, answer.text)
    return answer.text


def _answer_failure(error: ErrorSaid | None, partial: str) -> AvatarError:
    code, words = (error.code, error.message) if error is not None else ("", "")
    kind: type[AvatarError] = Unavailable
    if names_gone_session(code):
        kind = SessionGone
    elif "RATE" in code.upper():
        kind = RateLimited
    named = f" ({code})" if code else ""
    return kind(f"the answer failed{named}: {words or 'no reason given'}", code=code, partial=partial)
