"""Speaker in a child process of its own, started again when it dies or stands still."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Protocol

from ravatard.core.audio.playout import LONGEST_SAMPLES
from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.core.events import (
    PlaybackEnded,
    PlaybackStarted,
    SpeakerEvent,
    SpeakerReady,
)
from ravatard.core.states import Earcon
from ravatard.devices.cards.kernel_state import playback_state
from ravatard.devices.process.environment import Child, ProcessEnvironment
from ravatard.devices.process.retry import RetryPolicy
from ravatard.devices.process.supervisor import Supervisor
from ravatard.devices.speaker.buffer_level import BufferLevel
from ravatard.devices.speaker.child import SpeakerChild
from ravatard.devices.speaker.events import SpeakerEvents
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.preopen_buffer import PreopenBuffer
from ravatard.devices.speaker.protocol import (
    LONGEST_FEED,
    Begin,
    Feed,
    Finish,
    Heartbeat,
    Play,
    PlayFailed,
    PlayRecord,
    SetEarcon,
    SoundEarcon,
    Stop,
    Volume,
)
from ravatard.errors import DeviceError, InternalError

#: With more sound than this in the buffer, :meth:`ChildSpeaker.room` waits.
_ENOUGH_S = 2.0


class PlayingChild(Child[PlayRecord], Protocol):
    """A speaker's sound process; :class:`ravatard.devices.speaker.child.SpeakerChild` is one."""

    def discard_unsent(self) -> int:
        """Discard sound that was not sent yet; return its bytes."""
        ...


