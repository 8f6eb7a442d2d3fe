"""A loudspeaker without hardware: plays by the loop's clock and keeps what left it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from ravatard.core.audio.audibility import is_audible
from ravatard.core.audio_format import VOICE
from ravatard.core.events import PlaybackEnded, PlaybackStarted, SpeakerEvent, SpeakerLost, SpeakerReady
from ravatard.core.states import Earcon

#: As a real one: a live voice is given this much to wait in, and the device this long to sound.
PREFILL_S = 0.06
LATENCY_S = 0.02
#: A pause within a live voice that is no end.
PAUSE_S = 0.7
ROOM_S = 2.0


@dataclass(frozen=True, slots=True)
class PlayedPiece:
    """A piece that leaves the converter, s16le mono 48 kHz, from ``at`` on."""

    at: float
    pcm: bytes

    @property
    def until(self) -> float:
        """When its last sample has left."""
        return self.at + len(self.pcm) / VOICE.bytes_for(1000)


class SimSpeaker:
    """A :class:`ravatard.ports.speaker.Speaker` in whatever time the loop has.

    Attributes:
        played: all that left the converter, or will; cut when it is stopped.
        earcons: the short signals, with their times.
        percent: the volume.
        closed: the device is closed for good.
        live: the voices that were begun, and whether each was a live one.
        stopped_at: when it was silenced, each time.
    """

    def __init__(self) -> None:
        self.played: list[PlayedPiece] = []
        self.earcons: list[tuple[float, Earcon]] = []
        self.percent = 100
        self.closed = False
        self.stopped_at: list[float] = []
        self._events: deque[SpeakerEvent] = deque()
        self._changed = asyncio.Event()
        self._plugged = True
        self.live: dict[int, bool] = {}
        self._voice = 0
        self._finished = True
        self._ends_at = 0.0
        self._audible_until: float | None = None

    # -------------------------------------------------------------- the cable

    def unplug(self, why: str = "it was pulled out") -> None:
        """Pull it out: what waits is lost."""
        self._plugged = False
        self._cut(_now())
        self._audible_until = None
        self._tell(SpeakerLost(why))

    def replug(self) -> None:
        """Put it back."""
        self._plugged = True
        self._tell(SpeakerReady("simulated speaker", LATENCY_S * 1000))

    # -------------------------------------------------------------- the port

    async def events(self) -> AsyncIterator[SpeakerEvent]:
        """What becomes of the sound, for ever."""
        yield SpeakerReady("simulated speaker", LATENCY_S * 1000)
        while True:
            while self._events:
                yield self._events.popleft()
            self._changed.clear()
            ends_at = self._silent_at
            try:
                async with asyncio.timeout_at(ends_at):
                    await self._changed.wait()
            except TimeoutError:
                if self._audible_until is not None and ends_at is not None and ends_at == self._silent_at:
                    self._events.append(PlaybackEnded(self._audible_until))
                    self._audible_until = None

    def begin(self, voice: int, *, live: bool) -> None:
        """A voice follows."""
        self.live[voice] = live

    def feed(self, voice: int, pcm: bytes) -> None:
        """The next piece of a voice."""
        if voice < self._voice or not self._plugged or not pcm:
            return
        now = _now()
        if voice > self._voice:
            self._voice, self._finished = voice, False
        begins_at = max(self._ends_at, now + PREFILL_S + LATENCY_S)
        piece = PlayedPiece(begins_at, pcm)
        self.played.append(piece)
        self._ends_at = piece.until
        if is_audible(pcm):
            news = self._audible_until is None
            self._audible_until = piece.until
            if news:
                self._tell(PlaybackStarted(begins_at))
            self._changed.set()

    def finish(self, voice: int) -> None:
        """Nothing more comes of this voice."""
        if voice == self._voice:
            self._finished = True
            self._changed.set()

    async def room(self) -> None:
        """Returns when less than two seconds wait."""
        wait_s = self._ends_at - _now() - ROOM_S
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def stop(self) -> None:
        """Fall silent."""
        now = _now()
        self.stopped_at.append(now)
        self._cut(now + LATENCY_S)
        if self._audible_until is not None:
            self._audible_until = min(self._audible_until, now + LATENCY_S)
            self._finished = True
            self._changed.set()

    def cue(self, earcon: Earcon) -> None:
        """Sound a short signal."""
        self.earcons.append((_now(), earcon))

    def set_volume(self, percent: int) -> None:
        """Loudness in percent of full."""
        self.percent = percent

    async def close(self) -> None:
        """Close the device."""
        self.closed = True

    # -------------------------------------------------------------- inside

    @property
    def _silent_at(self) -> float | None:
        if self._audible_until is None:
            return None
        return self._audible_until + (0.0 if self._finished else PAUSE_S)

    def _cut(self, at: float) -> None:
        kept = [piece for piece in self.played if piece.at < at]
        if kept and kept[-1].until > at:
            last = kept.pop()
            kept.append(PlayedPiece(last.at, last.pcm[: VOICE.bytes_for((at - last.at) * 1000)]))
        self.played = kept
        self._ends_at = min(self._ends_at, at)

    def _tell(self, event: SpeakerEvent) -> None:
        self._events.append(event)
        self._changed.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
