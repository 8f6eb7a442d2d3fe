"""Events that enter the hub, through one inbox, in one order.

Times named ``…_at`` are seconds on the event loop's clock (``CLOCK_MONOTONIC``), the same in every process of
this machine. Fields with what people said or were answered are private (:mod:`ravatard.core.private`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.core.capabilities import Capabilities
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.private import PRIVATE
from ravatard.core.states import (
    Cause,
    CloseReason,
    Refusal,
)

# ------------------------------------------------------------------ the microphone


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
class MicrophoneEnded:
    """A recording used as the microphone is over; silence follows."""


@dataclass(frozen=True, slots=True)
class Listened:
    """Sign of life of the microphone, twice a second while the device is open.

    Attributes:
        samples: samples captured since the device was opened.
        level_db: level of the last block, dBFS.
        floor_db: tracked noise floor, dBFS.
        overruns: times the ring ran over since the device was opened.
    """

    samples: int
    level_db: float
    floor_db: float
    overruns: int = 0


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
    """

    utterance: int
    reason: CloseReason
    end_sample: int
    speech_ms: float


@dataclass(frozen=True, slots=True)
class PressIgnored:
    """The button was pressed for too short a time to mean anything."""

    held_ms: float


# ------------------------------------------------------------------ the button


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """The button went down."""

    pressed_at: float


@dataclass(frozen=True, slots=True)
class ButtonReleased:
    """The button came up."""

    released_at: float


# ------------------------------------------------------------------ the cloud


@dataclass(frozen=True, slots=True)
class LinkConnecting:
    """A connection attempt begins."""


@dataclass(frozen=True, slots=True)
class LinkOnline:
    """The link is up; sending is possible."""

    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class LinkOffline:
    """The link is down.

    Attributes:
        reason: one sentence.
        retry_s: seconds until the next attempt.
    """

    reason: str
    retry_s: float


@dataclass(frozen=True, slots=True)
class LinkDenied:
    """The service refuses us; the owner must act.

    Attributes:
        reason: one sentence with the remedy.
        refusal: MONEY or DENIED.
    """

    reason: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The live session is there."""


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """The service gave no live session."""

    refusal: Refusal
    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The live session is over, by us or by the service."""

    reason: str


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A message of a turn is on the socket.

    Attributes:
        turn: number of the turn.
        read_at: when its last sample was read, or None for text and closing silence.
        sent_at: when the socket had taken it.
    """

    turn: int
    read_at: float | None
    sent_at: float


@dataclass(frozen=True, slots=True)
class UtteranceDropped:
    """The outbox was full: the utterance was cancelled as a whole, never cut in its middle."""

    turn: int
    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The service answered.

    Attributes:
        text: words of the avatar, "" when only sound came.
        heard: words the service understood, "" when it does not say.
        file_url: where the answer's sound or film is, "" when nowhere.
        sound: inline sound as it came (a container, not PCM), b"" when none.
        self_heard: the service understood the answer before: the microphone picked up the avatar itself.
    """

    text: str = field(repr=False, metadata=PRIVATE)
    heard: str = field(default="", repr=False, metadata=PRIVATE)
    file_url: str = field(default="", repr=False, metadata=PRIVATE)
    sound: bytes = field(default=b"", repr=False, metadata=PRIVATE)
    self_heard: bool = False


@dataclass(frozen=True, slots=True)
class StreamBroke:
    """The service reports in words that the stream is in trouble.

    Attributes:
        refusal: BUSY, TIMEOUT, FAILED (the session must be ended) or EXPIRED (it is gone already).
        reason: our sentence for it.
    """

    refusal: Refusal
    reason: str


# ------------------------------------------------------------------ requests of people


@dataclass(frozen=True, slots=True)
class TextGiven:
    """Request to say something in writing."""

    text: str = field(repr=False, metadata=PRIVATE)


@dataclass(frozen=True, slots=True)
class MuteAsked:
    """Request to close the microphone, or to open it again.

    Attributes:
        muted: True, False, or None for the other of what is.
    """

    muted: bool | None


@dataclass(frozen=True, slots=True)
class RestartSessionAsked:
    """Request to end the live session; the next words start a new one."""


@dataclass(frozen=True, slots=True)
class OptionsChanged:
    """The configuration was reloaded."""

    options: ConversationOptions


# ------------------------------------------------------------------ the speaker, the avatar's voice


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


@dataclass(frozen=True, slots=True)
class AnswerUnplayable:
    """The sound of an answer could not be had or decoded.

    Attributes:
        turn: number of the turn that was answered.
        reason: one sentence.
    """

    turn: int
    reason: str


@dataclass(frozen=True, slots=True)
class VoiceOnline:
    """The avatar's live voice arrives."""


#: The reason of a :class:`VoiceOffline` that is as it should be.
SESSION_OVER = "the live session is over"


@dataclass(frozen=True, slots=True)
class VoiceOffline:
    """The avatar's live voice does not arrive (any more). Connecting to it is tried again.

    Attributes:
        reason: one sentence, or :data:`SESSION_OVER`.
        hopeless: it was tried so often that only a new session can help.
    """

    reason: str
    hopeless: bool = False

    @property
    def is_trouble(self) -> bool:
        """True if the voice should have gone on: it ends with its session."""
        return self.reason != SESSION_OVER


@dataclass(frozen=True, slots=True)
class VolumeAsked:
    """Request to make the answers louder or softer.

    Attributes:
        percent: of full; as a change when ``relative``.
        relative: add ``percent`` to what is.
    """

    percent: int
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """The deadline the conversation asked for has come."""


#: Events of the gate.
GateEvent = UtteranceOpened | ChunkCaptured | UtteranceClosed | PressIgnored

#: Events of a microphone with the gate behind it.
MicrophoneEvent = MicrophoneReady | MicrophoneLost | MicrophoneClosed | MicrophoneEnded | Listened | GateEvent

ButtonEvent = ButtonPressed | ButtonReleased

#: Events of the link, the live session, and the messages on them.
CloudEvent = (
    LinkConnecting
    | LinkOnline
    | LinkOffline
    | LinkDenied
    | SessionStarted
    | SessionRefused
    | SessionEnded
    | MessageSent
    | UtteranceDropped
    | Answered
    | StreamBroke
)

#: Events of a speaker.
SpeakerEvent = SpeakerReady | SpeakerLost | Played | PlaybackStarted | PlaybackEnded

#: Events of everything that brings answers to be heard.
PlaybackEvent = SpeakerEvent | AnswerUnplayable | VoiceOnline | VoiceOffline

#: Requests of people and of the clock.
RequestEvent = TextGiven | MuteAsked | VolumeAsked | RestartSessionAsked | OptionsChanged | Tick

Event = MicrophoneEvent | ButtonEvent | CloudEvent | PlaybackEvent | RequestEvent
