"""Self-hearing filter: recognises an answer to the avatar's own voice by the words the service understood."""

from __future__ import annotations

from dataclasses import replace

from ravatard.core.events import Answered

#: Fewer words may be those of a user who repeats or answers with the avatar's own ("yes, please").
FEWEST_WORDS = 3


class SelfHearingFilter:
    """Remembers the last answer's words, which never leave this object.

    It marks the event; what follows from the mark is the conversation's decision. The comparison
    itself cannot be the conversation's: its state is written to disk and its events are replayed, both
    without the words.
    """

    def __init__(self) -> None:
        self._spoken: tuple[str, ...] = ()

    def judged(self, answer: Answered) -> Answered:
        """Return ``answer``, marked if the words it answers are those of the answer before.

        Its own words are remembered in their place, unless it is marked: then it is not spoken.
        """
        heard = _words(answer.heard)
        if len(heard) >= FEWEST_WORDS and heard == self._spoken:
            return replace(answer, self_heard=True)
        if answer.text:
            self._spoken = _words(answer.text)
        return answer


def _words(text: str) -> tuple[str, ...]:
    """Return the words without case and punctuation, which a transcript never has as the text had them."""
    return tuple("".join(sign if sign.isalnum() else " " for sign in text.casefold()).split())
