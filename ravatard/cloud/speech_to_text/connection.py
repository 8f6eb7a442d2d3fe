"""Connection that sends words where sound was spoken: a recogniser before a service that reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace

from ravatard.core.backoff import Backoff, BackoffOptions
from ravatard.core.capabilities import Capabilities
from ravatard.core.events import Answered, NothingSaid, ServiceHearing, ServiceMessage, TurnFailed
from ravatard.errors import DeniedError, LinkError, PeerError, RavatardError, TurnError
from ravatard.ports.cloud import Connection
from ravatard.ports.recogniser import Recogniser, Recognition

#: Utterances whose words are awaited; another one fails. A person says no more in the time of an answer.
MOST_WAITING = 4
#: So many utterances in a row without words that could be had are no chance.
MOST_FAILURES = 2
#: Pauses between attempts to reach a recogniser that is away: it is on the owner's own network.
_LOOKING = BackoffOptions(longest_s=30.0)
#: What the service, the recogniser and we have to say waits for the hub; beyond this they wait.
_MOST_MESSAGES = 16


@dataclass(slots=True)
class _Utterance:
    """One utterance at the recogniser; ``unwanted``: its words are not waited for any more."""

    recognition: Recognition
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    unwanted: bool = False


class TranscribedConnection:
    """A :class:`ravatard.ports.cloud.Connection` over another one, which never gets any sound.

    What goes wrong at the recogniser costs one turn (TurnFailed). One that cannot be reached makes the
    service deaf (ServiceHearing), and is looked for until it is there again; so does one that fails again and
    again, until it has given words. :meth:`run` must run meanwhile.
    """

    def __init__(
        self, inner: Connection, recogniser: Recogniser, language: str, chance: Callable[[], float]
    ) -> None:
        """Connect nothing yet.

        Args:
            inner: gets the words, and gives the answers; its opener closes it.
            recogniser: turns speech into words.
            language: code for the recogniser.
            chance: gives numbers in [0, 1), for the pauses between attempts to reach it again.
        """
        self._inner = inner
        self._recogniser = recogniser
        self._language = language
        self._chance = chance
        self._capabilities = replace(inner.capabilities, streams_audio=True, marks_utterances=True)
        self._messages: asyncio.Queue[ServiceMessage | RavatardError] = asyncio.Queue(_MOST_MESSAGES)
        self._open: _Utterance | None = None
        #: The rest of an utterance that failed is passed over.
        self._failed = False
        self._waiting: asyncio.Queue[_Utterance] = asyncio.Queue(MOST_WAITING)
        self._awaited: list[_Utterance] = []
        self._heard = ""
        self._failures = 0
        self._away = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def capabilities(self) -> Capabilities:
        """Capabilities of the service, which takes sound by way of the recogniser."""
        return self._capabilities

    # -------------------------------------------------------------- what goes out

    async def send_audio(self, pcm: bytes) -> None:
        """See :meth:`ravatard.ports.cloud.Connection.send_audio`; it goes to the recogniser."""
        if self._failed:
            return
        try:
            if self._open is None:
                self._open = await self._begun()
            await self._open.recognition.feed(pcm)
        except LinkError as error:
            self._failed = True
            await self._close_open()
            await self._fail(error)

    async def end_utterance(self) -> None:
        """See :meth:`ravatard.ports.cloud.Connection.end_utterance`; the words go out when they are there."""
        utterance, self._open = self._open, None
        self._failed = False
        if utterance is None:
            return
        if self._waiting.full():
            await utterance.closing.aclose()
            await self._messages.put(TurnFailed(f"{MOST_WAITING} utterances wait for the recogniser already"))
            return
        self._awaited.append(utterance)
        self._waiting.put_nowait(utterance)

    async def cancel_utterance(self) -> None:
        """See :meth:`ravatard.ports.cloud.Connection.cancel_utterance`."""
        self._failed = False
        await self._close_open()

    async def send_utterance(self, pcm: bytes) -> None:
        """See :meth:`ravatard.ports.cloud.Connection.send_utterance`; it goes to the recogniser."""
        await self.send_audio(pcm)
        await self.end_utterance()

    async def send_text(self, text: str) -> None:
        """See :meth:`ravatard.ports.cloud.Connection.send_text`."""
        await self._inner.send_text(text)

    async def interrupt(self) -> None:
        """See :meth:`ravatard.ports.cloud.Connection.interrupt`; words that are still awaited are dropped."""
        for utterance in self._awaited:
            utterance.unwanted = True
        await self._inner.interrupt()
        for utterance in self._awaited:
            await utterance.closing.aclose()

    async def _begun(self) -> _Utterance:
        closing = AsyncExitStack()
        try:
            recognition = await closing.enter_async_context(self._recogniser.open(self._language))
        except LinkError as error:
            self._away.set()
            # Each time: who is told may have forgotten it, at a reload.
            await self._messages.put(ServiceHearing(True, str(error)))
            raise
        await self._is_back()
        return _Utterance(recognition, closing)

    async def _close_open(self) -> None:
        utterance, self._open = self._open, None
        if utterance is not None:
            await utterance.closing.aclose()

    # -------------------------------------------------------------- what comes in

    async def receive(self) -> AsyncIterator[ServiceMessage]:
        """See :meth:`ravatard.ports.cloud.Connection.receive`."""
        while True:
            message = await self._messages.get()
            if isinstance(message, RavatardError):
                raise message
            yield message

    async def outdated(self) -> None:
        """See :meth:`ravatard.ports.cloud.Connection.outdated`."""
        await self._inner.outdated()

    # -------------------------------------------------------------- inside

    async def run(self) -> None:
        """Work until :meth:`close`. Cancelled, it leaves every stream to the recogniser closed."""
        try:
            async with asyncio.TaskGroup() as group:
                jobs = (self._receive(), self._recognise(), self._look_for_recogniser())
                tasks = [group.create_task(job, name="speech to text") for job in jobs]
                await self._over.wait()
                for task in tasks:
                    task.cancel()
        finally:
            await self.close()

    async def close(self) -> None:
        """End :meth:`run`, and give up what is at the recogniser."""
        self._over.set()
        await self._close_open()
        for utterance in self._awaited:
            await utterance.closing.aclose()

    async def _receive(self) -> None:
        trouble: RavatardError = LinkError("the service ended the connection")
        try:
            async for message in self._inner.receive():
                # The service did not hear; we know the words that it answers.
                if isinstance(message, Answered) and self._heard:
                    heard, self._heard = message.heard or self._heard, ""
                    message = replace(message, heard=heard)  # noqa: PLW2901 - the same, and more of it
                await self._messages.put(message)
        except (LinkError, DeniedError, PeerError) as error:
            trouble = error
        await self._messages.put(trouble)

    async def _recognise(self) -> None:
        """Send the words of one utterance after the other."""
        while True:
            utterance = await self._waiting.get()
            try:
                await self._send_words(utterance)
            finally:
                self._awaited.remove(utterance)
                await utterance.closing.aclose()

    async def _send_words(self, utterance: _Utterance) -> None:
        try:
            text = await utterance.recognition.text()
        except LinkError as error:
            if not utterance.unwanted:
                await self._fail(error)
            return
        await self._works()
        if utterance.unwanted:
            return
        if not text:
            await self._messages.put(NothingSaid())
            return
        self._heard = text
        try:
            await self._inner.send_text(text)
        except TurnError as error:
            await self._messages.put(TurnFailed(str(error)))
        except (LinkError, DeniedError, PeerError) as error:
            await self._messages.put(error)

    async def _fail(self, error: LinkError) -> None:
        self._failures += 1
        if self._failures >= MOST_FAILURES and not self._away.is_set():
            await self._messages.put(ServiceHearing(True, str(error)))
        await self._messages.put(TurnFailed(str(error)))

    async def _works(self) -> None:
        """It gave words, or said that there are none."""
        failures, self._failures = self._failures, 0
        if failures >= MOST_FAILURES:
            await self._messages.put(ServiceHearing(False))

    async def _look_for_recogniser(self) -> None:
        """Try to reach a recogniser that is away: its return must not wait for words said in vain."""
        while True:
            await self._away.wait()
            backoff = Backoff(_LOOKING, self._chance)
            while self._away.is_set():
                await asyncio.sleep(backoff.failed())
                with suppress(LinkError):
                    async with self._recogniser.open(self._language):
                        await self._is_back()

    async def _is_back(self) -> None:
        if self._away.is_set():
            self._away.clear()
            self._failures = 0
            await self._messages.put(ServiceHearing(False))
