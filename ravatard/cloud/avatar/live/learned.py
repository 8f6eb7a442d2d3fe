"""Facts that a run has found out about a service, and the messages that follow from what it says."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from enum import Enum, unique

from ravatard.cloud.avatar.options import AvatarOptions
from ravatard.cloud.avatar.turns.microphone_path import MicrophonePath, PathTrial
from ravatard.cloud.avatar.turns.speaker_side import SpeakerSide, Speaks
from ravatard.cloud.option_groups import CloudOptions

#: A voice turn without any evidence for so long after its end was not heard (PROTOCOL.md, "Microphone").
EVIDENCE_S = 15.0
#: One that is cut short, by its session's end or another turn, was not heard either, if it had this long.
LEAST_EVIDENCE_S = 3.0
#: Silence around the speech of an utterance: pre-roll, and the silence that closed the gate.
_AROUND_S = 0.8


@unique
class SocketOrder(Enum):
    """Message that follows from an event; the session sends it."""

    INTERRUPT = "interrupt"
    LISTEN_AGAIN = "listen again"
    """Interrupt, then order once more to listen: the avatar was speaking."""


@dataclass(frozen=True, slots=True)
class SpeakOrder:
    """Have the avatar speak an answer that it did not speak by itself."""

    text: str


def paths_of(options: CloudOptions) -> tuple[MicrophonePath, ...]:
    """Return the possible paths of the microphone, the first one first."""
    chosen, speech = options.avatar.microphone, options.speech_to_text
    if speech.uri is not None and (chosen == "auto" or speech.use == "always"):
        return (MicrophonePath.TEXT,)
    if chosen != "auto":
        return (MicrophonePath(chosen),)
    has_track = all(importlib.util.find_spec(name) is not None for name in ("aiortc", "av"))
    return (MicrophonePath.SOCKET, *((MicrophonePath.TRACK,) if has_track else ()))


class Learned:
    """Facts that a run has found out about the service; they hold over sessions.

    Attributes:
        trial: path of the microphone.
        side: side that speaks written answers.
        upload: format of sound in messages.
        understands: the service has answered a voice on the socket in words: it is no parrot.
    """

    def __init__(self, options: AvatarOptions, paths: tuple[MicrophonePath, ...]) -> None:
        """``paths``: possible paths of the microphone, the first one first."""
        self.trial = PathTrial(paths)
        self.side = SpeakerSide(Speaks(options.speaks))
        self.upload = options.upload
        self.understands = False


@dataclass(slots=True)
class VoiceTurn:
    """Voice turn that is with the service.

    Attributes:
        ended_at: loop time of its end.
        speech_s: seconds of speech in it, roughly.
        judged: it was counted as heard or not.
    """

    ended_at: float
    speech_s: float
    judged: bool = False

    @classmethod
    def over(cls, now: float, seconds: float) -> VoiceTurn:
        """Return that of an utterance of ``seconds`` that ends now."""
        return cls(now, max(0.0, seconds - _AROUND_S))

    @property
    def heard_by(self) -> float | None:
        """Loop time until which evidence is awaited; None when it was judged."""
        return None if self.judged else self.ended_at + EVIDENCE_S

    def is_late(self, now: float) -> bool:
        """Return True when evidence does not come any more."""
        return now >= self.ended_at + EVIDENCE_S

    def had_time(self, now: float) -> bool:
        """Return True when evidence would have come by now, if the service hears."""
        return now >= self.ended_at + LEAST_EVIDENCE_S
