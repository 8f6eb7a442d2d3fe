"""Events of a speaker, made of the records of its sound process; a loss leaves none open. No I/O."""

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
from ravatard.devices.speaker.protocol import Heartbeat


class SpeakerEvents:
    """Events that wait to be fetched.

    Attributes:
        events: oldest first.
        dropped: samples that never reached the sound process.
    """

    def __init__(self) -> None:
        self.events: deque[SpeakerEvent] = deque()
        self.dropped = 0
        self._reported: set[str] = set()
        self._is_active = self._is_playing = False

    def ready(self, ready: SpeakerReady) -> None:
        """The device is open."""
        self._reported.clear()
        self.events.append(ready)

    def playback(self, event: PlaybackStarted | PlaybackEnded) -> None:
        """An answer begins or ends."""
        self._is_playing = isinstance(event, PlaybackStarted)
        self.events.append(event)

    def heartbeat(self, heartbeat: Heartbeat, buffered: float) -> None:
        """Report the progress while sound plays, and once after; ``buffered`` samples wait."""
        if heartbeat.active or self._is_active:
            buffered = buffered if heartbeat.active else 0
            self.events.append(
                Played(heartbeat.underruns, _ms(buffered), _ms(heartbeat.dropped + self.dropped))
            )
        self._is_active = heartbeat.active

    def lost(self, reason: str, now: float) -> None:
        """The process is lost. A reason is reported once, until the device was ready again."""
        self.dropped = 0
        if self._is_playing:
            # The conversation waits for the end of an answer.
            self._is_playing = False
            self.events.append(PlaybackEnded(now))
        if self._is_active:
            self._is_active = False
            self.events.append(Played(0, 0.0))
        if reason not in self._reported:
            self._reported.add(reason)
            self.events.append(SpeakerLost(reason))


def _ms(samples: float) -> float:
    return samples * 1000 / VOICE_RATE_HZ
