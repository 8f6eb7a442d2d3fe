"""Speaker in a child process of its own, started again when it dies or stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from ravatard.core.audio.speaker_events import PlaybackEnded, PlaybackStarted, SpeakerEvent, SpeakerReady
from ravatard.core.states import Earcon
from ravatard.devices.cards.kernel_state import playback_state
from ravatard.devices.process.environment import ProcessEnvironment
from ravatard.devices.process.retry import RetryPolicy
from ravatard.devices.process.supervisor import Supervisor
from ravatard.devices.speaker.child import PlayingChild, SpeakerChild
from ravatard.devices.speaker.events import SpeakerEvents
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.outgoing_sound import OutgoingSound
from ravatard.devices.speaker.protocol import (
    FallAsleep,
    FellAsleep,
    Heartbeat,
    Pause,
    Play,
    PlayFailed,
    PlayRecord,
    SetEarcon,
    Stop,
    Volume,
    WakeUp,
)
from ravatard.devices.speaker.wakefulness import SleepState, Wakefulness
from ravatard.errors import DeviceError, InternalError
from ravatard.ports.speaker import UnplayedVoice


class ChildSpeaker:
    """A :class:`ravatard.ports.speaker.Speaker` on a sound card, a command or a recording."""

    def __init__(
        self,
        options: SpeakerOptions,
        *,
        environ: Mapping[str, str],
        earcons: Mapping[Earcon, bytes] | None = None,
        keeps_process: bool = True,
        echo_fd: int | None = None,
        environment: ProcessEnvironment[Play, PlayingChild] | None = None,
    ) -> None:
        """Prepare the speaker; its process starts when :meth:`events` is iterated.

        Args:
            options: section ``speaker``.
            environ: the daemon's environment variables, which ALSA and PulseAudio need.
            earcons: sound of each earcon, s16le mono 48 kHz; a missing one is silent.
            keeps_process: keep the process while the device sleeps, for earcons that must be heard at once;
                False: it ends, and what wakes the speaker must come a second before it is to be heard.
            echo_fd: ring (:func:`ravatard.devices.echo.ring.make_ring`) that takes the played sound; None: no
                echo reference.
            environment: starts processes, shows the cards, sets the time limits.
        """
        self._play = Play(options, options.volume, echo_fd=echo_fd)
        self._keeps_process = keeps_process
        environment = environment or ProcessEnvironment(RetryPolicy(), SpeakerChild, playback_state)
        if options.command is not None:
            # A program is not open before it takes sound, for which it has a time of its own.
            policy = environment.policy
            start_s, wake_s = policy.start_s + options.open_s, policy.wake_s + options.open_s
            environment = replace(environment, policy=replace(policy, start_s=start_s, wake_s=wake_s))
        slim = options.is_card and options.alsa_config == "slim"
        self._supervisor = Supervisor(environment, environ, slim=slim)
        self._earcons = dict(earcons or {})
        self._reports = SpeakerEvents()
        self._sound = OutgoingSound(self._send)
        self._wakefulness = Wakefulness(options.idle_s)

    # -------------------------------------------------------------- the port

    async def events(self) -> AsyncIterator[SpeakerEvent]:
        """Yield events until the speaker is closed. Device trouble is an event, never an exception.

        Cancelling the iteration leaves the speaker as it is: the next one goes on where this one stopped.
        """
        while not self._supervisor.closed:
            while self._reports.events:
                yield self._reports.events.popleft()
            if self._supervisor.child is not None:
                await self._receive(self._supervisor.child)
            elif self._wakefulness.state is SleepState.ASLEEP:
                await self._supervisor.pause(None)
            else:
                await self._open()

    def begin(self, voice: int, *, live: bool) -> None:
        """A voice follows."""
        self._wake()
        self._sound.begin(voice, live=live)

    def feed(self, voice: int, pcm: bytes) -> None:
        """Play the next piece of a voice. Never waits; without a device, and beyond 120 s, it is dropped."""
        self._wake()
        self._reports.dropped += self._sound.feed(voice, pcm)

    def finish(self, voice: int) -> None:
        """The voice is complete."""
        self._sound.finish(voice)

    async def unplayed(self) -> UnplayedVoice:
        """Wait for the next finite voice that is not played, or not to its end. Cancelling is safe."""
        return await self._sound.unplayed()

    async def room(self) -> None:
        """Wait until less than two seconds of sound are buffered. Cancelling is safe."""
        await self._sound.room()

    def stop(self) -> None:
        """Discard the buffered sound and fall silent."""
        self._sound.clear()
        if (child := self._supervisor.child) is not None:
            self._sound.stopped(child.discard_unsent())
            child.send(Stop())

    def pause(self, paused: bool) -> None:
        """Fall silent and keep the buffered sound (True), or go on with it. A new process begins unpaused."""
        self._send(Pause(paused))

    def keep_awake(self, needed: bool) -> None:
        """A user interacts, or no longer does."""
        self._wakefulness.want(needed, self._now())
        if needed:
            self._wake()

    def cue(self, earcon: Earcon) -> None:
        """Play an earcon, mixed with other sound."""
        self._wake()
        self._sound.cue(earcon)

    def set_volume(self, percent: int) -> None:
        """Set the volume in percent; kept over a restart of the process."""
        percent = min(100, max(0, percent))
        self._play = replace(self._play, volume=percent)
        self._send(Volume(percent))

    async def close(self) -> None:
        """End the sound process and its subprocesses. Idempotent; returns within two seconds."""
        self._reset()
        await self._supervisor.close()

    # -------------------------------------------------------------- sleep

    def _wake(self) -> None:
        """Have the device open: sound is due now, or soon."""
        now, wakefulness = self._now(), self._wakefulness
        wakefulness.use(now)
        if wakefulness.state in (SleepState.FALLING, SleepState.ASLEEP):
            wakefulness.state = SleepState.WAKING
            self._sound.be_patient()
            if self._supervisor.child is None:
                self._supervisor.start_over()
            else:
                self._supervisor.expect_waking()
                self._send(WakeUp())

    def _rest(self) -> None:
        """Have the device closed, which takes no more than a heartbeat."""
        self._wakefulness.state = SleepState.FALLING
        self._sound.is_open = False
        self._send(FallAsleep())

    def _on_asleep(self) -> None:
        if self._wakefulness.state is SleepState.FALLING:
            self._wakefulness.state = SleepState.ASLEEP
            if self._keeps_process:
                self._supervisor.expect_silence()
            else:
                self._supervisor.drop()
            self._reports.slept()

    # -------------------------------------------------------------- one process

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _send(self, record: PlayRecord) -> None:
        if self._supervisor.child is not None:
            self._supervisor.child.send(record)

    async def _open(self) -> None:
        """Start a process, once that is due."""
        try:
            child = await self._supervisor.start(self._play)
        except DeviceError as error:
            self._lose(str(error), opening=True)
            return
        if child is None:
            return
        self._sound.started()
        for earcon, pcm in self._earcons.items():
            child.send(SetEarcon(earcon, pcm))

    async def _receive(self, child: PlayingChild) -> None:
        """Wait for the next records of the process and handle them."""
        opening = not self._sound.is_open and self._wakefulness.state is SleepState.AWAKE
        silent = "the speaker did not open" if opening else "the speaker stands still"
        if self._wakefulness.state is SleepState.WAKING:
            silent = "the speaker did not open again after its sleep"
        try:
            ended = "the speaker's sound process ended by itself"
            records = await self._supervisor.receive(child, silent=silent, ended=ended, absorbs=self._absorbs)
        except DeviceError as error:
            self._lose(str(error), opening=opening)
        else:
            for record in records:
                if child is self._supervisor.child:
                    self._handle(record)
        await self._supervisor.reap()

    def _absorbs(self, record: PlayRecord) -> bool:
        """Note a heartbeat of a silent speaker, while the pipe is being read; return False for all else."""
        now = self._now()
        due = not self._sound.is_open or self._wakefulness.is_sleep_due(now)
        if due or not isinstance(record, Heartbeat) or record.active or self._reports.is_active:
            return False
        self._sound.heartbeat(record)
        return True

    def _handle(self, record: PlayRecord) -> None:
        match record:
            case PlayFailed(opening, reason):
                self._lose(reason, opening=opening)
            case SpeakerReady():
                self._on_ready(record)
            case Heartbeat():
                now = self._now()
                self._reports.heartbeat(record, self._sound.heartbeat(record))
                if record.active:
                    self._wakefulness.use(now)
                elif self._sound.is_open and self._wakefulness.is_sleep_due(now):
                    self._rest()
            case FellAsleep():
                self._on_asleep()
            case PlaybackStarted() | PlaybackEnded():
                self._reports.playback(record)
            case _:
                raise InternalError(f"the sound process sent {type(record).__name__} to a speaker")

    def _on_ready(self, ready: SpeakerReady) -> None:
        woken = self._wakefulness.opened(self._now())
        self._reports.dropped += self._sound.opened()
        self._play = replace(self._play, fresh=False)
        device = self._supervisor.ready(ready.device)
        if woken:
            self._reports.woke()
        else:
            self._reports.ready(replace(ready, device=device))

    # -------------------------------------------------------------- failure

    def _lose(self, reason: str, *, opening: bool) -> None:
        """End the child, report the loss, keep what it has not played, and plan the next child."""
        self._reset()
        reason, at_once = self._supervisor.lose(reason, opening=opening)
        is_missing = opening and not at_once
        self._sound.lost(reason, is_missing=is_missing, is_playing=self._reports.is_playing)
        self._reports.lost(reason, self._now())

    def _reset(self) -> None:
        """Forget the state of the process, and end the waits for room."""
        self._wakefulness.opened(self._now())
        self._sound.closed()
