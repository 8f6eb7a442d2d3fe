"""A whole appliance in virtual time: the real stages, hub, gate and client, a simulated room and service."""

from __future__ import annotations

import asyncio
import audioop
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from ravatard.app import Controls, run
from ravatard.appliance_parts import Parts, SoundOutput
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.cloud.ravatar.options import RavatarOptions
from ravatard.cloud.ravatar.service import RavatarCloud
from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio_format import bytes_for
from ravatard.core.backoff import BackoffOptions
from ravatard.core.conversation.gate_mode import gate_mode
from ravatard.core.options.audio import AudioOptions
from ravatard.core.options.conversation import ConversationOptions, SessionOptions, TurnOptions
from ravatard.core.options.equipment import Equipment
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.options.quiet import QuietOptions
from ravatard.core.wakeword.watch import WakeWord
from ravatard.ports.host import Observer
from ravatard.secret import Secret
from ravatard.sim.faults.faulty_service import FaultyService
from ravatard.sim.faults.microphone_faults import inject_faults
from ravatard.sim.faults.scenario import Scenario
from ravatard.sim.microphone import SimMicrophone
from ravatard.sim.network import SimNetwork
from ravatard.sim.options import KeepOptions, SimOptions
from ravatard.sim.panel import FakeButton, RecordingLamp
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.ravatar.record import Record
from ravatard.sim.speaker import SimSpeaker
from ravatard.stages.reload import NewOptions
from tests.scenario.heard import FakeVoice, Shelf, WavOnly, spoken
from tests.unit.core.sounds import voice
from tests.unit.core.wakeword.fakes import word

_NOISE = random.Random(7).randbytes(bytes_for(1000))
_SOFT_NOISE = audioop.mul(_NOISE, 2, 10 ** (-61 / 20))


