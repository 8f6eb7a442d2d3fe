"""One token for every caller, renewed ahead of its end by one request."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.cloud.token import RENEW_BURST, RENEW_EVERY_S, RENEW_RETRY_S, TokenKeeper, claims
from ravatard.errors import AuthError, LinkError, RavatardError
from ravatard.secret import Secret
from tests.assertions import assert_no_complaint


def jwt(number: int, lifetime_s: float | None = 1000.0) -> Secret:
    payload: dict[str, object] = {"n": number}
    if lifetime_s is not None:
        payload |= {"iat": 1_700_000_000, "exp": 1_700_000_000 + lifetime_s}
    middle = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return Secret(f"eyJhbGciOiJIUzI1NiJ9.{middle}.c2ln")


class Office:
    """Gives tokens, slowly, and counts."""

    def __init__(self) -> None:
        self.given = 0
        self.asked = 0
        self.failure: RavatardError | None = None

    async def fetch(self) -> Secret:
        self.asked += 1
        await asyncio.sleep(1.0)
        if self.failure is not None:
            raise self.failure
        self.given += 1
        return jwt(self.given)

    def keeper(self) -> TokenKeeper:
        return TokenKeeper(self.fetch, lambda: 0.0)


async def test_callers_at_the_same_time_share_one_request() -> None:
    office = Office()
    keeper = office.keeper()

    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(keeper.token()) for _ in range(20)]

    assert office.asked == 1
    assert {caller.result() for caller in callers} == {jwt(1)}


async def test_a_fresh_token_is_used_again() -> None:
    office = Office()
    keeper = office.keeper()
    await keeper.token()
    await asyncio.sleep(700.0)

    assert await keeper.token() == jwt(1)
    assert office.asked == 1


async def test_an_old_token_is_renewed_before_it_dies() -> None:
    office = Office()
    keeper = office.keeper()
    await keeper.token()
    await asyncio.sleep(801.0)

    assert await keeper.token() == jwt(2)


async def test_a_refused_token_is_never_given_again() -> None:
    office = Office()
    keeper = office.keeper()
    keeper.refused(await keeper.token())

    assert await keeper.token() == jwt(2)


async def test_a_late_refusal_of_an_older_token_leaves_the_newer_alone() -> None:
    office = Office()
    keeper = office.keeper()
    old = await keeper.token()
    keeper.refused(old)
    await keeper.token()

    keeper.refused(old)

    assert await keeper.token() == jwt(2)
    assert office.asked == 2


async def test_a_newer_token_is_waited_for_by_all_who_hold_the_old_one() -> None:
    office = Office()
    keeper = office.keeper()
    loop = asyncio.get_running_loop()
    old = await keeper.token()
    seen: list[float] = []

    async def wait() -> None:
        await keeper.newer(old)
        seen.append(loop.time())

    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(wait())
        await asyncio.sleep(10.0)
        keeper.refused(old)
        await asyncio.sleep(10.0)
        assert seen == []
        await keeper.token()

    assert seen == [22.0, 22.0]
    await keeper.newer(old)


async def test_when_the_renewing_caller_is_cancelled_the_next_one_renews() -> None:
    office = Office()
    keeper = office.keeper()

    async with asyncio.TaskGroup() as group:
        first = group.create_task(keeper.token())
        await asyncio.sleep(0.5)
        second = group.create_task(keeper.token())
        await asyncio.sleep(0)
        first.cancel()

    assert first.cancelled()
    assert second.result() == jwt(1)
    assert office.asked == 2


async def test_a_failed_renewal_leaves_the_living_token_in_use() -> None:
    office = Office()
    keeper = office.keeper()
    await keeper.token()
    await asyncio.sleep(900.0)
    office.failure = LinkError("no network")

    assert await keeper.token() == jwt(1)


async def test_a_dead_token_is_not_used_when_renewing_fails() -> None:
    office = Office()
    keeper = office.keeper()
    await keeper.token()
    await asyncio.sleep(1001.0)
    office.failure = LinkError("no network")

    with pytest.raises(LinkError):
        await keeper.token()


async def test_keeping_fresh_renews_ahead_of_time_for_ever() -> None:
    office = Office()
    keeper = office.keeper()

    with suppress(TimeoutError):
        async with asyncio.timeout(10_000.0):
            await keeper.keep_fresh()

    # Each token lives 1,000 s and is renewed after 800 s and the second that renewing takes.
    assert office.asked == 13


async def test_keeping_fresh_goes_on_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    office = Office()
    keeper = office.keeper()
    office.failure = LinkError("no network")

    with caplog.at_level(logging.WARNING), suppress(TimeoutError):
        async with asyncio.timeout(RENEW_RETRY_S * 3):
            await keeper.keep_fresh()

    assert office.asked == 3
    assert "no network" in caplog.text


async def test_keeping_fresh_ends_when_a_person_must_act() -> None:
    office = Office()
    office.failure = AuthError("no such project")

    with pytest.raises(AuthError):
        await office.keeper().keep_fresh()


async def test_a_token_without_claims_lives_a_day() -> None:
    async def fetch() -> Secret:
        return Secret("opaque")

    keeper = TokenKeeper(fetch, lambda: 0.0)
    await keeper.token()
    await asyncio.sleep(0.79 * 86_400)

    assert await keeper.token() == Secret("opaque")


def test_claims_are_read_from_a_jwt() -> None:
    assert claims(jwt(1, 1000.0)) == (1_700_000_000.0, 1_700_001_000.0)
    assert claims(jwt(1, None)) == (None, None)


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "..", "a.WzFd.c", "a.IjEi.c", "a.e30.c", "ü.ü.ü"])
def test_a_token_that_is_no_jwt_has_no_claims(token: str) -> None:
    assert claims(Secret(token)) == (None, None)


def test_claims_of_the_wrong_type_count_as_none() -> None:
    middle = base64.urlsafe_b64encode(b'{"iat": true, "exp": "soon"}').decode()

    assert claims(Secret(f"a.{middle}.c")) == (None, None)


@settings(deadline=None)
@given(st.text())
def test_no_token_raises(text: str) -> None:
    with assert_no_complaint():
        claims(Secret(text))


def with_claims(written: str) -> Secret:
    middle = base64.urlsafe_b64encode(written.encode()).rstrip(b"=").decode()
    return Secret(f"eyJhbGciOiJIUzI1NiJ9.{middle}.c2ln")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('{"iat":"1610376242.152245","exp":"1610376302.123882"}', (1610376242.152245, 1610376302.123882)),
        ('{"iat":"1000","exp":" 2000 "}', (1000.0, 2000.0)),
        ('{"iat":1000000000000,"exp":1000000060000}', (1e9, 1e9 + 60)),
        ('{"nbf":1000,"exp":2000}', (1000.0, 2000.0)),
        ('{"exp":1000.5}', (500.0, 1000.5)),
        ('{"exp":999999}', (None, 999999.0)),
        ('{"exp":400}', (None, 400.0)),
        ('{"iat":NaN,"exp":Infinity}', (None, None)),
        ('{"iat":1e999,"exp":-1e999}', (None, None)),
        ('{"iat":0,"exp":1' + "0" * 308 + "}", (0.0, None)),
        ('{"iat":0,"exp":1' + "0" * 400 + "}", (0.0, None)),
        ('{"iat":0,"exp":1' + "0" * 5_000 + "}", (0.0, None)),
        ('{"iat":"\\ud83d","exp":[],"n":"\n"}', (None, None)),
    ],
)
def test_times_are_read_however_they_are_written(
    written: str, found: tuple[float | None, float | None]
) -> None:
    issued, expires = claims(with_claims(written), wall_s=500.0)

    assert (issued, None if expires is not None and expires > 1e300 else expires) == found


@pytest.mark.parametrize("lifetime_s", [1e-9, 0.001, 0.05, 0.5, 1.0, 5.0])
async def test_a_token_of_no_life_is_renewed_every_few_seconds_at_most(lifetime_s: float) -> None:
    asked = 0

    async def fetch() -> Secret:
        nonlocal asked
        asked += 1
        return with_claims(f'{{"iat": 1000.0, "exp": {1000.0 + lifetime_s!r}}}')

    with suppress(TimeoutError):
        async with asyncio.timeout(600.0):
            await TokenKeeper(fetch, lambda: 0.0).keep_fresh()

    assert asked <= 600 / 5


async def test_a_service_that_refuses_every_token_is_not_asked_for_one_more_than_every_few_seconds() -> None:
    office = Office()
    keeper = office.keeper()

    with suppress(TimeoutError):
        async with asyncio.timeout(600.0):
            while True:
                keeper.refused(await keeper.token())

    assert office.asked <= RENEW_BURST + 600 / RENEW_EVERY_S


async def test_the_first_refusals_cost_no_wait() -> None:
    office = Office()
    keeper = office.keeper()
    loop = asyncio.get_running_loop()

    for _ in range(RENEW_BURST):
        keeper.refused(await keeper.token())

    assert loop.time() == RENEW_BURST * 1.0


async def test_the_keeper_tells_how_much_of_a_token_is_left() -> None:
    keeper = Office().keeper()
    assert keeper.left is None

    await keeper.token()
    await asyncio.sleep(500.0)

    assert keeper.left == 0.5
