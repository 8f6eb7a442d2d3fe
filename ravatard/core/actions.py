"""Actions that the conversation asks of the rest of the daemon."""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.core.audio.gate_commands import (
    FollowUp,
    GateCommand,
    Hold,
    MicrophoneCommand,
    Mute,
    Overlook,
    Press,
    Release,
    SetGate,
)
from ravatard.core.private import PRIVATE
from ravatard.core.states import (
    Cause,
    Earcon,
    SessionState,
    TurnOutcome,
)


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
    pcm: bytes = field(repr=False, metadata=PRIVATE)
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
    pcm: bytes = field(repr=False, metadata=PRIVATE)
    read_at: float


@dataclass(frozen=True, slots=True)
class SendText:
    """Send one line of text as a turn."""

    turn: int
    text: str = field(repr=False, metadata=PRIVATE)


@dataclass(frozen=True, slots=True)
class EndUtterance:
    """Tell a service that wants it marked: the user's voice in this turn is all sent."""

    turn: int


@dataclass(frozen=True, slots=True)
class CancelUtterance:
    """Tell such a service: what it has of this turn's voice is not to be answered."""

    turn: int


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Have the service stop its answer now, ahead of everything that waits to be sent."""


@dataclass(frozen=True, slots=True)
class DropTurn:
    """Forget what is still waiting to be sent for this turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Try to connect now, whatever pause was planned: a person asks."""


#: What goes out on the connection, for one turn, in the order in which it was asked for.
Message = SendAudio | SendUtterance | SendText | EndUtterance | CancelUtterance


CloudAction = StartSession | EndSession | Message | Interrupt | DropTurn | Reconnect


@dataclass(frozen=True, slots=True)
class PlayAnswer:
    """Play the sound that came with an answer, or is where the answer says.

    Attributes:
        turn: number of the turn that was answered.
        file_url: see :class:`Answered`.
        sound: see :class:`Answered`.
    """

    turn: int
    file_url: str = field(default="", repr=False, metadata=PRIVATE)
    sound: bytes = field(default=b"", repr=False, metadata=PRIVATE)


@dataclass(frozen=True, slots=True)
class PlayAnnouncement:
    """Play an announcement, which nothing else sounds beside.

    Attributes:
        number: see :class:`AnnouncementAsked`.
        volume: percent of full; None: as loud as answers.
        usual: percent of full, afterwards.
    """

    number: int
    volume: int | None
    usual: int


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """Silence the speaker now, and discard what still comes of the answer that sounds."""


@dataclass(frozen=True, slots=True)
class PausePlayback:
    """Silence the speaker now; keep the rest of an answer that is ours to keep, discard a live voice's."""


@dataclass(frozen=True, slots=True)
class ResumePlayback:
    """Go on with the answer where :class:`PausePlayback` silenced it."""


@dataclass(frozen=True, slots=True)
class ResumeVoice:
    """Play the live voice again: it says another answer than the one that :class:`StopPlayback` stopped."""


@dataclass(frozen=True, slots=True)
class PrepareDecoder:
    """Have the decoder ready: an answer that brings its own sound is on its way."""


@dataclass(frozen=True, slots=True)
class KeepSpeakerAwake:
    """Have the speaker open from now on (True): a user interacts; or let it sleep after its silence."""

    needed: bool


@dataclass(frozen=True, slots=True)
class PlayEarcon:
    """Sound a short signal, beside whatever plays."""

    earcon: Earcon


@dataclass(frozen=True, slots=True)
class SetVolume:
    """Answers and earcons at this loudness from now on, in percent of full.

    Attributes:
        percent: of full.
        lasting: the user wants it beyond quiet hours; it survives a restart.
    """

    percent: int
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class TurnSummary:
    """One exchange, when it is over.

    Attributes:
        turn: number of the turn.
        outcome: how it ended.
        cause: what opened it; None for text.
        spoken_ms: length of the user's voice that was sent, pre-roll included.
        speech_ms: how much of that was judged speech.
        messages: audio messages of the user's voice sent.
        silence_messages: messages of closing silence sent.
        answer_ms: from the gate's closing to the first answer; 0 when that came before the gate closed, None
            without an answer.
        opened_at: when the gate opened, or the text was given; loop seconds, like the next two.
        closed_at: when the gate closed; None if the turn was given up before.
        answered_at: when the first answer came; None without one.
    """

    turn: int
    outcome: TurnOutcome
    cause: Cause | None
    spoken_ms: float
    speech_ms: float
    messages: int
    silence_messages: int
    answer_ms: float | None
    opened_at: float = 0.0
    closed_at: float | None = None
    answered_at: float | None = None


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is over."""

    summary: TurnSummary


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """The session's state changed, with the reason in words."""

    session: SessionState
    reason: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One sentence for the owner's log.

    Attributes:
        text: the sentence; no speech, no transcript, no secret.
        warning: something is not as it should be.
    """

    text: str
    warning: bool = False


SpeakerAction = (
    PlayAnswer
    | PlayAnnouncement
    | StopPlayback
    | PausePlayback
    | ResumePlayback
    | ResumeVoice
    | PrepareDecoder
    | KeepSpeakerAwake
    | PlayEarcon
    | SetVolume
)


PeopleAction = TurnEnded | SessionChanged | LogLine


Action = MicrophoneCommand | CloudAction | SpeakerAction | PeopleAction
