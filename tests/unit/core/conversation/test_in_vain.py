"""Words in vain: an appliance whose service takes none of them must not look as if it listened."""

from __future__ import annotations

from typing import Any

import pytest

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.audio.progress import Progress
from ravatard.core.control.status import Reporter
from ravatard.core.deafness import DEAF_FIRST_S
from ravatard.core.indication import Look
from ravatard.core.states import Cause, CloseReason, Refusal
from tests.unit.core.conversation.test_conversation import CAPABILITIES, OPTIONS, Talker, of

NOT_OURS = (Refusal.BUSY, Refusal.MONEY)


class Watched(Talker):
    """A talker whose status is reported."""

    reporter: Reporter | None = None

    def happens(self, *events: ev.Event) -> list[Any]:
        if self.reporter is None:
            self.reporter = Reporter(self.hub, OPTIONS, self.now, Progress())
        for event in events:
            self.reporter.on_event(event, self.now)
        return super().happens(*events)

    def works(self) -> bool:
        assert self.reporter is not None
        return bool(self.reporter.snapshot(self.now)["working"])

    def faults(self) -> str:
        assert self.reporter is not None
        return "; ".join(self.reporter.degraded)


def watched() -> Watched:
    talker = Watched()
    talker.happens(ev.MicrophoneReady("usb"), ev.LinkConnecting(), ev.LinkOnline(CAPABILITIES))
    return talker


def refused(talker: Talker, refusal: Refusal, cause: Cause = Cause.VOICE) -> bool:
    """Speak, and have the session refused; return True if a session was asked for."""
    asked = of(act.StartSession, talker.opens(cause))
    if asked:
        talker.happens(ev.SessionRefused(refusal, "no (401 at streaming.new)"))
    talker.closes()
    return bool(asked)


@pytest.mark.parametrize("refusal", [one for one in Refusal if one not in NOT_OURS])
def test_a_session_that_is_refused_is_shown_until_one_starts(refusal: Refusal) -> None:
    talker = watched()
    assert talker.works()

    assert refused(talker, refusal)
    talker.passes(3_600.0)

    assert talker.look() is (Look.FAULT if refusal is Refusal.DENIED else Look.SERVICE_DEAF)
    assert "401 at streaming.new" in talker.hub.indication.status
    assert not talker.works()
    assert "401 at streaming.new" in talker.faults()

    talker.says()
    assert talker.works()
    talker.answers()
    assert talker.look() is Look.READY


@pytest.mark.parametrize("refusal", [Refusal.DENIED, Refusal.FAILED])
def test_a_television_asks_for_refused_sessions_ever_more_rarely_and_a_press_at_once(
    refusal: Refusal,
) -> None:
    talker = watched()
    asked = []
    for _ in range(120):
        asked.append(refused(talker, refusal))
        talker.passes(10.0)

    assert asked[:2] == [True, True]
    assert 4 <= sum(asked) <= 10
    talker.happens(ev.ButtonPressed(talker.now))
    assert refused(talker, refusal, Cause.BUTTON)


@pytest.mark.parametrize(
    "news", [ev.LinkOnline(CAPABILITIES), ev.OptionsChanged(OPTIONS), ev.SessionStarted()]
)
def test_a_session_that_is_cut_off_is_shown_until_an_answer(news: ev.Event) -> None:
    talker = watched()
    talker.says()
    talker.happens(ev.StreamBroke(Refusal.DENIED, "closed for want of a key (1008)"))
    assert talker.look() is Look.FAULT

    talker.happens(news)

    assert talker.look() is Look.FAULT
    assert not talker.works()
    talker.says()
    talker.answers()
    assert talker.look() is Look.READY
    assert talker.works()


LOSSES: list[ev.Event] = [
    ev.UtteranceDropped(0, "the socket broke"),
    ev.SessionEnded("it closed"),
    ev.StreamBroke(Refusal.FAILED, "it failed"),
    ev.TurnFailed("it failed"),
    ev.LinkOffline("the socket did not come back.", 1.0),
]


def lose(talker: Talker, loss: ev.Event) -> None:
    """Say something, all of which is lost; the link is back then."""
    talker.says()
    if isinstance(loss, ev.UtteranceDropped):
        loss = ev.UtteranceDropped(talker.hub.state.turns.count, loss.reason)
    talker.happens(loss)
    if isinstance(loss, ev.LinkOffline):
        talker.happens(ev.LinkConnecting(), ev.LinkOnline(CAPABILITIES))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_turns_that_are_lost_one_after_the_other_are_deafness(loss: ev.Event) -> None:
    talker = watched()

    lose(talker, loss)
    once = talker.look()
    lose(talker, loss)

    assert once is Look.READY
    assert talker.look() is Look.SERVICE_DEAF
    assert not talker.works()
    talker.says()
    talker.answers()
    assert talker.look() is Look.READY
    assert talker.works()


def test_an_answer_in_between_begins_the_count_anew() -> None:
    talker = watched()
    for _ in range(5):
        lose(talker, LOSSES[0])
        talker.says()
        talker.answers()

    assert talker.works()


def test_turns_that_are_taken_and_not_answered_are_shown_and_go_on_being_sent() -> None:
    talker = watched()
    for _ in range(2):
        talker.says()
        talker.passes(31.0)

    assert talker.look() is Look.SERVICE_DEAF
    assert "no answer within 30 s" in talker.faults()
    for _ in range(3):
        assert of(act.SendAudio, talker.says())
        talker.passes(31.0)


def test_coughs_that_are_not_answered_are_no_deafness() -> None:
    talker = watched()
    for _ in range(5):
        talker.opens()
        talker.happens(ev.SessionStarted())
        talker.chunk()
        talker.happens(ev.UtteranceClosed(talker._utterances, CloseReason.SILENCE, 0, 200.0))
        talker.passes(31.0)

    assert talker.works()


def test_words_lost_while_offline_say_nothing_of_the_service() -> None:
    talker = watched()
    talker.happens(ev.LinkOffline("no network.", 1.0))
    for _ in range(3):
        talker.opens()
        talker.closes()
        talker.passes(40.0)

    talker.happens(ev.LinkConnecting(), ev.LinkOnline(CAPABILITIES))

    assert talker.works()


def test_lost_turns_hold_back_a_voice_ever_longer() -> None:
    talker = watched()
    for _ in range(3):
        lose(talker, LOSSES[0])

    talker.opens()
    assert talker.hub.state.turns.count == 3
    talker.passes(DEAF_FIRST_S)
    talker.opens()
    assert talker.hub.state.turns.count == 4
