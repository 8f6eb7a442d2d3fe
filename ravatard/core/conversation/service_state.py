"""Service state: the link, the live session, refusals of the service, and when paying ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ravatard.core.actions import EndSession, LogLine, Reconnect, SessionChanged, StartSession
from ravatard.core.backoff import LONGEST_WISH_S
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.cues import Effect, Step
from ravatard.core.conversation.transitions import LINK, SESSION, LinkCue, SessionCue, step
from ravatard.core.deafness import Deafness
from ravatard.core.events import ServiceHearing
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.spend_limit import PaidTime
from ravatard.core.states import Cause, LinkState, Refusal, SessionState

#: Longest wait for an answer when neither the configuration nor a service has said one yet.
ANSWER_S = 30.0
#: An account is shown as empty for so long after the service refused a session for want of money. Meanwhile a
#: voice asks again every ASK_EVERY_S and a press at once: it may have been topped up.
NO_MONEY_S = 600.0
#: Pause before a session that is always held is started again: its service may end each one at once.
RENEW_S = 60.0
#: A network that comes and goes is no reason to try to connect more often than this.
NETWORK_EVERY_S = 5.0
#: Speech while offline is worth an attempt to connect at once, but a television no stream of them.
ASK_EVERY_S = 20.0


@dataclass(frozen=True, slots=True)
class ServiceState:
    """Two small machines, link and session, and the memory of refusals. Times are loop seconds.

    Attributes:
        link: our connection.
        session: the live session.
        capabilities: of the service, since the link was up for the first time.
        detail: what the owner should know about the link, in words.
        active_at: when something was last said, written or answered.
        tried: a connection was attempted since the start.
        session_used: something was sent in the session that is held.
        refusal: why the link is denied.
        asked_at: when an attempt to connect was last asked for.
        busy_until: until when the service is shown as busy.
        no_money_until: until when the account is shown as empty.
        paused_until: until when the service wishes not to be asked for a session.
        network_at: when a change of the network last led to an attempt to connect.
        renew_at: when a session that is always held is started again.
        spent: the session reached a limit of section ``spend``; only new words start another.
        paid: time of live sessions.
        deafness: whether it hears the microphone, and when that is tried again.
    """

    link: LinkState = LinkState.OFFLINE
    session: SessionState = SessionState.NONE
    capabilities: Capabilities | None = None
    detail: str = ""
    active_at: float = 0.0
    tried: bool = False
    session_used: bool = False
    refusal: Refusal | None = None
    asked_at: float | None = None
    busy_until: float | None = None
    no_money_until: float | None = None
    paused_until: float | None = None
    network_at: float | None = None
    renew_at: float | None = None
    spent: bool = False
    paid: PaidTime = field(default_factory=PaidTime)
    deafness: Deafness = field(default_factory=Deafness)

    # -------------------------------------------------------------- the link

    def connecting(self) -> Step[ServiceState]:
        """A connection attempt begins."""
        return replace(self, tried=True, link=step(LINK, self.link, LinkCue.TRYING)), ()

    def online(
        self, capabilities: Capabilities, options: ConversationOptions, now: float
    ) -> Step[ServiceState]:
        """The link is up: start a session that is always held, end one that is not needed."""
        language = f" ({capabilities.language})" if capabilities.language else ""
        online = replace(
            self,
            link=step(LINK, self.link, LinkCue.UP),
            capabilities=capabilities,
            detail=f"{capabilities.avatar}{language}",
            refusal=None,
            deafness=self.deafness.perhaps_mended(),
        )
        report = LogLine(f"online: {online.detail}")
        if not capabilities.needs_session:
            online, effects = online.end_session("not needed in this mode", now)
            return online, [*effects, report]
        if options.session.keep == "always":
            online, effects = online.want_session(0, options)
            return online, [*effects, report]
        return online, [report]

    def offline(self, reason: str, retry_s: float) -> Step[ServiceState]:
        """The link is down; the next attempt is made in ``retry_s``."""
        offline = replace(self, link=step(LINK, self.link, LinkCue.DOWN), detail=reason)
        return offline, [LogLine(f"offline: {reason} Next attempt in {retry_s:.1f} s.", warning=True)]

    def denied(self, reason: str, refusal: Refusal) -> Step[ServiceState]:
        """The service refuses us. The same refusal again, at one of many attempts, is logged once."""
        denied = replace(self, link=step(LINK, self.link, LinkCue.REFUSED), detail=reason, refusal=refusal)
        known = self.link is LinkState.DENIED and self.detail == reason
        return denied, () if known else [LogLine(reason, warning=True)]

    # -------------------------------------------------------------- the session

    def active(self, now: float) -> Step[ServiceState]:
        """Something was said, written or answered: the idle time counts from now."""
        return replace(self, active_at=now), ()

    def want_session(self, turn: int, options: ConversationOptions) -> Step[ServiceState]:
        """Start a session for ``turn``, unless there is one or the service has no such thing."""
        state, effects = self, list[Effect]()
        asked_s = self.active_at - self.asked_at if self.asked_at is not None else ASK_EVERY_S
        if self.link is LinkState.OFFLINE and asked_s >= ASK_EVERY_S:
            state = replace(state, asked_at=self.active_at)
            effects.append(Reconnect())
        if self.session is SessionState.NONE and self.needs_session(options):
            state = replace(state, spent=False)._session_after(SessionCue.WANTED)
            effects += [SessionChanged(state.session, "wanted"), StartSession(turn)]
        return state, effects

    def session_started(self, now: float) -> Step[ServiceState]:
        """The session has started, and its idle time counts from now."""
        state = replace(self, active_at=now, no_money_until=None, paused_until=None)
        state = replace(state, paid=self.paid.started(now), deafness=self.deafness.session_started())
        return state._changed(SessionCue.STARTED, "started")

    def session_over(self, reason: str, now: float) -> Step[ServiceState]:
        """The session ended without our doing, or never started."""
        return replace(self, paid=self.paid.ended(now))._changed(SessionCue.OVER, reason)

    def session_refused(
        self, refusal: Refusal, retry_after_s: float | None, now: float
    ) -> Step[ServiceState]:
        """The service gave no session, and may have said when to ask again."""
        pause_s = min(retry_after_s or 0.0, LONGEST_WISH_S)
        state = self if retry_after_s is None else replace(self, paused_until=now + pause_s)
        return state.session_over(f"refused: {refusal.value}", now)

    def session_unneeded(self, now: float) -> Step[ServiceState]:
        """The turn was cancelled that a session may be starting for."""
        if self.session is not SessionState.STARTING:
            return self, ()
        return self.session_over("no longer needed", now)

    def end_session(self, reason: str, now: float, *, gone: bool = False) -> Step[ServiceState]:
        """End the session, if there is one; ``gone``: the service has ended it already."""
        if self.session is SessionState.NONE:
            return self, ()
        state, effects = self.session_over(reason, now)
        return state, [*effects, EndSession(reason, gone=gone)]

    def sent(self) -> Step[ServiceState]:
        """A message is on the wire."""
        used = self.session_used or self.session is SessionState.LIVE
        return self if used is self.session_used else replace(self, session_used=used), ()

    def hearing(self, event: ServiceHearing, now: float) -> Step[ServiceState]:
        """The service does not hear the microphone, or does again; the same news, again, are none."""
        deaf = (event.reason or "it says no more") if event.deaf else ""
        if deaf == self.deafness.reason:
            return self, ()
        sentence = f"the service does not hear the microphone: {deaf}" if deaf else "the service hears again"
        state = replace(self, deafness=self.deafness.told(deaf, now))
        return state, [LogLine(sentence, warning=bool(deaf))]

    def hears_as(self, deafness: Deafness) -> Step[ServiceState]:
        """Take over how deaf the service is, as another machine has found out."""
        return self if deafness == self.deafness else replace(self, deafness=deafness), ()

    def _changed(self, cue: SessionCue, reason: str) -> Step[ServiceState]:
        state = self._session_after(cue)
        changed = state.session is not self.session
        return state, [SessionChanged(state.session, reason)] if changed else ()

    def _session_after(self, cue: SessionCue) -> ServiceState:
        session = step(SESSION, self.session, cue)
        return self if session is self.session else replace(self, session=session, session_used=False)

    # -------------------------------------------------------------- refusals

    def refused(
        self, refusal: Refusal, retry_after_s: float | None, options: ConversationOptions, now: float
    ) -> Step[ServiceState]:
        """Remember a refusal that passes by itself."""
        if refusal is Refusal.BUSY:
            until = now + max(options.turn.busy_shown_s, min(retry_after_s or 0.0, LONGEST_WISH_S))
            return replace(self, busy_until=until), ()
        if refusal is Refusal.MONEY:
            return replace(self, no_money_until=now + NO_MONEY_S, paused_until=now + ASK_EVERY_S), ()
        return self, ()

    def retry(self) -> Step[ServiceState]:
        """Forget refusals that only a person can mend: it may have been done."""
        reconnects = self.link in (LinkState.DENIED, LinkState.OFFLINE)
        deafness = self.deafness.tried_at_once()
        state = replace(self, no_money_until=None, paused_until=None, deafness=deafness)
        return state, [Reconnect()] if reconnects else ()

    def network_changed(self, now: float) -> Step[ServiceState]:
        """Try to connect at once where that failed: there may be a way now."""
        failed = self.link in (LinkState.DENIED, LinkState.OFFLINE)
        if not failed or (self.network_at is not None and now - self.network_at < NETWORK_EVERY_S):
            return self, ()
        return replace(self, network_at=now), [Reconnect()]

    def wanted_by_voice(self, now: float) -> Step[ServiceState]:
        """Ask a service that refuses us again, since a user speaks; but not for each word of a television."""
        due = self.asked_at is None or now - self.asked_at >= ASK_EVERY_S
        if self.link is not LinkState.DENIED or not due:
            return self, ()
        return replace(self, asked_at=now), [Reconnect()]

    def may_talk(self, cause: Cause, options: ConversationOptions, now: float) -> tuple[bool, str | None]:
        """Return False when a turn could only be refused, and a sentence for the log if there is one."""
        if self.link is LinkState.DENIED or (cause is Cause.VOICE and self.deafness.holds(now)):
            return False, None
        if cause is Cause.VOICE and self._paused(options, now):
            return False, self._pause_objection(now)
        spent = self.paid.refusal(options.spend, now)
        return spent is None, spent

    def _paused(self, options: ConversationOptions, now: float) -> bool:
        """Return True while a session would have to be asked for too soon."""
        paused = self.paused_until is not None and now < self.paused_until
        return paused and self.session is SessionState.NONE and self.needs_session(options)

    def _pause_objection(self, now: float) -> str | None:
        """Return a sentence about the pause; an empty account is shown already."""
        if self.paused_until is None or self._no_money(now):
            return None
        left_s = self.paused_until - now
        return f"not sent: the service wishes to be asked again in {left_s:.0f} s; a press asks at once"

    def _no_money(self, now: float) -> bool:
        return self.no_money_until is not None and now < self.no_money_until

    # -------------------------------------------------------------- read by the other machines

    def needs_session(self, options: ConversationOptions) -> bool:
        """Return True if sending needs a live session; before the link was up: as configured."""
        return options.equipment.streams if self.capabilities is None else self.capabilities.needs_session

    def streams(self, options: ConversationOptions) -> bool:
        """Return True if it takes sound while the user speaks; before the link was up: as configured."""
        return options.equipment.streams if self.capabilities is None else self.capabilities.streams_audio

    def answer_s(self, options: ConversationOptions) -> float:
        """Return the seconds an answer may take: as configured, else as the service says."""
        if options.turn.answer_s is not None:
            return options.turn.answer_s
        return self.capabilities.answer_timeout_s if self.capabilities else ANSWER_S

    def shown_link(self, now: float) -> tuple[LinkState, Refusal | None]:
        """Return the link as the owner should see it, and why it is denied."""
        denied = self.link is LinkState.ONLINE and self.deafness.person
        shown = (LinkState.DENIED, Refusal.DENIED) if denied else (self.link, self.refusal)
        return (LinkState.DENIED, Refusal.MONEY) if self._no_money(now) else shown

    # -------------------------------------------------------------- the clock

    def deadline(self, options: ConversationOptions, now: float, *, idle: bool) -> float | None:
        """Return when :meth:`on_time` is due; ``idle``: there is no turn and no sound."""
        times = [
            self.busy_until,
            self.no_money_until,
            self.paid.ends_at(options.spend, now),
            self._idle_ends_at(options) if idle else None,
            self.renew_at,
        ]
        return min((at for at in times if at is not None), default=None)

    def on_time(self, options: ConversationOptions, now: float, *, idle: bool) -> Step[ServiceState]:
        """Do what is due."""
        state, effects = self, list[Effect]()
        if state.busy_until is not None and now >= state.busy_until:
            state = replace(state, busy_until=None)
        if state.no_money_until is not None and now >= state.no_money_until:
            state = replace(state, no_money_until=None)
        idle_ends_at = state._idle_ends_at(options) if idle else None
        if idle_ends_at is not None and now >= idle_ends_at:
            state, ended = state.end_session(f"nothing said for {options.session.idle_s:g} s", now)
            effects += ended
        spend_ends_at = state.paid.ends_at(options.spend, now)
        if spend_ends_at is not None and now >= spend_ends_at:
            effects.append(
                LogLine("the live session has lasted as long as is allowed (section spend)", warning=True)
            )
            state, ended = state.end_session("the limit of section spend", now)
            state = replace(state, spent=True)
            effects += ended
        state, kept = state.keep(options, now)
        return state, [*effects, *kept]

    def keep(self, options: ConversationOptions, now: float) -> Step[ServiceState]:
        """Hold a session that is to be held always, unless the owner must act first."""
        kept = options.session.keep == "always" and self.needs_session(options) and not self.spent
        if not kept or self.link is not LinkState.ONLINE or self.session is not SessionState.NONE:
            return self if self.renew_at is None else replace(self, renew_at=None), ()
        if self.renew_at is not None and now < self.renew_at:
            return self, ()
        due = self.renew_at is not None
        if due and not self._no_money(now) and self.paid.refusal(options.spend, now) is None:
            return replace(self, renew_at=None).want_session(0, options)
        return replace(self, renew_at=max(now + RENEW_S, self.paused_until or 0.0)), ()

    def _idle_ends_at(self, options: ConversationOptions) -> float | None:
        held = self.session is SessionState.LIVE and options.session.keep == "on-need"
        return self.active_at + options.session.idle_s if held else None
