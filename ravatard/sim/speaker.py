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
from ravatard.ports.speaker import UnplayedVoice

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
        kept_awake: wishes to be kept open, with their times.
        live: by voice begun, True for a live one.
        stopped_at: times at which playback was stopped.
        paused: sound that a pause holds back; None while it plays.
    """

    def __init__(self) -> None:
        self.played: list[PlayedPiece] = []
        self.earcons: list[tuple[float, Earcon]] = []
        self.percent = 100
        self.closed = False
        self.stopped_at: list[float] = []
        self.kept_awake: list[tuple[float, bool]] = []
        self._events: deque[SpeakerEvent] = deque()
        self._changed = asyncio.Event()
        self._plugged = True
        self.live: dict[int, bool] = {}
        self._voice = 0
        self._finished = True
        self._ends_at = 0.0
        self._audible_until: float | None = None
        self.paused: list[bytes] | None = None
        self._unplayed: deque[UnplayedVoice] = deque()
        self._missed = asyncio.Event()
        self._last_missed = 0

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
        if voice < self._voice or not pcm:
            return
        if not self._plugged:
            self._miss(voice)
            return
        if self.paused is not None:
            self.paused.append(pcm)
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

    async def unplayed(self) -> UnplayedVoice:
        """Wait for a voice of which sound came while it was unplugged."""
        while not self._unplayed:
            self._missed.clear()
            await self._missed.wait()
        return self._unplayed.popleft()

    async def room(self) -> None:
        """Wait until less than two seconds are queued."""
        wait_s = self._ends_at - _now() - ROOM_S
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def stop(self) -> None:
        """Stop playback."""
        now = _now()
        self.stopped_at.append(now)
        self.paused = None
        if self._audible_until is not None:
            self._finished = True
        self._silence(now + LATENCY_S)

    def pause(self, paused: bool) -> None:
        """Hold back what has not left the converter, or go on with it."""
        if paused and self.paused is None:
            silent_at = _now() + LATENCY_S
            rest = [(piece.pcm, silent_at - piece.at) for piece in self.played if piece.until > silent_at]
            self.paused = [pcm[VOICE.bytes_for(max(0.0, played_s) * 1000) :] for pcm, played_s in rest]
            self._silence(silent_at)
        elif not paused and self.paused is not None:
            held, self.paused = self.paused, None
            for pcm in held:
                self.feed(self._voice, pcm)

    def _silence(self, at: float) -> None:
        self._cut(at)
        if self._audible_until is not None:
            self._audible_until = min(self._audible_until, at)
            self._changed.set()

    def keep_awake(self, needed: bool) -> None:
        """Note the wish; this speaker never sleeps."""
        self.kept_awake.append((_now(), needed))

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

    def _miss(self, voice: int) -> None:
        if voice > self._last_missed and not self.live.get(voice, False):
            self._last_missed = voice
            self._unplayed.append(UnplayedVoice(voice, "there is no speaker"))
            self._missed.set()

    @property
    def _silent_at(self) -> float | None:
        if self._audible_until is None:
            return None
        over = self._finished or self.paused is not None
        return self._audible_until + (0.0 if over else PAUSE_S)

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
