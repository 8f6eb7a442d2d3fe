"""Written questions, one after the other, and texts that the avatar is to speak."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import NoReturn

from ravatard.cloud.avatar import requests
from ravatard.cloud.avatar.events import ErrorSaid
from ravatard.cloud.avatar.live.calls import ServiceCalls
from ravatard.cloud.avatar.live.held import HeldSession
from ravatard.cloud.avatar.live.learned import SpeakOrder
from ravatard.cloud.avatar.live.turn_keeper import TurnKeeper
from ravatard.cloud.avatar.options import AvatarOptions, AvatarVoiceOptions
from ravatard.cloud.avatar.refusals import SessionVanished
from ravatard.cloud.avatar.replies import speak_reply
from ravatard.cloud.avatar.requests import ChatLine, VoiceSettings
from ravatard.cloud.avatar.sse import AnswerForm, AnswerState, ChatReader, form_of, whole_answer
from ravatard.cloud.avatar.turns.speaker_side import speeches
from ravatard.cloud.border import foreign
from ravatard.core.events import ServiceMessage, StreamBroke, TurnFailed
from ravatard.core.states import Refusal
from ravatard.errors import (
    BusyError,
    DeniedError,
    LinkError,
    LinkTimeout,
    PeerError,
    RavatardError,
    TurnError,
)
from ravatard.ports.network import ReplyStream

log = logging.getLogger(__name__)

#: Questions and speeches that wait.
_MOST_WAITING = 4
#: Limits of an answer: for its beginning, between signs of life, and for all of it (PROTOCOL.md, "Text").
FIRST_S = 30.0
_SILENCE_S = 15.0
_WHOLE_S = 120.0
#: Blank lines in front of an answer that are read, in bytes.
_LONGEST_BLANK = 4_096
_WHOLE_BYTES = 4 * 1024 * 1024
#: A speech lasts so much longer than its estimate at most, before the next part is sent.
_SPEECH_MARGIN_S = 15.0
#: Speeches of one answer, four minutes of talk: an endless one would use up the calls of every other.
_MOST_SPEECHES = 4
_UNESTIMATED_S = 30.0


class Questions:
    """Asks in writing within the session that is held, and has the avatar speak."""

    def __init__(
        self,
        calls: ServiceCalls,
        options: AvatarOptions,
        voice: AvatarVoiceOptions,
        keeper: TurnKeeper,
        tell: Callable[[ServiceMessage | RavatardError], None],
    ) -> None:
        """Ask nothing yet; ``tell`` takes messages, and errors that end the link."""
        self._calls = calls
        self._options = options
        self._voice = voice
        self._keeper = keeper
        self._tell = tell
        self._waiting: deque[str | SpeakOrder] = deque()
        self._filled = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._asked_now = False
        self._history: deque[ChatLine] = deque(maxlen=2 * options.history)

    @property
    def asking(self) -> bool:
        """True while a question waits for its answer."""
        return self._asked_now or any(isinstance(one, str) for one in self._waiting)

    def put(self, item: str | SpeakOrder) -> None:
        """Add a question, or a text to speak.

        Raises:
            TurnError: too many wait.
        """
        if len(self._waiting) >= _MOST_WAITING:
            raise TurnError(f"{_MOST_WAITING} questions wait for their answers already")
        self._waiting.append(item)
        self._filled.set()

    def drop(self) -> None:
        """Give up the answer that is coming, and everything that waits."""
        self._waiting.clear()
        if self._running is not None:
            self._running.cancel()

    async def run(self, held: HeldSession) -> NoReturn:
        """Ask and speak in one session, for ever.

        Raises:
            SessionVanished: the session is gone.
            DeniedError: the service refuses us.
        """
        self._waiting.clear()
        while True:
            while not self._waiting:
                self._filled.clear()
                await self._filled.wait()
            item = self._waiting.popleft()
            # A group of its own: an answer that is given up is cancelled, and nothing else with it.
            async with asyncio.TaskGroup() as one:
                self._running = one.create_task(self._carry_out(item, held), name="question")
            self._running = None

    async def _carry_out(self, item: str | SpeakOrder, held: HeldSession) -> None:
        try:
            if isinstance(item, SpeakOrder):
                await self._speak(item.text, held)
            else:
                await self._ask(item, held)
        except (SessionVanished, DeniedError):
            raise
        except BusyError as error:
            self._tell(StreamBroke(Refusal.BUSY, str(error)))
        except (LinkError, PeerError) as error:
            self._tell(TurnFailed(str(error)))

    async def _ask(self, text: str, held: HeldSession) -> None:
        self._asked_now = True
        try:
            await self._answered(text, held)
        finally:
            self._asked_now = False

    async def _answered(self, text: str, held: HeldSession) -> None:
        question = ChatLine("user", text)
        body = requests.chat_request(held.id, [*self._history, question], model=self._options.model)
        self._keeper.asked_in_writing(_now())
        try:
            async with asyncio.timeout(_WHOLE_S):
                async with self._calls.answer(body, held.created.reply.access_token, FIRST_S) as stream:
                    state, answer, error = await self._read(stream)
        except TimeoutError:
            raise LinkTimeout(f"the answer was not complete within {_WHOLE_S:g} s") from None
        if error is not None or state is AnswerState.FAILED:
            await self._keeper.take(error or ErrorSaid("", "the answer failed"), _now())
            return
        if state is AnswerState.BROKE_OFF:
            log.warning("the text of an answer broke off")
        self._history.extend((question, ChatLine("assistant", answer)))
        self._keeper.answered_in_writing(_now(), answer)

    async def _read(self, stream: ReplyStream) -> tuple[AnswerState, str, ErrorSaid | None]:
        """Return state, text and error of an answer, which comes as events or whole.

        Raises:
            LinkError: it broke off without a word, or stands still.
        """
        first = piece = await self._next(stream)
        while (form := form_of(first, stream.content_type)) is None and piece and len(first) < _LONGEST_BLANK:
            piece = await self._next(stream)
            first += piece
        if form is AnswerForm.PAGE:
            raise PeerError("the service answers a written question with a page (HTML)")
        if form is AnswerForm.WHOLE:
            return await self._read_whole(stream, first)
        reader = ChatReader()
        await self._read_events(stream, first, reader)
        reader.finish()
        if reader.skipped:
            log.warning("%d events of an answer could not be read", reader.skipped)
        return reader.state, reader.text, reader.error

    async def _read_events(self, stream: ReplyStream, piece: bytes, reader: ChatReader) -> None:
        """Read until the answer is over, or its stream; comments alone keep it open for some time only."""
        worded_at = _now()
        while piece:
            if reader.feed(piece):
                worded_at = _now()
            if reader.over:
                return
            try:
                if _now() - worded_at > FIRST_S:
                    raise LinkTimeout(f"no word came of the answer for {FIRST_S:g} s")
                piece = await self._next(stream)
            except LinkError as error:
                if not reader.text:
                    raise
                log.info("%s", error)
                return

    async def _read_whole(
        self, stream: ReplyStream, first: bytes
    ) -> tuple[AnswerState, str, ErrorSaid | None]:
        body, piece = bytearray(first), first
        while piece:
            piece = await self._next(stream)
            body += piece
            if len(body) > _WHOLE_BYTES:
                raise PeerError(f"the answer is larger than {_WHOLE_BYTES} bytes")
        answer = whole_answer(bytes(body))
        return answer.state, answer.text, answer.error

    async def _next(self, stream: ReplyStream) -> bytes:
        try:
            async with asyncio.timeout(_SILENCE_S):
                return await stream.read()
        except TimeoutError:
            raise LinkTimeout(f"nothing came of the answer for {_SILENCE_S:g} s") from None
        except OSError as error:
            raise LinkError(f"the answer broke off ({type(error).__name__})") from None

    async def _speak(self, text: str, held: HeldSession) -> None:
        """Have the avatar speak, a part at a time: sound carries no number of its part."""
        settings = VoiceSettings(self._voice.stability, self._voice.similarity_boost)
        parts = speeches(text)
        if len(parts) > _MOST_SPEECHES:
            parts = parts[:_MOST_SPEECHES]
            log.warning(
                "an answer of %d characters is spoken to its character %d only",
                len(text),
                sum(map(len, parts)),
            )
        for number, part in enumerate(parts, 1):
            body = requests.speak_request(held.id, part, self._voice.voice_id, settings)
            self._keeper.answers.asked(_now())
            answer = await self._calls.call(requests.SPEAK, body, token=held.created.reply.access_token)
            with foreign("the service's reply to avatar.speak"):
                estimate_s = speak_reply(answer).estimate_s
            self._keeper.answers.estimated(estimate_s)
            if number < len(parts):
                await self._keeper.answers.spoken((estimate_s or _UNESTIMATED_S) + _SPEECH_MARGIN_S)


def _now() -> float:
    return asyncio.get_running_loop().time()
