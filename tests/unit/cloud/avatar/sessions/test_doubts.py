"""Sessions that are stopped again and again, and prove nothing."""

from __future__ import annotations

from ravatard.cloud.avatar.sessions.doubts import DOUBTED_S, DOUBTED_TIMES, Doubts
from ravatard.ports.host import OwedSession
from ravatard.secret import Secret

ONE, OTHER = (OwedSession("avatar", Secret(name), "http://a.example/v1", "") for name in ("one", "other"))


def test_a_session_is_given_up_only_after_long_and_often() -> None:
    doubts = Doubts()

    soon = [doubts.again(ONE, at) for at in range(DOUBTED_TIMES + 5)]
    seldom = [doubts.again(OTHER, at * DOUBTED_S) for at in range(3)]

    assert not any(soon)
    assert not any(seldom)
    assert doubts.again(ONE, DOUBTED_S)


def test_a_session_that_was_told_of_meanwhile_begins_anew() -> None:
    doubts = Doubts()
    for at in range(DOUBTED_TIMES):
        doubts.again(ONE, at)
    doubts.forget(ONE)

    assert not doubts.again(ONE, DOUBTED_S)
