"""The voice: a speaker in a child process of its own, started again when it dies or stands still."""

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
    Beat,
    Begin,
    Feed,
    Finish,
    Play,
    PlayCue,
    PlayFailed,
    PlayRecord,
    SetCue,
    Stop,
    Volume,
)
from ravatard.errors import DeviceError, InternalError

#: More than this must wait before whoever feeds has to.
_ENOUGH_S = 2.0


class PlayingChild(Child[PlayRecord], Protocol):
    """A speaker's sound process, as :class:`ravatard.devices.speaker.child.SpeakerChild` is one."""

    def unsaid(self) -> int:
        """Take back sound that was not handed over; how many bytes."""
        ...


class ChildSpeaker:
    """An :class:`ravatard.ports.speaker.Speaker` on real hardware, or on a command or a recording."""

    def __init__(
        self,
        options: SpeakerOptions,
        *,
        environ: Mapping[str, str],
        earcons: Mapping[Earcon, bytes] | None = None,
        volume: int | None = None,
        echo_fd: int | None = None,
        surroundings: ProcessEnvironment[Play, PlayingChild] | None = None,
    ) -> None:
        """Nothing is started before :meth:`events` is iterated.

        Args:
            options: section ``speaker``.
            environ: the daemon's environment; what ALSA and PulseAudio need is in it.
            earcons: how each short signal sounds, s16le mono 48 kHz; one that is missing is silent.
            volume: percent to begin with; None takes that of the options.
            echo_fd: a ring (:func:`ravatard.devices.echo.ring.make_ring`) that takes what is really
                played.
            surroundings: what starts processes, shows cards, and how long they may take.
        """
        self._play = Play(options, options.volume if volume is None else volume, echo_fd=echo_fd)
        surroundings = surroundings or ProcessEnvironment(RetryPolicy(), SpeakerChild, playback_state)
        slim = options.is_card and options.alsa_config == "slim"
        self._supervisor = Supervisor(surroundings, environ, slim=slim)
        self._earcons = dict(earcons or {})
        self._news = SpeakerEvents()
        #: There is a process, and its device is open.
        self._ready = False
        self._eased = asyncio.Event()
        self._level = BufferLevel()
        self._begun: Begin | None = None
        self._waiting = PreopenBuffer()

    # -------------------------------------------------------------- what the port promises

    async def events(self) -> AsyncIterator[SpeakerEvent]:
        """What becomes of the sound, until the speaker is closed. Device trouble is an event.

        Cancelling the iteration leaves the speaker as it is: the next one goes on where this one stopped.
        """
        while not self._supervisor.closed:
            while self._news.events:
                yield self._news.events.popleft()
            if self._supervisor.child is not None:
                await self._attend(self._supervisor.child)
            else:
                await self._open()

    def begin(self, voice: int, *, live: bool) -> None:
        """A voice follows."""
        self._begun = Begin(voice, live)
        self._waiting.begin(voice, live=live)
        self._tell(self._begun)

    def feed(self, voice: int, pcm: bytes) -> None:
        """The next piece of a voice. Never waits; without a device, and beyond 120 s, it is dropped."""
        if not self._ready:
            self._news.dropped += self._waiting.put(Feed(voice, bytes(pcm)), self._now())
            return
        room = LONGEST_SAMPLES - self._level.waiting(self._now())
        whole = min(len(pcm), max(0, int(room)) * SAMPLE_BYTES)
        self._news.dropped += (len(pcm) - whole) // SAMPLE_BYTES
        for at in range(0, whole, LONGEST_FEED):
            self._tell(Feed(voice, bytes(pcm[at : min(at + LONGEST_FEED, whole)])))
        self._level.fed(whole, self._now())

    def finish(self, voice: int) -> None:
        """Nothing more comes of this voice."""
        if not self._ready:
            self._waiting.put(Finish(voice), self._now())
        else:
            self._tell(Finish(voice))

    async def room(self) -> None:
        """Returns when less than two seconds of sound wait. Cancelling is safe."""
        while (wait_s := self._room_in_s()) >= 0:
            self._eased.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s + 0.005):
                    await self._eased.wait()

    def _room_in_s(self) -> float:
        """Seconds until there is room; negative when there is."""
        if hope_s := self._waiting.left_s(self._now()):
            return hope_s
        return self._level.waiting(self._now()) / VOICE_RATE_HZ - _ENOUGH_S

    def stop(self) -> None:
        """Throw away what waits and fall silent."""
        self._waiting.clear()
        self._eased.set()
        if (child := self._supervisor.child) is not None:
            self._level.stopped(child.unsaid())
            child.tell(Stop())

    def cue(self, earcon: Earcon) -> None:
        """Sound a short signal over whatever plays."""
        if self._ready:
            self._tell(PlayCue(earcon))

    def set_volume(self, percent: int) -> None:
        """Loudness in percent of full; remembered over a restart of the process."""
        percent = min(100, max(0, percent))
        self._play = replace(self._play, volume=percent)
        self._tell(Volume(percent))

    async def close(self) -> None:
        """End the sound process and what it started. Idempotent; returns within two seconds."""
        self._reset()
        await self._supervisor.close()

    # -------------------------------------------------------------- one process

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _tell(self, record: PlayRecord) -> None:
        if self._supervisor.child is not None:
            self._supervisor.child.tell(record)

    async def _open(self) -> None:
        """Start a process, once that is due."""
        try:
            child = await self._supervisor.start(self._play)
        except DeviceError as error:
            self._lose(str(error), opening=True)
            return
        if child is None:
            return
        self._level = BufferLevel()
        for earcon, pcm in self._earcons.items():
            child.tell(SetCue(earcon, pcm))
        if self._begun is not None:
            child.tell(self._begun)

    async def _attend(self, child: PlayingChild) -> None:
        """Wait for what the process says next."""
        opening = not self._ready
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
                    self._take(record)
        await self._supervisor.reap()

    def _take(self, record: PlayRecord) -> None:
        match record:
            case PlayFailed(opening, reason):
                self._lose(reason, opening=opening)
            case SpeakerReady():
                self._hear(record)
            case Beat():
                now = self._now()
                self._level.told(record, now)
                self._news.beat(record, self._level.waiting(now))
            case PlaybackStarted() | PlaybackEnded():
                self._news.heard(record)
            case _:
                raise InternalError(f"the sound process said {type(record).__name__} to a speaker")

    def _hear(self, ready: SpeakerReady) -> None:
        self._ready = True
        for waited in self._waiting.take(self._now()):
            if isinstance(waited, Feed):
                self.feed(waited.voice, waited.pcm)
            else:
                self.finish(waited.voice)
        self._eased.set()
        self._play = replace(self._play, fresh=False)
        self._news.ready(replace(ready, device=self._supervisor.ready(ready.device)))

    # -------------------------------------------------------------- trouble

    def _lose(self, reason: str, *, opening: bool) -> None:
        """The child is of no use any more: end it, say so, and plan the next one."""
        self._reset()
        reason, at_once = self._supervisor.lose(reason, opening=opening)
        if opening and not at_once:
            self._waiting.give_up()
        self._news.lost(reason, self._now())

    def _reset(self) -> None:
        """Nothing plays and nothing is to be waited for."""
        self._ready = False
        self._level = BufferLevel()
        self._eased.set()
