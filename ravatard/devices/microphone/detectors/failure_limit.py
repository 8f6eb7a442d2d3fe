"""Limit of the failures of the sound process that are suffered for an extra of the gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

#: Of the sound process within :data:`WITHIN_S`, before it is started without the extra.
MOST_FAILURES = 2
#: A broken library fails again at once or with the next words. Failures that are further apart have
#: reasons of their own, and each costs half a second of listening.
WITHIN_S = 600.0
#: After this the next process that is started has it again: the library may have been reinstalled, or the
#: machine was out of memory.
RETRY_S = 3600.0
LostT = TypeVar("LostT")


class FailureLimit(Generic[LostT]):
    """Decides whether the next sound process has the extra, by how those before it ended.

    Attributes:
        lost: what took the extra away; None: nothing did.
    """

    def __init__(self, tell: Callable[[str], LostT]) -> None:
        """``tell``: makes the event of a loss from a predicate, such as "failed 2 times (SIGSEGV)"."""
        self.lost: LostT | None = None
        self._tell = tell
        self._failures = 0
        self._failed_at = 0.0

    def allows(self, now_s: float) -> bool:
        """Return True if a process that is started at ``now_s`` shall have the extra."""
        if self.lost is not None and now_s - self._failed_at >= RETRY_S:
            self.forgive()
        return self.lost is None

    def forgive(self) -> None:
        """Begin anew, as if there had been no failure."""
        self.lost, self._failures = None, 0

    def failed(self, how: str, now_s: float) -> LostT | None:
        """Count a failure of a process that had the extra; return what follows, if it was one too many.

        Args:
            how: it failed: a signal's name, or a few words.
            now_s: seconds on the event loop's clock.
        """
        recent = self._failures > 0 and now_s - self._failed_at <= WITHIN_S
        self._failures = self._failures + 1 if recent else 1
        self._failed_at = now_s
        if self._failures >= MOST_FAILURES:
            within = f"within {WITHIN_S / 60:.0f} minutes"
            self.lost = self._tell(f"failed {self._failures} times {within} ({how})")
        return self.lost
