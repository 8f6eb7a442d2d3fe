"""A whole appliance at a simulated AvaTar API that others use too, and its visitor; in virtual time."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from ravatard.app import Controls, run
from ravatard.appliance_parts import Parts
from ravatard.core.audio_format import bytes_for
from ravatard.core.backoff import BackoffOptions
from ravatard.core.conversation.gate_mode import gate_mode
from ravatard.core.indication import Look
from ravatard.core.states import TurnOutcome
from ravatard.sim.avatar.service import AvatarSimService
from ravatard.sim.microphone import SimMicrophone
from ravatard.sim.panel import RecordingLamp
from ravatard.stages.reload import NewOptions
from tests.scenario.world import Diary, Notes, Wishes, loud, room_noise
from tests.unit.cloud.avatar.world import AvatarWorld
from tests.unit.core.sounds import voice

WISHES = Wishes()


@dataclass(eq=False)
class Kiosk:
    """One appliance, and its visitor, who waits for the light and speaks until there is an answer."""

    sim: AvatarSimService
    chance: random.Random
    ear: SimMicrophone = field(init=False)
    lamp: RecordingLamp = field(default_factory=RecordingLamp)
    diary: Diary = field(default_factory=Diary)
    controls: Controls = field(default_factory=Controls)

    def __post_init__(self) -> None:
        """Give it a microphone in a quiet room."""
        gate = WISHES.gate
        mode = gate_mode(gate.mode, None, has_button=False).mode
        self.ear = SimMicrophone(gate, WISHES.voice, loud, mode=mode, noise=room_noise)

    async def run(self) -> None:
        """Run until the controls say so."""
        parts = Parts(
            microphone=self.ear,
            cloud=AvatarWorld(self.sim, chance=self.chance.random).cloud,
            lamp=self.lamp,
            notifier=Notes(),
            chance=self.chance.random,
            observers=[self.diary],
        )
        await run(parts, WISHES.conversation(), BackoffOptions(), self.controls, _unchanged)

    async def answered(self) -> None:
        """Speak until it answers."""
        while not any(turn.outcome is TurnOutcome.ANSWERED for turn in self.diary.turns):
            while self.lamp.look is not Look.READY:  # noqa: ASYNC110 - virtual time: looking costs nothing
                await asyncio.sleep(0.1)
            await asyncio.sleep(self.chance.uniform(0.5, 1.5))
            self.ear.sound((voice(400) + room_noise(bytes_for(100))) * 3)
            await asyncio.sleep(6.0)


async def _unchanged() -> NewOptions:
    return NewOptions(WISHES.conversation())
