"""All that happens and all that is asked for: the words the hub hears and speaks.

Inputs enter :class:`ravatard.core.conversation.conversation.Conversation` through one inbox, in one order; actions
leave it. Times named ``…_at`` are seconds on the event loop's clock (``CLOCK_MONOTONIC``), the same in every
process of this machine. What people said, and what they were answered, never shows in a ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import (
    Cause,
    CloseReason,
    Earcon,
    GateMode,
    Outcome,
    Refusal,
    Session,
    VoiceSource,
)

# ------------------------------------------------------------------ inputs: the ear


@dataclass(frozen=True, slots=True)
class MicrophoneReady:
    """The capture device delivers its first frame."""

    device: str


@dataclass(frozen=True, slots=True)
class MicrophoneLost:
    """The capture device is gone, or could not be opened. The ear goes on trying."""

    reason: str


@dataclass(frozen=True, slots=True)
class MicrophoneClosed:
    """The capture device was closed on purpose (:class:`Mute`): nothing listens any more."""


@dataclass(frozen=True, slots=True)
class MicrophoneEnded:
    """A recording used as the microphone is over; silence follows."""


@dataclass(frozen=True, slots=True)
class Listened:
    """A sign of life of the ear, twice a second while the device is open.

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
        utterance: number of the utterance since the ear started, from 1.
        cause: voice or button.
        first_sample: index, in samples since the device was opened, of the first sample that will be sent.
        decided_at_sample: index of the sample at which the decision fell.
    """

    utterance: int
    cause: Cause
    first_sample: int
    decided_at_sample: int


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
    pcm: bytes = field(repr=False)
    read_at: float


@dataclass(frozen=True, slots=True)
class UtteranceClosed:
    """The gate closed; every chunk of the utterance has been handed out.

    Attributes:
        utterance: number of the utterance.
        reason: what closed it.
        end_sample: index one past the last sample handed out.
        speech_ms: milliseconds of it that were judged speech.
        decided_at_sample: index of the sample at which the decision fell.
    """

    utterance: int
    reason: CloseReason
    end_sample: int
    speech_ms: float
    decided_at_sample: int


@dataclass(frozen=True, slots=True)
class PressIgnored:
    """The button was pressed for too short a time to mean anything."""

    held_ms: float


# ------------------------------------------------------------------ inputs: the button


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """The button went down."""

    pressed_at: float


@dataclass(frozen=True, slots=True)
class ButtonReleased:
    """The button came up."""

    released_at: float


# ------------------------------------------------------------------ inputs: the cloud


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a service can do and wants; the conversation asks for this, never for the service's name.

    Attributes:
        streams_audio: takes chunks while the person speaks (else the whole utterance when it closed).
        chunk_samples: samples a message carries when it streams.
        needs_session: wants a session started before anything is sent, and ended afterwards.
        listens: the service's own ``vadEnabled``: True for voice, False for push-to-talk, None unsaid.
        answer_timeout_s: seconds the service gives itself for an answer.
        avatar: the avatar's name, for people.
        language: language code in use.
        voice: where an answer's sound comes from: a stream that runs as long as the session, or the answer.
    """

    streams_audio: bool
    chunk_samples: int
    needs_session: bool
    listens: bool | None
    answer_timeout_s: float
    avatar: str
    language: str
    voice: VoiceSource = VoiceSource.ANSWER


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
    """The service refuses us; a person must act.

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
    """No live session could be had."""

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
        text: what the avatar says, "" when only sound came.
        heard: what the service understood, "" when it does not say.
        file_url: where the answer's sound or film is, "" when nowhere.
        sound: inline sound as it came (a container, not PCM), b"" when none.
        self_heard: what the service understood is the answer before: the avatar heard itself.
    """

    text: str = field(repr=False)
    heard: str = field(default="", repr=False)
    file_url: str = field(default="", repr=False)
    sound: bytes = field(default=b"", repr=False)
    self_heard: bool = False


@dataclass(frozen=True, slots=True)
class StreamBroke:
    """The service says in words that the stream is in trouble (PROTOCOL.md, "Stream errors come as text").

    Attributes:
        refusal: BUSY, TIMEOUT, FAILED (the session must be ended) or EXPIRED (it is gone already).
        reason: our sentence for it.
    """

    refusal: Refusal
    reason: str


# ------------------------------------------------------------------ inputs: everything else


@dataclass(frozen=True, slots=True)
class TextGiven:
    """Somebody wants to say something in writing."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MuteAsked:
    """Somebody wants the microphone closed, or open again.

    Attributes:
        muted: True, False, or None for the other of what is.
    """

    muted: bool | None


@dataclass(frozen=True, slots=True)
class RestartSessionAsked:
    """Somebody wants the live session ended; the next words start a new one."""


@dataclass(frozen=True, slots=True)
class OptionsChanged:
    """The configuration was reloaded."""

    options: ConversationOptions


# ------------------------------------------------------------------ inputs: the speaker, the avatar's voice


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
    """The playback device is gone, or could not be opened. The speaker goes on trying."""

    reason: str


@dataclass(frozen=True, slots=True)
class Played:
    """A sign of life of the speaker, twice a second while anything waits or sounds, and once after it.

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
    """The avatar's live voice does not arrive (any more); whoever brings it goes on trying.

    Attributes:
        reason: one sentence, or :data:`SESSION_OVER`.
        hopeless: it was tried so often that only a new session can help.
    """

    reason: str
    hopeless: bool = False

    @property
    def is_trouble(self) -> bool:
        """Whether it should have gone on: a voice ends with its session."""
        return self.reason != SESSION_OVER


