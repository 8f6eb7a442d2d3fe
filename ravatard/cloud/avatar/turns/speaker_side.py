"""Side that speaks an answer of chat.completions: the service by itself, or we by avatar.speak. Pure.

The API reference does not say whether a chat makes the avatar speak.
"""

from __future__ import annotations

import re
from enum import Enum, unique

#: After an answer's end, evidence that the service speaks is awaited for this long; for longer when it has
#: spoken by itself before.
_EVIDENCE_S = 1.5
_PROVEN_EVIDENCE_S = 5.0
#: The same words within this time are the same answer.
_SAME_S = 10.0
#: Our limit for the text of one avatar.speak, in characters: no document names one.
LONGEST_SPEECH = 1_000
_SENTENCE_END = re.compile(r"""[.!?…。！？]["'»«”’)\]]*\s+|\n+""")  # noqa: RUF001 - full-width marks are meant


@unique
class Speaks(Enum):
    """Setting ``avatar.speaks``."""

    AUTO = "auto"
    SERVICE = "service"
    US = "us"


class SpeakerSide:
    """Decides after each answer whether we let the avatar speak it. Never both.

    Attributes:
        side: AUTO while it is not known.
    """

    def __init__(self, setting: Speaks = Speaks.AUTO) -> None:
        self.side = setting
        self._proven = False
        self._text = ""
        self._due: float | None = None
        self._evident = False

    @property
    def evident(self) -> bool:
        """True if the service has reacted to the question that was asked last."""
        return self._evident

    def asked(self) -> None:
        """Note a new question; evidence counts from now on, also before its answer has ended."""
        self._text, self._due, self._evident = "", None, False

    def answered(self, now: float, text: str) -> str:
        """Note the end of an answer's text; return the text to speak at once, "" for none."""
        if not text.strip() or self.side is Speaks.SERVICE or self._evident:
            return ""
        if self.side is Speaks.US:
            return text
        self._text = text
        self._due = now + (_PROVEN_EVIDENCE_S if self._proven else _EVIDENCE_S)
        return ""

    def evidence(self) -> None:
        """Note that the service speaks: ``status speaking``, ``audio``, or sound on the track."""
        self._evident = True
        if self.side is Speaks.AUTO:
            self._proven = True
        self._text, self._due = "", None

    def due_s(self) -> float | None:
        """Return the time at which the waiting for evidence ends; None when none is awaited."""
        return self._due

    def due(self, now: float) -> str:
        """Return the text that we let the avatar speak, as no evidence came; "" for none."""
        if self._due is None or now < self._due:
            return ""
        text, self._text, self._due = self._text, "", None
        if not self._proven:
            self.side = Speaks.US
        return text


class SameAnswer:
    """Recognises an answer that comes twice: by chat.completions and as a ``chat`` event."""

    def __init__(self) -> None:
        self._words = ""
        self._at = float("-inf")

    def repeated(self, now: float, text: str) -> bool:
        """Return True if ``text`` is the newest answer, again; else note it as the newest."""
        words = " ".join(text.casefold().split())
        if words == self._words and now - self._at <= _SAME_S:
            return True
        self._words, self._at = words, now
        return False


def speeches(text: str) -> list[str]:
    """Return ``text`` cut at ends of sentences into parts that one avatar.speak takes."""
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > LONGEST_SPEECH:
        ends = [end.end() for end in _SENTENCE_END.finditer(rest, 0, LONGEST_SPEECH)]
        at = ends[-1] if ends else rest.rfind(" ", 1, LONGEST_SPEECH) + 1 or LONGEST_SPEECH
        parts.append(rest[:at].strip())
        rest = rest[at:].lstrip()
    return [part for part in (*parts, rest) if part]
