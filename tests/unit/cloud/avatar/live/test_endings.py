"""The ledger as a lease sees it, and the clocks of this computer."""

from __future__ import annotations

import pytest

from ravatard.cloud.avatar.live.endings import Ender, SessionLedger, owed_session, read_clocks
from ravatard.cloud.avatar.sessions.doubts import DOUBTED_S, DOUBTED_TIMES, EndInDoubt
from ravatard.cloud.avatar.sessions.intents import Clocks, age_of, intent_at
from ravatard.cloud.kind import GivenUp
from ravatard.cloud.lease import MemoryLedger
from ravatard.cloud.option_groups import CloudOptions
from ravatard.cloud.options import ServiceOptions
from ravatard.secret import Secret
from tests.unit.cloud.avatar.live.test_calls import ScriptedNetwork, reply

URL = "http://avatar.example/v1"


def test_the_age_of_a_start_on_this_computer_is_exact() -> None:
    intent, now = intent_at(read_clocks(), URL), read_clocks()

    assert now.boot
    assert age_of(intent, now).exact_s is not None


def test_the_lease_sees_sessions_alone_and_an_intent_is_told_only_when_its_start_is_over() -> None:
    inner = MemoryLedger()
    ledger = SessionLedger(inner)
    first, second = (intent_at(Clocks(at_s, "boot", at_s), URL) for at_s in (5.0, 6.0))
    session = owed_session(Secret("a"), URL)

    ledger.intend(first)
    ledger.intend(second)
    while_asked = (ledger.owed(), ledger.intents(), inner.owed(), ledger.is_starting)
    ledger.add(session)
    ledger.settle(second)
    one_is_over = (ledger.owed(), ledger.intents(), inner.owed(), ledger.is_starting)
    ledger.leave_open(first)
    ledger.settle(first)

    assert while_asked == ([], [], [first, second], True)
    assert one_is_over == ([session], [], [first, session], True)
    assert (ledger.intents(), inner.owed(), ledger.is_starting) == ([first], [first, session], False)
    ledger.strike(first)
    assert ledger.intents() == []


class Service:
    """A service of which every stop and every list proves nothing, and the clock."""

    def __init__(self, network: ScriptedNetwork | None = None) -> None:
        doubtful = [reply(202, {"status": "queued"}), reply(200, {"items": []})] * (DOUBTED_TIMES + 10)
        self.network = network or ScriptedNetwork(*doubtful)
        self.uptime_s = 1_000.0
        self.ender = Ender(
            CloudOptions(service=ServiceOptions(kind="avatar", base_url=URL)),
            self.network,
            lambda: 0.5,
            lambda: Clocks(1_000_000.0 + self.uptime_s, "boot", self.uptime_s),
        )


async def test_a_session_of_which_nothing_is_ever_proved_is_given_up_and_told() -> None:
    service, session = Service(), owed_session(Secret("a"), URL)
    for _ in range(DOUBTED_TIMES):
        with pytest.raises(EndInDoubt):
            await service.ender.end(session)

    service.uptime_s += DOUBTED_S
    told = await service.ender.end(session)

    assert isinstance(told, GivenUp)
    assert "a paid session at avatar.example was given up: for 6 hours" in told


async def test_a_start_that_no_list_settles_is_given_up_and_told() -> None:
    inner, told = MemoryLedger(), list[str]()
    service = Service(ScriptedNetwork(reply(200, {"sessions": [], "more": True})))
    service.ender.tell = told.append
    ledger = SessionLedger(inner)
    inner.add(intent_at(Clocks(1_000_000.0 + service.uptime_s, "boot", service.uptime_s), URL))

    service.uptime_s += DOUBTED_S
    await service.ender.settle_intents(ledger)
    early = (list(told), len(inner.owed()))
    service.uptime_s += DOUBTED_S
    await service.ender.settle_intents(ledger)

    assert early == ([], 1)
    assert ["is not looked for any more" in one for one in told] == [True]
    assert inner.owed() == []


async def test_another_key_is_sent_to_the_services_of_old_sessions() -> None:
    service = Service()
    session = owed_session(Secret("a"), URL.replace("http:", "https:"))
    with pytest.raises(EndInDoubt):
        await service.ender.end(session)

    service.ender.renew_key(Secret("new"))
    with pytest.raises(EndInDoubt):
        await service.ender.end(session)

    assert [key for _, _, _, key in service.network.asked] == ["", "", "Bearer new", "Bearer new"]
