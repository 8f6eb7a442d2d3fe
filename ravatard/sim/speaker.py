"""Simulated speaker: plays by the loop's clock and records the sound."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from ravatard.core.audio.audibility import is_audible
from ravatard.core.audio_format import VOICE
from ravatard.core.events import PlaybackEnded, PlaybackStarted, SpeakerEvent, SpeakerLost, SpeakerReady
from ravatard.core.states import Earcon

#: Prefill of a live voice and latency of the device, as on a real one.
PREFILL_S = 0.06
LATENCY_S = 0.02
#: Longest pause within a live voice that does not end it.
PAUSE_S = 0.7
ROOM_S = 2.0


@dataclass(frozen=True, slots=True)
class PlayedPiece:
    """Piece of sound that leaves the converter from ``at`` on, s16le mono 48 kHz."""

    at: float
    pcm: bytes

    @property
    def until(self) -> float:
        """Time at which its last sample has left."""
        return self.at + len(self.pcm) / VOICE.bytes_for(1000)


class SimSpeaker:
    """A :class:`ravatard.ports.speaker.Speaker` on the loop's time.

    Attributes:
        played: pieces that left the converter, or will; cut when playback stops.
        earcons: earcons with their times.
        percent: volume.
        closed: True once the device is closed for good.
        live: by voice begun, True for a live one.
        stopped_at: times at which playback was stopped.
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
        """Unplug it: queued sound is lost."""
        self._plugged = False
        self._cut(_now())
        self._audible_until = None
        self._report(SpeakerLost(why))

    def replug(self) -> None:
        """Plug it in again."""
        self._plugged = True
        self._report(SpeakerReady("simulated speaker", LATENCY_S * 1000))

    # -------------------------------------------------------------- the port

    async def events(self) -> AsyncIterator[SpeakerEvent]:
        """Yield the events of playback, for ever."""
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
        """Begin a voice."""
        self.live[voice] = live

    def feed(self, voice: int, pcm: bytes) -> None:
        """Queue the next piece of a voice."""
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
            started = self._audible_until is None
            self._audible_until = piece.until
            if started:
                self._report(PlaybackStarted(begins_at))
            self._changed.set()

    def finish(self, voice: int) -> None:
        """Note the end of a voice."""
        if voice == self._voice:
            self._finished = True
            self._changed.set()

    async def room(self) -> None:
        """Wait until less than two seconds are queued."""
        wait_s = self._ends_at - _now() - ROOM_S
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def stop(self) -> None:
        """Stop playback."""
        now = _now()
        self.stopped_at.append(now)
        self._cut(now + LATENCY_S)
        if self._audible_until is not None:
            self._audible_until = min(self._audible_until, now + LATENCY_S)
            self._finished = True
            self._changed.set()

    def cue(self, earcon: Earcon) -> None:
        """Play an earcon."""
        self.earcons.append((_now(), earcon))

    def set_volume(self, percent: int) -> None:
        """Set the volume in percent."""
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

    def _report(self, event: SpeakerEvent) -> None:
        self._events.append(event)
        self._changed.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
