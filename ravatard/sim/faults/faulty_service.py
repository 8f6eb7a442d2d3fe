"""Service with the faults of a scenario: a ``Service`` around the simulated cloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ravatard.sim.exchange import (
    SOCKET_PATH,
    Delivery,
    DeliveryOutcome,
    Fragments,
    Reply,
    Request,
    Service,
)
from ravatard.sim.faults.corruption import RandomDelays, spoiled_message, spoiled_reply
from ravatard.sim.faults.faulty_socket import FaultySocket, TalkingSocket
from ravatard.sim.faults.scenario import (
    Answer,
    CallFault,
    Certificate,
    Delay,
    ExpireLicence,
    ExpireToken,
    Hang,
    Lose,
    Refuse,
    Scenario,
    SocketFault,
    Tls,
    TransferFault,
)
from ravatard.sim.faults.trigger import Trigger


class FaultableService(Service, Protocol):
    """Service that a scenario can trouble."""

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> TalkingSocket | Reply:
        """Open a socket, or refuse the upgrade with a reply."""
        ...

    def names(self, path: str) -> frozenset[str]:
        """Return the names of a call in ``when``; that of a socket's opening is among them ``/ws/chat``."""
        ...

    def made_up(self, fault: Answer) -> Reply:
        """Return the reply to a call that never reaches the service."""
        ...

    def handle_with_lifetime(self, request: Request, now: float, lifetime_s: float) -> Reply:
        """Answer a request; tokens issued by it live for ``lifetime_s``."""
        ...

    def expire_sessions(self, now: float, tell: str) -> None:
        """End every session by the service; ``tell`` is sent to the clients, "" for nothing."""
        ...

    def count_fault(self, kind: str) -> None:
        """Count a fault in the record."""
        ...


