"""Events of the cloud, and the machines that each of them concerns, in order."""

from __future__ import annotations

from typing import assert_never

from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.conversation.machines import Machines
from ravatard.core.deafness import DeafKind
from ravatard.core.states import Refusal, SessionState

#: Refusals that have a look of their own, and pass by themselves.
_SHOWN_ALREADY = (Refusal.BUSY, Refusal.MONEY)


def on_cloud(m: Machines, event: ev.CloudEvent) -> None:  # noqa: C901, PLR0912 - a table of events
    """Have the machines take an event of the link, of the session, or of the messages on them."""
    match event:
        case ev.LinkConnecting():
            m.take(m.service.connecting())
        case ev.LinkOnline(capabilities):
            m.take(m.service.online(capabilities, m.options, m.now))
            m.take(m.turns.link_came(m.moment))
        case ev.LinkOffline(reason, retry_s):
            # Half of it went out on the lost connection: the rest alone would be half an utterance.
            m.take(m.turns.cancel(reason, only_begun=True))
            m.take(m.service.offline(reason, retry_s))
        case ev.LinkDenied(reason, refusal):
            m.take(m.service.denied(reason, refusal))
            m.take(m.turns.cancel())
        case ev.NetworkChanged():
            m.take(m.service.network_changed(m.now))
        case ev.SessionStarted():
            m.take(m.service.session_started(m.now))
        case ev.SessionRefused():
            _session_refused(m, event)
        case ev.SessionEnded(reason):
            m.take(m.service.session_over(reason, m.now))
            m.take(m.turns.cancel(reason, only_begun=True))
        case ev.MessageSent(turn, read_at):
            m.take(m.service.sent())
            m.take(m.turns.sent(turn, m.moment, voice=read_at is not None))
        case ev.UtteranceDropped(turn, reason):
            m.take(m.turns.dropped(turn, reason, m.moment))
        case ev.Answered():
            _answered(m, event)
        case ev.StreamBroke():
            _stream_broke(m, event)
        case ev.TurnFailed(reason):
            m.take(m.turns.failed(reason))
        case ev.NothingSaid():
            m.take(m.turns.nothing_said())
            m.take(m.barge_in.nothing_said(m.now))
        case ev.ServiceHearing():
            m.take(m.service.hearing(event, m.now))
        case _:
            assert_never(event)


def _session_refused(m: Machines, event: ev.SessionRefused) -> None:
    m.take(m.service.session_refused(event.refusal, event.retry_after_s, m.now))
    other_mode = m.options.equipment.other_mode and event.refusal is Refusal.BUSY
    if other_mode or not m.service.needs_session(m.options):
        m.actions.append(act.LogLine(f"no live session: {event.reason}; trying without one"))
        m.take(m.turns.postpone(m.moment))
        return
    m.take(m.service.refused(event.refusal, event.retry_after_s, m.options, m.now))
    if event.refusal not in _SHOWN_ALREADY:
        _deaf_by_refusal(m, event, DeafKind.NO_SESSION)
    m.actions.append(act.LogLine(f"no live session: {event.reason}", warning=True))
    m.take(m.turns.cancel())


def _deaf_by_refusal(m: Machines, event: ev.SessionRefused | ev.StreamBroke, kind: DeafKind) -> None:
    person = event.refusal is Refusal.DENIED
    m.take(m.service.hears_as(m.service.deafness.refused(event.reason, kind, person=person)))


def _answered(m: Machines, event: ev.Answered) -> None:
    number = m.turns.turn.number if m.turns.turn is not None else 0
    if m.playback.budget.is_asked(m.now):  # others keep no session open
        m.take(m.service.active(m.now))
    m.take(m.turns.answered(m.now, self_heard=event.self_heard))
    m.take(m.barge_in.outdated())
    if event.self_heard:
        m.take(m.playback.self_heard(m.turns, m.now))
        m.take(m.microphone.distrust(m.now))
    elif m.options.equipment.speaks:
        m.take(m.playback.answered(event, number, m.turns, m.service.capabilities, m.now))


def on_answer_begun(m: Machines) -> None:
    """Have the machines take the first piece of an answer: a turn is answered by its sound as by its text."""
    if m.playback.budget.is_asked(m.now):
        m.take(m.service.active(m.now))
    m.take(m.barge_in.outdated())
    m.take(m.playback.answer_begun(m.turns, m.now))
    if m.playback.arriving:
        m.take(m.turns.answered(m.now, self_heard=False))
        m.take(m.playback.await_pieces(m.now))


def _stream_broke(m: Machines, event: ev.StreamBroke) -> None:
    expired = event.refusal is Refusal.EXPIRED and m.service.session is not SessionState.NONE
    if expired and not (event.certain or m.service.session_used):
        # Nothing was sent in this one: an echo of what was sent in the one before. It must not be
        # forgotten for that, for it is being paid for.
        return
    m.actions.append(act.LogLine(f"the service says: {event.reason}", warning=True))
    if expired:
        m.take(m.service.end_session(event.reason, m.now, gone=True))
        m.take(m.turns.say_again(m.moment, event.reason))
        return
    m.take(m.service.refused(event.refusal, None, m.options, m.now))
    if event.refusal is Refusal.DENIED:
        _deaf_by_refusal(m, event, DeafKind.CUT_OFF)
    m.take(m.turns.cancel("" if event.refusal in _SHOWN_ALREADY else event.reason))
    if event.refusal in (Refusal.FAILED, Refusal.DENIED):
        m.take(m.service.end_session(event.reason, m.now))
