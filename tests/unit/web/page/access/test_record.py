"""The file of passwords and tokens: what it holds, and when it is over."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ravatard.web.page.access.password import PasswordHash
from ravatard.web.page.access.record import (
    CLOCK_BACK_S,
    IDLE_S,
    LONGEST_S,
    MOST_SESSIONS,
    AccessRecord,
    DamagedAccess,
    KeptSession,
    changing,
    decoded,
    digest_of,
    one_time_code,
)

DAY_S = 86_400.0
DAMAGES: list[dict[str, Any]] = [
    {"cost": 0},
    {"cost": -16},
    {"cost": 1},
    {"cost": 15},
    {"cost": 1 << 40},
    {"salt": ""},
    {"salt": "0"},
    {"salt": "é"},
    {"digest": "xy"},
    {"digest": ""},
]
PASSWORD = PasswordHash("00", "11" * 32, 16)


def session(name: str, made_at: float = 0.0, used_at: float = 0.0) -> KeptSession:
    return KeptSession(name, digest_of(name), "192.0.2.1", made_at, used_at)


def test_a_missing_file_is_an_appliance_without_a_password() -> None:
    assert decoded(None) == AccessRecord()


def test_what_is_written_is_read_again() -> None:
    def change(before: AccessRecord) -> AccessRecord:
        return before.with_password(PASSWORD).with_session(session("a"), 0.0)

    content = changing(change)(None)

    assert content is not None
    assert decoded(content).password == PASSWORD
    assert [one.id for one in decoded(content).sessions] == ["a"]
    assert changing(lambda before: None)(content) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 2}',
        b'{"version": 1, "password": "plain"}',
        b"\xff",
        b"[" * 100_000,
        *(
            msgspec.json.encode(AccessRecord(password=msgspec.structs.replace(PASSWORD, **damage)))
            for damage in DAMAGES
        ),
    ],
)
def test_a_damaged_file_is_never_taken_for_a_new_appliance(content: bytes) -> None:
    with pytest.raises(DamagedAccess, match="ravatard page password"):
        decoded(content)


def test_a_session_is_over_after_a_week_without_use_and_a_month_in_any_case() -> None:
    assert not session("a", used_at=0.0).is_over(IDLE_S - 1)
    assert session("a", used_at=0.0).is_over(IDLE_S + 1)
    assert session("a", used_at=LONGEST_S).is_over(LONGEST_S + 1)


def test_a_session_is_over_while_the_clock_is_set_back_and_kept_until_it_is_right() -> None:
    made = session("a", made_at=100 * DAY_S, used_at=100 * DAY_S)

    # The clock of a board without a battery goes back a little at its start.
    assert not made.is_over(100 * DAY_S - CLOCK_BACK_S)
    assert made.is_over(99 * DAY_S - 1)
    assert made in AccessRecord(sessions=[made]).with_session(session("b"), 0.0).sessions
    assert not made.is_over(101 * DAY_S)


def test_the_browser_that_was_away_longest_gives_its_seat() -> None:
    record = AccessRecord()
    for at in range(MOST_SESSIONS + 2):
        record = record.with_session(session(str(at), used_at=float(at)), 20.0)

    assert len(record.sessions) == MOST_SESSIONS
    assert {one.id for one in record.sessions}.isdisjoint({"0", "1"})


def test_sessions_that_are_over_go_first() -> None:
    record = AccessRecord().with_session(session("old"), 0.0)

    record = record.with_session(session("new", 9 * DAY_S, 9 * DAY_S), 9 * DAY_S)

    assert [one.id for one in record.sessions] == ["new"]


def test_a_new_password_ends_all_sessions_and_the_code() -> None:
    _, code = one_time_code(0.0)
    record = AccessRecord(sessions=[session("a")], code=code)

    assert record.with_password(PASSWORD) == AccessRecord(password=PASSWORD)


def test_a_code_is_valid_for_ten_minutes_and_three_tries() -> None:
    digits, code = one_time_code(1_000.0)
    record = AccessRecord(code=code)

    assert len(digits) == 6
    assert code.matches(digits, 1_599.0)
    assert not code.matches(digits, 1_600.0)
    assert not code.matches("x", 1_001.0)
    for _ in range(2):
        record = record.after_wrong_code()
        assert record.code is not None
    assert record.after_wrong_code().code is None
    assert AccessRecord().after_wrong_code().code is None


def test_a_code_is_over_when_the_clock_is_set_back() -> None:
    digits, code = one_time_code(100 * DAY_S)

    assert code.matches(digits, 100 * DAY_S - 200.0)
    assert not code.matches(digits, 100 * DAY_S - 400.0)
    assert not code.matches(digits, 0.0)
