"""The ear: a microphone behind a gate, in a child process, started again when it dies or falls silent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from ravatard.core.audio import samples_in
from ravatard.core.events import (
    ChunkCaptured,
    EarCommand,
    EarEvent,
    Hold,
    Listened,
    MicrophoneEnded,
    MicrophoneLost,
    MicrophoneReady,
    Press,
    PressIgnored,
    Release,
    SetGate,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.gate_options import GateOptions, VoiceOptions
from ravatard.core.states import CloseReason, GateMode
from ravatard.devices.earwire import Failed, Record, Start, Trouble
from ravatard.devices.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.soundchild import SoundChild, child_environment
from ravatard.errors import DeviceError, HouseError


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the ear waits for what.

    Attributes:
        start_s: for the first sound of a new process: a Pi Zero 2 W takes 3 s to start one.
        silence_s: for the next sign of life, which comes every half second of sound.
        first_retry_s: before the first new start; doubles with each that fails.
        longest_retry_s: the longest of these waits.
        stable_s: sound for this long makes the waits short again.
        reap_s: for the kernel to let go of a killed process.
    """

    start_s: float = 12.0
    silence_s: float = 1.0
    first_retry_s: float = 0.25
    longest_retry_s: float = 4.0
    stable_s: float = 5.0
    reap_s: float = 1.0


class Child(Protocol):
    """A sound process, as :class:`ravatard.devices.soundchild.SoundChild` is one."""

    def tell(self, record: Record) -> None:
        """Hand it a command."""
        ...

    async def receive(self, limit_s: float | None) -> list[Record]:
        """What it has said; [] when it has ended; TimeoutError or DeviceError when there is trouble."""
        ...

    def noise(self) -> str:
        """What its libraries printed."""
        ...

    def kill(self) -> None:
        """End it."""
        ...

    async def reaped(self, limit_s: float) -> bool:
        """Wait until it is gone."""
        ...


