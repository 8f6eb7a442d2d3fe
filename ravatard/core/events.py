"""Events that enter the hub, through one inbox, in one order.

Times named ``…_at`` are seconds on the event loop's clock (``CLOCK_MONOTONIC``), the same in every process of
this machine. Fields with what people said or were answered are private (:mod:`ravatard.core.private`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.core.audio.microphone_events import (
    ChunkCaptured,
    ConfirmationLost,
    EchoRemoved,
    GateEvent,
    Listened,
    MicrophoneClosed,
    MicrophoneEnded,
    MicrophoneEvent,
    MicrophoneLost,
    MicrophoneReady,
    PressIgnored,
    UtteranceClosed,
    UtteranceOpened,
    WakeMissed,
    WakeUnused,
    WakeWordLost,
    Woken,
)
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
from ravatard.core.capabilities import Capabilities
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.private import PRIVATE
from ravatard.core.states import Refusal

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
class NetworkChanged:
    """An address or a route of this machine came or went: what failed before may work now."""


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
        refusal: BUSY, TIMEOUT, FAILED (the session must be ended), DENIED (so it must, and a person must mend
            it) or EXPIRED (it is gone already).
        reason: our sentence for it.
        certain: True: it is about the session that is held; False: words, which may be about the one before.
    """

    refusal: Refusal
    reason: str
    certain: bool = False


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The turn that is with the service failed; the session and the link stay.

    Attributes:
        reason: one sentence.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """The service, or a recogniser, understood no words in the turn that is with it."""


@dataclass(frozen=True, slots=True)
class ServiceHearing:
    """The service does not hear the microphone at all, or does again.

    Attributes:
        deaf: True when it does not; False takes that back.
        reason: one sentence with the remedy; "" when it hears.
    """

    deaf: bool
    reason: str = ""


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
class AnsweredElsewhere:
    """Another appliance of the group answers the words that a turn was begun with here."""


@dataclass(frozen=True, slots=True)
class OptionsChanged:
    """The configuration was reloaded."""

    options: ConversationOptions


# ------------------------------------------------------------------ the speaker, the avatar's voice


@dataclass(frozen=True, slots=True)
class AnswerUnplayable:
    """The sound of an answer could not be had, decoded, or played to its end.

    Attributes:
        turn: number of the turn that was answered; 0: not known, of an answer that came in pieces.
        reason: one sentence.
    """

    turn: int
    reason: str


@dataclass(frozen=True, slots=True)
class AnswerBegun:
    """The sound of an answer begins to come, in pieces; it is heard from :class:`PlaybackStarted` on."""


@dataclass(frozen=True, slots=True)
class AnswerComplete:
    """All pieces of that answer have come; it is heard until :class:`PlaybackEnded`."""


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
class AnnouncementAsked:
    """Request to play something to the room, when nothing else is heard or awaited.

    Attributes:
        number: its number; the player knows what it is.
        volume: percent of full; None: as loud as answers.
    """

    number: int
    volume: int | None = None


@dataclass(frozen=True, slots=True)
class AnnouncementBegun:
    """The sound of an announcement is there, and is given to the speaker next."""

    number: int


@dataclass(frozen=True, slots=True)
class AnnouncementEnded:
    """An announcement is over, or could not be played.

    Attributes:
        number: its number.
        reason: why it was not played to its end, as one sentence; "" when it was.
    """

    number: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QuietChanged:
    """Quiet hours have begun (True) or are over."""

    quiet: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """The deadline the conversation asked for has come."""


ButtonEvent = ButtonPressed | ButtonReleased

#: Events that a connection yields.
ServiceMessage = Answered | StreamBroke | TurnFailed | NothingSaid | ServiceHearing

#: Events of the link, the live session, and the messages on them.
CloudEvent = (
    LinkConnecting
    | LinkOnline
    | LinkOffline
    | LinkDenied
    | NetworkChanged
    | SessionStarted
    | SessionRefused
    | SessionEnded
    | MessageSent
    | UtteranceDropped
    | ServiceMessage
)

#: Events of everything that brings answers to be heard.
PlaybackEvent = SpeakerEvent | AnswerUnplayable | AnswerBegun | AnswerComplete | VoiceOnline | VoiceOffline

#: Requests of people, of the other appliances in the room, and of the clock.
RequestEvent = (
    TextGiven
    | MuteAsked
    | VolumeAsked
    | RestartSessionAsked
    | AnsweredElsewhere
    | OptionsChanged
    | QuietChanged
    | Tick
)

#: Announcements to the room.
AnnouncementEvent = AnnouncementAsked | AnnouncementBegun | AnnouncementEnded

Event = AnnouncementEvent | MicrophoneEvent | ButtonEvent | CloudEvent | PlaybackEvent | RequestEvent
