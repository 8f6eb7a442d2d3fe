"""Token expiry, counted on the monotonic clock: a Raspberry Pi boots with a wrong date."""

from __future__ import annotations

from dataclasses import dataclass

#: Lifetime of a token whose claims do not say.
LIFETIME_S = 24 * 3600.0
#: Renewed when this much of the lifetime is over, spread over the next tenth so that a fleet that was
#: switched on together does not renew in one second.
RENEW_AFTER = 0.8
RENEW_SPREAD = 0.1
#: A shorter life is not believed: renewing as often as a token of 50 ms asks for is no use to the service.
LEAST_LIFETIME_S = 10.0
#: A longer one is not believed either: a month without a renewal is no token of this service.
LONGEST_LIFETIME_S = 30 * LIFETIME_S


@dataclass(frozen=True, slots=True)
class TokenExpiry:
    """Lifetime of one token in seconds of the loop's clock."""

    received_at: float
    renew_at: float
    dies_at: float

    def fresh(self, now: float) -> bool:
        """True while there is no reason to renew."""
        return now < self.renew_at

    def alive(self, now: float) -> bool:
        """True while the service should accept it."""
        return now < self.dies_at

    def left(self, now: float) -> float:
        """Return the part of the lifetime that is left, 1 to 0."""
        return max(0.0, self.dies_at - now) / (self.dies_at - self.received_at)


def expiry(
    received_at: float,
    issued: float | None,
    expires: float | None,
    chance: float,
    *,
    default_s: float = LIFETIME_S,
) -> TokenExpiry:
    """Return the lifetime of a token received at ``received_at``.

    Args:
        received_at: loop time.
        issued: the token's ``iat`` claim, or None.
        expires: the token's ``exp`` claim, or None.
        chance: in [0, 1), spreads the renewals of a fleet.
        default_s: lifetime when the claims do not say: only the *difference* of the claims is used, never
            our own wall clock.
    """
    lifetime = default_s
    if issued is not None and expires is not None and expires > issued:
        lifetime = min(max(float(expires - issued), LEAST_LIFETIME_S), LONGEST_LIFETIME_S)
    renew_after = lifetime * (RENEW_AFTER + RENEW_SPREAD * chance)
    return TokenExpiry(received_at, received_at + renew_after, received_at + lifetime)
