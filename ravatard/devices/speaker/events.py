"""Events of a speaker, made of the records of its sound process; a loss leaves none open. No I/O."""

from __future__ import annotations

from collections import deque

from ravatard.core.audio.speaker_events import (
    PlaybackEnded,
    PlaybackStarted,
    Played,
    SpeakerAsleep,
    SpeakerAwake,
    SpeakerEvent,
    SpeakerLost,
    SpeakerReady,
)
from ravatard.core.audio_format import VOICE_RATE_HZ
from ravatard.devices.speaker.protocol import Heartbeat


class SpeakerEvents:
    """Events that wait to be fetched.

    Attributes:
        events: oldest first.
        dropped: samples that never reached the sound process.
        is_active: sound was playing at the last heartbeat.
        is_playing: an answer has begun to be heard and has not ended.
    """

    def __init__(self) -> None:
        self.events: deque[SpeakerEvent] = deque()
        self.dropped = 0
        self._reported: set[str] = set()
        self.is_active = self.is_playing = self._is_asleep = False

    def ready(self, ready: SpeakerReady) -> None:
        """The device is open."""
        self._reported.clear()
        self.events.append(ready)

    def slept(self) -> None:
        """The device was closed; it is none that is lost."""
        self._is_asleep = True
        self.events.append(SpeakerAsleep())

    def woke(self) -> None:
        """The device is open again; nothing is reported of a sleep that was over before it had begun."""
        if self._is_asleep:
            self._is_asleep = False
            self.events.append(SpeakerAwake())

    def playback(self, event: PlaybackStarted | PlaybackEnded) -> None:
        """An answer begins or ends."""
        self.is_playing = isinstance(event, PlaybackStarted)
        self.events.append(event)

    def heartbeat(self, heartbeat: Heartbeat, buffered: float) -> None:
        """Report the progress while sound plays, and once after; ``buffered`` samples wait."""
        if heartbeat.active or self.is_active:
            buffered = buffered if heartbeat.active else 0
            self.events.append(
                Played(heartbeat.underruns, _ms(buffered), _ms(heartbeat.dropped + self.dropped))
            )
        self.is_active = heartbeat.active

    def lost(self, reason: str, now: float) -> None:
        """The process is lost. A reason is reported once, until the device was ready again."""
        self.dropped = 0
        self._is_asleep = False
        if self.is_playing:
            # The conversation waits for the end of an answer.
            self.is_playing = False
            self.events.append(PlaybackEnded(now))
        if self.is_active:
            self.is_active = False
            self.events.append(Played(0, 0.0))
        if reason not in self._reported:
            self._reported.add(reason)
            self.events.append(SpeakerLost(reason))


def _ms(samples: float) -> float:
    return samples * 1000 / VOICE_RATE_HZ