@dataclass(frozen=True, slots=True)
class VolumeAsked:
    """Somebody wants the answers louder or softer.

    Attributes:
        percent: of full; as a change when ``relative``.
        relative: add ``percent`` to what is.
    """

    percent: int
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """The deadline the conversation asked for has come."""


Event = (
    MicrophoneReady
    | MicrophoneLost
    | MicrophoneClosed
    | MicrophoneEnded
    | Listened
    | UtteranceOpened
    | ChunkCaptured
    | UtteranceClosed
    | PressIgnored
    | ButtonPressed
    | ButtonReleased
    | LinkConnecting
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
    | TextGiven
    | MuteAsked
    | RestartSessionAsked
    | OptionsChanged
    | SpeakerReady
    | SpeakerLost
    | Played
    | PlaybackStarted
    | PlaybackEnded
    | AnswerUnplayable
    | VoiceOnline
    | VoiceOffline
    | VolumeAsked
    | Tick
)

#: What a speaker produces.
SpeakerEvent = SpeakerReady | SpeakerLost | Played | PlaybackStarted | PlaybackEnded

#: What the gate itself produces.
GateEvent = UtteranceOpened | ChunkCaptured | UtteranceClosed | PressIgnored

#: What an ear produces.
EarEvent = MicrophoneReady | MicrophoneLost | MicrophoneClosed | MicrophoneEnded | Listened | GateEvent

# ------------------------------------------------------------------ actions: to the ear


@dataclass(frozen=True, slots=True)
class SetGate:
    """Use this gate mode from now on."""

    mode: GateMode


@dataclass(frozen=True, slots=True)
class Press:
    """The button is down: open the gate (in toggle mode: open or close it)."""


@dataclass(frozen=True, slots=True)
class Release:
    """The button is up."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Listen (False) or close any utterance and ignore the microphone (True)."""

    held: bool


@dataclass(frozen=True, slots=True)
class Mute:
    """Close the capture device (True), or open it again (False)."""

    muted: bool


#: What the gate understands.
GateCommand = SetGate | Press | Release | Hold

EarCommand = GateCommand | Mute

# ------------------------------------------------------------------ actions: to the cloud


@dataclass(frozen=True, slots=True)
class StartSession:
    """Start the live session, unless one is held; what is sent afterwards waits for it.

    Attributes:
        turn: number of the turn that needs it; 0 when the session is held always.
    """

    turn: int


@dataclass(frozen=True, slots=True)
class EndSession:
    """End the live session with the service.

    Attributes:
        reason: why, for the log.
        gone: the service says that it is over already; forget it, do not end it again.
    """

    reason: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class SendAudio:
    """Send one chunk of a turn.

    Attributes:
        turn: number of the turn.
        pcm: s16le mono 16 kHz, padded by the wire when short.
        read_at: when the last sample was read, or None for closing silence.
    """

    turn: int
    pcm: bytes = field(repr=False)
    read_at: float | None


@dataclass(frozen=True, slots=True)
class SendUtterance:
    """Send a whole utterance at once, to a service that does not stream.

    Attributes:
        turn: number of the turn.
        pcm: s16le mono 16 kHz, the whole utterance.
        read_at: when its last sample was read.
    """

    turn: int
    pcm: bytes = field(repr=False)
    read_at: float


@dataclass(frozen=True, slots=True)
class SendText:
    """Send one line of text as a turn."""

    turn: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DropTurn:
    """Forget what is still waiting to be sent for this turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class Reconnect:
    """A person asks: try to connect now, whatever the pause was to be."""


CloudAction = StartSession | EndSession | SendAudio | SendUtterance | SendText | DropTurn | Reconnect

# ------------------------------------------------------------------ actions: to the speaker, to people


@dataclass(frozen=True, slots=True)
class PlayAnswer:
    """Play the sound that came with an answer, or is where the answer says.

    Attributes:
        turn: number of the turn that was answered.
        file_url: see :class:`Answered`.
        sound: see :class:`Answered`.
    """

    turn: int
    file_url: str = field(default="", repr=False)
    sound: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """Silence the speaker now; what still comes of the answer that sounds is not played either."""


@dataclass(frozen=True, slots=True)
class PlayEarcon:
    """Sound a short signal, beside whatever plays."""

    earcon: Earcon


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Answers and earcons at this loudness from now on, in percent of full."""

    percent: int


@dataclass(frozen=True, slots=True)
class TurnSummary:
    """One exchange, when it is over.

    Attributes:
        turn: number of the turn.
        outcome: how it ended.
        cause: what opened it; None for text.
        spoken_ms: length of what was sent of the person's voice, pre-roll included.
        speech_ms: how much of that was judged speech.
        messages: audio messages of the person's voice sent.
        silence_messages: messages of closing silence sent.
        answer_ms: from the gate's closing to the first answer; 0 when that came before the gate closed, None
            without an answer.
    """

    turn: int
    outcome: Outcome
    cause: Cause | None
    spoken_ms: float
    speech_ms: float
    messages: int
    silence_messages: int
    answer_ms: float | None


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is over."""

    summary: TurnSummary


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """The session's state changed, with the reason in words."""

    session: Session
    reason: str


@dataclass(frozen=True, slots=True)
class Tell:
    """One sentence for the owner's log.

    Attributes:
        text: the sentence; no speech, no transcript, no secret.
        warning: something is not as it should be.
    """

    text: str
    warning: bool = False


SpeakerAction = PlayAnswer | StopPlayback | PlayEarcon | SetVolume

PeopleAction = TurnEnded | SessionChanged | Tell

Action = EarCommand | CloudAction | SpeakerAction | PeopleAction
