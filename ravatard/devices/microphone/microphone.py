"""Microphone behind a gate, in a child process that is started again when it dies or falls silent."""

from __future__ import annotations

import asyncio
import logging
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
from ravatard.devices.microphone.child import MicrophoneChild
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import (
    ChannelsCancel,
    FailureKind,
    Record,
    SourceFailed,
    Start,
)
from ravatard.devices.microphone.utterance_numbers import UtteranceNumbers
from ravatard.devices.process.environment import Child, ProcessEnvironment
from ravatard.devices.process.retry import RetryPolicy
from ravatard.devices.process.supervisor import Supervisor
from ravatard.errors import DeviceError, InternalError

_LOG = logging.getLogger(__name__)


class ChildMicrophone:
    """A :class:`ravatard.ports.microphone.Microphone` on a sound card, a command, a FIFO or a recording.

    While it is muted there is no sound process at all, and so nothing that could record.
    """

    def __init__(  # noqa: PLR0913 - four option groups and their run-time values
        self,
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        gate: GateOptions,
        voice: VoiceOptions,
        *,
        mode: GateMode,
        environ: Mapping[str, str],
        muted: bool = False,
        environment: ProcessEnvironment[Start, Child[Record]] | None = None,
    ) -> None:
        """Prepare the microphone; its process starts when :meth:`events` is iterated.

        Args:
            microphone: section ``microphone``; ``check_source`` finds its mistakes.
            capture: section ``capture``.
            gate: section ``gate``.
            voice: section ``voice``.
            mode: of the gate, until a SetGate changes it.
            environ: the daemon's environment variables, which ALSA and PulseAudio need.
            muted: open nothing until a Mute says otherwise.
            environment: starts processes, shows the cards, sets the time limits.
        """
        self._start = Start(microphone, capture, gate, voice, mode)
        environment = environment or ProcessEnvironment(RetryPolicy(), MicrophoneChild, capture_state)
        slim = microphone.is_card and microphone.alsa_config == "slim"
        self._supervisor = Supervisor(environment, environ, slim=slim)
        self._events: deque[MicrophoneEvent] = deque()
        self._utterances = UtteranceNumbers()
        #: The current process has sent a heartbeat; and it has delivered sound.
        self._is_alive = self._is_ready = False
        #: Reasons of losses that were reported since the microphone was last ready.
        self._reported: set[str] = set()
        #: Written to the log once, however often the microphone is opened.
        self._logged: set[ChannelsCancel] = set()
        self._muted = muted
        self._closed_reported = False
        self._held = self._pressed = False

    async def events(self) -> AsyncIterator[MicrophoneEvent]:
        """Yield its events until it is closed. Device trouble is an event, never an exception.

        Cancelling the iteration leaves the microphone as it is: the next one goes on where this one stopped.
        """
        while not self._supervisor.closed:
            while self._events:
                yield self._events.popleft()
            if self._muted:
                await self._stay_closed()
            elif self._supervisor.child is not None:
                await self._receive(self._supervisor.child)
            else:
                await self._open()

    def command(self, command: MicrophoneCommand) -> None:
        """Send the gate a command. Never waits. Its lasting state is kept over a restart of the process.

        Mute closes the capture device at once: its process is killed and its remaining records are
        discarded; MicrophoneClosed follows when the kernel has let go of it.
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
            self._supervisor.child.send(command)

    async def close(self) -> None:
        """End the sound process and its subprocesses. Idempotent; returns within two seconds."""
        await self._supervisor.close()

    # -------------------------------------------------------------- muted

    def _mute(self, muted: bool) -> None:
        if muted is self._muted:
            return
        self._muted = muted
        self._closed_reported = False
        self._supervisor.start_over()
        # No event follows of an utterance that was open, not even its end: the mute has ended it.
        self._events.clear()
        self._utterances.lost()
        self._reported.clear()

    async def _stay_closed(self) -> None:
        """Report once that the device is closed, when it is, and wait until it may be opened again."""
        all_gone = await self._supervisor.reap()
        if not self._muted or not all_gone:
            # With a driver that hangs the device is not closed, so it is not reported as closed.
            return
        if not self._closed_reported:
            self._closed_reported = True
            self._events.append(MicrophoneClosed())
            return
        await self._supervisor.pause(None)

    # -------------------------------------------------------------- one process

    async def _open(self) -> None:
        """Start a process, once that is due."""
        try:
            child = await self._supervisor.start(self._start)
        except DeviceError as error:
            self._lose(str(error), FailureKind.OPENING)
            return
        if child is None:
            return
        self._utterances.restart()
        self._is_alive = self._is_ready = False
        if self._start.fault is not None:
            self._supervisor.retry.begin_faulty(asyncio.get_running_loop().time())
        if self._held:
            child.send(Hold(True))
        # With toggle a press is an edge: repeated, it would open the gate again unasked.
        if self._pressed and not self._start.gate.toggle:
            child.send(Press())

    async def _receive(self, child: Child[Record]) -> None:
        """Wait for the next records of the process and handle them."""
        kind = FailureKind.RUNNING if self._is_alive else FailureKind.OPENING
        silent = "the microphone fell silent" if self._is_alive else "the microphone did not open"
        try:
            records = await self._supervisor.receive(
                child, silent=silent, ended="the sound process ended by itself"
            )
        except DeviceError as error:
            self._lose(str(error), kind)
        else:
            for record in records:
                # Records count until their process is dropped, be it by a mute in the meantime.
                if child is self._supervisor.child:
                    self._handle(record)
        await self._supervisor.reap()

    def _handle(self, record: Record) -> None:
        match record:
            case SourceFailed(kind, reason):
                self._lose(reason, kind)
            case UtteranceOpened() | ChunkCaptured() | UtteranceClosed():
                self._events.append(self._utterances.numbered(record))
            case MicrophoneReady():
                self._on_ready(record)
            case ChannelsCancel():
                if record not in self._logged:
                    self._logged.add(record)
                    _LOG.warning("%s", record.text)
            case MicrophoneLost():
                # The process waits by itself for sound to come back: a FIFO without a writer.
                self._supervisor.expect_silence()
                self._is_ready = False
                self._events.append(record)
            case Listened() if not self._is_ready:
                self._on_fault_heartbeat()
            case Listened() | MicrophoneEnded() | PressIgnored():
                self._events.append(record)
            case _:
                raise InternalError(f"the sound process sent {type(record).__name__} to a microphone")

    def _on_ready(self, ready: MicrophoneReady) -> None:
        """The microphone delivers sound."""
        self._is_alive = self._is_ready = True
        self._start = replace(self._start, fault=None)
        self._reported.clear()
        self._events.append(MicrophoneReady(self._supervisor.ready(ready.device)))

    def _on_fault_heartbeat(self) -> None:
        """The source is open and still delivers no proper sound."""
        self._is_alive = True
        self._supervisor.expect_heartbeats()
        if self._supervisor.retry.is_reopen_due(asyncio.get_running_loop().time()):
            self._supervisor.drop()

    # -------------------------------------------------------------- failure

    def _lose(self, reason: str, kind: FailureKind) -> None:
        """End the child, report the loss, and plan the next child."""
        if kind.is_fault_of_sound:
            self._start = replace(self._start, fault=kind)
        reason, _ = self._supervisor.lose(
            reason, opening=kind is FailureKind.OPENING, at_once=kind.is_fault_of_sound
        )
        if closed := self._utterances.lost():
            self._events.append(closed)
        if reason not in self._reported:
            self._reported.add(reason)
            self._events.append(MicrophoneLost(reason))
