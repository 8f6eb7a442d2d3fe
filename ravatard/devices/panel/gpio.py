"""Push button on a GPIO pin: edges in the pin library's thread become presses in the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from ravatard.core.events import ButtonPressed, ButtonReleased
from ravatard.devices.panel.options import ButtonOptions
from ravatard.devices.panel.pins import PinFactory, open_pins
from ravatard.ports.panel import Button

_LOG = logging.getLogger(__name__)

#: Edges kept for a late consumer. The last one is the state of the button, so the oldest are dropped.
_EDGES_KEPT = 64


@dataclass(frozen=True, slots=True)
class Edge:
    """A change of the pin.

    Attributes:
        down: the button is pressed from now on.
        at: when, on the event loop's clock.
    """

    down: bool
    at: float


class Debouncer:
    """Turns the edges of a bouncing contact into presses and releases, in strict alternation.

    The first edge counts at once, so debouncing adds no latency. Edges within the bounce time after it are
    only remembered; the last of them counts when the time is over. If they were ignored, as is often done, a
    quick release would leave the button pressed.

    Feed :meth:`edge`; while ``settles_at`` is set, call :meth:`settle` at that time.
    """

    def __init__(self, *, down: bool, bounce_s: float) -> None:
        self._down = down
        self._bounce_s = bounce_s
        self._quiet_until = float("-inf")
        self._remembered: Edge | None = None

    @property
    def settles_at(self) -> float | None:
        """Time to call :meth:`settle`, or None if no edge is remembered."""
        return None if self._remembered is None else self._quiet_until

    def edge(self, edge: Edge) -> list[Edge]:
        """Take a change of the contact; return the edges that count now, perhaps none."""
        settled = self.settle(edge.at)
        if edge.at < self._quiet_until:
            self._remembered = edge
        elif edge.down != self._down:
            settled.append(self._accept(edge))
        return settled

    def settle(self, now: float) -> list[Edge]:
        """Return the remembered edge if its time has come and it is a change."""
        edge = self._remembered
        if edge is None or now < self._quiet_until:
            return []
        self._remembered = None
        return [self._accept(edge)] if edge.down != self._down else []

    def _accept(self, edge: Edge) -> Edge:
        self._down = edge.down
        self._quiet_until = edge.at + self._bounce_s
        return edge


class _LatestEdges:
    """Queue of edges from the pin library's thread to the loop; bounded, drops the oldest when full.

    The other thread calls only :meth:`put`. A burst of edges wakes the loop once, not once an edge.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._edges: deque[Edge] = deque(maxlen=_EDGES_KEPT)
        self._arrived = asyncio.Event()
        self._waking = False

    def put(self, down: bool) -> None:
        """Add an edge; called in the pin library's thread."""
        self._edges.append(Edge(down, self._loop.time()))
        if not self._waking:
            self._waking = True
            # The loop may be closed already when the last edges come; no consumer is left.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._waking = False  # before the set: an edge put from now on wakes the loop again
        self._arrived.set()

    async def get(self, until: float | None) -> Edge | None:
        """Return the next edge, or None at the time ``until``. Cancelling loses no edge."""
        while not self._edges:
            self._arrived.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        return self._edges.popleft()


class InputPin(Protocol):
    """The part of gpiozero's DigitalInputDevice that is used."""

    when_activated: Callable[[], None] | None
    when_deactivated: Callable[[], None] | None

    @property
    def is_active(self) -> bool:
        """True while the button is down."""
        ...

    def close(self) -> None:
        """Release the pin."""
        ...


class GpioButton:
    """A button on a pin; implements :class:`ravatard.ports.panel.Button` for one consumer."""

    def __init__(self, pin: InputPin, *, bounce_s: float, name: str = "the button") -> None:
        self._pin = pin
        self._bounce_s = bounce_s
        self._name = name
        self._closed = False

    async def events(self) -> AsyncIterator[ButtonPressed | ButtonReleased]:
        """Yield presses and releases in order, debounced, without end.

        A button that is down at the start counts as not pressed until it was released once: jammed, or wired
        the other way round, it would otherwise open the microphone, and a paid session, at every boot.
        """
        loop = asyncio.get_running_loop()
        edges = _LatestEdges(loop)
        self._pin.when_activated = lambda: edges.put(True)
        self._pin.when_deactivated = lambda: edges.put(False)
        jammed = self._pin.is_active
        if jammed:
            _LOG.warning("%s is down at start; ignored until released (check button.pull_up)", self._name)
        debouncer = Debouncer(down=jammed, bounce_s=self._bounce_s)
        try:
            while True:
                edge = await edges.get(debouncer.settles_at)
                settled = debouncer.settle(loop.time()) if edge is None else debouncer.edge(edge)
                for one in settled:
                    if jammed:
                        jammed = False
                    elif one.down:
                        yield ButtonPressed(one.at)
                    else:
                        yield ButtonReleased(one.at)
        finally:
            if not self._closed:
                self._pin.when_activated = None
                self._pin.when_deactivated = None

    def close(self) -> None:
        """Release the pin. Idempotent."""
        self._closed = True
        self._pin.close()


def open_button(options: ButtonOptions, factory: PinFactory | None = None) -> Button | None:
    """Open the configured button; return None if none is configured.

    ``gpiozero.DigitalInputDevice`` is the base class of ``gpiozero.Button``, without its thread for long
    presses that wakes ten times a second (measured: 1.0 ms of CPU a second, against 0.0).

    Args:
        options: section ``button``.
        factory: gpiozero pin factory; None for gpiozero's own choice.

    Raises:
        DeviceError: the pin cannot be used.
    """
    number = options.pin
    if number is None:
        return None
    pin: InputPin = open_pins(
        {"button.pin": number},
        lambda gpiozero, pins: gpiozero.DigitalInputDevice(number, pull_up=options.pull_up, pin_factory=pins),
        factory,
    )
    return GpioButton(pin, bounce_s=options.bounce_ms / 1000, name=f"the button on GPIO {number}")
