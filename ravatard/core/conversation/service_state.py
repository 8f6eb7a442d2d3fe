"""How we stand with the service: the link, the live session, what it refused, and when paying ends."""

from __future__ import annotations

from ravatard.core.actions import Action, EndSession, LogLine, Reconnect, SessionChanged, StartSession
from ravatard.core.capabilities import Capabilities
from ravatard.core.conversation.transitions import LINK, SESSION, LinkCue, SessionCue, step
from ravatard.core.indication import Show
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.spend_limit import SpendGuard
from ravatard.core.states import Cause, LinkState, Refusal, SessionState

#: RAVATAR, Authentication document: messageTimeoutSeconds, "Message response timeout (default: 30)".
DOCUMENTED_ANSWER_S = 30.0
#: Without money the service is not asked again by a voice for an hour; a press of the button asks at once.
NO_MONEY_S = 3600.0
#: A session that is to be held always, and is over, is started again after this long: whoever ends them at
#: once must not be asked for one after the other.
RENEW_S = 60.0
#: Somebody who speaks while we are offline is worth an attempt at once, but a television no stream of them.
ASK_EVERY_S = 20.0


class ServiceState:
    """Two small machines, link and session, and the memory of refusals.

    Times are seconds of the loop's clock.

    Attributes:
        link: our connection.
        session: the live session.
        capabilities: of the service, since the link was up for the first time.
        detail: what people should know about the link, in words.
        active_at: when somebody last said, wrote or answered something.
        tried: a connection was attempted since the start.
        session_used: something was sent in the session that is held.
    """

    def __init__(self, options: ConversationOptions, out: list[Action | Show]) -> None:
        """``out``: the list that actions are added to."""
        self.link = LinkState.OFFLINE
        self.session = SessionState.NONE
        self.capabilities: Capabilities | None = None
        self.detail = ""
        self.active_at = 0.0
        self.tried = False
        self.session_used = False
        self.options = options
        self._out = out
        self._refusal: Refusal | None = None
        self._asked_at: float | None = None
        self._busy_until: float | None = None
        self._no_money_until: float | None = None
        self._spend = SpendGuard(options.spend)
        self._spend_ends_at: float | None = None
        self._renew_at: float | None = None
        #: The session reached a limit of section ``spend``; only somebody's words start another.
        self._spent = False

    def reconfigure(self, options: ConversationOptions) -> None:
        """New options hold from now on; what was refused may have been mended."""
        self.options = options
        self._spend.options = options.spend
        self.retry()

    # -------------------------------------------------------------- the link

    def connecting(self) -> None:
        """A connection attempt begins."""
        self.tried = True
        self.link = step(LINK, self.link, LinkCue.TRYING)

    def online(self, capabilities: Capabilities, now: float) -> None:
        """The link is up: a session kept always is wanted at once, and one not needed is ended."""
        self.link = step(LINK, self.link, LinkCue.UP)
        self.capabilities = capabilities
        self.detail = f"{capabilities.avatar} ({capabilities.language})"
        self._refusal = None
        if not capabilities.needs_session:
            self.end_session("not needed in this mode", now)
        elif self.options.session.keep == "always":
            self.want_session(turn=0)

    def offline(self, reason: str) -> None:
        """The link is down."""
        self.link = step(LINK, self.link, LinkCue.DOWN)
        self.detail = reason

    def denied(self, reason: str, refusal: Refusal) -> None:
        """The service refuses us."""
        self.link = step(LINK, self.link, LinkCue.REFUSED)
        self.detail = reason
        self._refusal = refusal

    # -------------------------------------------------------------- the session

    def want_session(self, turn: int) -> None:
        """Start a session for ``turn``, unless there is one or the service has no such thing."""
        asked_s = self.active_at - self._asked_at if self._asked_at is not None else ASK_EVERY_S
        if self.link is LinkState.OFFLINE and asked_s >= ASK_EVERY_S:
            self._asked_at = self.active_at
            self._out.append(Reconnect())
        if self.session is SessionState.NONE and self.needs_session:
            self._spent = False
            self._cue(SessionCue.WANTED, "wanted")
            self._out.append(StartSession(turn))

    def session_started(self, now: float) -> None:
        """It is there, and its idle time counts from now."""
        self.active_at = now
        self._spend.started(now)
        self._cue(SessionCue.STARTED, "started")

    def session_over(self, reason: str, now: float) -> None:
        """It is over without our doing, or never came to be."""
        self._spend.ended(now)
        self._cue(SessionCue.OVER, reason)

    def end_session(self, reason: str, now: float, *, gone: bool = False) -> None:
        """End it, if there is one; ``gone``: the service has ended it already."""
        if self.session is not SessionState.NONE:
            self._spend.ended(now)
            self._cue(SessionCue.OVER, reason)
            self._out.append(EndSession(reason, gone=gone))

    def _cue(self, cue: SessionCue, reason: str) -> None:
        before, self.session = self.session, step(SESSION, self.session, cue)
        if self.session is not before:
            self.session_used = False
            self._out.append(SessionChanged(self.session, reason))

    # -------------------------------------------------------------- refusals

    def refused(self, refusal: Refusal, retry_after_s: float | None, now: float) -> None:
        """Remember a refusal that passes by itself."""
        if refusal is Refusal.BUSY:
            self._busy_until = now + max(self.options.turn.busy_shown_s, retry_after_s or 0.0)
        elif refusal is Refusal.MONEY:
            self._no_money_until = now + NO_MONEY_S

    def pressed(self) -> None:
        """A person asks: what was refused may be tried again."""
        self.retry()

    def retry(self) -> None:
        """Forget refusals that only a person could mend: perhaps somebody did."""
        self._no_money_until = None
        if self.link in (LinkState.DENIED, LinkState.OFFLINE):
            self._out.append(Reconnect())

    def may_talk(self, cause: Cause, now: float) -> bool:
        """False when a turn could only be refused."""
        if self.link is LinkState.DENIED:
            return False
        spent = self._spend.refusal(now)
        if spent is not None:
            self._out.append(LogLine(spent, warning=True))
            return False
        return cause is Cause.BUTTON or not self._no_money(now)

    def _no_money(self, now: float) -> bool:
        return self._no_money_until is not None and now < self._no_money_until

    # -------------------------------------------------------------- what others ask

    @property
    def needs_session(self) -> bool:
        """Nothing can be sent without a live session; before the service was reached: as configured."""
        return self.options.means.streams if self.capabilities is None else self.capabilities.needs_session

    @property
    def streams(self) -> bool:
        """The service takes sound while somebody speaks; before it was reached: as the configuration says."""
        return self.options.means.streams if self.capabilities is None else self.capabilities.streams_audio

    @property
    def answer_s(self) -> float:
        """Seconds an answer may take: the configuration's word, else the service's."""
        if self.options.turn.answer_s is not None:
            return self.options.turn.answer_s
        return self.capabilities.answer_timeout_s if self.capabilities else DOCUMENTED_ANSWER_S

    @property
    def busy(self) -> bool:
        """The service had no free place a moment ago."""
        return self._busy_until is not None

    def shown_link(self, now: float) -> tuple[LinkState, Refusal | None]:
        """The link as people should see it, and why it is denied."""
        return (LinkState.DENIED, Refusal.MONEY) if self._no_money(now) else (self.link, self._refusal)

    # -------------------------------------------------------------- the clock

    def deadline(self, *, idle: bool) -> float | None:
        """When :meth:`on_time` is due; ``idle``: nobody speaks, thinks or waits."""
        times = [
            self._busy_until,
            self._no_money_until,
            self._spend_ends_at,
            self._idle_ends_at if idle else None,
            self._renew_at,
        ]
        return min((at for at in times if at is not None), default=None)

    def on_time(self, now: float, *, idle: bool) -> None:
        """Do what is due."""
        if self._busy_until is not None and now >= self._busy_until:
            self._busy_until = None
        if self._no_money_until is not None and now >= self._no_money_until:
            self._no_money_until = None
        if idle and self._idle_ends_at is not None and now >= self._idle_ends_at:
            self.end_session(f"nothing said for {self.options.session.idle_s:g} s", now)
        self._spend_ends_at = self._spend.ends_at(now)
        if self._spend_ends_at is not None and now >= self._spend_ends_at:
            self._spend_ends_at = None
            self._out.append(
                LogLine("the live session has lasted as long as is allowed (section spend)", warning=True)
            )
            self.end_session("the limit of section spend", now)
            self._spent = True
        self._keep(now)

    def _keep(self, now: float) -> None:
        """Have a session that is to be held always, unless somebody must act first."""
        kept = self.options.session.keep == "always" and self.needs_session and not self._spent
        if not kept or self.link is not LinkState.ONLINE or self.session is not SessionState.NONE:
            self._renew_at = None
        elif self._renew_at is None:
            self._renew_at = now + RENEW_S
        elif now >= self._renew_at:
            self._renew_at = now + RENEW_S
            if not self._no_money(now) and self._spend.refusal(now) is None:
                self._renew_at = None
                self.want_session(turn=0)

    @property
    def _idle_ends_at(self) -> float | None:
        held = self.session is SessionState.LIVE and self.options.session.keep == "on-need"
        return self.active_at + self.options.session.idle_s if held else None
