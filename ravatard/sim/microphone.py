"""A microphone without hardware: sound is put into the room by a program, the real gate listens to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from ravatard.core.actions import MicrophoneCommand, Mute
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import bytes_for, samples_in, seconds_of
from ravatard.core.events import Listened, MicrophoneClosed, MicrophoneEvent, MicrophoneLost, MicrophoneReady
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode

#: Blocks as the sound process reads them: long while it is quiet, short while it matters.
QUIET_BLOCK_MS = 60
SPEECH_BLOCK_MS = 20
LISTENED_EVERY_S = 0.25


class SimMicrophone:
    """A :class:`~ravatard.ports.microphone.Microphone` paced by the loop's clock, with verbs of the room and the cable.

    Attributes:
        heard: samples the gate was given since the device was opened.
        closed: the capture device is closed for good.
        name: what the device is called at its next opening.
    """

    def __init__(
        self,
        gate: GateOptions,
        voice: VoiceOptions,
        is_speech: Callable[[bytes], bool],
        *,
        mode: GateMode,
        noise: Callable[[int], bytes] = bytes,
    ) -> None:
        """``noise`` gives that many bytes of what a quiet room sounds like."""
        self.heard = 0
        self.closed = False
        self.name = "simulated microphone"
        self._gate = Gate(gate, voice, is_speech, mode=mode)
        self._noise = noise
        self._air: deque[memoryview] = deque()
        self._plugged = True
        self._muted = False
        self._why_lost = ""
        self._hung = False
        self._deaf = False
        self._fast = False
        self._changed = asyncio.Event()
        self._events: deque[MicrophoneEvent] = deque()

    # -------------------------------------------------------------- the room and the cable

    def sound(self, pcm: bytes) -> None:
        """Let ``pcm`` (s16le mono 16 kHz) be heard after what is heard already."""
        self._air.append(memoryview(pcm))

    @property
    def quiet(self) -> bool:
        """Everything put into the room was heard."""
        return not self._air

    def unplug(self, why: str = "it was pulled out") -> None:
        """Pull the microphone out, or end it in another way that is noticed."""
        self._plugged = False
        self._why_lost = why
        self._changed.set()

    def replug(self) -> None:
        """Put it back."""
        self._plugged = True
        self._changed.set()

    # -------------------------------------------------------------- what may be wrong with it

    def hang(self, *, hung: bool = True) -> None:
        """Deliver nothing and say nothing, or go on."""
        self._hung = hung
        self._changed.set()

    def zeros(self, *, deaf: bool = True) -> None:
        """Deliver digital zeros whatever is heard, or hear again."""
        self._deaf = deaf

    def double_rate(self, *, fast: bool = True) -> None:
        """Deliver samples at twice the pace, or at the right one again."""
        self._fast = fast

    # -------------------------------------------------------------- the port

    async def events(self) -> AsyncIterator[MicrophoneEvent]:
        """What is heard, for ever."""
        while True:
            async for event in self._opened():
                yield event
            told: MicrophoneEvent | None = None
            while self._muted or not self._plugged:
                self._changed.clear()
                state = MicrophoneClosed() if self._muted else MicrophoneLost(self._why_lost)
                if state != told:
                    told = state
                    yield state
                await self._changed.wait()

    def command(self, command: MicrophoneCommand) -> None:
        """Tell the gate something, or close the device and open it again."""
        if isinstance(command, Mute):
            self._muted = command.muted
            self._changed.set()
            return
        self._events.extend(self._gate.command(command, asyncio.get_running_loop().time()))

    async def close(self) -> None:
        """Close the device."""
        self.closed = True

    async def _opened(self) -> AsyncIterator[MicrophoneEvent]:
        """One opening of the device, until it is pulled out or closed on purpose."""
        loop = asyncio.get_running_loop()
        opened_at = told_at = loop.time()
        self.heard = 0
        yield MicrophoneReady(self.name)
        while self._plugged and not self._muted:
            if self._hung:
                hung_at = loop.time()
                await self._unhung()
                opened_at += loop.time() - hung_at
                continue
            block = self._take(bytes_for(SPEECH_BLOCK_MS if self._gate.attentive else QUIET_BLOCK_MS))
            if self._fast:
                opened_at -= seconds_of(samples_in(block)) / 2
            # A block can be read when its last sample was recorded.
            await asyncio.sleep(opened_at + seconds_of(self.heard + samples_in(block)) - loop.time())
            self.heard += samples_in(block)
            self._events.extend(self._gate.feed(block, loop.time()))
            while self._events:
                yield self._events.popleft()
            if loop.time() - told_at >= LISTENED_EVERY_S:
                told_at = loop.time()
                yield Listened(self.heard, self._gate.level_db, self._gate.floor_db)
        for event in self._gate.lost(loop.time()):
            yield event

    async def _unhung(self) -> None:
        while self._hung and self._plugged and not self._muted:
            self._changed.clear()
            await self._changed.wait()

    def _take(self, length: int) -> bytes:
        taken = bytearray()
        while self._air and len(taken) < length:
            piece = self._air.popleft()
            rest = length - len(taken)
            taken += piece[:rest]
            if len(piece) > rest:
                self._air.appendleft(piece[rest:])
        return bytes(length) if self._deaf else bytes(taken) + self._noise(length - len(taken))
