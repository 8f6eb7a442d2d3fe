"""A service that misbehaves as a scenario says: a ``Service`` around the good one."""

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
    """The cloud with a scenario's faults before it. Whoever looks at the simulator itself is spared.

    Attributes:
        cloud: the good service behind it.
    """

    def __init__(self, cloud: SimCloud, scenario: Scenario, *, began: float | None = None) -> None:
        """``began``: when the scenario begins on the front's clock; None: with the first call."""
        self.cloud = cloud
        self._began = began
        self._triggers = [Trigger(step) for step in scenario.steps]
        self._delays = RandomDelays()
        self._lines: list[FaultySocket] = []
        self._messages = 0

    # ------------------------------------------------------------------ from the front

    def handle(self, request: Request, now: float) -> Reply:
        """Answer one HTTP request, or do not."""
        self.tick(now)
        if request.method == "OPTIONS" or request.path == "/" or request.path.startswith("/sim"):
            return self.cloud.handle(request, now)
        hits = self._hits(request.path, now)
        reply = self._answered(_first(hits), request, now)
        reply = self._spoiled(reply, hits)
        for hit in hits:
            if isinstance(hit.step.do, SocketFault) and hit.step.when.call is not None:
                self._strike(hit, self._lines, now)
        return reply

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> FaultySocket | Reply:
        """Open a socket, or refuse the upgrade, or worse."""
        self.tick(now)
        hits = self._hits(request.path, now)
        fault = _first(hits)
        if fault is not None and not isinstance(fault.step.do, ExpireToken):
            return self._spoiled(self._answered(fault, request, now), hits)
        inner = self.cloud.connect(request, now, wake)
        if isinstance(inner, Reply):
            return self._spoiled(inner, hits)
        line = FaultySocket(inner, self, wake)
        self._lines.append(line)
        for hit in hits:
            if isinstance(hit.step.do, SocketFault) and (hit.step.when.call is not None or _by_opening(hit)):
                self._strike(hit, [line], now)
        return line

    # ------------------------------------------------------------------ from the lines

    def tick(self, now: float) -> None:
        """SocketFault what is due by the clock alone, each at its own time."""
        if self._began is None:
            self._began = now
        due = [(at, one) for one in self._triggers if (at := self._strikes_at(one)) is not None and at <= now]
        for at, trigger in sorted(due, key=lambda pair: pair[0]):
            self._strike(trigger, self._lines, at)

    def next_strike(self) -> float | None:
        """When the clock alone will strike next, or None."""
        times = (self._strikes_at(trigger) for trigger in self._triggers)
        return min((at for at in times if at is not None), default=None)

    def spoil(self, message: str, now: float) -> tuple[str | Fragments | None, float]:
        """A message as it goes out (None: it does not), and how much later."""
        spoiled: str | Fragments | None = message
        late_s = 0.0
        for trigger in self._triggers:
            fault = trigger.step.do
            if (
                spoiled is not None
                and isinstance(fault, TransferFault)
                and trigger.speaking(self._since(now))
            ):
                trigger.use()
                late_s += self._delays.wait_s(fault) if isinstance(fault, Delay) else 0.0
                spoiled = spoiled_message(spoiled, fault)
        return spoiled, late_s

    def message_came(self, now: float) -> None:
        """The client said something on one of the sockets."""
        self._messages += 1
        for trigger in self._triggers:
            if trigger.heard(self._messages, self._since(now)) and isinstance(trigger.step.do, SocketFault):
                self._strike(trigger, self._lines, now)

    def line_closed(self, line: FaultySocket) -> None:
        """A line is gone."""
        self._lines.remove(line)

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

    def _strike(self, hit: Trigger, lines: list[FaultySocket], now: float) -> None:
        hit.use()
        fault = hit.step.do
        if isinstance(fault, ExpireLicence):
            for licence in self.cloud.record.open_licences():
                self.cloud.expire_licence(licence, now, tell=fault.tell)
        elif isinstance(fault, SocketFault):
            for line in lines:
                line.strike(fault, now)

    def _strikes_at(self, trigger: Trigger) -> float | None:
        at = trigger.strikes_at if isinstance(trigger.step.do, SocketFault) else None
        return None if at is None else at + (self._began or 0.0)

    def _since(self, now: float) -> float:
        return now - (self._began or 0.0)


def _first(hits: list[Trigger]) -> Trigger | None:
    """What decides over a call: the first step that has a say in it."""
    return next((hit for hit in hits if isinstance(hit.step.do, CallFault)), None)


def _by_opening(hit: Trigger) -> bool:
    """A strike that ``when`` says nothing about happens to every socket as it opens."""
    return hit.step.when.after_s is None and hit.step.when.call is None and hit.step.when.message is None


def _made_up(fault: Answer) -> Reply:
    status = fault.status if fault.body_status is None else fault.body_status
    reply = json_reply(fault.status, {"status": status, "error": fault.error, "result": "failure"})
    # A page may read why it was refused.
    headers = {**reply.headers, "access-control-allow-origin": "*"}
    if fault.retry_after is not None:
        headers["retry-after"] = fault.retry_after
    return replace(reply, headers=headers)
