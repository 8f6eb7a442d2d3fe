"""Pacing of states: two changes go out at once, what follows in a rush is joined."""

from __future__ import annotations

from dataclasses import dataclass

#: Most messages within :data:`WINDOW_S`: a change, and the next one that a person sees as a reaction to it.
MOST_AT_ONCE = 2
WINDOW_S = 1.0


@dataclass(slots=True)
class Pacing:
    """The newest payload that was not sent yet, and when it may be. Times are loop seconds."""

    _sent: bytes | None = None
    _sent_at: tuple[float, ...] = ()
    _waiting: bytes | None = None

    def sent(self, payload: bytes, now: float) -> None:
        """Note a payload that went out at ``now``."""
        self._sent, self._sent_at = payload, (*self._sent_at, now)[-MOST_AT_ONCE:]

    def offer(self, payload: bytes) -> None:
        """Take the newest payload, in place of one that waits; one that was sent last is no news."""
        self._waiting = None if payload == self._sent else payload

    @property
    def due_at(self) -> float | None:
        """When :meth:`take` gives something; None: nothing waits."""
        if self._waiting is None:
            return None
        return -1.0 if len(self._sent_at) < MOST_AT_ONCE else self._sent_at[0] + WINDOW_S

    def take(self, now: float) -> bytes | None:
        """Return the payload to send now; None: nothing waits, or it is too soon."""
        due_at, payload = self.due_at, self._waiting
        if due_at is None or payload is None or now < due_at:
            return None
        self._waiting = None
        self.sent(payload, now)
        return payload
