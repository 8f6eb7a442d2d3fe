"""The ear: a microphone behind a gate, in a child process, started again when it dies or falls silent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import assert_never

from ravatard.core.actions import Hold, MicrophoneCommand, Mute, Press, Release, SetGate
from ravatard.core.events import (
    ChunkCaptured,
    Listened,
    MicrophoneClosed,
    MicrophoneEnded,
    MicrophoneEvent,
    MicrophoneLost,
    MicrophoneReady,
    PressIgnored,
    UtteranceClosed,
    UtteranceOpened,
)
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.cards.kernel_state import capture_state
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import Record, SourceFailed, Start, Trouble
from ravatard.devices.microphone.utterance_numbers import UtteranceNumbers
from ravatard.devices.process.child import SoundChild
from ravatard.devices.process.environment import Child, ProcessEnvironment
from ravatard.devices.process.retry import RetryPolicy
from ravatard.devices.process.supervisor import Supervisor
from ravatard.errors import DeviceError, InternalError


class ChildMicrophone:
    """A :class:`~ravatard.ports.microphone.Microphone` on real hardware, or on a command, a FIFO or a recording.

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
        surroundings: ProcessEnvironment[Start, Child[Record]] | None = None,
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
        surroundings = surroundings or ProcessEnvironment(RetryPolicy(), SoundChild, capture_state)
        slim = microphone.is_card and microphone.alsa_config == "slim"
        self._supervisor = Supervisor(surroundings, environ, slim=slim)
        self._events: deque[MicrophoneEvent] = deque()
        self._utterances = UtteranceNumbers()
        #: This process has delivered something; and it was sound.
        self._delivers = self._ready = False
        self._told: set[str] = set()
        self._muted = muted
        self._closing_told = False
        self._held = self._pressed = False

    async def events(self) -> AsyncIterator[MicrophoneEvent]:
        """What the ear hears, until it is closed. Device trouble is an event, never an exception.

        Cancelling the iteration leaves the ear as it is: the next one goes on where this one stopped.
        """
        while not self._supervisor.closed:
            while self._events:
                yield self._events.popleft()
            if self._muted:
                await self._stay_closed()
            elif self._supervisor.child is not None:
                await self._listen(self._supervisor.child)
            else:
                await self._open()

    def command(self, command: MicrophoneCommand) -> None:
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
        if self._supervisor.child is not None:
            self._supervisor.child.tell(command)

    async def close(self) -> None:
        """End the sound process and what it started. Idempotent; returns within two seconds."""
        await self._supervisor.close()

    # -------------------------------------------------------------- muted

    def _mute(self, muted: bool) -> None:
        if muted is self._muted:
            return
        self._muted = muted
        self._closing_told = False
        self._supervisor.start_over()
        # Of an utterance that was open nothing follows, not even its end: whoever muted has ended it.
        self._events.clear()
        self._utterances.lost()
        self._told.clear()

    async def _stay_closed(self) -> None:
        """Say once that nothing listens, when that is so, and wait until it may again."""
        all_gone = await self._supervisor.reap()
        if not self._muted or not all_gone:
            # A driver that hangs: it is not closed, so nobody is told that it is.
            return
        if not self._closing_told:
            self._closing_told = True
            self._events.append(MicrophoneClosed())
            return
        await self._supervisor.pause(None)

    # -------------------------------------------------------------- one process

    async def _open(self) -> None:
        """Start a process, once that is due."""
        try:
            child = await self._supervisor.start(self._start)
        except DeviceError as error:
            self._lose(str(error), Trouble.OPENING)
            return
        if child is None:
            return
        self._utterances.restart()
        self._delivers = self._ready = False
        if self._start.doubt is not None:
            self._supervisor.reopening.doubted(asyncio.get_running_loop().time())
        if self._held:
            child.tell(Hold(True))
        # With toggle a press is an edge: repeated, it would open what the person did not ask for again.
        if self._pressed and not self._start.gate.toggle:
            child.tell(Press())

    async def _listen(self, child: Child[Record]) -> None:
        """Wait for what the process says next."""
        trouble = Trouble.RUNNING if self._delivers else Trouble.OPENING
        silent = "the microphone fell silent" if self._delivers else "the microphone did not open"
        try:
            records = await self._supervisor.receive(
                child, silent=silent, ended="the sound process ended by itself"
            )
        except DeviceError as error:
            self._lose(str(error), trouble)
        else:
            for record in records:
                # What a process says counts until it is dropped, be it by a mute in the meantime.
                if child is self._supervisor.child:
                    self._take(record)
        await self._supervisor.reap()

    def _take(self, record: Record) -> None:
        """One record of the child."""
        match record:
            case SourceFailed(trouble, reason):
                self._lose(reason, trouble)
            case UtteranceOpened() | ChunkCaptured() | UtteranceClosed():
                self._events.append(self._utterances.numbered(record))
            case MicrophoneReady():
                self._hear(record)
            case MicrophoneLost():
                # It waits by itself for sound to come back: a FIFO without a writer.
                self._supervisor.waits()
                self._ready = False
                self._events.append(record)
            case Listened() if not self._ready:
                self._doubt()
            case Listened() | MicrophoneEnded() | PressIgnored():
                self._events.append(record)
            case _:
                raise InternalError(f"the sound process said {type(record).__name__} to an ear")

    def _hear(self, ready: MicrophoneReady) -> None:
        """The microphone delivers sound."""
        self._delivers = self._ready = True
        self._start = replace(self._start, doubt=None)
        self._told.clear()
        self._events.append(MicrophoneReady(self._supervisor.ready(ready.device)))

    def _doubt(self) -> None:
        """A sign of life of a microphone that still delivers no proper sound."""
        self._delivers = True
        self._supervisor.delivers()
        if self._supervisor.reopening.is_anew(asyncio.get_running_loop().time()):
            self._supervisor.drop()

    # -------------------------------------------------------------- trouble

    def _lose(self, reason: str, trouble: Trouble) -> None:
        """The child is of no use any more: end it, say so, and plan the next one."""
        if trouble.leaves_doubt:
            self._start = replace(self._start, doubt=trouble)
        reason, _ = self._supervisor.lose(
            reason, opening=trouble is Trouble.OPENING, at_once=trouble.leaves_doubt
        )
        if closed := self._utterances.lost():
            self._events.append(closed)
        if reason not in self._told:
            self._told.add(reason)
            self._events.append(MicrophoneLost(reason))
