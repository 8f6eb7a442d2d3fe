"""Presses of the button as events for automations: each edge at once, holding, and several in a row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

#: A button that stays down for so long is held.
HELD_S = 0.6
#: The next press of a row begins within this time after the last release; as an operating system's double
#: click.
GAP_S = 0.4


@unique
class PressKind(Enum):
    """Kind of event."""

    PRESSED = "pressed"
    RELEASED = "released"
    HELD = "held"
    DOUBLE = "double"
    TRIPLE = "triple"


_ROWS = {2: PressKind.DOUBLE, 3: PressKind.TRIPLE}


@dataclass(slots=True)
class Presses:
    """Counter of presses. Times are loop seconds.

    Attributes:
        deadline: when :meth:`on_time` is due; None: never.
    """

    deadline: float | None = None
    _down: bool = False
    _row: int = 0

    def pressed(self, now: float) -> list[PressKind]:
        """The button went down."""
        if self._down:
            return []
        self._down, self._row, self.deadline = True, self._row + 1, now + HELD_S
        return [PressKind.PRESSED]

    def released(self, now: float) -> list[PressKind]:
        """The button came up."""
        if not self._down:
            return []
        self._down = False
        # One that was held is over: nothing follows it in a row.
        self.deadline = now + GAP_S if self._row else None
        return [PressKind.RELEASED]

    def on_time(self, now: float) -> list[PressKind]:
        """Return what has become certain by ``now``."""
        if self.deadline is None or now < self.deadline:
            return []
        row, self._row, self.deadline = self._row, 0, None
        if self._down:
            return [PressKind.HELD]
        return [_ROWS[row]] if row in _ROWS else []
