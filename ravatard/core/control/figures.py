"""Figures that only a scraper needs: waits as histograms, paid time, refusals by their reason."""

from __future__ import annotations

from collections import Counter

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.control.press_to_silence import PressToSilence
from ravatard.core.states import Refusal, SessionState

#: Upper bounds in seconds, of an answer's first sound: below half a second an answer seems instant, beyond
#: ten a user has left.
ANSWER_BOUNDS_S = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
#: Of the first message: a chunk is 0.26 s, a live session may have to be started first.
FIRST_MESSAGE_BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
#: Of the silence after a press: promised within 30 ms and what the card holds.
SILENCE_BOUNDS_S = (0.03, 0.06, 0.1, 0.2, 0.5, 1.0, 2.0)


class WaitHistogram:
    """Waits, counted by their upper bounds.

    Attributes:
        bounds: upper bounds in seconds, rising.
        total_s: sum of all waits.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Begin with no wait."""
        self.bounds = bounds
        self.total_s = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def add(self, wait_s: float) -> None:
        """Count one wait; a clock that ran backwards counts as no wait."""
        wait_s = max(0.0, wait_s)
        self.total_s += wait_s
        self._counts[sum(wait_s > bound for bound in self.bounds)] += 1

    @property
    def cumulative(self) -> list[int]:
        """Number of waits up to each bound, and of all waits last."""
        return [sum(self._counts[: end + 1]) for end in range(len(self._counts))]


class Figures:
    """Observer of the hub that keeps the figures. Times are seconds of the loop's clock.

    Attributes:
        answers: from the end of speech to the first sound of its answer.
        first_messages: from the gate's opening to its first message on the socket.
        silences: from a press while the avatar is heard to its silence.
        refusals: refused sessions by their reason.
    """

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.answers = WaitHistogram(ANSWER_BOUNDS_S)
        self.first_messages = WaitHistogram(FIRST_MESSAGE_BOUNDS_S)
        self.silences = WaitHistogram(SILENCE_BOUNDS_S)
        self.refusals: Counter[Refusal] = Counter()
        self._opened_at: float | None = None
        self._closed_at: float | None = None
        self._press = PressToSilence()
        self._paid_s = 0.0
        self._paid_since: float | None = None

    def on_event(self, event: ev.Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        match event:
            case ev.UtteranceOpened():
                self._opened_at, self._closed_at = now, None
            case ev.UtteranceClosed():
                self._closed_at = now
            case ev.TextGiven():
                self._opened_at = self._closed_at = None
            case ev.MessageSent(read_at=read_at, sent_at=sent_at):
                self._sent(sent_at, speech=read_at is not None)
            case ev.SessionRefused(refusal):
                self.refusals[refusal] += 1
            case _:
                self._on_sound(event, now)

    def _on_sound(self, event: ev.Event, now: float) -> None:
        silent_s = self._press.on_event(event)
        if silent_s is not None:
            self.silences.add(silent_s)
        if isinstance(event, ev.PlaybackStarted):
            self._sounds(max(event.at, now))

    def _sent(self, sent_at: float, *, speech: bool) -> None:
        if speech and self._opened_at is not None:
            self.first_messages.add(sent_at - self._opened_at)
            self._opened_at = None

    def _sounds(self, at: float) -> None:
        if self._closed_at is not None:
            self.answers.add(at - self._closed_at)
            self._closed_at = None

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        if not isinstance(action, act.SessionChanged):
            return
        if action.session is SessionState.NONE:
            self._paid_s, self._paid_since = self.paid_s(now), None
        elif self._paid_since is None:
            self._paid_since = now

    def paid_s(self, now: float) -> float:
        """Return the seconds of live sessions since the start, from their being asked for to their end."""
        return self._paid_s + (now - self._paid_since if self._paid_since is not None else 0.0)