class ChildEar:
    """An :class:`ravatard.ports.Ear` on real hardware, or on a command, a FIFO or a recording."""

    def __init__(
        self,
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        gate: GateOptions,
        voice: VoiceOptions,
        *,
        mode: GateMode,
        environ: Mapping[str, str],
        patience: Patience | None = None,
        spawn: Callable[[Mapping[str, str], Record], Child] = SoundChild,
    ) -> None:
        """Nothing is started before :meth:`events` is iterated.

        Args:
            microphone: section ``microphone``; see ``check_source`` for what can be wrong with it.
            capture: section ``capture``.
            gate: section ``gate``.
            voice: section ``voice``.
            mode: who may open the gate, until a SetGate says otherwise.
            environ: the daemon's environment; what ALSA and PulseAudio need is in it.
            patience: how long to wait for what.
            spawn: starts a sound process with an environment and its first record.
        """
        self._start = Start(microphone, capture, gate, voice, mode)
        self._environ = environ
        self._patience = patience or Patience()
        self._spawn = spawn
        self._child: Child | None = None
        self._killed: list[Child] = []
        self._limit_s: float | None = None
        self._events: deque[EarEvent] = deque()
        self._closed = asyncio.Event()
        card = microphone.command is microphone.fifo is microphone.wav is None
        self._has_slim = card and microphone.alsa_config == "slim" and "ALSA_CONFIG_PATH" not in environ
        self._slim = self._has_slim
        self._failures = 0
        self._retry_at = 0.0
        self._ready_at: float | None = None
        self._told: set[str] = set()
        self._held = self._pressed = False
        # Utterances are counted since the ear started; every new process begins with 1 again.
        self._before = self._utterance = 0
        self._open = False
        self._end_sample = 0

    async def events(self) -> AsyncIterator[EarEvent]:
        """What the ear hears, until it is closed. Device trouble is an event, never an exception.

        Cancelling the iteration leaves the ear as it is: the next one goes on where this one stopped.
        """
        while not self._closed.is_set():
            while self._events:
                yield self._events.popleft()
            await self._listen()

    def command(self, command: EarCommand) -> None:
        """Tell the gate something. Never waits. What must outlive a restart is remembered."""
        match command:
            case SetGate(mode):
                self._start = replace(self._start, mode=mode)
            case Hold(held):
                self._held = held
            case Press():
                self._pressed = True
            case Release():
                self._pressed = False
        if self._child is not None:
            self._child.tell(command)

    async def close(self) -> None:
        """End the sound process and what it started. Idempotent; returns within two seconds."""
        self._closed.set()
        self._drop()
        await self._reap()

    # -------------------------------------------------------------- one process

    async def _listen(self) -> None:
        """Wait for the next records, with a process to hear them from."""
        loop = asyncio.get_running_loop()
        if self._child is None:
            await self._pause(self._retry_at - loop.time())
            if self._closed.is_set():
                return
            try:
                self._child = self._started()
            except DeviceError as error:
                self._lose(str(error), Trouble.OPENING)
                return
        trouble = Trouble.OPENING if self._ready_at is None else Trouble.RUNNING
        child = self._child
        try:
            records = await child.receive(self._limit_s)
        except TimeoutError:
            what = "did not open" if trouble is Trouble.OPENING else "fell silent"
            self._lose(f"the microphone {what}: nothing for {self._limit_s:g} s", trouble)
        except DeviceError as error:
            self._lose(str(error), trouble)
        else:
            if not records and not self._closed.is_set():
                self._lose("the sound process ended by itself", trouble)
            for record in records:
                self._take(record)
        if self._killed:
            await self._reap()

    def _started(self) -> Child:
        environment = child_environment(self._environ, slim=self._slim)
        child = self._spawn(environment, self._start)
        self._before = self._utterance
        self._limit_s = self._patience.start_s
        if self._held:
            child.tell(Hold(True))
        # With toggle a press is an edge: repeated, it would open what the person did not ask for again.
        if self._pressed and not self._start.gate.toggle:
            child.tell(Press())
        return child

    def _take(self, record: Record) -> None:
        """One record of the child."""
        match record:
            case Failed(trouble, reason):
                self._lose(reason, trouble)
            case UtteranceOpened() | ChunkCaptured() | UtteranceClosed():
                self._events.append(self._numbered(record))
            case MicrophoneReady(device):
                self._ready_at = asyncio.get_running_loop().time()
                self._limit_s = self._patience.silence_s
                self._told.clear()
                own = self._has_slim and not self._slim
                self._events.append(
                    MicrophoneReady(f"{device} (by the machine's own ALSA configuration)") if own else record
                )
            case MicrophoneLost():
                # It waits by itself for sound to come back: a FIFO without a writer.
                self._limit_s = self._ready_at = None
                self._events.append(record)
            case Listened() | MicrophoneEnded() | PressIgnored():
                self._events.append(record)
            case _:
                raise HouseError(f"the sound process said {type(record).__name__} to an ear")

    def _numbered(
        self, event: UtteranceOpened | ChunkCaptured | UtteranceClosed
    ) -> UtteranceOpened | ChunkCaptured | UtteranceClosed:
        """``event`` with its utterance counted since the ear started, not since the process did."""
        match event:
            case UtteranceOpened():
                self._utterance = self._before + event.utterance
                self._open, self._end_sample = True, event.first_sample
            case ChunkCaptured():
                self._end_sample = event.first_sample + samples_in(event.pcm)
            case UtteranceClosed():
                self._open = False
        return replace(event, utterance=self._utterance) if self._before else event

    # -------------------------------------------------------------- trouble

    def _lose(self, reason: str, trouble: Trouble) -> None:
        """The child is of no use any more: end it, say so, and plan the next one."""
        noise = self._child.noise() if self._child is not None else ""
        self._drop()
        now = asyncio.get_running_loop().time()
        if self._ready_at is not None and now - self._ready_at >= self._patience.stable_s:
            self._failures = 0
        self._ready_at = None
        self._retry_at = now + min(
            self._patience.longest_retry_s, self._patience.first_retry_s * 2.0 ** min(self._failures, 30)
        )
        self._failures += 1
        if noise:
            reason = f"{reason} [{noise}]"
        if self._has_slim and trouble is Trouble.OPENING:
            self._slim = not self._slim
            if not self._slim:
                # Nothing has to settle for another configuration to be tried.
                self._retry_at = now
                reason = f"{reason}; trying the machine's own ALSA configuration"
        if self._open:
            self._open = False
            end = self._end_sample
            self._events.append(UtteranceClosed(self._utterance, CloseReason.LOST, end, 0.0, end))
        if reason not in self._told:
            self._told.add(reason)
            self._events.append(MicrophoneLost(reason))

    def _drop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._killed.append(self._child)
            self._child = None

    async def _reap(self) -> None:
        """Let the kernel clean up. One that hangs in a driver is asked again after the next loss."""
        self._killed = [child for child in self._killed if not await child.reaped(self._patience.reap_s)]

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until the ear is closed."""
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._closed.wait()
            except TimeoutError:
                return
