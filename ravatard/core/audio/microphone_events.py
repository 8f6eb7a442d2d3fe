"""Events of a microphone with the gate behind it: the part of the vocabulary that its sound process makes.

They are apart from the others because each class costs a process memory and time at its start.

Times named ``…_at`` are seconds on the event loop's clock (``CLOCK_MONOTONIC``), the same in every process of
this machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.core.private import PRIVATE
from ravatard.core.states import Cause, CloseReason


@dataclass(frozen=True, slots=True)
class MicrophoneReady:
    """The capture device delivers its first frame."""

    device: str


@dataclass(frozen=True, slots=True)
class MicrophoneLost:
    """The capture device is gone, or could not be opened. Opening it is tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class MicrophoneClosed:
    """The capture device was closed on purpose (:class:`Mute`)."""


@dataclass(frozen=True, slots=True)
class EchoRemoved:
    """The microphone's process can tell a user from the avatar's own voice, or cannot.

    Attributes:
        works: it can: the microphone need not be held while the avatar is heard.
        reason: why it cannot, as one sentence; "" while it can.
    """

    works: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MicrophoneEnded:
    """A recording used as the microphone is over; silence follows."""


@dataclass(frozen=True, slots=True)
class ConfirmationLost:
    """Speech is not confirmed, though configured (``voice.confirm``): the gate listens without.

    Holds until the next :class:`MicrophoneReady`.

    Attributes:
        reason: why, as a sentence.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Listened:
    """Sign of life of the microphone while the device is open. Between its two processes it is a heartbeat.

    Heartbeats come twice a second. The hub gets one every ten seconds, and at once one that tells of an
    overrun; :class:`ravatard.core.audio.progress.Progress` has them all.

    Attributes:
        samples: samples captured since the device was opened.
        level_db: level of the last frame, dBFS; in the hub, the loudest of the heartbeats since the last one.
        floor_db: tracked noise floor, dBFS.
        overruns: times the ring ran over since the device was opened.
        wake_score: highest score of the wake word since the last heartbeat, 0 to 1; 0 without a word. In the
            hub, the highest since the last event.
    """

    samples: int
    level_db: float
    floor_db: float
    overruns: int = 0
    wake_score: float = 0.0


@dataclass(frozen=True, slots=True)
class UtteranceOpened:
    """The gate opened. Chunks follow, the first one beginning with the pre-roll.

    Attributes:
        utterance: number of the utterance since the sound process started, from 1.
        cause: voice or button.
        first_sample: index, in samples since the device was opened, of the first sample that will be sent.
    """

    utterance: int
    cause: Cause
    first_sample: int


@dataclass(frozen=True, slots=True)
class ChunkCaptured:
    """One chunk of an open utterance.

    Attributes:
        utterance: number of the utterance.
        sequence: number of the chunk in its utterance, from 0.
        first_sample: index of its first sample since the device was opened.
        pcm: s16le mono 16 kHz; 4,096 samples, the last of an utterance may be shorter but is never empty.
        read_at: when the last sample was read from the device.
    """

    utterance: int
    sequence: int
    first_sample: int
    pcm: bytes = field(repr=False, metadata=PRIVATE)
    read_at: float


@dataclass(frozen=True, slots=True)
class UtteranceClosed:
    """The gate closed; every chunk of the utterance has been handed out.

    Attributes:
        utterance: number of the utterance.
        reason: why it closed.
        end_sample: index one past the last sample handed out.
        speech_ms: milliseconds of it that were judged speech.
        proven: False if it interrupted the avatar and no speech was left once that had fallen silent: a short
            word, or an echo.
        quiet_ms: milliseconds of silence at its end: if silence closed it, the silence that was in force.
    """

    utterance: int
    reason: CloseReason
    end_sample: int
    speech_ms: float
    proven: bool = True
    quiet_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class PressIgnored:
    """The button was pressed for too short a time to mean anything."""

    held_ms: float


@dataclass(frozen=True, slots=True)
class Woken:
    """The wake word was spoken; an utterance follows once the user goes on.

    Attributes:
        score: of the word, 0 to 1.
    """

    score: float


@dataclass(frozen=True, slots=True)
class WakeMissed:
    """Speech resembled the wake word, and not enough.

    Attributes:
        score: the highest, 0 to 1.
    """

    score: float


@dataclass(frozen=True, slots=True)
class WakeUnused:
    """The wake word was heard, and nothing was said after it: a false hit, or a user who thought better."""


@dataclass(frozen=True, slots=True)
class WakeWordLost:
    """The wake word is not recognised any more, until the options are read again: another gate is needed.

    Attributes:
        reason: why, as a sentence.
    """

    reason: str


#: Events of the gate.
GateEvent = (
    UtteranceOpened
    | ChunkCaptured
    | UtteranceClosed
    | PressIgnored
    | Woken
    | WakeMissed
    | WakeUnused
    | WakeWordLost
)

#: Events of a microphone with the gate behind it.
MicrophoneEvent = (
    MicrophoneReady
    | MicrophoneLost
    | MicrophoneClosed
    | MicrophoneEnded
    | ConfirmationLost
    | EchoRemoved
    | Listened
    | GateEvent
)
