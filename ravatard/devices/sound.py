"""The ear: a microphone behind a gate, in a child process, started again when it dies or falls silent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import assert_never

from ravatard.core.events import (
    ChunkCaptured,
    EarCommand,
    EarEvent,
    Hold,
    Listened,
    MicrophoneClosed,
    MicrophoneEnded,
    MicrophoneLost,
    MicrophoneReady,
    Mute,
    Press,
    PressIgnored,
    Release,
    SetGate,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.gate_options import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.earwire import Failed, Record, Start, Trouble
from ravatard.devices.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.reopening import Reopening
from ravatard.devices.soundchild import child_environment
from ravatard.devices.surroundings import Child, Surroundings
from ravatard.devices.utterances import Utterances
from ravatard.errors import DeviceError, HouseError


class ChildEar:
    """An :class:`ravatard.ports.Ear` on real hardware, or on a command, a FIFO or a recording.

    Muted, there is no sound process at all, and so nothing that could listen.
    """

    def __init__(
        self,
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        gate: GateOptions,
        voice: VoiceOptions,
        *,
        mode: GateMode,
        environ: Mapping[str, str],
        muted: bool = False,
        surroundings: Surroundings | None = None,
    ) -> None:
        """Nothing is started before :meth:`events` is iterated.

        Args:
            microphone: section ``microphone``; see ``check_source`` for what can be wrong with it.
            capture: section ``capture``.
            gate: section ``gate``.
            voice: section ``voice``.
            mode: who may open the gate, until a SetGate says otherwise.
            environ: the daemon's environment; what ALSA and PulseAudio need is in it.
            muted: open nothing until a Mute says otherwise.
            surroundings: what starts processes, shows cards, and how long they may take.
        """
        self._start = Start(microphone, capture, gate, voice, mode)
        self._environ = environ
        surroundings = surroundings or Surroundings()
        self._patience = surroundings.patience
        self._spawn = surroundings.spawn
        self._reopening = Reopening(self._patience, surroundings.cards)
        self._child: Child | None = None
        self._killed: list[Child] = []
        self._limit_s: float | None = None
        self._events: deque[EarEvent] = deque()
        self._utterances = Utterances()
        self._closed = self._closing_told = False
        self._woken = asyncio.Event()
        self._has_slim = (
            microphone.is_card and microphone.alsa_config == "slim" and "ALSA_CONFIG_PATH" not in environ
        )
        self._slim = self._reopening.by_cards = self._has_slim
        #: This process has delivered something; and it was sound.
        self._delivers = self._ready = False
        self._told: set[str] = set()
        self._muted = muted
        self._held = self._pressed = False

    async def events(self) -> AsyncIterator[EarEvent]:
        """What the ear hears, until it is closed. Device trouble is an event, never an exception.

        Cancelling the iteration leaves the ear as it is: the next one goes on where this one stopped.
        """
        while not self._closed:
            while self._events:
                yield self._events.popleft()
            if self._muted:
                await self._stay_closed()
            elif self._child is not None:
                await self._listen(self._child)
            else:
                await self._open()

    def command(self, command: EarCommand) -> None:
        """Tell the gate something. Never waits. What must outlive a restart is remembered.

        Mute closes the capture device at once: its process is killed, and nothing that it said comes out any
        more; MicrophoneClosed follows when the kernel has let go of it.
        """
        match command:
            case Mute(muted):
                self._mute(muted)
                return
            case SetGate(mode):
                self._start = replace(self._start, mode=mode)
            case Hold(held):
                self._held = held
            case Press():
                self._pressed = True
            case Release():
                self._pressed = False
            case _:
                assert_never(command)
        if self._child is not None:
            self._child.tell(command)

    async def close(self) -> None:
        """End the sound process and what it started. Idempotent; returns within two seconds."""
        self._closed = True
        self._drop()
        self._woken.set()
        await self._reap()

    # -------------------------------------------------------------- muted

    def _mute(self, muted: bool) -> None:
        if muted is self._muted:
            return
        self._muted = muted
        self._closing_told = False
        self._drop()
        # Of an utterance that was open nothing follows, not even its end: whoever muted has ended it.
        self._events.clear()
        self._utterances.lost()
        self._told.clear()
        self._reopening.now()
        self._woken.set()

    async def _stay_closed(self) -> None:
        """Say once that nothing listens, when that is so, and wait until it may again."""
        await self._reap()
        if not self._muted or self._killed:
            # A driver that hangs: it is not closed, so nobody is told that it is.
            return
        if not self._closing_told:
            self._closing_told = True
            self._events.append(MicrophoneClosed())
            return
        await self._pause(None)

    # -------------------------------------------------------------- one process

    async def _open(self) -> None:
        """Start a process, once that is due."""
        wait_s = self._reopening.wait_s(asyncio.get_running_loop().time())
        if wait_s > 0:
            await self._pause(wait_s)
            return
        self._reopening.begins()
        try:
            self._child = self._started()
        except DeviceError as error:
            self._lose(str(error), Trouble.OPENING)

    def _started(self) -> Child:
        environment = child_environment(self._environ, slim=self._slim)
        child = self._spawn(environment, self._start)
        self._utterances.restart()
        self._delivers = self._ready = False
        self._limit_s = self._patience.start_s
        if self._start.doubt is not None:
            self._reopening.doubted(asyncio.get_running_loop().time())
        if self._held:
            child.tell(Hold(True))
        # With toggle a press is an edge: repeated, it would open what the person did not ask for again.
        if self._pressed and not self._start.gate.toggle:
            child.tell(Press())
        return child

    async def _listen(self, child: Child) -> None:
        """Wait for what the process says next."""
        trouble = Trouble.RUNNING if self._delivers else Trouble.OPENING
        lost = ""
        records: list[Record] = []
        try:
            records = await child.receive(self._limit_s)
        except TimeoutError:
            what = "fell silent" if self._delivers else "did not open"
            lost = f"the microphone {what}: nothing for {self._limit_s:g} s"
        except DeviceError as error:
            lost = str(error)
        else:
            if not records:
                lost = "the sound process ended by itself"
        if lost and child is self._child:
            self._lose(lost, trouble)
        for record in records:
            # What a process says counts until it is dropped, be it by a mute in the meantime.
            if child is self._child:
                self._take(record)
        await self._reap()

    def _take(self, record: Record) -> None:
        """One record of the child."""
        match record:
            case Failed(trouble, reason):
                self._lose(reason, trouble)
            case UtteranceOpened() | ChunkCaptured() | UtteranceClosed():
                self._events.append(self._utterances.numbered(record))
            case MicrophoneReady():
                self._hear(record)
            case MicrophoneLost():
                # It waits by itself for sound to come back: a FIFO without a writer.
                self._limit_s, self._ready = None, False
                self._events.append(record)
            case Listened() if not self._ready:
                self._doubt()
            case Listened() | MicrophoneEnded() | PressIgnored():
                self._events.append(record)
            case _:
                raise HouseError(f"the sound process said {type(record).__name__} to an ear")

    def _hear(self, ready: MicrophoneReady) -> None:
        """The microphone delivers sound."""
        self._delivers = self._ready = True
        self._limit_s = self._patience.silence_s
        self._start = replace(self._start, doubt=None)
        self._reopening.ready(asyncio.get_running_loop().time())
        self._told.clear()
        own = self._has_slim and not self._slim
        # What only the machine's own configuration knows is no card, and the kernel does not show it.
        self._reopening.by_cards = self._has_slim and not own
        name = f"{ready.device} (by the machine's own ALSA configuration)" if own else ready.device
        self._events.append(MicrophoneReady(name))

    def _doubt(self) -> None:
        """A sign of life of a microphone that still delivers no proper sound."""
        self._delivers = True
        self._limit_s = self._patience.silence_s
        if self._reopening.is_anew(asyncio.get_running_loop().time()):
            self._drop()

    # -------------------------------------------------------------- trouble

    def _lose(self, reason: str, trouble: Trouble) -> None:
        """The child is of no use any more: end it, say so, and plan the next one."""
        noise = self._child.noise() if self._child is not None else ""
        self._drop()
        if at_once := trouble.leaves_doubt:
            self._start = replace(self._start, doubt=trouble)
        if noise:
            reason = f"{reason} [{noise}]"
        if self._has_slim and trouble is Trouble.OPENING:
            self._slim = not self._slim
            if not self._slim:
                # Nothing has to settle for another configuration to be tried.
                at_once = True
                reason = f"{reason}; trying the machine's own ALSA configuration"
        self._reopening.lost(asyncio.get_running_loop().time(), at_once=at_once)
        if closed := self._utterances.lost():
            self._events.append(closed)
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

    async def _pause(self, seconds: float | None) -> None:
        """Wait, but no longer than until the ear is closed, muted or un-muted."""
        if self._closed:
            return
        self._woken.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
