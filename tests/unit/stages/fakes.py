"""Parts that do what a test says and remember what they were told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio.progress import Progress
from ravatard.core.capabilities import Capabilities
from ravatard.core.indication import Look
from ravatard.errors import RavatardError
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret

CAPABILITIES = Capabilities(True, True, True, 30.0, "Ava", "en")


class NoEndings:
    """Implements ``Endings`` for a cloud without sessions; counts what it is told to try again."""

    def __init__(self) -> None:
        self.retries = 0
        self.faults: tuple[str, ...] = ()

    def retry(self) -> None:
        self.retries += 1


class FakeEar:
    """An ear whose events a test puts in."""

    def __init__(self) -> None:
        self.commands: list[act.MicrophoneCommand] = []
        self.says: asyncio.Queue[ev.MicrophoneEvent | None] = asyncio.Queue()
        self.closed = self.watched = False
        self.progress = Progress()

    async def events(self) -> AsyncIterator[ev.MicrophoneEvent]:
        while (event := await self.says.get()) is not None:
            self.progress.note(event)
            yield event

    def command(self, command: act.MicrophoneCommand) -> None:
        self.commands.append(command)

    def watch_level(self, *, watched: bool) -> None:
        self.watched = watched

    async def close(self) -> None:
        self.closed = True


class FakeLamp:
    """A lamp that remembers."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self.limits: list[int] = []

    def show(self, look: Look) -> None:
        self.looks.append(look)

    def dim(self, percent: int) -> None:
        self.limits.append(percent)

    def close(self) -> None:
        self.looks.append(Look.OFF)


class FakeNotifier:
    """A service manager that remembers."""

    watchdog_s: float | None = None

    def __init__(self) -> None:
        self.told: list[str] = []

    def notify(self, *fields: str) -> None:
        self.told += fields


class FakeCloud:
    """A cloud a test can make slow, make fail, and look at; its own wire as well.

    Attributes:
        refusals: errors that the next connections end with.
        session_errors: errors that the next starts end with.
        connect_s, start_s, send_s: how long each takes.
        log: what was asked of it, in order.
        says: what the service says; an error ends the connection.
    """

    def __init__(self) -> None:
        self.capabilities = CAPABILITIES
        self.refusals: list[RavatardError] = []
        self.session_errors: list[RavatardError] = []
        self.send_errors: list[RavatardError] = []
        self.interrupt_errors: list[RavatardError] = []
        self.connect_s = self.start_s = self.send_s = self.maintain_s = 0.0
        self.log: list[str] = []
        self.says: asyncio.Queue[ev.ServiceMessage | RavatardError | None] = asyncio.Queue()
        self.maintain_error: RavatardError | None = None
        self.connections = 0
        self.pictures: list[tuple[Secret, Secret] | None] = []
        self.renewed = asyncio.Event()
        self.lines: tuple[tuple[str, str], ...] = ()

    async def voice(self, sink: VoiceSink) -> NoReturn:
        raise AssertionError("nobody listens to a voice here")

    async def picture(self) -> AsyncGenerator[tuple[Secret, Secret] | None, None]:
        for picture in self.pictures:
            yield picture
        await asyncio.Event().wait()

    async def send_utterance(self, pcm: bytes) -> None:
        await self._send(f"utterance {len(pcm)}")

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[FakeCloud]:
        self.connections += 1
        await asyncio.sleep(self.connect_s)
        if self.refusals:
            raise self.refusals.pop(0)
        try:
            yield self
        finally:
            self.log.append("closed")

    async def maintain(self) -> None:
        if self.maintain_error is not None:
            await asyncio.sleep(self.maintain_s)
            raise self.maintain_error
        await asyncio.Event().wait()

    async def outdated(self) -> None:
        await self.renewed.wait()
        self.renewed.clear()

    async def start_session(self) -> None:
        self.log.append("start")
        await asyncio.sleep(self.start_s)
        if self.session_errors:
            raise self.session_errors.pop(0)
        self.log.append("started")

    async def end_session(self, *, gone: bool = False) -> None:
        self.log.append("forget" if gone else "end")

    async def send_audio(self, pcm: bytes) -> None:
        await self._send(f"audio {len(pcm)}")

    async def send_text(self, text: str) -> None:
        await self._send(f"text {text}")

    async def end_utterance(self) -> None:
        await self._send("end")

    async def cancel_utterance(self) -> None:
        await self._send("cancel")

    async def interrupt(self) -> None:
        if self.interrupt_errors:
            raise self.interrupt_errors.pop(0)
        self.log.append("interrupt")

    def details(self) -> tuple[tuple[str, str], ...]:
        return self.lines

    @property
    def endings(self) -> NoEndings:
        return NoEndings()

    async def receive(self) -> AsyncIterator[ev.ServiceMessage]:
        while (said := await self.says.get()) is not None:
            if isinstance(said, RavatardError):
                raise said
            yield said

    async def _send(self, what: str) -> None:
        await asyncio.sleep(self.send_s)
        if self.send_errors:
            raise self.send_errors.pop(0)
        self.log.append(what)


@asynccontextmanager
async def running(stage: Callable[[], object]) -> AsyncIterator[asyncio.Task[None]]:
    """A stage at work, cancelled on leaving; a cancellation that gets lost fails the test."""
    task: asyncio.Task[None] = asyncio.get_running_loop().create_task(stage())  # type: ignore[arg-type]
    try:
        await asyncio.sleep(0.001)
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=60.0)
        assert task.done(), "the cancellation was swallowed"
