"""Trigger of a step: counts calls and messages, and keeps the step's time window. Pure."""

from __future__ import annotations

from ravatard.sim.exchange import SOCKET_PATH
from ravatard.sim.faults.scenario import FaultStep, TransferFault

#: Names of the opening of a socket: of either simulated service.
_SOCKETS = frozenset({SOCKET_PATH, "/ws"})


class Trigger:
    """Progress of one step. Times are seconds since the scenario began.

    Attributes:
        step: the step.
    """

    def __init__(self, step: FaultStep) -> None:
        self.step = step
        self._calls = 0
        self._uses = 0
        # A step set off by the clock alone is active from that moment on, however late it is looked at.
        # A fault of all messages on sockets as well, whenever each socket was opened.
        when = step.when
        sockets = when.call in _SOCKETS and when.nth is None and isinstance(step.do, TransferFault)
        by_clock = (when.call is None or sockets) and when.message is None
        self._since: float | None = (step.when.after_s or 0.0) if by_clock else None

    @property
    def due_at(self) -> float | None:
        """Time at which the clock alone sets it off; None once it did, or if it never does."""
        when = self.step.when
        if when.after_s is None or when.call is not None or when.message is not None or self._uses:
            return None
        return when.after_s

    def called(self, names: frozenset[str], now: float) -> bool:
        """Count a call that goes by these names; return True if the step applies to it."""
        when = self.step.when
        if when.call is None:
            return self.active(now)
        if when.call not in names or now < (when.after_s or 0.0):
            return False
        self._calls += 1
        first = when.nth or 1
        if self._calls < first:
            return False
        alone = when.nth is not None and self.step.for_s is None and self.step.times is None
        if alone and self._calls > first:
            return False
        if self._since is None:
            self._since = now
        return self.active(now)

    def message_received(self, number: int, now: float) -> bool:
        """Note the client's message of this number; return True if the step applies now."""
        when = self.step.when
        if when.message != number or now < (when.after_s or 0.0):
            return False
        self._since = now
        return True

    def speaking(self, now: float) -> bool:
        """Return True if the step applies to a message of the service on a socket."""
        return self.step.when.call in {None, *_SOCKETS} and self.active(now)

    def active(self, now: float) -> bool:
        """Return True while it is set off, in its time window, and below its limit of times."""
        step = self.step
        if self._since is None or now < self._since:
            return False
        in_time = step.for_s is None or now < self._since + step.for_s
        return in_time and (step.times is None or self._uses < step.times)

    def use(self) -> None:
        """Count one application."""
        self._uses += 1
