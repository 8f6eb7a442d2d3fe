"""Claim of an appliance without a password: who is beside it presses its button and hears six digits.

Pure: times are seconds of any clock that does not go back.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

#: The next press within this time is the one that is waited for.
WAIT_S = 120.0
VALID_S = 600.0
TRIES = 3
#: The digits are said again by a further press, which is not sooner.
AGAIN_S = 8.0
#: Any neighbour can have the next press say digits, and a user who wants to talk would hear them each time.
MOST_SAID = 4
SAID_WITHIN_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Claim:
    """State of the claim.

    Attributes:
        awaited_until: the press is awaited until then; None: it is not.
        code: the digits that were said; "" before.
        said_at: when.
        tries_left: wrong codes that are still taken.
        sayings: when digits were said, of the last :data:`MOST_SAID` times.
    """

    awaited_until: float | None = None
    code: str = ""
    said_at: float = 0.0
    tries_left: int = 0
    sayings: tuple[float, ...] = ()

    def awaiting(self, now: float) -> Claim:
        """Return it while the next press is awaited; digits that were said stay valid."""
        return replace(self, awaited_until=now + WAIT_S)

    def takes_press(self, now: float) -> bool:
        """Return True if a press now means that digits are to be said."""
        if self.awaited_until is None or now > self.awaited_until:
            return False
        if self.quiet_s(now):
            return False
        return not self.is_valid(now) or now - self.said_at >= AGAIN_S

    def quiet_s(self, now: float) -> float:
        """Return the seconds for which no press says digits, after too many did; 0.0: the next one may."""
        if len(self.sayings) < MOST_SAID:
            return 0.0
        return max(0.0, self.sayings[0] + SAID_WITHIN_S - now)

    def said(self, code: str, now: float) -> Claim:
        """Return it after ``code`` was said; earlier digits are not valid any more."""
        return Claim(None, code, now, TRIES, (*self.sayings, now)[-MOST_SAID:])

    def is_valid(self, now: float) -> bool:
        """Return True while the digits that were said are taken."""
        return self.tries_left > 0 and now - self.said_at <= VALID_S

    def is_awaited(self, now: float) -> bool:
        """Return True while a press is awaited."""
        return self.awaited_until is not None and now <= self.awaited_until

    def matches(self, code: str, now: float) -> bool:
        """Return True if ``code`` is the one that was said and is valid."""
        return self.is_valid(now) and hmac.compare_digest(self.code.encode(), code.encode())

    def failed(self, now: float) -> Claim:
        """Return it after a wrong code; after the last try the digits are forgotten."""
        left = self.tries_left - 1 if self.is_valid(now) else 0
        return replace(self, tries_left=left, code=self.code if left else "")

    def expires_s(self, now: float) -> int | None:
        """Return the whole seconds for which digits are valid, or the press is awaited; None: neither."""
        if self.is_valid(now):
            return max(0, round(self.said_at + VALID_S - now))
        if self.awaited_until is not None and self.is_awaited(now):
            return max(0, round(self.awaited_until - now))
        return None
