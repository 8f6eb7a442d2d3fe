"""Spending limit: minutes of paid sessions allowed per session and per day; off unless configured."""

from __future__ import annotations

from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class PaidTime:
    """Time of live sessions on the monotonic clock, added up over any 24 hours that end now.

    Attributes:
        since: when the session in use began, or None.
        past: begin and end of the sessions of the last 24 hours.
    """

    since: float | None = None
    past: tuple[tuple[float, float], ...] = ()

    def started(self, now: float) -> PaidTime:
        """A session is being paid for from ``now`` on."""
        return replace(self, since=now) if self.since is None else self

    def ended(self, now: float) -> PaidTime:
        """The session is no longer paid for."""
        if self.since is None:
            return self
        # Also without a limit: months of sessions must not pile up here.
        recent = (one for one in (*self.past, (self.since, now)) if one[1] > now - DAY_S)
        return PaidTime(None, tuple(recent))

    def refusal(self, options: SpendOptions, now: float) -> str | None:
        """Return why no session may be started now, as a sentence; None when one may."""
        if options.day_minutes is None or self.day_s(now) < options.day_minutes * 60:
            return None
        return (
            f"the {options.day_minutes:g} minutes of live sessions allowed in 24 hours are used up "
            "(spend.day_minutes)"
        )

    def ends_at(self, options: SpendOptions, now: float) -> float | None:
        """Return when the session in use must end, or None."""
        if self.since is None:
            return None
        times = []
        if options.session_minutes is not None:
            times.append(self.since + options.session_minutes * 60)
        if options.day_minutes is not None:
            # Not counted from now: the same state must have the same end whenever it is asked for.
            times.append(max(self.since, now - DAY_S) + options.day_minutes * 60 - self._past_s(now))
        return min(times, default=None)

    def session_s(self, now: float) -> float | None:
        """Return how long the session in use has lasted, seconds; None without one."""
        return None if self.since is None else now - self.since

    def left_s(self, options: SpendOptions, now: float) -> float | None:
        """Return how long a session in use may last, or one that is started now, seconds; None: no limit."""
        ends_at = replace(self, since=now if self.since is None else self.since).ends_at(options, now)
        return None if ends_at is None else max(0.0, ends_at - now)

    def day_s(self, now: float) -> float:
        """Return how long sessions have lasted in the 24 hours that end now, seconds."""
        in_use_s = now - max(self.since, now - DAY_S) if self.since is not None else 0.0
        return self._past_s(now) + in_use_s

    def _past_s(self, now: float) -> float:
        day_ago = now - DAY_S
        return sum(end - max(begin, day_ago) for begin, end in self.past if end > day_ago)
