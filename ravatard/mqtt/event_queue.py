"""Events on their way to the broker: presses and turns, each told once or not at all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ravatard.core.actions import TurnEnded
from ravatard.core.events import ButtonPressed, ButtonReleased, Event
from ravatard.core.homeassistant.presses import Presses, PressKind
from ravatard.core.homeassistant.turn_events import turn_event

#: Newer events than that push older ones out.
MOST_WAITING = 32


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """Event for automations.

    Attributes:
        name: last levels of its topic.
        fields: what it says.
        kept: topic, below the appliance's, whose retained message has the same fields; "" for none.
    """

    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    kept: str = ""


class EventQueue:
    """Observer of the hub that queues events; full, the oldest go first."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting: deque[QueuedEvent] = deque(maxlen=MOST_WAITING)
        self._presses = Presses()
        self._changed = asyncio.Event()

    def on_event(self, event: Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        if isinstance(event, ButtonPressed):
            self._put_presses(self._presses.on_time(now) + self._presses.pressed(now))
        elif isinstance(event, ButtonReleased):
            self._put_presses(self._presses.on_time(now) + self._presses.released(now))

    def on_action(self, action: object, now: float) -> None:
        """The hub has asked for ``action``."""
        del now
        if isinstance(action, TurnEnded):
            kept = "last-turn" if action.summary.answer_ms is not None else ""
            self._put(QueuedEvent("event/turn", turn_event(action.summary), kept))

    def _put_presses(self, kinds: list[PressKind]) -> None:
        for kind in kinds:
            self._put(QueuedEvent("event/button", {"event_type": kind.value}))
        # Also without an event: the deadline has changed.
        self._changed.set()

    def _put(self, event: QueuedEvent) -> None:
        self._waiting.append(event)
        self._changed.set()

    def forget(self) -> None:
        """Drop what happened while there was no connection: an automation must not act on the past."""
        self._waiting.clear()

    async def get(self) -> QueuedEvent:
        """Return the next event. Cancelling loses none."""
        clock = asyncio.get_running_loop().time
        while not self._waiting:
            self._changed.clear()
            deadline = self._presses.deadline
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                # A timer may fire a hair early.
                now = clock() if deadline is None else max(clock(), deadline)
                self._put_presses(self._presses.on_time(now))
        return self._waiting.popleft()
