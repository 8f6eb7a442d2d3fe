"""Starts without an answer: their age by clocks that may be wrong, and the sessions that fit."""

from __future__ import annotations

import pytest

from ravatard.cloud.avatar.replies import SessionEntry
from ravatard.cloud.avatar.sessions.intents import (
    Clocks,
    IntentAge,
    age_of,
    findings,
    intent_at,
    is_intent,
)
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret

URL = "http://avatar.example/v1"
ASKED = Clocks(1_700_000_000.25, "boot-1", 500.5)


def session(name: str) -> OwedSession:
    return OwedSession("avatar", Secret(name), URL, "")


def entry(name: str, duration_s: float | None) -> SessionEntry:
    return SessionEntry(Secret(name), duration_s=duration_s)


def names(entries: tuple[SessionEntry, ...]) -> list[str]:
    return [one.session_id.reveal() for one in entries]


def test_an_intent_is_told_from_a_session_of_any_kind() -> None:
    assert is_intent(intent_at(ASKED, URL))
    assert not is_intent(session("1700000000.250"))
    assert not is_intent(OwedSession("ravatar", Secret("1"), URL, "intent"))


@pytest.mark.parametrize("wall_s", [0.0, 1_700_000_010.25, 1_600_000_000.0, 4e9])
def test_within_a_boot_the_wall_clock_does_not_matter(wall_s: float) -> None:
    age = age_of(intent_at(ASKED, URL), Clocks(wall_s, "boot-1", 600.5))

    assert age == IntentAge(100.0, 100.0, 100.0)


def test_an_intent_is_never_of_the_future_by_its_rounding() -> None:
    now = Clocks(1_700_000_000.0, "boot-1", 500.4999)

    assert age_of(intent_at(now, URL), now) == IntentAge(0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("wall_s", "likely_s"),
    [(1_700_000_100.25, 100.0), (1_700_000_000.25, None), (1_699_990_000.0, None), (0.0, None)],
)
def test_an_intent_of_an_earlier_boot_is_at_least_as_old_as_this_one(
    wall_s: float, likely_s: float | None
) -> None:
    age = age_of(intent_at(ASKED, URL), Clocks(wall_s, "boot-2", 30.0))

    assert age == IntentAge(30.0, None, likely_s, is_earlier=True)


def test_an_intent_without_a_boot_has_the_wall_clock_alone() -> None:
    without = OwedSession("avatar", Secret("1700000000.250"), URL, "intent")
    nameless = intent_at(Clocks(1_700_000_000.25, "", 500.5), URL)

    for intent in (without, nameless):
        assert age_of(intent, Clocks(1_700_000_060.25, "boot-2", 5.0)) == IntentAge(60.0, None, 60.0)
        assert age_of(intent, Clocks(1_600_000_000.0, "boot-2", 5.0)) == IntentAge(0.0)


@pytest.mark.parametrize("odd", ["noon", "1 x boot-1", "1 2", "\0", "1  "])
def test_an_intent_that_cannot_be_read_is_no_older_than_it_may_be(odd: str) -> None:
    age = age_of(OwedSession("avatar", Secret(odd), URL, "intent"), Clocks(0.0, "boot-1", 5.0))

    assert (age.exact_s, age.least_s, age.is_earlier) == (None, 0.0, False)


@pytest.mark.parametrize(
    ("born_after_s", "fits"),
    [(0.0, True), (-4.9, True), (29.0, True), (149.0, True), (151.0, False), (-6.0, False), (None, True)],
)
def test_with_a_known_age_a_session_fits_that_was_made_soon_after(
    born_after_s: float | None, fits: bool
) -> None:
    listed = [entry("late", None if born_after_s is None else 3_600.0 - born_after_s)]

    assert bool(findings(listed, [], IntentAge(3_600.0, 3_600.0, 3_600.0), 150.0).possible) is fits


def test_of_an_earlier_boot_every_session_is_possible_that_is_not_too_young() -> None:
    listed = [
        entry("a1", 20.0),
        entry("a2", 400.0),
        entry("a3", 90_000.0),
        entry("a4", None),
        entry("a5", 249.0),
    ]

    found = findings(listed, [], IntentAge(400.0, None, 500.0, is_earlier=True), 150.0)

    assert names(found.possible) == ["a2", "a3", "a4"]
    assert names(found.likely) == ["a2"]


def test_without_a_known_boot_every_session_is_possible() -> None:
    listed = [entry("a1", 0.0), entry("a2", 1e6)]

    assert names(findings(listed, [], IntentAge(0.0), 150.0).possible) == ["a1", "a2"]


def test_our_own_sessions_are_left_out_also_in_another_form() -> None:
    age = IntentAge(30.0, 30.0, 30.0)
    listed = [entry("sess-a", 30.0), entry("sess-b", 27.0)]

    exact = findings(listed, [session("sess-a")], age, 150.0)
    shouted = findings(listed, [session("SESS-A")], age, 150.0)

    assert (names(exact.possible), exact.doubtful) == (["sess-b"], False)
    assert (names(shouted.possible), shouted.doubtful) == (["sess-b"], True)
