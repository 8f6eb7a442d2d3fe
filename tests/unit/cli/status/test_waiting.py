"""An appliance that starts, or does not; a conversation that ends, or goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ravatard.cli.status.waiting import OVER_S, PAUSE_S, is_idle, is_working, wait_until
from ravatard.cli.status.words import Report
from ravatard.host.control.client import NoAccessError, NoDaemonError

WORKS, FAILS = {"working": True}, {"working": False}


class Daemon:
    """Answers in turn, the last one for ever; has the clock."""

    def __init__(self, *answers: Report | NoDaemonError) -> None:
        self.now = 0.0
        self.asked_at: list[float] = []
        self._answers = self._in_turn(*answers)

    @staticmethod
    def _in_turn(*answers: Report | NoDaemonError) -> Iterator[Report | NoDaemonError]:
        yield from answers
        while True:
            yield answers[-1]

    def ask(self) -> Report:
        self.asked_at.append(self.now)
        answer = next(self._answers)
        if isinstance(answer, NoDaemonError):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def waited_for(self, limit_s: float) -> Report:
        return wait_until(is_working, self.ask, limit_s, clock=lambda: self.now, sleep=self.sleep)


def test_an_appliance_that_works_is_not_waited_for() -> None:
    daemon = Daemon(WORKS)

    assert daemon.waited_for(0.0) is WORKS
    assert daemon.asked_at == [0.0]


def test_an_appliance_that_is_not_there_yet_is_waited_for() -> None:
    daemon = Daemon(NoDaemonError("none"), FAILS, WORKS)

    assert daemon.waited_for(60.0) is WORKS
    assert daemon.asked_at == [0.0, PAUSE_S, 2 * PAUSE_S]


def test_after_the_longest_wait_the_last_report_is_returned() -> None:
    daemon = Daemon(FAILS)

    assert daemon.waited_for(1.25) is FAILS
    assert daemon.asked_at == [0.0, 0.5, 1.0, 1.25]


def test_without_a_daemon_until_the_end_its_error_is_raised() -> None:
    daemon = Daemon(NoDaemonError("none"))

    with pytest.raises(NoDaemonError):
        daemon.waited_for(1.0)

    assert daemon.now == 1.0


def test_a_daemon_that_may_not_be_asked_is_not_waited_for() -> None:
    daemon = Daemon(NoAccessError("join the group"))

    with pytest.raises(NoAccessError):
        daemon.waited_for(60.0)

    assert daemon.now == 0.0


@pytest.mark.parametrize(
    ("talk", "ended_s_ago", "idle"),
    [
        ("idle", None, True),
        ("idle", OVER_S, True),
        ("idle", OVER_S - 1, False),
        ("listening", OVER_S, False),
        ("thinking", None, False),
        ("speaking", None, False),
    ],
)
def test_a_conversation_is_over_when_its_last_turn_is_for_a_while(
    talk: str, ended_s_ago: float | None, idle: bool
) -> None:
    turns = [] if ended_s_ago is None else [{"ended_s_ago": 900.0}, {"ended_s_ago": ended_s_ago}]

    assert is_idle({"talk": talk, "turns": turns, "working": True}) is idle
