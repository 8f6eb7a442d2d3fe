"""Sleep of the speaker: when its device may be closed, and when it is needed again; no I/O."""

from __future__ import annotations

from enum import Enum, unique

#: A shorter silence is no reason to sleep: heartbeats, which show it, come twice a second.
_LEAST_IDLE_S = 1.0


@unique
class SleepState(Enum):
    """State of the device: open, told to close, closed, told to open again."""

    AWAKE = "awake"
    FALLING = "falling asleep"
    ASLEEP = "asleep"
    WAKING = "waking"


class Wakefulness:
    """Sleep of one speaker. ``now`` is seconds on any steady clock.

    Attributes:
        state: of its device; a device that is not open yet counts as awake.
    """

    def __init__(self, idle_s: float) -> None:
        """``idle_s``: silence after which it sleeps; 0: it never does."""
        self.state = SleepState.AWAKE
        self._idle_s = max(idle_s, _LEAST_IDLE_S) if idle_s else None
        self._used_at = 0.0
        self._wanted = False

    def want(self, wanted: bool, now: float) -> None:
        """A user begins to interact (True), or no longer does; the silence counts from then on."""
        self._wanted = wanted
        self._used_at = now

    def use(self, now: float) -> None:
        """Sound plays, or was given to be played."""
        self._used_at = now

    def is_sleep_due(self, now: float) -> bool:
        """Return True if it was silent for long enough."""
        awake = self.state is SleepState.AWAKE
        if self._idle_s is None or not awake or self._wanted:
            return False
        return now - self._used_at >= self._idle_s - 1e-6

    def opened(self, now: float) -> bool:
        """Return True if the device, which is open now, was being woken."""
        woken = self.state is SleepState.WAKING
        self.state = SleepState.AWAKE
        self._used_at = now
        return woken
