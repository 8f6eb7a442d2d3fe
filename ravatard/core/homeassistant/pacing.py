"""Pacing of states: the first change goes out at once, what follows in a rush is joined."""

from __future__ import annotations

from dataclasses import dataclass

#: At most two messages a second.
SPACING_S = 0.5


@dataclass(slots=True)
class Pacing:
    """The newest payload that was not sent yet, and when it may be. Times are loop seconds."""

    _sent: bytes | None = None
    _sent_at: float | None = None
    _waiting: bytes | None = None

    def offer(self, payload: bytes) -> None:
        """Take the newest payload, in place of one that waits; one that was sent last is no news."""
        self._waiting = None if payload == self._sent else payload

    @property
    def due_at(self) -> float | None:
        """When :meth:`take` gives something; None: nothing waits."""
        if self._waiting is None:
            return None
        return -1.0 if self._sent_at is None else self._sent_at + SPACING_S

    def take(self, now: float) -> bytes | None:
        """Return the payload to send now; None: nothing waits, or it is too soon."""
        due_at = self.due_at
        if due_at is None or now < due_at:
            return None
        self._sent, self._sent_at, self._waiting = self._waiting, now, None
        return self._sent
