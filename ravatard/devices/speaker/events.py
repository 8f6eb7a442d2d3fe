"""What a speaker tells the daemon of its sound process: all of it, nothing left open by a loss; no I/O."""

from __future__ import annotations

from collections import deque

from ravatard.core.audio_format import VOICE_RATE_HZ
from ravatard.core.events import (
    PlaybackEnded,
    PlaybackStarted,
    Played,
    SpeakerEvent,
    SpeakerLost,
    SpeakerReady,
)
from ravatard.devices.speaker.protocol import Beat


class SpeakerEvents:
    """Events that wait to be fetched.

    Attributes:
        events: oldest first.
        dropped: samples that never reached the sound process.
    """

    def __init__(self) -> None:
        self.events: deque[SpeakerEvent] = deque()
        self.dropped = 0
        self._told: set[str] = set()
        self._active = self._sounds = False

    def ready(self, ready: SpeakerReady) -> None:
        """The device is open."""
        self._told.clear()
        self.events.append(ready)

    def heard(self, news: PlaybackStarted | PlaybackEnded) -> None:
        """An answer begins or ends."""
        self._sounds = isinstance(news, PlaybackStarted)
        self.events.append(news)

    def beat(self, beat: Beat, waiting: float) -> None:
        """A sign of life; ``waiting`` samples wait. It is only told while something plays, and once after."""
        if beat.active or self._active:
            waiting = waiting if beat.active else 0
            self.events.append(Played(beat.underruns, _ms(waiting), _ms(beat.dropped + self.dropped)))
        self._active = beat.active

    def lost(self, reason: str, now: float) -> None:
        """The process is of no use any more. A reason is told once, until the device was ready again."""
        self.dropped = 0
        if self._sounds:
            # Whoever waits for the end of an answer must not wait for ever.
            self._sounds = False
            self.events.append(PlaybackEnded(now))
        if self._active:
            self._active = False
            self.events.append(Played(0, 0.0))
        if reason not in self._told:
            self._told.add(reason)
            self.events.append(SpeakerLost(reason))


def _ms(samples: float) -> float:
    return samples * 1000 / VOICE_RATE_HZ
