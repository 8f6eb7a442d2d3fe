"""A token's life, on the monotonic clock."""

from __future__ import annotations

import pytest

from ravatard.core.token_expiry import LIFETIME_S, expiry


def test_the_claims_difference_is_the_lifetime_whatever_our_date_is() -> None:
    life = expiry(received_at=50.0, issued=1_800_000_000.0, expires=1_800_001_000.0, chance=0.0)

    assert life.renew_at == 850.0
    assert life.dies_at == 1050.0


@pytest.mark.parametrize(
    ("issued", "expires"),
    [(None, None), (1.0, None), (None, 1.0), (10.0, 10.0), (10.0, 5.0)],
    ids=["none", "no exp", "no iat", "no time", "backwards"],
)
def test_claims_that_say_nothing_leave_the_documented_day(
    issued: float | None, expires: float | None
) -> None:
    life = expiry(0.0, issued, expires, chance=0.0)

    assert life.dies_at == LIFETIME_S == 86_400.0
    assert life.renew_at == 0.8 * 86_400.0


def test_chance_spreads_the_renewals_over_a_tenth_of_the_life() -> None:
    early = expiry(0.0, 0.0, 1000.0, chance=0.0)
    late = expiry(0.0, 0.0, 1000.0, chance=0.999)

    assert late.renew_at - early.renew_at == pytest.approx(99.9)


def test_a_token_is_fresh_then_alive_then_neither() -> None:
    life = expiry(0.0, 0.0, 100.0, chance=0.0)

    assert (life.fresh(79.9), life.alive(79.9)) == (True, True)
    assert (life.fresh(80.0), life.alive(80.0)) == (False, True)
    assert (life.fresh(100.0), life.alive(100.0)) == (False, False)


def test_the_part_that_is_left_falls_from_one_to_nothing() -> None:
    life = expiry(50.0, 0.0, 100.0, chance=0.0)

    assert [life.left(at) for at in (50.0, 130.0, 150.0, 1_000.0)] == [1.0, 0.2, 0.0, 0.0]
