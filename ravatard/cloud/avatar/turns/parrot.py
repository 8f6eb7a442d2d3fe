"""Guard against an avatar that repeats the person's own sound: by lengths. Pure.

The API reference says of appended sound that it is "to be spoken by the avatar", and of listening that it is
"for user speech": a service that takes the first at its word plays back what was said to it.
"""

from __future__ import annotations

from enum import Enum, unique

#: Shorter utterances are not judged: "yes" may be answered by "no".
LEAST_UTTERANCE_S = 1.0
_TOLERANCE = 0.1
#: So much of an answer may be played before it is judged.
PLAYABLE_S = 0.5


@unique
class ParrotVerdict(Enum):
    """Judgement on the sound that followed an utterance."""

    OPEN = "open"
    """Not known yet: play half a second at most, and keep the rest."""
    ANSWER = "answer"
    PARROT = "parrot"
    """The avatar repeats the person: do not play it, interrupt, and leave this path."""


class ParrotGuard:
    """Judges the sound that follows one utterance on the socket.

    Attributes:
        verdict: the judgement so far; ANSWER and PARROT are final.
    """

    def __init__(self, utterance_s: float) -> None:
        """Begin after the commit of an utterance of ``utterance_s`` seconds, silence around it included."""
        self.verdict = ParrotVerdict.OPEN if utterance_s >= LEAST_UTTERANCE_S else ParrotVerdict.ANSWER
        self._least_s = utterance_s * (1 - _TOLERANCE)
        self._most_s = utterance_s * (1 + _TOLERANCE)
        self._sound_s = 0.0

    def words(self) -> ParrotVerdict:
        """Note a ``chat`` event, of either side: the service understands speech."""
        return self._judge(ParrotVerdict.ANSWER)

    def sound(self, seconds: float) -> ParrotVerdict:
        """Note a piece of sound of ``seconds``."""
        self._sound_s += seconds
        return self._judge(ParrotVerdict.ANSWER) if self._sound_s > self._most_s else self.verdict

    def ended(self) -> ParrotVerdict:
        """Note the end of the answer's sound; none at all is no parrot."""
        return self._judge(ParrotVerdict.PARROT if self._sound_s >= self._least_s else ParrotVerdict.ANSWER)

    def _judge(self, verdict: ParrotVerdict) -> ParrotVerdict:
        if self.verdict is ParrotVerdict.OPEN:
            self.verdict = verdict
        return self.verdict
