"""Simulated microphone: a program supplies the sound, the real gate processes it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from ravatard.core.actions import MicrophoneCommand, Mute
from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.gate import Gate
from ravatard.core.audio.progress import Progress
from ravatard.core.audio_format import bytes_for, samples_in, seconds_of
from ravatard.core.events import (
    EchoRemoved,
    Listened,
    MicrophoneClosed,
    MicrophoneEvent,
    MicrophoneLost,
    MicrophoneReady,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.core.wakeword.watch import WakeWord

#: Block lengths of the sound process: long during silence, short during speech.
QUIET_BLOCK_MS = 60
SPEECH_BLOCK_MS = 20
LISTENED_EVERY_S = 0.25
#: While the level is watched.
WATCHED_EVERY_S = 0.1


class SimMicrophone:
    """A :class:`~ravatard.ports.microphone.Microphone` paced by the loop's clock.

    Attributes:
        samples_read: samples given to the gate since the device was opened.
        closed: True once the device is closed for good.
        name: name of the device at its next opening.
        progress: its progress until now.
    """

    def __init__(  # noqa: PLR0913 - one option for each thing that it can have
        self,
        gate: GateOptions,
        voice: VoiceOptions,
        is_speech: Callable[[bytes], bool],
        *,
        mode: GateMode,
        noise: Callable[[int], bytes] = bytes,
        word: WakeWord | None = None,
        echo_removed: EchoRemoved | None = None,
    ) -> None:
        """Begin with the device closed.

        Args:
            gate: section ``gate``.
            voice: section ``voice``.
            is_speech: judges the gate's frames.
            mode: what may open the gate.
            noise: returns that many bytes of the sound of a quiet room.
            word: the wake word.
            echo_removed: reported whenever the device is ready, as by a process with an echo canceller.
        """
        self.samples_read = 0
        self.closed = False
        self.name = "simulated microphone"
        self.progress = Progress()
        self._gate = Gate(gate, voice, is_speech, mode=mode, extras=GateExtras(word=word))
        self._noise = noise
        self._echo_removed = echo_removed
        self._pending: deque[memoryview] = deque()
        self._plugged = True
        self._muted = False
        self._why_lost = ""
        self._hung = False
        self._zeros = False
        self._fast = False
        self._changed = asyncio.Event()
        self._events: deque[MicrophoneEvent] = deque()
        self._listened_every_s = LISTENED_EVERY_S

    # -------------------------------------------------------------- sound and cable

    def sound(self, pcm: bytes) -> None:
        """Append ``pcm`` (s16le mono 16 kHz) to the sound to be recorded."""
        self._pending.append(memoryview(pcm))

    @property
    def quiet(self) -> bool:
        """True once all sound has been recorded."""
        return not self._pending

    def unplug(self, why: str = "it was pulled out") -> None:
        """Unplug the microphone, or end it in another way that is noticed."""
        self._plugged = False
        self._why_lost = why
        self._changed.set()

    def replug(self) -> None:
        """Plug it in again."""
        self._plugged = True
        self._changed.set()

    # -------------------------------------------------------------- faults

    def hang(self, *, hung: bool = True) -> None:
        """Deliver and report nothing, or resume."""
        self._hung = hung
        self._changed.set()

    def zeros(self, *, zeros: bool = True) -> None:
        """Deliver digital zeros instead of the sound, or the sound again."""
        self._zeros = zeros

    def double_rate(self, *, fast: bool = True) -> None:
        """Deliver samples at twice the rate, or at the right one again."""
        self._fast = fast

    # -------------------------------------------------------------- the port

    async def events(self) -> AsyncIterator[MicrophoneEvent]:
        """Yield the events of the microphone, for ever."""
        while True:
            async for event in self._opened():
                self.progress.note(event)
                yield event
            reported: MicrophoneEvent | None = None
            while self._muted or not self._plugged:
                self._changed.clear()
                state = MicrophoneClosed() if self._muted else MicrophoneLost(self._why_lost)
                if state != reported:
                    reported = state
                    self.progress.note(state)
                    yield state
                await self._changed.wait()

    def command(self, command: MicrophoneCommand) -> None:
        """Pass a command to the gate; muting closes the device, unmuting opens it."""
        if isinstance(command, Mute):
            self._muted = command.muted
            self._changed.set()
            return
        self._events.extend(self._gate.command(command, asyncio.get_running_loop().time()))

    def watch_level(self, *, watched: bool) -> None:
        """Note the level ten times a second while it is watched."""
        self._listened_every_s = WATCHED_EVERY_S if watched else LISTENED_EVERY_S

    async def close(self) -> None:
        """Close the device."""
        self.closed = True

    async def _opened(self) -> AsyncIterator[MicrophoneEvent]:
        """Yield the events of one opening, until the device is unplugged or muted."""
        loop = asyncio.get_running_loop()
        opened_at = reported_at = loop.time()
        self.samples_read = 0
        yield MicrophoneReady(self.name)
        if self._echo_removed is not None:
            yield self._echo_removed
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
            await asyncio.sleep(opened_at + seconds_of(self.samples_read + samples_in(block)) - loop.time())
            self.samples_read += samples_in(block)
            self._events.extend(self._gate.feed(block, loop.time()))
            while self._events:
                yield self._events.popleft()
            if loop.time() - reported_at >= self._listened_every_s:
                reported_at = loop.time()
                yield Listened(self.samples_read, self._gate.level_db, self._gate.floor_db)
        for event in self._gate.lost(loop.time()):
            yield event

    async def _unhung(self) -> None:
        while self._hung and self._plugged and not self._muted:
            self._changed.clear()
            await self._changed.wait()

    def _take(self, length: int) -> bytes:
        taken = bytearray()
        while self._pending and len(taken) < length:
            piece = self._pending.popleft()
            rest = length - len(taken)
            taken += piece[:rest]
            if len(piece) > rest:
                self._pending.appendleft(piece[rest:])
        return bytes(length) if self._zeros else bytes(taken) + self._noise(length - len(taken))