class FaultyService:
    """A simulated service behind the faults of a scenario, which spare the simulator's own pages.

    Attributes:
        cloud: the service behind the faults.
    """

    def __init__(self, cloud: FaultableService, scenario: Scenario, *, began: float | None = None) -> None:
        """``began`` is the beginning of the scenario on the front's clock; None: the first call."""
        self.cloud = cloud
        self._began = began
        self._triggers = [Trigger(step) for step in scenario.steps]
        self._delays = RandomDelays()
        self._sockets: list[FaultySocket] = []
        self._messages = 0

    # ------------------------------------------------------------------ from the front

    def handle(self, request: Request, now: float) -> Reply:
        """Answer one HTTP request, under the faults it sets off."""
        self.tick(now)
        if request.method == "OPTIONS" or request.path == "/" or request.path.startswith("/sim"):
            return self.cloud.handle(request, now)
        hits = self._hits(request, now)
        reply = self._answered(_first(hits), request, now)
        reply = self._spoiled(reply, hits)
        for hit in hits:
            if isinstance(hit.step.do, SocketFault) and hit.step.when.call is not None:
                self._apply(hit, self._sockets, now)
        return reply

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> FaultySocket | Reply:
        """Open a socket or refuse the upgrade, under the faults it sets off."""
        self.tick(now)
        hits = self._hits(request, now)
        fault = _first(hits)
        if fault is not None and not isinstance(fault.step.do, ExpireToken):
            return self._spoiled(self._answered(fault, request, now), hits)
        inner = self.cloud.connect(request, now, wake)
        if isinstance(inner, Reply):
            return self._spoiled(inner, hits)
        socket = FaultySocket(inner, self, wake)
        self._sockets.append(socket)
        for hit in hits:
            if isinstance(hit.step.do, SocketFault) and (hit.step.when.call is not None or _by_opening(hit)):
                self._apply(hit, [socket], now)
        return socket

    def defect(self, now: float) -> Certificate | None:
        """Return the defective certificate for a handshake now, and count it; None: the usual one."""
        self.tick(now)
        for trigger in self._triggers:
            fault = trigger.step.do
            if isinstance(fault, Tls) and trigger.step.when.call is None and trigger.active(self._since(now)):
                trigger.use()
                self.cloud.count_fault("fault_tls")
                return fault.certificate
        return None

    # ------------------------------------------------------------------ from the sockets

    def tick(self, now: float) -> None:
        """Apply the faults that the clock alone has set off, each at its own time."""
        if self._began is None:
            self._began = now
        due = [(at, one) for one in self._triggers if (at := self._due_at(one)) is not None and at <= now]
        for at, trigger in sorted(due, key=lambda pair: pair[0]):
            self._apply(trigger, self._sockets, at)

    def next_fault_at(self) -> float | None:
        """Return the time of the next fault set off by the clock alone, or None."""
        times = (self._due_at(trigger) for trigger in self._triggers)
        return min((at for at in times if at is not None), default=None)

    def spoil(self, message: str, now: float) -> tuple[str | Fragments | None, float]:
        """Return an outgoing message under faults (None: swallowed), and its delay."""
        spoiled: str | Fragments | None = message
        late_s, since = 0.0, self._since(now)
        for trigger in self._triggers:
            fault = trigger.step.do
            if spoiled is not None and isinstance(fault, TransferFault) and trigger.speaking(since):
                trigger.use()
                late_s += self._delays.wait_s(fault) if isinstance(fault, Delay) else 0.0
                spoiled = spoiled_message(spoiled, fault)
        return spoiled, late_s

    def message_came(self, now: float) -> None:
        """Count a client's message on any socket."""
        self._messages += 1
        for trigger in self._triggers:
            applies = trigger.message_received(self._messages, self._since(now))
            if applies and isinstance(trigger.step.do, SocketFault):
                self._apply(trigger, self._sockets, now)

    def socket_closed(self, socket: FaultySocket) -> None:
        """Forget a closed socket."""
        self._sockets.remove(socket)

    # ------------------------------------------------------------------ inside

    def _hits(self, request: Request, now: float) -> list[Trigger]:
        names = self.cloud.names(request.path)
        return [one for one in self._triggers if one.called(names, self._since(now))]

    def _answered(self, hit: Trigger | None, request: Request, now: float) -> Reply:
        if hit is None:
            return self.cloud.handle(request, now)
        hit.use()
        fault = hit.step.do
        self.cloud.count_fault(f"fault_{type(fault).__name__.lower()}")
        socket = SOCKET_PATH in self.cloud.names(request.path)
        match fault:
            case Answer():
                return self.cloud.made_up(fault)
            case Tls(certificate):
                why = f"certificate verify failed: {certificate}"
                return Reply(0, {}, delivery=Delivery(DeliveryOutcome.UNTRUSTED, why=why))
            case Refuse():
                return Reply(0, {}, delivery=Delivery(DeliveryOutcome.REFUSED))
            case Hang(handled):
                if handled and not socket:
                    self.cloud.handle(request, now)
                return Reply(0, {}, delivery=Delivery(DeliveryOutcome.NEVER))
            case Lose():
                if not socket:
                    self.cloud.handle(request, now)
                return Reply(0, {}, delivery=Delivery(DeliveryOutcome.LOST))
            case ExpireToken(lifetime_s):
                return self.cloud.handle_with_lifetime(request, now, lifetime_s)
            case _:
                return self.cloud.handle(request, now)

    def _spoiled(self, reply: Reply, hits: list[Trigger]) -> Reply:
        for hit in hits:
            fault = hit.step.do
            if isinstance(fault, TransferFault) and reply.delivery.outcome is DeliveryOutcome.ARRIVES:
                hit.use()
                reply = spoiled_reply(reply, fault, self._delays)
        return reply

    def _apply(self, hit: Trigger, sockets: list[FaultySocket], now: float) -> None:
        hit.use()
        fault = hit.step.do
        if isinstance(fault, ExpireLicence):
            self.cloud.expire_sessions(now, fault.tell)
        elif isinstance(fault, SocketFault):
            for socket in sockets:
                socket.apply(fault, now)

    def _due_at(self, trigger: Trigger) -> float | None:
        at = trigger.due_at if isinstance(trigger.step.do, SocketFault) else None
        return None if at is None else at + (self._began or 0.0)

    def _since(self, now: float) -> float:
        return now - (self._began or 0.0)


def _first(hits: list[Trigger]) -> Trigger | None:
    """Return the first step whose fault decides over a call, or None."""
    return next((hit for hit in hits if isinstance(hit.step.do, CallFault)), None)


def _by_opening(hit: Trigger) -> bool:
    """Return True for a step without ``when``: it applies to every socket as it opens."""
    return hit.step.when.after_s is None and hit.step.when.call is None and hit.step.when.message is None
