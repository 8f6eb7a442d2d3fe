"""Finds out that the avatar heard itself: what the service understood is what was just answered."""

from __future__ import annotations

from dataclasses import replace

from ravatard.core.events import Answered

#: Fewer words than this may be somebody who repeats or answers with the avatar's own words ("yes, please").
FEWEST_WORDS = 3


class SelfHearingFilter:
    """Remembers the last answer's words. What people said never leaves this object."""

    def __init__(self) -> None:
        self._spoken: tuple[str, ...] = ()

    def judged(self, answer: Answered) -> Answered:
        """``answer``, marked when what it answers is the answer before.

        Its own words are remembered in their place, unless it is such an answer: that is not spoken.
        """
        heard = _words(answer.heard)
        if len(heard) >= FEWEST_WORDS and heard == self._spoken:
            return replace(answer, self_heard=True)
        if answer.text:
            self._spoken = _words(answer.text)
        return answer


def _words(text: str) -> tuple[str, ...]:
    """Its words without case and punctuation: no transcript has the same as the text that was read out."""
    return tuple("".join(sign if sign.isalnum() else " " for sign in text.casefold()).split())
