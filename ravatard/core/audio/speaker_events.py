"""Events of a speaker: the part of the vocabulary that its sound process makes.

They are apart from the others because each class costs a process memory and time at its start.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpeakerReady:
    """The playback device takes sound.

    Attributes:
        device: its name, for people.
        latency_ms: from the last write to the converter, as the sound system states it.
    """

    device: str
    latency_ms: float


@dataclass(frozen=True, slots=True)
class SpeakerLost:
    """The playback device is gone, or could not be opened. Opening it is tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class SpeakerAsleep:
    """The playback device was closed after a long silence; it is opened again before it is needed."""


@dataclass(frozen=True, slots=True)
class SpeakerAwake:
    """The playback device is open again after :class:`SpeakerAsleep`."""


@dataclass(frozen=True, slots=True)
class Played:
    """Sign of life of the speaker, twice a second while sound waits or plays, and once after it.

    Attributes:
        underruns: times the device wanted sound of an answer that had not come, since it was opened.
        buffered_ms: sound that waits.
        dropped_ms: sound that was thrown away because too much waited, since the device was opened.
    """

    underruns: int
    buffered_ms: float
    dropped_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """Audible sound of an answer is about to leave the speaker (it has entered the playout buffer).

    Attributes:
        at: when its first audible sample leaves the converter.
    """

    at: float


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """The last audible sample of an answer has left the speaker.

    Attributes:
        at: when it left the converter; may be some tenths of a second ago, a pause between words is no end.
    """

    at: float


#: Events of a speaker.
SpeakerEvent = (
    SpeakerReady | SpeakerLost | SpeakerAsleep | SpeakerAwake | Played | PlaybackStarted | PlaybackEnded
)
