"""A service that is told: ends are marked, answers come in pieces, orders are obeyed; and its appliance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import NoReturn

from ravatard.app import Controls, run
from ravatard.appliance_parts import Parts, SoundOutput
from ravatard.core import events as ev
from ravatard.core.audio_format import VOICE
from ravatard.core.backoff import BackoffOptions
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.gate_mode import gate_mode
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.options.equipment import Equipment
from ravatard.core.states import Refusal, VoiceSource
from ravatard.errors import LinkError, NoSessionError
from ravatard.ports.cloud import Cloud
from ravatard.ports.voice import VoiceSink
from ravatard.secret import Secret
from ravatard.sim.microphone import SimMicrophone
from ravatard.sim.panel import FakeButton, RecordingLamp
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.speaker import SimSpeaker
from ravatard.stages.reload import NewOptions
from tests.scenario.heard import Shelf, WavOnly
from tests.scenario.witness import Witness
from tests.scenario.world import Diary, Notes, Wishes
from tests.unit.core.sounds import voice
from tests.unit.stages.fakes import NoEndings

TOLD = Capabilities(
    streams_audio=True,
    needs_session=True,
    listens=None,
    answer_timeout_s=30.0,
    avatar="Ava",
    language="en",
    voice=VoiceSource.PIECES,
    marks_utterances=True,
    interrupts=True,
)
PIECE_MS = 200
PIECE = b"\x00\x20\x00\xe0" * (VOICE.bytes_for(PIECE_MS) // 4)


@dataclass
class Manner:
    """How the service answers.

    Attributes:
        think_s: until its first piece.
        pieces: of 200 ms each.
        every_s: pause between two; 0 sends all at once.
        gap_s: pause in the middle of the answer, in addition.
        text: when the text comes: "before", "between", "after", or "never".
        fails: what becomes of turns instead: "" for nothing, "failed" or "nothing said".
    """

    think_s: float = 0.5
    pieces: int = 10
    every_s: float = 0.0
    gap_s: float = 0.0
    text: str = "before"
    fails: str = ""


class ToldService:
    """A :class:`ravatard.ports.cloud.Cloud` in memory. It complains of all that its client may not do.

    Attributes:
        manner: how it answers.
        down: it cannot be reached.
        started, ended: sessions, all in all.
        heard: utterances that came to their end, in samples.
        read: lines of text.
        cancelled: utterances that were taken back.
        interrupted_at: when an order to stop came.
        sent_at: when each chunk came.
        complaints: a sentence for each thing that must not be.
    """

    def __init__(self, capabilities: Capabilities = TOLD) -> None:
        self.capabilities = capabilities
        self.manner = Manner()
        self.down = False
        self.started = self.ended = 0
        self.is_open = False
        self.heard: list[int] = []
        self.read: list[str] = []
        self.cancelled = 0
        self.interrupted_at: list[float] = []
        self.sent_at: list[float] = []
        self.complaints: list[str] = []
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._stop = asyncio.Event()
        self._line: _ToldLine | None = None

    # ---------------------------------------------------------------- what happens to it

    def tell(self, message: ev.ServiceMessage) -> None:
        """It says something by itself."""
        if self._line is not None:
            self._line.says.put_nowait(message)

    def drop(self) -> None:
        """The connection breaks."""
        if self._line is not None:
            self._line.says.put_nowait(LinkError("the connection broke"))

    def vanish(self) -> None:
        """The session is gone, and is missed with the next word."""
        self.is_open = False
        self.ended = self.started

    # ---------------------------------------------------------------- the port

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield
        await self.end_session()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[_ToldLine]:
        await asyncio.sleep(0.05)
        if self.down:
            raise LinkError("it cannot be reached")
        line = self._line = _ToldLine(self)
        try:
            yield line
        finally:
            self._stop.set()
            if self._line is line:
                self._line = None

    async def maintain(self) -> None:
        await asyncio.Event().wait()

    async def start_session(self) -> None:
        await asyncio.sleep(0.2)
        if self.down:
            raise LinkError("it cannot be reached")
        if not self.is_open:
            self.started += 1
            self.is_open = True

    async def end_session(self, *, gone: bool = False) -> None:
        if self.is_open and gone:
            self.complaints.append("a session was forgotten that is open")
        self.ended += self.is_open
        self.is_open = False
        self._stop.set()

    async def voice(self, sink: VoiceSink) -> NoReturn:
        while True:
            text = await self._answers.get()
            self._stop.clear()
            if not await self._stopped(self.manner.think_s):
                await self._speak(text, sink)

    def details(self) -> tuple[tuple[str, str], ...]:
        return (("ear", "marks"),)

    @property
    def endings(self) -> NoEndings:
        return NoEndings()

    async def picture(self) -> AsyncGenerator[tuple[Secret, Secret] | None, None]:
        yield None
        await asyncio.Event().wait()

    # ---------------------------------------------------------------- answering

    def answer(self, text: str) -> None:
        """What was said came to its end."""
        if self.manner.fails:
            failed = self.manner.fails == "failed"
            self.tell(ev.TurnFailed("the model is gone") if failed else ev.NothingSaid())
        else:
            self._answers.put_nowait(text)

    def interrupt(self) -> None:
        self.interrupted_at.append(_now())
        self._stop.set()
        while not self._answers.empty():
            self._answers.get_nowait()

    async def _speak(self, text: str, sink: VoiceSink) -> None:
        manner = self.manner
        if manner.text == "before":
            self.tell(ev.Answered(text))
        sink.begin_answer()
        for number in range(manner.pieces):
            sink.feed(PIECE)
            middle = number == manner.pieces // 2
            if middle and manner.text == "between":
                self.tell(ev.Answered(text))
            if await self._stopped(manner.every_s + manner.gap_s * middle):
                # What is on its way still comes.
                sink.feed(PIECE)
                return
        sink.end_answer()
        if manner.text in ("after", "never"):
            self.tell(ev.Answered(text if manner.text == "after" else ""))

    async def _stopped(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True


class _ToldLine:
    """One connection to it."""

    def __init__(self, service: ToldService) -> None:
        self._service = service
        self._samples = 0
        self.says: asyncio.Queue[ev.ServiceMessage | LinkError] = asyncio.Queue()

    @property
    def capabilities(self) -> Capabilities:
        return self._service.capabilities

    async def send_audio(self, pcm: bytes) -> None:
        self._in_session()
        self._service.sent_at.append(_now())
        self._samples += len(pcm) // 2

    async def end_utterance(self) -> None:
        if not self._in_session():
            return
        if not self._samples:
            self._service.complaints.append("an end without an utterance")
        self._service.heard.append(self._samples)
        self._samples = 0
        self._service.answer(f"answer {len(self._service.heard)}")

    async def cancel_utterance(self) -> None:
        self._service.cancelled += bool(self._samples)
        self._samples = 0

    async def interrupt(self) -> None:
        self._service.interrupt()

    async def send_text(self, text: str) -> None:
        self._in_session()
        self._service.read.append(text)
        self._service.answer(f"answer to {text}")

    async def send_utterance(self, pcm: bytes) -> None:
        raise AssertionError("it takes chunks")

    async def receive(self) -> AsyncIterator[ev.ServiceMessage]:
        while True:
            said = await self.says.get()
            if isinstance(said, LinkError):
                raise said
            yield said

    async def outdated(self) -> None:
        await asyncio.Event().wait()

    def _in_session(self) -> bool:
        """A session that vanished is told of, as RAVATAR does; without one nothing may be sent."""
        if not self._service.is_open:
            if self._service.ended < self._service.started or not self._service.started:
                raise NoSessionError("no live session is open")
            self.says.put_nowait(ev.StreamBroke(Refusal.EXPIRED, "the session is gone"))
            return False
        return True


@dataclass
class ToldWorld:
    """The appliance, and what it stands in."""

    service: ToldService
    ear: SimMicrophone
    speaker: SimSpeaker = field(default_factory=SimSpeaker)
    lamp: RecordingLamp = field(default_factory=RecordingLamp)
    button: FakeButton = field(default_factory=FakeButton)
    diary: Diary = field(default_factory=Diary)
    witness: Witness = field(default_factory=Witness)
    controls: Controls = field(default_factory=Controls)

    async def speaks(self, seconds: float = 1.5) -> None:
        """Somebody speaks; returns when the last sample is in the air."""
        self.ear.sound((voice(400) + bytes(3_200)) * round(seconds * 2))
        await asyncio.sleep(seconds)

    async def taps(self) -> None:
        """Somebody presses the button too shortly to talk."""
        self.button.press()
        await asyncio.sleep(0.05)
        self.button.release()

    def heard_s(self, since: float = 0.0) -> float:
        """Seconds of sound that left the speaker after ``since``."""
        return sum(max(0.0, piece.until - max(piece.at, since)) for piece in self.speaker.played)

    def accept(self) -> None:
        """Check what must be true now."""
        assert self.witness.complaints == []
        assert self.service.complaints == []
        assert self.witness.ended == list(range(1, len(self.witness.ended) + 1))
        leaked = [
            (at, since, until)
            for at in self.service.sent_at
            for since, until in self.witness.muted
            if since + 1e-6 < at and (until is None or at < until)
        ]
        assert leaked == []


@asynccontextmanager
async def told_appliance(
    wishes: Wishes, service: ToldService, cloud: Cloud | None = None
) -> AsyncIterator[ToldWorld]:
    """A running appliance at ``service``, by way of ``cloud`` if that is something before it."""
    mode = gate_mode(wishes.gate.mode, None, has_button=wishes.has_button).mode
    ear = SimMicrophone(wishes.gate, wishes.voice, wishes.is_speech, mode=mode)
    world = ToldWorld(service, ear)
    world.witness.inbox = world.controls.inbox
    parts = Parts(
        microphone=ear,
        cloud=cloud or service,
        lamp=world.lamp,
        notifier=Notes(),
        chance=lambda: 0.5,
        button=world.button if wishes.has_button else None,
        observers=[world.diary, world.witness],
        sound=SoundOutput(world.speaker, Shelf(SimCloud()), WavOnly()),
    )

    def options() -> ConversationOptions:
        equipment = Equipment(speaks=True, audio=wishes.audio, streams=True)
        return replace(wishes.conversation(), equipment=equipment)

    async def reread() -> NewOptions:
        return NewOptions(options())

    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            run(parts, options(), BackoffOptions(), world.controls, reread), name="appliance"
        )
        try:
            yield world
        finally:
            world.controls.stop.set()
        await running


def _now() -> float:
    return asyncio.get_running_loop().time()
