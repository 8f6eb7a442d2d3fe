"""Outgoing messages of one socket: planned, withdrawn, or ready, each at its own time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ravatard.sim.exchange import Close


@dataclass(slots=True, eq=False)
class Planned:
    """A message that is sent when due, unless it is withdrawn before.

    Attributes:
        due: time of sending.
        write: makes the message; called with ``due`` when it is sent.
        licence: the session it belongs to, or None.
        withdrawn: True once it will not be sent.
    """

    due: float
    write: Callable[[float], str] = field(repr=False)
    licence: str | None = None
    withdrawn: bool = False

    def withdraw(self, now: float) -> bool:
        """Withdraw it; return False when it is too late."""
        if self.due <= now:
            return False
        self.withdrawn = True
        return True


class PlannedReplies:
    """Planned messages, and messages ready to be fetched.

    A message counts as sent when it is due, however late it is fetched: the record does not depend on how
    often a front asks.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._planned: list[Planned] = []
        # (time, item), oldest first.
        self._ready: deque[tuple[float, str | Close]] = deque()

    def plan(self, planned: Planned) -> None:
        """Send ``planned`` when it is due."""
        self._planned.append(planned)
        self._wake()

    def put(self, item: str | Close, now: float) -> None:
        """Send ``item`` now."""
        self._ready.append((now, item))
        self._wake()

    def settle(self, now: float) -> None:
        """Write all messages due by ``now``."""
        while True:
            self._planned = [one for one in self._planned if not one.withdrawn]
            first = min(self._planned, key=lambda one: one.due, default=None)
            if first is None or first.due > now:
                return
            self._planned.remove(first)
            self.put(first.write(first.due), first.due)

    def forget(self, licence: str, now: float) -> None:
        """Withdraw the messages planned for a session that is over."""
        for one in self._planned:
            if one.licence == licence:
                one.withdraw(now)

    def clear(self) -> None:
        """Drop all messages."""
        self._planned.clear()
        self._ready.clear()

    def next_due(self) -> float | None:
        """Return when :meth:`take` will have items, or None."""
        if self._ready:
            return self._ready[0][0]
        return min((one.due for one in self._planned if not one.withdrawn), default=None)

    def take(self, now: float) -> list[str | Close]:
        """Return all items due by ``now``, in order, each once."""
        self.settle(now)
        taken: list[str | Close] = []
        while self._ready and self._ready[0][0] <= now:
            taken.append(self._ready.popleft()[1])
        return taken
