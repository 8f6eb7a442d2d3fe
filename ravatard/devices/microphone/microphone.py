"""Microphone behind a gate, in a child process that is started again when it dies or falls silent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import assert_never

from ravatard.core.audio import gate_commands as act
from ravatard.core.audio import microphone_events as ev
from ravatard.core.audio.heartbeats import Heartbeats
from ravatard.core.audio.progress import Progress
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import GateMode
from ravatard.devices.cards.kernel_state import capture_state
from ravatard.devices.microphone.child import MicrophoneChild
from ravatard.devices.microphone.detectors.crashes import Crashes, End
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import (
    ChannelsCancel,
    FailureKind,
    HeartbeatEvery,
    Record,
    SourceFailed,
    Start,
)
from ravatard.devices.microphone.utterance_numbers import UtteranceNumbers
from ravatard.devices.microphone.wakeword.tried import TriedModel
from ravatard.devices.process.environment import Child, ProcessEnvironment
from ravatard.devices.process.retry import RetryPolicy
from ravatard.devices.process.supervisor import Supervisor
from ravatard.devices.process.warned_once import WarnedOnce
from ravatard.errors import DeviceError, InternalError

_ENDED = "the sound process ended by itself"


class ChildMicrophone:
    """A :class:`ravatard.ports.microphone.Microphone` on a sound card, a command, a FIFO or a recording.

    While it is muted there is no sound process at all, and so nothing that could record.

    Attributes:
        progress: its progress until now.
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
        talk_over: str = "",
        echo_fd: int | None = None,
        environment: ProcessEnvironment[Start, Child[Record]] | None = None,
        word: Callable[[], TriedModel | None] = lambda: None,
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
            talk_over: see :class:`ravatard.devices.microphone.protocol.Start`.
            echo_fd: ring of the speaker's sound, for ``talk_over``.
            environment: starts processes, shows the cards, sets the time limits.
            word: returns the model of the wake word that was tried last, for a mode that needs one.
        """
        self._word = word
        self._start = Start(
            *(microphone, capture, gate, voice, mode),
            echo_fd=echo_fd,
            word=word() if mode.takes_word else None,
            talk_over="" if echo_fd is None else talk_over,
        )
        environment = environment or ProcessEnvironment(RetryPolicy(), MicrophoneChild, capture_state)
        slim = microphone.is_card and microphone.alsa_config == "slim"
        self._supervisor = Supervisor(environment, environ, slim=slim)
        self._events: deque[ev.MicrophoneEvent] = deque()
        self._utterances = UtteranceNumbers()
        self.progress = Progress()
        self._heartbeats = Heartbeats(self.progress)
        #: The current process has sent a heartbeat; and it has delivered sound.
        self._is_alive = self._is_ready = False
        self._reported: set[str] = set()  # Reasons of losses since the microphone was last ready.
        self._warnings = WarnedOnce()
        self._crashes = Crashes()
        self._muted = muted
        self._closed_reported = False
        self._held = self._pressed = False

    async def events(self) -> AsyncIterator[ev.MicrophoneEvent]:
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

    def command(self, command: act.MicrophoneCommand) -> None:
        """Send the gate a command. Never waits. Its lasting state is kept over a restart of the process.

        Mute closes the capture device at once: its process is killed and its remaining records are
        discarded; MicrophoneClosed follows when the kernel has let go of it.
        """
        match command:
            case act.Mute(muted):
                self._mute(muted)
                return
            case act.SetGate(mode):
                self._set_mode(mode)
                return
            case act.Hold(held):
                self._held = held
            case act.Press():
                self._pressed = True
            case act.Release():
                self._pressed = False
            case act.FollowUp() | act.Overlook():
                pass  # Of the moment: a process that is started later waits for the word.
            case _:
                assert_never(command)
        if self._supervisor.child is not None:
            self._supervisor.child.send(command)

    def watch_level(self, *, watched: bool) -> None:
        """Note the level ten times a second while it is watched. Kept over a restart of the process."""
        every = HeartbeatEvery.for_level(watched=watched)
        self._start = replace(self._start, heartbeat_ms=every.ms or None)
        if self._supervisor.child is not None:
            self._supervisor.child.send(every)

    def _set_mode(self, mode: GateMode) -> None:
        """Tell the gate. A process without a wake word has nothing loaded for it: for one it is another."""
        before = self._start.word
        self._start = replace(self._start, mode=mode, word=self._word() if mode.takes_word else None)
        if before == self._start.word:
            if self._supervisor.child is not None:
                self._supervisor.child.send(act.SetGate(mode))
            return
        if closed := self._utterances.lost():
            self._events.append(closed)
        self._supervisor.start_over()

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
        self.progress.note(ev.MicrophoneClosed())
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
            self._events.append(ev.MicrophoneClosed())
            return
        await self._supervisor.pause(None)

    # -------------------------------------------------------------- one process

    async def _open(self) -> None:
        """Start a process, once that is due."""
        if self._start.word is not None:
            self._start = replace(self._start, word=self._word())
        try:
            child = await self._supervisor.start(
                self._crashes.first(self._start, asyncio.get_running_loop().time())
            )
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
            child.send(act.Hold(True))
        # With toggle a press is an edge: repeated, it would open the gate again unasked.
        if self._pressed and not self._start.gate.toggle:
            child.send(act.Press())

    async def _receive(self, child: Child[Record]) -> None:
        """Wait for the next records of the process and handle them."""
        end, clock = End(), asyncio.get_running_loop().time
        kind = FailureKind.RUNNING if self._is_alive else FailureKind.OPENING
        silent = "the microphone fell silent" if self._is_alive else "the microphone did not open"
        try:
            records = await self._supervisor.receive(
                child, silent=silent, ended=_ENDED, absorbs=self._absorbs
            )
        except DeviceError as error:
            end = End.of(child, by_itself=str(error) == _ENDED)
            if end.by_itself:
                self._crashes.failed(end.call, clock())
            self._lose(str(error), kind)
        else:
            for record in records:
                # Records count until their process is dropped, be it by a mute in the meantime.
                if child is self._supervisor.child:
                    self._handle(record)
        await self._supervisor.reap()
        if child is not self._supervisor.child:
            if lost_word := self._crashes.ended(child.crash(), end, clock()):
                self._handle(lost_word)
            for lost in self._crashes.lost:
                self._warnings.warn(lost.reason)

    def _absorbs(self, record: Record) -> bool:
        """Note a heartbeat that brings no news, while the pipe is being read; return False for all else.

        It is noted only while :meth:`events` waits for the next record: a capture stage that hangs is found
        by the watchdog, because nothing is noted then.
        """
        if not isinstance(record, ev.Listened) or not self._is_ready:
            return False
        return self._heartbeats.absorbs(record, asyncio.get_running_loop().time())

    def _handle(self, record: Record) -> None:  # noqa: C901 - a table of records
        match record:
            case SourceFailed(kind, reason):
                if kind is FailureKind.CANCELLER:
                    self._crashes.failed(None, asyncio.get_running_loop().time())
                self._lose(reason, kind)
            case ev.UtteranceOpened() | ev.ChunkCaptured() | ev.UtteranceClosed():
                self._events.append(self._utterances.numbered(record))
            case ev.MicrophoneReady():
                self._on_ready(record)
            case ChannelsCancel():
                self._warnings.warn(record.text)
            case ev.ConfirmationLost(reason):
                self._warnings.warn(reason)
                self._events.append(record)
            case ev.MicrophoneLost():
                # The process waits by itself for sound to come back: a FIFO without a writer.
                self._supervisor.expect_silence()
                self._is_ready = False
                self.progress.note(record)
                self._events.append(record)
            case ev.Listened() if not self._is_ready:
                self._on_fault_heartbeat()
            case ev.Listened():
                self._events.append(self._heartbeats.event(record, asyncio.get_running_loop().time()))
            case ev.WakeWordLost():
                # Another gate follows from it: the next process need not load the word.
                self._start = replace(self._start, word=None)
                self._events.append(record)
            case _ if isinstance(record, ev.GateEvent | ev.MicrophoneEnded | ev.EchoRemoved):
                self._events.append(record)
            case _:
                raise InternalError(f"the sound process sent {type(record).__name__} to a microphone")

    def _on_ready(self, ready: ev.MicrophoneReady) -> None:
        """The microphone delivers sound."""
        self._is_alive = self._is_ready = True
        self.progress.note(ready)
        self._crashes.ready(asyncio.get_running_loop().time())
        self._heartbeats.restart()
        self._start = replace(self._start, fault=None)
        self._reported.clear()
        self._events.append(ev.MicrophoneReady(self._supervisor.ready(ready.device)))
        self._events += self._crashes.lost

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
        self.progress.note(ev.MicrophoneLost(reason))
        reason, _ = self._supervisor.lose(
            reason, opening=kind is FailureKind.OPENING, at_once=kind.is_fault_of_sound
        )
        if closed := self._utterances.lost():
            self._events.append(closed)
        if reason not in self._reported:
            self._reported.add(reason)
            self._events.append(ev.MicrophoneLost(reason))
