"""Client and simulated AvaTar API in memory and in virtual time, with a sink that records the answers."""

from __future__ import annotations

import asyncio
import math
import struct
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO

from ravatard.cloud.avatar.options import AvatarOptions, AvatarVoiceOptions
from ravatard.cloud.avatar.service import AvatarCloud
from ravatard.cloud.avatar.sessions.intents import Clocks
from ravatard.cloud.kind import CloudResources
from ravatard.cloud.lease import MemoryLedger
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.core.events import ServiceMessage
from ravatard.errors import RavatardError
from ravatard.ports.cloud import Connection
from ravatard.ports.host import Ledger
from ravatard.sim.avatar.options import AvatarSimOptions, SimPictureOptions, SimTalkOptions
from ravatard.sim.avatar.record import AvatarSessionRecord
from ravatard.sim.avatar.service import AvatarSimService
from ravatard.sim.exchange import Service
from ravatard.sim.network import SimNetwork

SERVICE = ServiceOptions(kind="avatar", base_url="http://sim.example:8000/v1")
QUIET = SimPictureOptions(frames_per_s=0.0)
#: A service that answers soon, without pictures.
PLAIN = AvatarSimOptions(talk=SimTalkOptions(think_s=0.2, answers=("I heard you.",)), picture=QUIET)
#: A second of sound that is no silence, s16le mono 16 kHz, in chunks of 256 ms.
CHUNK = bytes(range(1, 129)) * 64


def read_clocks() -> Clocks:
    """Return the time of the loop, by right clocks."""
    at_s = asyncio.get_running_loop().time()
    return Clocks(1_000_000.0 + at_s, "this-boot", 10_000.0 + at_s)


@dataclass
class PieceSink:
    """Implements ``VoiceSink``: answers in pieces, as they came."""

    answers: list[bytearray] = field(default_factory=list)
    ended: int = 0
    began_at: list[float] = field(default_factory=list)

    def begin_answer(self) -> None:
        """See ``VoiceSink.begin_answer``."""
        self.answers.append(bytearray())
        self.began_at.append(asyncio.get_running_loop().time())

    def feed(self, pcm: bytes) -> None:
        """See ``VoiceSink.feed``."""
        self.answers[-1] += pcm

    def end_answer(self) -> None:
        """See ``VoiceSink.end_answer``."""
        self.ended += 1

    def online(self) -> None:
        """No live stream is expected."""
        raise AssertionError("a stream was announced")

    def offline(self, reason: str, *, hopeless: bool = False) -> None:
        """No live stream is expected."""
        raise AssertionError(f"a stream was taken back: {reason}, {hopeless}")

    @property
    def seconds(self) -> list[float]:
        """Length of each answer."""
        return [len(answer) / 96_000 for answer in self.answers]


class AvatarWorld:
    """The simulated service, the network to it, and our client."""

    def __init__(
        self,
        sim: AvatarSimOptions | AvatarSimService = PLAIN,
        service: ServiceOptions = SERVICE,
        avatar: AvatarOptions | None = None,
        voice: AvatarVoiceOptions | None = None,
        ledger: Ledger | None = None,
        chance: Callable[[], float] = lambda: 0.5,
        now: Callable[[], Clocks] = read_clocks,
        network: Callable[[Service], SimNetwork] = SimNetwork,
    ) -> None:
        self.sim = AvatarSimService(sim, synthesize=_tone) if isinstance(sim, AvatarSimOptions) else sim
        self.network = network(self.sim)
        self.ledger: Ledger = ledger if ledger is not None else MemoryLedger()
        self.sink = PieceSink()
        self.said: list[ServiceMessage] = []
        self.trouble: BaseException | None = None
        self.cloud = AvatarCloud(
            CloudOptions(
                service=service,
                avatar=avatar or AvatarOptions(),
                avatar_voice=voice or AvatarVoiceOptions(),
            ),
            CloudResources(network=self.network, user_id="kiosk-1", chance=chance, ledger=self.ledger),
            now=now,
        )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        """An open connection, maintained and received, with a voice; all as the daemon has it."""
        async with self.cloud.opened():
            async with asyncio.TaskGroup() as group:
                voice = group.create_task(self.cloud.voice(self.sink), name="voice")
                clock = group.create_task(self._tick(), name="clock of the service")
                async with self.cloud.connect() as connection:
                    maintaining = group.create_task(self._maintain(), name="maintain")
                    receiving = group.create_task(self._receive(connection), name="receive")
                    try:
                        yield connection
                    finally:
                        for task in (voice, clock, maintaining, receiving):
                            task.cancel()

    async def _tick(self) -> None:
        """The service's own clock, which its front keeps: sessions vanish without a call."""
        while True:
            await asyncio.sleep(0.25)
            self.sim.tick(asyncio.get_running_loop().time())

    async def _maintain(self) -> None:
        try:
            await self.cloud.maintain()
        except* RavatardError as errors:
            self.trouble = errors

    async def _receive(self, connection: Connection) -> None:
        with suppress(asyncio.CancelledError):
            try:
                async for message in connection.receive():
                    self.said.append(message)
            except RavatardError as error:
                self.trouble = error

    @property
    def session_count(self) -> int:
        """Number of sessions so far."""
        return len(self.sim.record.sessions)

    @property
    def session(self) -> AvatarSessionRecord:
        """The newest session."""
        return self.sim.record.sessions[-1]

    @property
    def violations(self) -> list[str]:
        """What the service found wrong with our messages."""
        return [violation.detail for violation in self.sim.record.violations]

    def calls(self, path: str) -> int:
        """Number of calls of this path."""
        return sum(request.path == f"/v1/{path}" for request in self.sim.record.requests)


async def speak(connection: Connection, chunks: int = 6) -> None:
    """One utterance of some chunks, at their pace."""
    for _ in range(chunks):
        await connection.send_audio(CHUNK)
        await asyncio.sleep(0.256)
    await connection.end_utterance()


def _tone(text: str) -> bytes:
    """A WAV file of half a second and a twentieth for each letter, 24 kHz: cheap, and never silent."""
    count = round(24_000 * (0.5 + 0.05 * len(text)))
    file = BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(24_000)
        one = [round(8_000 * math.sin(2 * math.pi * 440 * at / 24_000)) for at in range(2_400)]
        target.writeframes(struct.pack(f"<{len(one)}h", *one) * (count // 2_400))
    return file.getvalue()
