"""Simulated button and lights: pressed by a program, with a record of the looks shown."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from ravatard.core.events import ButtonPressed, ButtonReleased
from ravatard.core.indication import Look
from ravatard.errors import InternalError


class RecordingLamp:
    """Lights that record every look; implements :class:`ravatard.ports.panel.Lamp`.

    Attributes:
        shown: (seconds on the loop's clock, look) per change, newest last; the oldest are dropped first.
        brightness: limit on the brightness, percent of full.
        closed: True once the pins would have been released.
    """

    def __init__(self, kept: int = 100_000) -> None:
        self.shown: deque[tuple[float, Look]] = deque(maxlen=kept)
        self.brightness = 100
        self.closed = False

    @property
    def look(self) -> Look:
        """Look shown now."""
        return self.shown[-1][1] if self.shown else Look.OFF

    def show(self, look: Look) -> None:
        """Record ``look`` unless it is shown already."""
        if look is not self.look and not self.closed:
            self.shown.append((asyncio.get_running_loop().time(), look))

    def dim(self, percent: int) -> None:
        """Keep the limit."""
        self.brightness = percent

    def close(self) -> None:
        """Go dark. Idempotent."""
        self.show(Look.OFF)
        self.closed = True


class FakeButton:
    """A button pressed by a program; implements :class:`ravatard.ports.panel.Button` for one consumer.

    Presses before the first consumer are kept. Call its methods in the event loop.
    """

    def __init__(self) -> None:
        self._edges: asyncio.Queue[ButtonPressed | ButtonReleased] = asyncio.Queue(maxsize=1024)
        self.down = False
        self.closed = False

    def press(self) -> None:
        """Push it down.

        Raises:
            InternalError: it is down already.
        """
        self._move(down=True)
        self._edges.put_nowait(ButtonPressed(asyncio.get_running_loop().time()))

    def release(self) -> None:
        """Let it go.

        Raises:
            InternalError: it is not down.
        """
        self._move(down=False)
        self._edges.put_nowait(ButtonReleased(asyncio.get_running_loop().time()))

    async def events(self) -> AsyncIterator[ButtonPressed | ButtonReleased]:
        """Yield presses and releases, in order, for ever."""
        while True:
            yield await self._edges.get()

    def close(self) -> None:
        """Release the button. Idempotent."""
        self.closed = True

    def _move(self, *, down: bool) -> None:
        if self.down is down:
            raise InternalError(f"the button is {'down' if down else 'up'} already")
        self.down = down