def room_noise(length: int) -> bytes:
    """``length`` bytes of what a quiet room sounds like, at -66 dBFS."""
    return (_SOFT_NOISE * (length // len(_SOFT_NOISE) + 1))[:length]


def loud(frame: bytes) -> bool:
    """A detector that takes everything louder than the room for speech."""
    return audioop.rms(frame, 2) > 300


class Notes:
    """A notifier that keeps what it was told, with the time."""

    def __init__(self, watchdog_s: float | None = None) -> None:
        self.watchdog_s = watchdog_s
        self.told: list[tuple[float, str]] = []

    def notify(self, *fields: str) -> None:
        now = asyncio.get_running_loop().time()
        self.told += [(now, line) for line in fields]

    def times(self, line: str) -> list[float]:
        return [at for at, told in self.told if told == line]


class Diary:
    """An observer that keeps what a test may ask about."""

    def __init__(self) -> None:
        self.turns: list[act.TurnSummary] = []
        self.answers: list[str] = []
        self.opened: list[ev.UtteranceOpened] = []
        #: Seconds from the microphone's opening until each utterance was reported open.
        self.opened_after_s: list[float] = []
        self._microphone_at = 0.0
        self.sessions: list[tuple[float, str]] = []
        #: How old each chunk was when it was sent, in seconds.
        self.ages_s: list[float] = []

    def on_event(self, event: ev.Event, now: float) -> None:
        if isinstance(event, ev.Answered):
            self.answers.append(event.text)
        elif isinstance(event, ev.MicrophoneReady):
            self._microphone_at = now
        elif isinstance(event, ev.UtteranceOpened):
            self.opened.append(event)
            self.opened_after_s.append(now - self._microphone_at)
        elif isinstance(event, ev.MessageSent) and event.read_at is not None:
            self.ages_s.append(event.sent_at - event.read_at)

    def on_action(self, action: object, now: float) -> None:
        if isinstance(action, act.TurnEnded):
            self.turns.append(action.summary)
        elif isinstance(action, act.SessionChanged):
            self.sessions.append((now, action.session.value))


@dataclass
class World:
    """What the appliance stands in, with verbs of the real world."""

    sim: SimCloud
    network: SimNetwork
    ear: SimMicrophone
    lamp: RecordingLamp
    button: FakeButton
    notes: Notes
    speaker: SimSpeaker = field(default_factory=SimSpeaker)
    voice: FakeVoice = field(default_factory=FakeVoice)
    diary: Diary = field(default_factory=Diary)
    controls: Controls = field(default_factory=Controls)

    @property
    def record(self) -> Record:
        return self.sim.record

    async def speaks(self, seconds: float = 1.5) -> None:
        """Somebody speaks, in syllables; returns when the last sample is in the air."""
        self.ear.sound((voice(400) + room_noise(bytes_for(100))) * round(seconds * 2))
        await self.passes(seconds)

    async def says_the_word(self) -> None:
        """Somebody says the wake word, and waits for a moment."""
        self.ear.sound(word() + room_noise(bytes_for(500)))
        await self.passes(0.9)

    async def passes(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def until(self, what: Callable[[], bool], within_s: float = 60.0) -> None:
        """Wait for something, looking every 10 ms of virtual time."""
        async with asyncio.timeout(within_s):
            # In virtual time looking again costs nothing, and nobody else has to tell us.
            while not what():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def looks(self) -> list[str]:
        return [look.value for _, look in self.lamp.shown]


@dataclass(frozen=True)
class Wishes:
    """How the appliance is configured."""

    gate: GateOptions = field(default_factory=GateOptions)
    voice: VoiceOptions = field(default_factory=VoiceOptions)
    session: SessionOptions = field(default_factory=SessionOptions)
    turn: TurnOptions = field(default_factory=TurnOptions)
    service: ServiceOptions = field(
        default_factory=lambda: ServiceOptions(base_url="http://sim.example", project_id=Secret("proj-1"))
    )
    has_button: bool = False
    watchdog_s: float | None = None
    observers: tuple[Observer, ...] = ()
    ravatar: RavatarOptions = field(default_factory=RavatarOptions)
    audio: AudioOptions = field(default_factory=AudioOptions)
    speaks: bool = False
    quiet: QuietOptions = field(default_factory=QuietOptions)
    local_time: Callable[[], datetime] | None = None
    #: What the room sounds like to the microphone, given what the speaker plays.
    room: Callable[[SimSpeaker], Callable[[int], bytes]] = lambda _: room_noise
    is_speech: Callable[[bytes], bool] = loud
    word: Callable[[], WakeWord] | None = None

    def conversation(self) -> ConversationOptions:
        return ConversationOptions(
            self.session,
            self.turn,
            self.gate,
            self.has_button,
            equipment=Equipment(
                speaks=self.speaks,
                audio=self.audio,
                streams=self.ravatar.mode != "chat",
                other_mode=self.ravatar.mode == "auto",
                quiet=self.quiet,
            ),
        )


@asynccontextmanager
async def appliance(
    wishes: Wishes | None = None,
    service: SimOptions | None = None,
    faults: Scenario | None = None,
    keep: KeepOptions | None = None,
    speak: Callable[[str], bytes] = spoken,
) -> AsyncIterator[World]:
    """A running appliance, on a bad night if there are ``faults``; leaving stops it as SIGTERM does.

    ``keep``: how much the simulated service records; ``speak``: what its answers sound like, as WAV.
    """
    wishes = wishes or Wishes()
    sim = SimCloud(service or SimOptions(), keep=keep, speak=speak)
    network = SimNetwork(FaultyService(sim, faults) if faults is not None else sim)
    mode = gate_mode(wishes.gate.mode, None, has_button=wishes.has_button).mode
    speaker = SimSpeaker()
    ear = SimMicrophone(
        wishes.gate,
        wishes.voice,
        wishes.is_speech,
        mode=mode,
        noise=wishes.room(speaker),
        word=wishes.word() if wishes.word is not None else None,
        # The simulated room has no echo unless a test makes one.
        echo_removed=ev.EchoRemoved(True) if wishes.audio.is_talked_over else None,
    )
    world = World(sim, network, ear, RecordingLamp(), FakeButton(), Notes(wishes.watchdog_s), speaker)
    cloud = RavatarCloud(
        CloudOptions(service=wishes.service, ravatar=wishes.ravatar),
        CloudResources(
            network=network,
            user_id="kiosk-1",
            chance=lambda: 0.5,
            voice_player=world.voice if wishes.speaks else None,
        ),
    )
    parts = Parts(
        microphone=ear,
        cloud=cloud,
        lamp=world.lamp,
        notifier=world.notes,
        chance=lambda: 0.5,
        button=world.button if wishes.has_button else None,
        observers=[world.diary, *wishes.observers],
        sound=SoundOutput(world.speaker, Shelf(sim), WavOnly()) if wishes.speaks else None,
    )
    if wishes.local_time is not None:
        parts = replace(parts, local_time=wishes.local_time)

    async def reread() -> NewOptions:
        return NewOptions(wishes.conversation())

    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            run(parts, wishes.conversation(), BackoffOptions(), world.controls, reread),
            name="appliance",
        )
        if faults is not None:
            group.create_task(inject_faults(ear, faults), name="trouble")
        try:
            yield world
        finally:
            world.controls.stop.set()
        await running
