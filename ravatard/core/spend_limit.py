"""How many minutes of paid sessions are allowed, per session and per day; off unless configured."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ravatard.setting import setting

DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class SpendOptions:
    """Section ``spend``: the most that live sessions may last."""

    session_minutes: float | None = setting(
        None,
        "End a live session after this long, whatever happens in it; unset: no limit.",
        unit="min",
        low=0.1,
        high=1_440,
        restart=False,
    )
    day_minutes: float | None = setting(
        None,
        "Minutes of live sessions in any 24 hours; unset: no limit.",
        unit="min",
        low=0.1,
        high=1_440,
        restart=False,
    )


class SpendGuard:
    """Adds up the time of live sessions on the monotonic clock, in any 24 hours that end now."""

    def __init__(self, options: SpendOptions) -> None:
        """``options`` may be replaced while running."""
        self.options = options
        self._since: float | None = None
        self._past: deque[tuple[float, float]] = deque()

    def started(self, now: float) -> None:
        """A session is being paid for from ``now`` on."""
        if self._since is None:
            self._since = now

    def ended(self, now: float) -> None:
        """It no longer is."""
        if self._since is not None:
            self._past.append((self._since, now))
            self._since = None
            # Also without a limit: months of sessions must not pile up here.
            self._forget(now)

    def refusal(self, now: float) -> str | None:
        """Why no session may be started now, in words; None when one may."""
        day_s = self._day_s
        if day_s is None or self._spent(now) < day_s:
            return None
        return (
            f"the {day_s / 60:g} minutes of live sessions allowed in 24 hours are used up (spend.day_minutes)"
        )

    def ends_at(self, now: float) -> float | None:
        """When the session in use must end, or None."""
        if self._since is None:
            return None
        times = []
        if self.options.session_minutes is not None:
            times.append(self._since + self.options.session_minutes * 60)
        if self._day_s is not None:
            times.append(now + self._day_s - self._spent(now))
        return min(times, default=None)

    @property
    def _day_s(self) -> float | None:
        return None if self.options.day_minutes is None else self.options.day_minutes * 60

    def _spent(self, now: float) -> float:
        self._forget(now)
        past = sum(end - max(begin, now - DAY_S) for begin, end in self._past)
        return past + (now - max(self._since, now - DAY_S) if self._since is not None else 0.0)

    def _forget(self, now: float) -> None:
        while self._past and self._past[0][1] <= now - DAY_S:
            self._past.popleft()
