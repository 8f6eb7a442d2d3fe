"""The ledger as a lease sees it, and the clocks of this computer."""

from __future__ import annotations

from ravatard.cloud.avatar.live.endings import SessionLedger, owed_session, read_clocks
from ravatard.cloud.avatar.sessions.intents import Clocks, age_of, intent_at
from ravatard.cloud.lease import MemoryLedger
from ravatard.secret import Secret

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
