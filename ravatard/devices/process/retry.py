"""Retry schedule of a lost sound device: soon, without end, and where possible only after a change."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Time limits and waits of a sound process.

    Attributes:
        start_s: limit for the first sound of a new process: a Pi Zero 2 W takes 3 s to start one.
        wake_s: limit for a process that sleeps to open its device again, from a command to a sign of life.
        silence_s: limit for the next sign of life, which comes every half second of sound.
        first_retry_s: wait before the next start after one that failed; doubles with each.
        longest_retry_s: longest of these waits where only an attempt shows that the source is back.
        longest_idle_s: longest of these waits where the kernel would show it.
        poll_s: between two looks at the kernel's state.
        stable_s: after sound for this long the first new start comes at once.
        fault_retry_s: wait before a source that delivers no proper sound is opened again; doubles with each
            failure.
        longest_fault_retry_s: longest of these waits.
        reap_s: limit for the kernel to let go of a killed process.
    """

    start_s: float = 12.0
    wake_s: float = 4.0
    silence_s: float = 1.0
    first_retry_s: float = 0.25
    longest_retry_s: float = 1.0
    longest_idle_s: float = 10.0
    poll_s: float = 0.5
    stable_s: float = 2.0
    fault_retry_s: float = 30.0
    longest_fault_retry_s: float = 300.0
    reap_s: float = 1.0


class Retry:
    """Times at which a process is started. All times are seconds on the event loop's clock."""

    def __init__(self, policy: RetryPolicy, cards: Callable[[], Hashable]) -> None:
        """``cards`` returns the kernel's state of the cards; two equal states mean that nothing changed."""
        self._policy = policy
        self._cards = cards
        #: The kernel would show that the source is back.
        self.by_cards = False
        self._seen: Hashable = None
        self._failures = self._faults = 0
        self._lost_at = self._at = 0.0
        self._ready_at: float | None = None
        self._reopen_at = 0.0

    def reset(self) -> None:
        """Make the next attempt due and the waits after it short again."""
        self._failures = self._faults = 0
        self._at = 0.0
        self._ready_at = None

    def begin(self) -> None:
        """An attempt begins. A change of the cards from here on is worth another one."""
        if self.by_cards:
            self._seen = self._cards()

    def ready(self, now: float) -> None:
        """The source delivers sound."""
        self._ready_at = now
        self._faults = 0

    def lost(self, now: float, *, at_once: bool = False) -> None:
        """The source was lost or could not be opened; ``at_once``: the next attempt need not wait."""
        policy = self._policy
        was_stable = self._ready_at is not None and now - self._ready_at >= policy.stable_s
        self._ready_at = None
        self._lost_at = self._at = now
        if was_stable:
            # A process that crashed is replaced at once; a card that was pulled out costs one attempt more.
            self._failures = 0
            return
        if not at_once:
            longest_s = policy.longest_idle_s if self.by_cards else policy.longest_retry_s
            self._at += _doubled(policy.first_retry_s, self._failures, longest_s)
        self._failures += 1

    def wait_s(self, now: float) -> float:
        """Return how long to wait before asking again; 0 when an attempt is due."""
        if now >= self._at:
            return 0.0
        # Also after a change: udev needs a moment before a new card may be opened.
        settled_at = self._lost_at + self._policy.first_retry_s
        if not self.by_cards or now < settled_at:
            return (min(self._at, settled_at) if self.by_cards else self._at) - now
        if self._cards() != self._seen:
            self._failures = 0
            self._at = now
            return 0.0
        return min(self._at - now, self._policy.poll_s)

    def begin_faulty(self, now: float) -> None:
        """An attempt begins on a source that can be opened and delivers no proper sound."""
        policy = self._policy
        self._reopen_at = now + _doubled(policy.fault_retry_s, self._faults, policy.longest_fault_retry_s)
        self._faults += 1

    def is_reopen_due(self, now: float) -> bool:
        """Return True if a source that still delivers no proper sound is to be opened again."""
        return now >= self._reopen_at


def _doubled(first_s: float, times: int, longest_s: float) -> float:
    return min(longest_s, first_s * 2.0 ** min(times, 30))
