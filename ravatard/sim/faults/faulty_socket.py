"""One socket of a service that misbehaves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol, assert_never

from ravatard.sim.exchange import Close, Drop, Fragments, HalfOpen, Outgoing
from ravatard.sim.faults.scenario import Cut, ExpireLicence, Freeze, Hangup, Say, SocketFault, Unasked
from ravatard.sim.ravatar.chat_socket import ChatSocket


class SocketFaults(Protocol):
    """What decides over a line."""

    def tick(self, now: float) -> None:
        """The clock stands at ``now``: strike what is due."""
        ...

    def next_strike(self) -> float | None:
        """When the clock alone will strike next, or None."""
        ...

    def spoil(self, message: str, now: float) -> tuple[str | Fragments | None, float]:
        """A message as it goes out (None: it does not), and how much later."""
        ...

    def message_came(self, now: float) -> None:
        """The client said something."""
        ...

    def line_closed(self, line: FaultySocket) -> None:
        """A line is gone."""
        ...


class FaultySocket:
    """A :class:`ravatard.sim.exchange.ServiceSocket` around a good one."""

    def __init__(self, inner: ChatSocket, faults: SocketFaults, wake: Callable[[], None]) -> None:
        self._inner = inner
        self._faults = faults
        self._wake = wake
        # (when it goes out, what), in this order.
        self._queue: deque[tuple[float, Outgoing]] = deque()
        self._last = 0.0
        self._frozen = False
        self._over = False

    # ------------------------------------------------------------------ from the front

    def heard(self, message: str | bytes, now: float) -> None:
        """A message came; a frozen socket takes none."""
        self._faults.tick(now)
        if self._frozen or self._over:
            return
        self._inner.heard(message, now)
        self._faults.message_came(now)

    def unreadable(self, code: int, now: float) -> None:
        """Something came that the front closes the socket for."""
        self._inner.unreadable(code, now)

    def next_due(self) -> float | None:
        """When :meth:`due` will have something, or None."""
        if self._frozen or self._over:
            return self._queue[0][0] if self._queue else None
        times = (
            self._inner.next_due(),
            self._faults.next_strike(),
            self._queue[0][0] if self._queue else None,
        )
        return min((at for at in times if at is not None), default=None)

    def due(self, now: float) -> list[Outgoing]:
        """Everything to be sent by now, handed out once."""
        self._faults.tick(now)
        self._pull(now)
        taken: list[Outgoing] = []
        while self._queue and self._queue[0][0] <= now:
            taken.append(self._queue.popleft()[1])
        return taken

    def closed(self, now: float) -> None:
        """The socket is gone."""
        self._queue.clear()
        self._over = True
        self._inner.closed(now)
        self._faults.line_closed(self)

    # ------------------------------------------------------------------ from fate

    def strike(self, fault: SocketFault, now: float) -> None:
        """It happens to this socket now, after what was said so far."""
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
                pass  # happens to the whole service; what is told of it comes from there
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
        # What was said later never overtakes.
        self._last = max(self._last, at)
        self._queue.append((self._last, item))
