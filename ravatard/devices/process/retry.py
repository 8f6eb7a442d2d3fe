"""When a lost microphone is tried again: soon, for ever, and where possible only when there is reason to."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long the ear waits for what.

    Attributes:
        start_s: for the first sound of a new process: a Pi Zero 2 W takes 3 s to start one.
        silence_s: for the next sign of life, which comes every half second of sound.
        first_retry_s: before the next start after one that failed; doubles with each.
        longest_retry_s: the longest of these waits where only trying tells whether the source is back.
        longest_idle_s: the longest where the kernel would show it.
        look_s: between two looks at what the kernel shows.
        stable_s: after sound for this long the first new start comes at once.
        doubt_s: before a source that delivers no proper sound is opened anew; doubles with each that fails.
        longest_doubt_s: the longest of these waits.
        reap_s: for the kernel to let go of a killed process.
    """

    start_s: float = 12.0
    silence_s: float = 1.0
    first_retry_s: float = 0.25
    longest_retry_s: float = 1.0
    longest_idle_s: float = 10.0
    look_s: float = 0.5
    stable_s: float = 2.0
    doubt_s: float = 30.0
    longest_doubt_s: float = 300.0
    reap_s: float = 1.0


class Retry:
    """The times at which a process is started. All times are seconds on the event loop's clock."""

    def __init__(self, patience: RetryPolicy, cards: Callable[[], Hashable]) -> None:
        """``cards`` tells what the kernel shows; two answers that are equal mean that nothing changed."""
        self._patience = patience
        self._cards = cards
        #: Whether the kernel would show that the source is back.
        self.by_cards = False
        self._seen: Hashable = None
        self._failures = self._doubts = 0
        self._lost_at = self._at = 0.0
        self._ready_at: float | None = None
        self._anew_at = 0.0

    def now(self) -> None:
        """Whatever came before, the next attempt is due and the waits after it are short again."""
        self._failures = self._doubts = 0
        self._at = 0.0
        self._ready_at = None

    def begins(self) -> None:
        """An attempt begins. What changes from here on is worth another one."""
        if self.by_cards:
            self._seen = self._cards()

    def ready(self, now: float) -> None:
        """The source delivers sound."""
        self._ready_at = now
        self._doubts = 0

    def lost(self, now: float, *, at_once: bool = False) -> None:
        """The source was lost or could not be opened; ``at_once``: nothing has to settle."""
        patience = self._patience
        was_stable = self._ready_at is not None and now - self._ready_at >= patience.stable_s
        self._ready_at = None
        self._lost_at = self._at = now
        if was_stable:
            # A process that crashed is replaced at once; a card that was pulled out costs one attempt more.
            self._failures = 0
            return
        if not at_once:
            longest_s = patience.longest_idle_s if self.by_cards else patience.longest_retry_s
            self._at += _doubled(patience.first_retry_s, self._failures, longest_s)
        self._failures += 1

    def wait_s(self, now: float) -> float:
        """How long to wait before asking again; 0 when an attempt is due."""
        if now >= self._at:
            return 0.0
        # Also after a change: udev needs a moment to let us at a card that has just come.
        settled_at = self._lost_at + self._patience.first_retry_s
        if not self.by_cards or now < settled_at:
            return (min(self._at, settled_at) if self.by_cards else self._at) - now
        if self._cards() != self._seen:
            self._failures = 0
            self._at = now
            return 0.0
        return min(self._at - now, self._patience.look_s)

    def doubted(self, now: float) -> None:
        """An attempt begins on a source that is open and delivers no proper sound."""
        patience = self._patience
        self._anew_at = now + _doubled(patience.doubt_s, self._doubts, patience.longest_doubt_s)
        self._doubts += 1

    def is_anew(self, now: float) -> bool:
        """Whether to open a source anew that still delivers no proper sound."""
        return now >= self._anew_at


def _doubled(first_s: float, times: int, longest_s: float) -> float:
    return min(longest_s, first_s * 2.0 ** min(times, 30))
