"""The states of the small machines: link, session, talk, microphone, and the gate's mode."""

from __future__ import annotations

from enum import Enum, unique


@unique
class LinkState(Enum):
    """Our connection to the cloud."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    ONLINE = "online"
    DENIED = "denied"


@unique
class SessionState(Enum):
    """The live session with the service: paid for from STARTING until it is NONE again."""

    NONE = "none"
    STARTING = "starting"
    LIVE = "live"


@unique
class TalkState(Enum):
    """Phase of the conversation."""

    IDLE = "idle"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


@unique
class MicrophoneStatus(Enum):
    """The capture device: OPEN delivers, HELD delivers but is not listened to, MUTED is closed on purpose."""

    ABSENT = "absent"
    OPEN = "open"
    HELD = "held"
    MUTED = "muted"


@unique
class GateMode(Enum):
    """Opener of the gate: the voice detector, the button, the wake word, or two of them."""

    VAD = "vad"
    BUTTON = "button"
    BOTH = "both"
    WAKEWORD = "wakeword"
    WAKEWORD_OR_BUTTON = "wakeword-or-button"

    @property
    def takes_button(self) -> bool:
        """True if a press opens the gate."""
        return self in (GateMode.BUTTON, GateMode.BOTH, GateMode.WAKEWORD_OR_BUTTON)

    @property
    def takes_voice(self) -> bool:
        """True if speech alone opens it at any time."""
        return self in (GateMode.VAD, GateMode.BOTH)

    @property
    def takes_word(self) -> bool:
        """True if speech opens it only after the wake word, or right after an answer."""
        return self in (GateMode.WAKEWORD, GateMode.WAKEWORD_OR_BUTTON)


@unique
class AttentionState(Enum):
    """Attention of a gate with a wake word."""

    WAITING = "waiting"
    """Only the word is listened to."""
    WOKEN = "woken"
    """The word was spoken: speech opens."""
    FOLLOW_UP = "follow-up"
    """An answer was given a moment ago: speech opens without the word."""


@unique
class Cause(Enum):
    """Opener of an utterance."""

    VOICE = "voice"
    BUTTON = "button"
    WAKEWORD = "wakeword"


@unique
class CloseReason(Enum):
    """Reason for which an utterance closed."""

    SILENCE = "silence"
    """The user stopped speaking: the silence limit passed."""
    RELEASED = "released"
    """The button was released, or pressed again in toggle mode."""
    LONGEST = "longest"
    """The longest utterance allowed was reached."""
    NO_SPEECH = "no-speech"
    """The button was pressed but no speech followed."""
    HELD = "held"
    """The microphone was held or muted in mid-utterance."""
    LOST = "lost"
    """The microphone went away in mid-utterance."""


@unique
class Refusal(Enum):
    """Reason for which the service does not serve us."""

    BUSY = "busy"
    TIMEOUT = "timeout"
    MONEY = "money"
    DENIED = "denied"
    FAILED = "failed"
    EXPIRED = "expired"


@unique
class TurnOutcome(Enum):
    """End of a turn."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    """No answer came within the service's message timeout."""
    NOTHING_SAID = "nothing-said"
    SELF_HEARD = "self-heard"
    """The microphone picked up the avatar's own voice; the answer to it is not played."""
    SUPERSEDED = "superseded"
    """The user went on before the answer came; the next turn carries on."""
    CANCELLED = "cancelled"
    """The session could not be had, or the link or the appliance went down."""
    FAILED = "failed"
    """The service, or a recogniser, could do nothing with it; the session goes on."""


@unique
class VoiceSource(Enum):
    """Source of the sound of an answer."""

    STREAM = "stream"
    """A stream of its own, for as long as the session lasts."""
    ANSWER = "answer"
    """The answer: inline, or a file at the address it gives."""
    PIECES = "pieces"
    """The connection: one finite voice an answer, which comes in pieces."""
    ELSEWHERE = "elsewhere"
    """A browser plays it, or it is not played; the status says why."""


@unique
class Earcon(Enum):
    """Short signals of the speaker, for a user who does not see the lights."""

    LISTENING = "listening"
    SENT = "sent"
    ERROR = "error"
    MUTED = "muted"
    OFFLINE = "offline"
    NO_MONEY = "no-money"
