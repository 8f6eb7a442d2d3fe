"""Connection to an AvaTar API: utterances, texts and orders go out, what the service says comes in.

It outlives the sessions: a connection is there when the service answers calls, and each session has a socket
of its own below it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import NoReturn

from ravatard.cloud.avatar import commands
from ravatard.cloud.avatar.live.held import HeldSession
from ravatard.cloud.avatar.live.questions import Questions
from ravatard.cloud.avatar.live.turn_keeper import TurnKeeper
from ravatard.cloud.avatar.live.uploads import Upload
from ravatard.core.capabilities import Capabilities
from ravatard.core.events import ServiceMessage
from ravatard.errors import InternalError, LinkError, NoSessionError, RavatardError, TurnError

#: Messages that wait to be received; a service with more of them at once has lost its way.
_MOST_WAITING = 64


class Messages:
    """Messages for the core, in order. When too many wait, the link is given up."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[ServiceMessage | RavatardError] = asyncio.Queue(_MOST_WAITING)

    def put(self, message: ServiceMessage | RavatardError) -> None:
        """Add one; an error ends the connection once everything before it is received. Never waits."""
        if self._waiting.qsize() >= _MOST_WAITING - 1 and not isinstance(message, RavatardError):
            message = LinkError("the service says more at once than can be taken; connecting anew")
        if not self._waiting.full():
            self._waiting.put_nowait(message)

    async def get(self) -> ServiceMessage:
        """Return the next one. Cancelling loses none.

        Raises:
            RavatardError: the connection is over.
        """
        message = await self._waiting.get()
        if isinstance(message, RavatardError):
            raise message
        return message


class AvatarConnection:
    """Open connection; implements :class:`ravatard.ports.cloud.Connection`."""

    def __init__(
        self,
        capabilities: Capabilities,
        messages: Messages,
        keeper: TurnKeeper,
        questions: Questions,
        upload: Callable[[], Upload],
        held: Callable[[], HeldSession | None],
    ) -> None:
        """Take over an open connection.

        Args:
            capabilities: of the service.
            messages: messages of the service.
            keeper: follows the turns.
            questions: takes written questions.
            upload: makes the way of the next utterance, or raises TurnError.
            held: gives the session that is held.
        """
        self._capabilities = capabilities
        self._messages = messages
        self._keeper = keeper
        self._questions = questions
        self._make_upload = upload
        self._held = held
        self._upload: Upload | None = None
        self._session: HeldSession | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Capabilities of the service."""
        return self._capabilities

    async def send_audio(self, pcm: bytes) -> None:
        """Send one chunk; the first of an utterance has the service listen.

        Raises:
            TurnError: it cannot be sent, and nothing of its utterance after it.
        """
        held = self._held()
        if self._upload is not None and held is not self._session:
            # Its session is gone, and with it what was sent: this is said again, or something new.
            self._forget()
        try:
            if self._upload is None:
                self._upload, self._session = self._make_upload(), held
                self._keeper.utterance_began(_now())
                await self._upload.begin()
            await self._upload.add(pcm)
        except BaseException:
            # Cancelled or broken: it may have arrived or not, and an utterance must not have a hole.
            self._forget()
            raise

    async def send_utterance(self, pcm: bytes) -> None:
        """Refuse: the service takes chunks.

        Raises:
            InternalError: always.
        """
        raise InternalError("an AvaTar API takes an utterance in chunks")

    async def send_text(self, text: str) -> None:
        """Ask the avatar in writing; its answer is received later.

        Raises:
            TurnError: no session is held, or too many questions wait.
        """
        if self._held() is None:
            raise NoSessionError("there is no live session to send this in")
        if self._questions.asking:
            # The newer question takes its place: two answers at once are none, and one may never come.
            with suppress(TurnError):
                await self.interrupt()
        self._questions.put(text)

    async def end_utterance(self) -> None:
        """Have the service answer the chunks that were sent.

        Raises:
            TurnError: they are lost.
        """
        upload, self._upload = self._upload, None
        if upload is None:
            raise TurnError("nothing of the utterance was sent")
        # Before the last message: the answer may overtake the return of the call.
        self._keeper.utterance_ended(_now(), upload.seconds)
        await upload.end()

    async def cancel_utterance(self) -> None:
        """Have the service forget the chunks that were sent.

        Raises:
            TurnError: the socket they were sent on is gone, and they with it.
        """
        upload, self._upload = self._upload, None
        self._keeper.utterance_cancelled()
        if upload is not None:
            await upload.cancel()

    async def interrupt(self) -> None:
        """Have the service stop its answer; what still comes of it is thrown away.

        Raises:
            TurnError: it could not be told.
        """
        self._keeper.interrupted(_now())
        self._questions.drop()
        held = self._held()
        if held is not None and held.is_up:
            await held.send(commands.INTERRUPT, urgent=True)

    async def receive(self) -> AsyncIterator[ServiceMessage]:
        """Yield what the service says, for as long as the connection lives."""
        while True:
            yield await self._messages.get()

    async def outdated(self) -> NoReturn:
        """Wait for ever: there is no token that ends, and no other mode."""
        await asyncio.Event().wait()
        raise InternalError("nothing sets this event")

    def _forget(self) -> None:
        self._upload = None
        self._keeper.utterance_cancelled()


def _now() -> float:
    return asyncio.get_running_loop().time()
