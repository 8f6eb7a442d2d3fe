"""Socket of a service with faults."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol, assert_never

from ravatard.sim.exchange import Close, Drop, Fragments, HalfOpen, Outgoing, ServiceSocket
from ravatard.sim.faults.scenario import Cut, ExpireLicence, Freeze, Hangup, Say, SocketFault, Unasked


class TalkingSocket(ServiceSocket, Protocol):
    """Socket of a service that faults make talk."""

    def say(self, kind: str, text: str, now: float) -> None:
        """Send a text of the service: an unrequested answer for "incoming", an error for "system"."""
        ...


class SocketFaults(Protocol):
    """Faults of the sockets of one service."""

    def tick(self, now: float) -> None:
        """Apply the faults due by ``now``."""
        ...

    def next_fault_at(self) -> float | None:
        """Return the time of the next fault set off by the clock alone, or None."""
        ...

    def spoil(self, message: str, now: float) -> tuple[str | Fragments | None, float]:
        """Return an outgoing message under faults (None: swallowed), and its delay."""
        ...

    def message_came(self, now: float) -> None:
        """Count a message of the client."""
        ...

    def socket_closed(self, socket: FaultySocket) -> None:
        """Forget a closed socket."""
        ...


class FaultySocket:
    """A :class:`ravatard.sim.exchange.ServiceSocket` around one without faults."""

    def __init__(self, inner: TalkingSocket, faults: SocketFaults, wake: Callable[[], None]) -> None:
        self._inner = inner
        self._faults = faults
        self._wake = wake
        # (time of sending, item), in this order.
        self._queue: deque[tuple[float, Outgoing]] = deque()
        self._last = 0.0
        self._frozen = False
        self._over = False

    # ------------------------------------------------------------------ from the front

    def received(self, message: str | bytes, now: float) -> None:
        """Take a message; a frozen socket ignores it."""
        self._faults.tick(now)
        if self._frozen or self._over:
            return
        self._inner.received(message, now)
        self._faults.message_came(now)

    def unreadable(self, code: int, now: float) -> None:
        """Note a message for which the front closes the socket."""
        self._inner.unreadable(code, now)

    def next_due(self) -> float | None:
        """Return when :meth:`due` will have items, or None."""
        if self._frozen or self._over:
            return self._queue[0][0] if self._queue else None
        times = (
            self._inner.next_due(),
            self._faults.next_fault_at(),
            self._queue[0][0] if self._queue else None,
        )
        return min((at for at in times if at is not None), default=None)

    def due(self, now: float) -> list[Outgoing]:
        """Return all items to be sent by ``now``, each once."""
        self._faults.tick(now)
        self._pull(now)
        taken: list[Outgoing] = []
        while self._queue and self._queue[0][0] <= now:
            taken.append(self._queue.popleft()[1])
        return taken

    def closed(self, now: float) -> None:
        """Note the end of the socket."""
        self._queue.clear()
        self._over = True
        self._inner.closed(now)
        self._faults.socket_closed(self)

    # ------------------------------------------------------------------ from the faults

    def apply(self, fault: SocketFault, now: float) -> None:
        """Apply ``fault`` to this socket now, after the items sent so far."""
        if self._frozen or self._over:
            return
        self._pull(now)
        match fault:
            case Hangup(code, reason):
                self._put(Close(code, reason), now)
                self._over = True
            case Cut():
                self._put(Drop(), now)
                self._over = True
            case Freeze():
                self._put(HalfOpen(), now)
                self._frozen = True
            case Say(text, bare):
                if bare:
                    self._put(text, now)
                else:
                    self._inner.say("system", text, now)
            case Unasked(text):
                self._inner.say("incoming", text, now)
            case ExpireLicence():
                pass  # concerns the whole service, which also informs the sockets
            case _:
                assert_never(fault)
        self._wake()

    def _pull(self, now: float) -> None:
        if self._frozen or self._over:
            return
        for item in self._inner.due(now):
            if isinstance(item, str):
                spoiled, late_s = self._faults.spoil(item, now)
                if spoiled is not None:
                    self._put(spoiled, now + late_s)
            else:
                self._put(item, now)

    def _put(self, item: Outgoing, at: float) -> None:
        # A later item never overtakes.
        self._last = max(self._last, at)
        self._queue.append((self._last, item))
