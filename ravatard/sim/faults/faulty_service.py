"""Service with the faults of a scenario: a ``Service`` around the simulated cloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ravatard.sim.exchange import SOCKET_PATH, Delivery, DeliveryOutcome, Fragments, Reply, Request
from ravatard.sim.faults.corruption import RandomDelays, spoiled_message, spoiled_reply
from ravatard.sim.faults.faulty_socket import FaultySocket
from ravatard.sim.faults.scenario import (
    Answer,
    CallFault,
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
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.ravatar.rest import json_reply


class FaultyService:
    """The simulated cloud behind the faults of a scenario, which spare the simulator's own pages.

    Attributes:
        cloud: the service behind the faults.
    """

    def __init__(self, cloud: SimCloud, scenario: Scenario, *, began: float | None = None) -> None:
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
        hits = self._hits(request.path, now)
        reply = self._answered(_first(hits), request, now)
        reply = self._spoiled(reply, hits)
        for hit in hits:
            if isinstance(hit.step.do, SocketFault) and hit.step.when.call is not None:
                self._apply(hit, self._sockets, now)
        return reply

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> FaultySocket | Reply:
        """Open a socket or refuse the upgrade, under the faults it sets off."""
        self.tick(now)
        hits = self._hits(request.path, now)
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

    def _hits(self, path: str, now: float) -> list[Trigger]:
        return [one for one in self._triggers if one.called(path, self._since(now))]

    def _answered(self, hit: Trigger | None, request: Request, now: float) -> Reply:
        if hit is None:
            return self.cloud.handle(request, now)
        hit.use()
        fault = hit.step.do
        self.cloud.record.refused(f"fault_{type(fault).__name__.lower()}")
        socket = request.path == SOCKET_PATH
        match fault:
            case Answer():
                return _made_up(fault)
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
            case _:
                return self._with_short_token(fault, request, now)

    def _with_short_token(self, fault: object, request: Request, now: float) -> Reply:
        mint = self.cloud.shared.mint
        lifetime_s = mint.lifetime_s
        mint.lifetime_s = fault.lifetime_s if isinstance(fault, ExpireToken) else lifetime_s
        try:
            return self.cloud.handle(request, now)
        finally:
            mint.lifetime_s = lifetime_s

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
            for licence in self.cloud.record.open_licences():
                self.cloud.expire_licence(licence, now, tell=fault.tell)
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


def _made_up(fault: Answer) -> Reply:
    status = fault.status if fault.body_status is None else fault.body_status
    reply = json_reply(fault.status, {"status": status, "error": fault.error, "result": "failure"})
    # A web page may read the reason.
    headers = {**reply.headers, "access-control-allow-origin": "*"}
    if fault.retry_after is not None:
        headers["retry-after"] = fault.retry_after
    return replace(reply, headers=headers)