class ChildSpeaker:
    """A :class:`ravatard.ports.speaker.Speaker` on a sound card, a command or a recording."""

    def __init__(
        self,
        options: SpeakerOptions,
        *,
        environ: Mapping[str, str],
        earcons: Mapping[Earcon, bytes] | None = None,
        volume: int | None = None,
        echo_fd: int | None = None,
        environment: ProcessEnvironment[Play, PlayingChild] | None = None,
    ) -> None:
        """Prepare the speaker; its process starts when :meth:`events` is iterated.

        Args:
            options: section ``speaker``.
            environ: the daemon's environment variables, which ALSA and PulseAudio need.
            earcons: sound of each earcon, s16le mono 48 kHz; a missing one is silent.
            volume: percent to begin with; None takes that of the options.
            echo_fd: ring (:func:`ravatard.devices.echo.ring.make_ring`) that takes the played sound; None: no
                echo reference.
            environment: starts processes, shows the cards, sets the time limits.
        """
        self._play = Play(options, options.volume if volume is None else volume, echo_fd=echo_fd)
        environment = environment or ProcessEnvironment(RetryPolicy(), SpeakerChild, playback_state)
        slim = options.is_card and options.alsa_config == "slim"
        self._supervisor = Supervisor(environment, environ, slim=slim)
        self._earcons = dict(earcons or {})
        self._reports = SpeakerEvents()
        #: There is a process, and its device is open.
        self._is_ready = False
        self._room_changed = asyncio.Event()
        self._buffer_level = BufferLevel()
        self._begun: Begin | None = None
        self._preopen_buffer = PreopenBuffer()

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
            else:
                await self._open()

    def begin(self, voice: int, *, live: bool) -> None:
        """A voice follows."""
        self._begun = Begin(voice, live)
        self._preopen_buffer.begin(voice, live=live)
        self._send(self._begun)

    def feed(self, voice: int, pcm: bytes) -> None:
        """Play the next piece of a voice. Never waits; without a device, and beyond 120 s, it is dropped."""
        if not self._is_ready:
            self._reports.dropped += self._preopen_buffer.put(Feed(voice, bytes(pcm)), self._now())
            return
        room = LONGEST_SAMPLES - self._buffer_level.samples(self._now())
        whole = min(len(pcm), max(0, int(room)) * SAMPLE_BYTES)
        self._reports.dropped += (len(pcm) - whole) // SAMPLE_BYTES
        for at in range(0, whole, LONGEST_FEED):
            self._send(Feed(voice, bytes(pcm[at : min(at + LONGEST_FEED, whole)])))
        self._buffer_level.fed(whole, self._now())

    def finish(self, voice: int) -> None:
        """The voice is complete."""
        if not self._is_ready:
            self._preopen_buffer.put(Finish(voice), self._now())
        else:
            self._send(Finish(voice))

    async def room(self) -> None:
        """Wait until less than two seconds of sound are buffered. Cancelling is safe."""
        while (wait_s := self._room_in_s()) >= 0:
            self._room_changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s + 0.005):
                    await self._room_changed.wait()

    def _room_in_s(self) -> float:
        """Return the seconds until there is room; negative if there is."""
        if left_s := self._preopen_buffer.left_s(self._now()):
            return left_s
        return self._buffer_level.samples(self._now()) / VOICE_RATE_HZ - _ENOUGH_S

    def stop(self) -> None:
        """Discard the buffered sound and fall silent."""
        self._preopen_buffer.clear()
        self._room_changed.set()
        if (child := self._supervisor.child) is not None:
            self._buffer_level.stopped(child.discard_unsent())
            child.send(Stop())

    def cue(self, earcon: Earcon) -> None:
        """Play an earcon, mixed with other sound."""
        if self._is_ready:
            self._send(SoundEarcon(earcon))

    def set_volume(self, percent: int) -> None:
        """Set the volume in percent; kept over a restart of the process."""
        percent = min(100, max(0, percent))
        self._play = replace(self._play, volume=percent)
        self._send(Volume(percent))

    async def close(self) -> None:
        """End the sound process and its subprocesses. Idempotent; returns within two seconds."""
        self._reset()
        await self._supervisor.close()

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
        self._buffer_level = BufferLevel()
        for earcon, pcm in self._earcons.items():
            child.send(SetEarcon(earcon, pcm))
        if self._begun is not None:
            child.send(self._begun)

    async def _receive(self, child: PlayingChild) -> None:
        """Wait for the next records of the process and handle them."""
        opening = not self._is_ready
        silent = "the speaker did not open" if opening else "the speaker stands still"
        try:
            records = await self._supervisor.receive(
                child, silent=silent, ended="the speaker's sound process ended by itself"
            )
        except DeviceError as error:
            self._lose(str(error), opening=opening)
        else:
            for record in records:
                if child is self._supervisor.child:
                    self._handle(record)
        await self._supervisor.reap()

    def _handle(self, record: PlayRecord) -> None:
        match record:
            case PlayFailed(opening, reason):
                self._lose(reason, opening=opening)
            case SpeakerReady():
                self._on_ready(record)
            case Heartbeat():
                now = self._now()
                self._buffer_level.update(record, now)
                self._reports.heartbeat(record, self._buffer_level.samples(now))
            case PlaybackStarted() | PlaybackEnded():
                self._reports.playback(record)
            case _:
                raise InternalError(f"the sound process sent {type(record).__name__} to a speaker")

    def _on_ready(self, ready: SpeakerReady) -> None:
        self._is_ready = True
        for record in self._preopen_buffer.take(self._now()):
            if isinstance(record, Feed):
                self.feed(record.voice, record.pcm)
            else:
                self.finish(record.voice)
        self._room_changed.set()
        self._play = replace(self._play, fresh=False)
        self._reports.ready(replace(ready, device=self._supervisor.ready(ready.device)))

    # -------------------------------------------------------------- failure

    def _lose(self, reason: str, *, opening: bool) -> None:
        """End the child, report the loss, and plan the next child."""
        self._reset()
        reason, at_once = self._supervisor.lose(reason, opening=opening)
        if opening and not at_once:
            self._preopen_buffer.give_up()
        self._reports.lost(reason, self._now())

    def _reset(self) -> None:
        """Forget the state of the process, and end the waits for room."""
        self._is_ready = False
        self._buffer_level = BufferLevel()
        self._room_changed.set()
