from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from ravatard.avatar_sdk.exit_guard import ExitGuard


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Debt:
    """Session that is stopped at the end."""

    def __init__(self, done: list[str], name: str, stops: bool = True) -> None:
        self._done, self._name, self._stops = done, name, stops

    def stop(self, _within_s: float) -> bool:
        self._done.append(self._name)
        signal.raise_signal(signal.SIGINT)
        return self._stops


def test_what_is_owed_is_done_once_and_what_is_paid_is_not() -> None:
    guard, done = ExitGuard(), list[str]()
    guard.owe("a", Debt(done, "a").stop)
    guard.owe("b", Debt(done, "b").stop)
    guard.finish_by("c", lambda: done.append("c"))
    guard.paid("b")

    guard.settle()
    guard.settle()

    assert done == ["c", "a"]


def test_a_session_that_does_not_stop_is_told(caplog: pytest.LogCaptureFixture) -> None:
    guard = ExitGuard()
    guard.owe("a", lambda _: False)

    guard.settle()

    assert "may still be open" in caplog.text


def test_threads_are_hurried_and_waited_for() -> None:
    guard, hurry, done = ExitGuard(), threading.Event(), list[bool]()
    guard.run(lambda: done.append(hurry.wait(10.0)), 10.0, hurry.set)
    assert guard.owing

    guard.settle()

    assert done == [True]
    assert not guard.owing


def test_signals_end_nothing_while_something_is_owed() -> None:
    guard = ExitGuard()
    guard.settle()
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN
    guard.owe("a", Debt([], "a").stop)

    guard.settle()

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
