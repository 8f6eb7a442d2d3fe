"""Who speaks now: the talk machine and the one turn there is, from its first sample to its end."""

from __future__ import annotations

from ravatard.core import actions as act
from ravatard.core.audio_format import CHUNK_SAMPLES, silence
from ravatard.core.conversation.earcon_policy import EarconPolicy
from ravatard.core.conversation.service_state import ServiceState
from ravatard.core.conversation.transitions import TALK, TalkCue, step
from ravatard.core.conversation.turn import Turn
from ravatard.core.indication import Show
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.states import Cause, CloseReason, SessionState, TalkState, TurnOutcome

#: A service that is busy in one mode is given this long to be reached in the other.
OTHER_MODE_S = 10.0
#: An utterance whose closing never came (the ear died with it) is closed by us this long after its limit.
LISTENING_GRACE_S = 5.0
_SILENCE = silence(CHUNK_SAMPLES)


class TurnTaking:
    """One small machine, talk, and one turn at a time. Times are seconds of the loop's clock.

    Attributes:
        talk: where the conversation is.
        turn: the turn that is open or waits for its answer, or None.
        options: may be replaced while running.
    """

    def __init__(
        self,
        options: ConversationOptions,
        standing: ServiceState,
        signals: EarconPolicy,
        out: list[act.Action | Show],
    ) -> None:
        """``out``: the list that actions are added to."""
        self.talk = TalkState.IDLE
        self.turn: Turn | None = None
        self.options = options
        self._standing = standing
        self._signals = signals
        self._out = out
        self._count = 0
        self._utterance: int | None = None
        #: Everything of the turn that was said or written, for as long as it may have to be sent anew.
        self._said: list[act.SendAudio | act.SendText] = []
        #: Turns that were superseded before anything of them was sent, and when each is too old to be sent.
        self._waiting: tuple[tuple[int, float], ...] = ()
        #: Until when another mode of the service is awaited, in which the turn can go out.
        self._postponed_by: float | None = None
        #: Until when the sound of an answer is awaited.
        self._sound_by: float | None = None

    # -------------------------------------------------------------- what is said

    def opened(self, utterance: int, cause: Cause, now: float) -> None:
        """The gate opened. Who goes on before the answer came begins a new turn."""
        if not self._standing.may_talk(cause, now):
            self._signals.refused(cause, self._standing.shown_link(now)[1])
            return
        self._supersede(now)
        self._utterance = utterance
        self._begin(cause, now)
        self._signals.opened(cause, self._standing.link)
        self.cue(TalkCue.OPENED)

    def chunk(self, utterance: int, pcm: bytes, read_at: float) -> None:
        """A chunk of the open utterance; of any other it is ignored."""
        if self.turn is not None and utterance == self._utterance:
            said = act.SendAudio(self.turn.number, pcm, read_at)
            self._said.append(said)
            self.turn.captured(pcm, sent=not self.turn.whole)
            if not self.turn.whole:
                self._out.append(said)

    def closed(self, utterance: int, reason: CloseReason, speech_ms: float, now: float) -> None:
        """The gate closed."""
        if self.turn is not None and utterance == self._utterance:
            self._close(self.turn, reason, speech_ms, now)

    def lost_the_microphone(self, now: float) -> None:
        """The ear cannot close the utterance any more; its end must be heard all the same."""
        if self.turn is not None and self._utterance is not None:
            self._close(self.turn, CloseReason.LOST, 0.0, now)

    def wrote(self, text: str, now: float) -> None:
        """Somebody wrote: a turn of its own, or a part of what is being said."""
        if self.talk is TalkState.LISTENING and self.turn is not None:
            self._say(act.SendText(self.turn.number, text))
            return
        self._supersede(now)
        turn = self._begin(None, now)
        self._say(act.SendText(turn.number, text))
        turn.close(now, 0.0, self._standing.answer_s, 0.0)
        self.cue(TalkCue.WROTE)

    def _say(self, what: act.SendText) -> None:
        self._said.append(what)
        if self._postponed_by is None:
            self._out.append(what)

    # -------------------------------------------------------------- what comes of it

    def sent(self, number: int, now: float, *, voice: bool) -> None:
        """A message of turn ``number`` is on the wire."""
        self._waiting = tuple(turn for turn in self._waiting if turn[0] != number)
        if self.turn is not None and number == self.turn.number:
            self.turn.sent(now, self._standing.answer_s, voice=voice)

    def answered(self, now: float, *, self_heard: bool = False) -> None:
        """The service answered: the turn that is with it, or nobody; ``self_heard``: no person was heard."""
        self._standing.active_at = now
        if self.turn is None or not self.turn.begun:
            # Nothing of this turn is with the service yet: the answer is to an earlier one.
            return
        self._signals.worked()
        self.turn.answered(now)
        if self.talk is not TalkState.LISTENING:
            self._end(TurnOutcome.SELF_HEARD if self_heard else TurnOutcome.ANSWERED, now)

    def dropped(self, number: int, reason: str, now: float) -> None:
        """Turn ``number`` cannot be sent whole."""
        self._waiting = tuple(turn for turn in self._waiting if turn[0] != number)
        if self.turn is not None and number == self.turn.number:
            self._out.append(act.LogLine(f"the utterance was cancelled: {reason}", warning=True))
            self.cancel(now)

    def cancel(self, now: float, *, only_begun: bool = False, asked: bool = False) -> None:
        """Give up what is unanswered; ``only_begun``: what partly went out; ``asked``: a person wants it."""
        if not only_begun:
            self._out.extend(act.DropTurn(number) for number, _ in self._waiting)
            self._waiting = ()
        if self.turn is None or (only_begun and not self.turn.begun):
            return
        if not asked:
            self._signals.failed(self._standing.shown_link(now)[1])
        self._out.append(act.DropTurn(self.turn.number))
        self._utterance = None
        if self._standing.session is SessionState.STARTING:
            self._standing.session_over("no longer needed", now)
        self._end(TurnOutcome.CANCELLED, now)

    def say_again(self, now: float) -> None:
        """The session this turn was sent in was over before: send all of it, once more, in a new session.

        Nobody answers what a session was sent that is over, so nothing is heard twice.
        """
        turn = self.turn
        if turn is None or turn.resent or turn.answered_at is not None:
            self.cancel(now)
            return
        self._out.append(act.DropTurn(turn.number))
        turn.sent_anew(now, self._standing.answer_s)
        self._standing.want_session(turn.number)
        self._out.extend(self._said)

    def postpone(self, now: float) -> None:
        """No session can be had, but the service may be reached in a mode that needs none."""
        if self.turn is None:
            return
        self.turn.goes_out_whole(now, self._standing.answer_s)
        self._postponed_by = now + OTHER_MODE_S
        self.link_came(now)

    def link_came(self, now: float) -> None:
        """The service is reached, perhaps in another mode: what waited for that goes out."""
        if self._postponed_by is None or self.turn is None or self._standing.needs_session:
            return
        self._postponed_by = None
        self._out.extend(said for said in self._said if isinstance(said, act.SendText))
        if self.turn.closed_at is not None:
            self._send_whole(self.turn, now)

    def await_sound(self, until: float) -> None:
        """The answer is there, and its sound on its way; until it sounds the avatar still seems to think."""
        self._sound_by = until
        self.cue(TalkCue.AWAITED)

    def sound_came(self) -> None:
        """No sound is awaited any more."""
        self._sound_by = None

    def no_sound(self) -> None:
        """The sound that was awaited will not come."""
        awaited, self._sound_by = self._sound_by is not None, None
        if awaited and self.turn is None:
            self.cue(TalkCue.DONE)

    @property
    def sound_awaited(self) -> bool:
        """An answer was given whose sound has not begun."""
        return self._sound_by is not None

    def cue(self, cue: TalkCue) -> None:
        """Move the talk machine."""
        self.talk = step(TALK, self.talk, cue)

    # -------------------------------------------------------------- the clock

    @property
    def deadline(self) -> float | None:
        """When :meth:`on_time` is due, or None."""
        turn_at = self.turn.deadline if self.turn is not None else None
        too_old_at = min((at for _, at in self._waiting), default=None)
        times = (turn_at, self._listening_ends_at, too_old_at, self._sound_by, self._postponed_by)
        return min((at for at in times if at is not None), default=None)

    def on_time(self, now: float) -> None:
        """Do what is due: close, send silence, give up."""
        for number in [number for number, too_old_at in self._waiting if now >= too_old_at]:
            self._waiting = tuple(turn for turn in self._waiting if turn[0] != number)
            self._out.append(act.DropTurn(number))
            self._out.append(act.LogLine("words that could not be sent in time were cancelled", warning=True))
            self._signals.failed()
        if self._sound_by is not None and now >= self._sound_by:
            self.no_sound()
        if self._postponed_by is not None and now >= self._postponed_by:
            self.cancel(now)
        turn = self.turn
        if turn is None:
            return
        if self._listening_ends_at is not None and now >= self._listening_ends_at:
            self._out.append(act.LogLine("the utterance never closed; closing it", warning=True))
            self._close(turn, CloseReason.LOST, 0.0, now)
        if turn.silence_now(now):
            self._out.append(act.SendAudio(turn.number, _SILENCE, None))
        if turn.answer_by is not None and now >= turn.answer_by:
            self._give_up(turn, now)

    @property
    def _listening_ends_at(self) -> float | None:
        if self.turn is None or self.talk is not TalkState.LISTENING:
            return None
        return self.turn.opened_at + self.options.gate.longest_s + LISTENING_GRACE_S

    # -------------------------------------------------------------- begin, close, end

    def _begin(self, cause: Cause | None, now: float) -> Turn:
        self._count += 1
        self._said = []
        self._sound_by = None
        self.turn = Turn(self._count, cause, now, whole=not self._standing.streams)
        self._standing.active_at = now
        self._standing.want_session(self._count)
        return self.turn

    def _supersede(self, now: float) -> None:
        """The next turn begins; this one may still wait for the link, for as long as it would be answered."""
        if self.turn is not None and not self.turn.begun and self.turn.answer_by is not None:
            self._waiting += ((self.turn.number, self.turn.answer_by),)
        self._end(TurnOutcome.SUPERSEDED, now)

    def _close(self, turn: Turn, reason: CloseReason, speech_ms: float, now: float) -> None:
        self._utterance = None
        turn.close(now, speech_ms, self._standing.answer_s, self.options.turn.closing_silence_s)
        if reason is not CloseReason.NO_SPEECH:
            self._send_whole(turn, now)
        self._standing.active_at = now
        if turn.answered_at is not None:
            # The service found the end before we did, and has answered.
            self._end(TurnOutcome.ANSWERED, now)
        elif reason is CloseReason.NO_SPEECH:
            self._end(TurnOutcome.NOTHING_SAID, now)
        else:
            self._signals.sent(turn.cause)
            self.cue(TalkCue.CLOSED)

    def _send_whole(self, turn: Turn, now: float) -> None:
        """To a service that does not stream: everything that was said, now that it is all there."""
        if not turn.whole or not turn.spoken or self._postponed_by is not None:
            return
        spoken = [said for said in self._said if isinstance(said, act.SendAudio)]
        # In another mode by now it may need a session after all.
        self._standing.want_session(turn.number)
        turn.sent_whole()
        read_at = next((said.read_at for said in reversed(spoken) if said.read_at is not None), now)
        self._out.append(act.SendUtterance(turn.number, b"".join(said.pcm for said in spoken), read_at))

    def _end(self, outcome: TurnOutcome, now: float) -> None:
        if self.turn is None:
            return
        summary = self.turn.summary(outcome)
        self.turn = None
        self._postponed_by = None
        self._said = []
        self._standing.active_at = now
        self._out.append(act.TurnEnded(summary))
        self.cue(TalkCue.DONE)

    def _give_up(self, turn: Turn, now: float) -> None:
        if turn.begun:
            self._out.append(act.LogLine(f"no answer within {self._standing.answer_s:g} s", warning=True))
            self._signals.failed()
            self._end(TurnOutcome.UNANSWERED, now)
        else:
            self._out.append(
                act.LogLine("the turn could not be sent in time and was cancelled", warning=True)
            )
            self.cancel(now)
