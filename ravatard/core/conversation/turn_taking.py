"""Turn taking: the talk machine and the one turn there is, from its first sample to its end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ravatard.core import actions as act
from ravatard.core.conversation import cues
from ravatard.core.conversation.cues import Effect, Effects, Step
from ravatard.core.conversation.moment import Moment
from ravatard.core.conversation.talk_phase import TalkPhase
from ravatard.core.conversation.transitions import TalkCue
from ravatard.core.conversation.turn import Turn, Words
from ravatard.core.options.conversation import ConversationOptions
from ravatard.core.private import PRIVATE
from ravatard.core.states import Cause, CloseReason, TalkState, TurnOutcome

#: A service that is busy in one mode is given this long to be reached in the other.
OTHER_MODE_S = 10.0


@dataclass(frozen=True, slots=True)
class TurnTaking(TalkPhase):
    """One small machine, talk, and one turn at a time. Times are loop seconds.

    Attributes:
        turn: the turn that is open or waits for its answer, or None.
        count: turns since the start.
        utterance: number of the utterance that is open.
        said: sound and text of the turn, for as long as it may have to be sent anew.
        waiting: turns that were superseded before anything of them was sent, and when each is too old for it.
        postponed_by: until when another mode of the service is awaited, in which the turn can go out.
    """

    turn: Turn | None = None
    count: int = 0
    utterance: int | None = None
    said: Words = field(default=Words(), repr=False, metadata=PRIVATE)
    waiting: tuple[tuple[int, float], ...] = ()
    postponed_by: float | None = None

    # -------------------------------------------------------------- what the user says

    def opened(self, utterance: int, cause: Cause, at: Moment) -> Step[TurnTaking]:
        """The gate opened. A user who goes on before the answer came begins a new turn."""
        state, ended = self._superseded()
        state, begun = state._begun(self._next(cause, at))
        state = replace(state, utterance=utterance, talk=state._talk_after(TalkCue.OPENED))
        return state, [*ended, *begun, cues.TurnOpened(cause)]

    def chunk(self, utterance: int, pcm: bytes, read_at: float) -> Step[TurnTaking]:
        """A chunk of the open utterance; of any other it is ignored."""
        if self.turn is None or utterance != self.utterance:
            return self, ()
        said = act.SendAudio(self.turn.number, pcm, read_at)
        state = replace(self, said=Words((*self.said, said)), turn=self.turn.captured(pcm))
        return state, () if self.turn.whole else [said]

    def closed(self, utterance: int, reason: CloseReason, speech_ms: float, at: Moment) -> Step[TurnTaking]:
        """The gate closed."""
        if self.turn is None or utterance != self.utterance:
            return self, ()
        return self._closed(self.turn, reason, speech_ms, at)

    def microphone_lost(self, at: Moment) -> Step[TurnTaking]:
        """The gate cannot close the utterance any more; close it here."""
        if self.turn is None or self.utterance is None:
            return self, ()
        return self._closed(self.turn, CloseReason.LOST, 0.0, at)

    def wrote(self, text: str, at: Moment) -> Step[TurnTaking]:
        """The user wrote: a turn of its own, or a part of what is being said."""
        if self.talk is TalkState.LISTENING and self.turn is not None:
            return self._written(self.turn, text)
        turn = self._next(None, at).closed(at.now, 0.0, at.answer_s, 0.0)
        state, ended = self._superseded()
        state, begun = state._begun(turn)
        state, written = state._written(turn, text)
        return replace(state, talk=state._talk_after(TalkCue.WROTE)), [*ended, *begun, *written]

    def _written(self, turn: Turn, text: str) -> Step[TurnTaking]:
        said = act.SendText(turn.number, text)
        return replace(self, said=Words((*self.said, said))), [said] if self.postponed_by is None else ()

    # -------------------------------------------------------------- what becomes of it

    def sent(self, number: int, at: Moment, *, voice: bool) -> Step[TurnTaking]:
        """A message of turn ``number`` is on the wire."""
        state = self._without(number)
        if self.turn is None or number != self.turn.number:
            return state, ()
        turn = self.turn.sent(at.now, at.answer_s, voice=voice)
        begun = [] if self.turn.begun else [cues.TurnSent()]
        return state if turn is self.turn else replace(state, turn=turn), begun

    def answered(self, now: float, *, self_heard: bool) -> Step[TurnTaking]:
        """The service answered the turn that is with it, if one is; ``self_heard``: no user was heard."""
        if self.turn is None or not self.turn.begun:
            # Nothing of this turn is with the service yet: the answer is to an earlier one, or to none.
            return self, ()
        state = replace(self, turn=self.turn.answered(now))
        ended: Effects = ()
        if self.talk is not TalkState.LISTENING:
            state, ended = state._ended(TurnOutcome.SELF_HEARD if self_heard else TurnOutcome.ANSWERED)
        return state, [cues.Active(), cues.TurnAnswered(self.turn.spoken), *ended]

    def failed(self, reason: str) -> Step[TurnTaking]:
        """The service could do nothing with the turn that is with it; the session goes on."""
        report = act.LogLine(f"the turn failed: {reason}", warning=True)
        if self.turn is None or not self.turn.begun:
            return self, [report]
        # It may not be all said yet; nothing of it may follow.
        state, ended = replace(self, utterance=None)._ended(TurnOutcome.FAILED)
        return state, [report, self.turn.lost(reason), *self.turn.taken_back, *ended]

    def nothing_said(self) -> Step[TurnTaking]:
        """The service understood no words in the turn that is with it."""
        return self._ended(TurnOutcome.NOTHING_SAID) if self.waits else (self, ())

    def unwanted(self) -> Step[TurnTaking]:
        """The user wants no answer any more to what is with the service."""
        if self.turn is None or not self.waits:
            return self, ()
        state, ended = self._ended(TurnOutcome.CANCELLED)
        return state, [*self.turn.taken_back, *ended]

    @property
    def waits(self) -> bool:
        """True while a turn that is all said is with the service, unanswered."""
        return self.turn is not None and self.turn.begun and self.turn.closed_at is not None

    def dropped(self, number: int, reason: str, at: Moment) -> Step[TurnTaking]:
        """Turn ``number`` cannot be sent whole."""
        state = self._without(number)
        if self.turn is None or number != self.turn.number:
            return state, [act.CancelUtterance(number)] if at.may_mark else ()
        state, cancelled = state.cancel(reason)
        return state, [act.LogLine(f"the utterance was cancelled: {reason}", warning=True), *cancelled]

    def cancel(self, why: str = "", *, only_begun: bool = False, asked: bool = False) -> Step[TurnTaking]:
        """Give up what is unanswered, or ``only_begun``; ``asked``: the user wants it; ``why``: WordsLost."""
        state, effects = self, list[Effect]()
        if not only_begun:
            effects += [act.DropTurn(number) for number, _ in self.waiting]
            state = replace(state, waiting=())
        if self.turn is None or (only_begun and not self.turn.begun):
            return state, effects
        if not asked:
            effects.append(self.turn.lost(why, denied=True))
        effects += [*self.turn.taken_back, cues.SessionUnneeded()]
        state, ended = replace(state, utterance=None)._ended(TurnOutcome.CANCELLED)
        return state, [*effects, *ended]

    def say_again(self, at: Moment, reason: str) -> Step[TurnTaking]:
        """The session this turn was sent in was over before: send all of it, once more, in a new session.

        What was sent in a session that is over is not answered, so nothing is heard twice.
        """
        turn = self.turn
        if turn is None or turn.resent or turn.answered_at is not None:
            return self.cancel(reason)
        state = replace(self, turn=turn.sent_anew(at.now, at.answer_s))
        return state, [act.DropTurn(turn.number), cues.SessionWanted(turn.number), *self.said]

    def postpone(self, at: Moment) -> Step[TurnTaking]:
        """No session can be had, but the service may be reached in a mode that needs none."""
        if self.turn is None:
            return self, ()
        turn = self.turn.goes_out_whole(at.now, at.answer_s)
        return replace(self, turn=turn, postponed_by=at.now + OTHER_MODE_S).link_came(at)

    def link_came(self, at: Moment) -> Step[TurnTaking]:
        """The service is reached, perhaps in another mode: what waited for that goes out."""
        state = self
        if self.turn is not None and not at.wants_silence:
            state = replace(self, turn=self.turn.without_silence())
        if self.postponed_by is None or self.turn is None or at.service.needs_session(at.options):
            return state, ()
        state = replace(state, postponed_by=None)
        texts = [said for said in self.said if isinstance(said, act.SendText)]
        if self.turn.closed_at is None:
            return state, texts
        state, whole = state._send_whole(self.turn, at)
        return state, [*texts, *whole]

    def sound_missing(self) -> Step[TurnTaking]:
        """The sound that may be awaited will not come."""
        if not self.sound_awaited:
            return self, ()
        talk = self._talk_after(TalkCue.DONE) if self.turn is None else self.talk
        return replace(self, sound_by=None, talk=talk), ()

    # -------------------------------------------------------------- the clock

    def deadline(self, options: ConversationOptions) -> float | None:
        """Return when :meth:`on_time` is due, or None."""
        turn_at = self.turn.deadline if self.turn is not None else None
        too_old_at = min((at for _, at in self.waiting), default=None)
        times = (turn_at, self._listening_ends_at(options), too_old_at, self.sound_by, self.postponed_by)
        return min((at for at in times if at is not None), default=None)

    def on_time(self, at: Moment) -> Step[TurnTaking]:
        """Do what is due: close, send silence, give up."""
        state, effects = self, list[Effect]()
        for number, too_old_at in self.waiting:
            if at.now >= too_old_at:
                state = state._without(number)
                lost = act.LogLine("words that could not be sent in time were cancelled", warning=True)
                effects += [act.DropTurn(number), lost, cues.WordsLost(reason=lost.text, spoken=True)]
        if state.sound_by is not None and at.now >= state.sound_by:
            state, _ = state.sound_missing()
        if state.postponed_by is not None and at.now >= state.postponed_by:
            state, cancelled = state.cancel()
            effects += cancelled
        if state.turn is None:
            return state, effects
        state, due = state._turn_on_time(state.turn, at)
        return state, [*effects, *due]

    def _turn_on_time(self, turn: Turn, at: Moment) -> Step[TurnTaking]:
        ends_at = self._listening_ends_at(at.options)
        if ends_at is not None and at.now >= ends_at:
            state, closed = self._closed(turn, CloseReason.LOST, 0.0, at)
            return state, [act.LogLine("the utterance never closed; closing it", warning=True), *closed]
        state, effects = self, list[Effect]()
        if (silenced := turn.silenced(at.now)) is not None:
            state, turn = replace(state, turn=silenced), silenced
            effects.append(turn.silence_message)
        if turn.answer_by is None or at.now < turn.answer_by:
            return state, effects
        state, given_up = state._given_up(turn, at)
        return state, [*effects, *given_up]

    def _listening_ends_at(self, options: ConversationOptions) -> float | None:
        if self.turn is None or self.talk is not TalkState.LISTENING:
            return None
        return self.turn.listening_ends_at(options.gate.longest_s)

    # -------------------------------------------------------------- begin, close, end

    def _next(self, cause: Cause | None, at: Moment) -> Turn:
        whole = not at.service.streams(at.options)
        return Turn(self.count + 1, cause, at.now, whole=whole, marked=at.may_mark)

    def _begun(self, turn: Turn) -> Step[TurnTaking]:
        state = replace(self, count=turn.number, turn=turn, said=Words(), sound_by=None)
        return state, [cues.Active(), cues.SessionWanted(turn.number)]

    def _superseded(self) -> Step[TurnTaking]:
        """The next turn begins; this one may still wait for the link, for as long as it would be answered."""
        state, turn = self, self.turn
        if turn is not None and not turn.begun and turn.marked and turn.spoken:
            # It would be answered on its own, beside the newer one: it is not sent.
            state, ended = state._ended(TurnOutcome.SUPERSEDED)
            return state, [*turn.taken_back, cues.SessionUnneeded(), *ended]
        if turn is not None and not turn.begun and turn.answer_by is not None:
            state = replace(self, waiting=(*self.waiting, (turn.number, turn.answer_by)))
        # One that never closed is all that was sent of it.
        marks = turn.end_marks if turn is not None and turn.closed_at is None else ()
        state, ended = state._ended(TurnOutcome.SUPERSEDED)
        return state, [*marks, *ended]

    def _closed(self, turn: Turn, reason: CloseReason, speech_ms: float, at: Moment) -> Step[TurnTaking]:
        silence_s = at.options.turn.closing_silence_s if at.wants_silence else 0.0
        turn = turn.closed(at.now, speech_ms, at.answer_s, silence_s)
        state = replace(self, utterance=None, turn=turn)
        last: Effects = ()
        if reason is not CloseReason.NO_SPEECH:
            state, last = state._sent_to_its_end(turn, at)
        elif at.may_mark:
            last = [*turn.taken_back, cues.SessionUnneeded()]
        if turn.answered_at is not None:
            # The service found the end before we did, and has answered.
            state, ended = state._ended(TurnOutcome.ANSWERED)
        elif reason is CloseReason.NO_SPEECH:
            state, ended = state._ended(TurnOutcome.NOTHING_SAID)
        else:
            state = replace(state, talk=state._talk_after(TalkCue.CLOSED))
            ended = [cues.TurnClosed(turn.cause)]
        return state, [*last, cues.Active(), *ended]

    def _sent_to_its_end(self, turn: Turn, at: Moment) -> Step[TurnTaking]:
        """All of it is said: send it now, or the mark that what was streamed is all."""
        marks = turn.end_marks
        state, whole = replace(self, said=Words((*self.said, *marks)))._send_whole(turn, at)
        return state, [*whole, *marks]

    def _send_whole(self, turn: Turn, at: Moment) -> Step[TurnTaking]:
        """To a service that does not stream, send everything that was said, now that it is all there."""
        if not turn.whole or not turn.spoken or self.postponed_by is not None:
            return self, ()
        message = self.said.whole(turn.number, at.now)
        # In another mode by now it may need a session after all.
        decoder = [act.PrepareDecoder()] if at.options.equipment.speaks else []
        return replace(self, turn=turn.sent_whole()), [cues.SessionWanted(turn.number), message, *decoder]

    def _without(self, number: int) -> TurnTaking:
        """Without turn ``number`` among those that wait to be sent."""
        waiting = tuple(turn for turn in self.waiting if turn[0] != number)
        return self if waiting == self.waiting else replace(self, waiting=waiting)

    def _ended(self, outcome: TurnOutcome) -> Step[TurnTaking]:
        if self.turn is None:
            return self, ()
        effects: list[Effect] = [cues.Active(), act.TurnEnded(self.turn.summary(outcome))]
        if self.turn.answered_at is not None:
            effects.append(cues.AnswerFollows())
        state = replace(self, talk=self._talk_after(TalkCue.DONE), turn=None, postponed_by=None, said=Words())
        return state, effects

    def _given_up(self, turn: Turn, at: Moment) -> Step[TurnTaking]:
        if turn.begun:
            state, ended = self._ended(TurnOutcome.UNANSWERED)
            reason = f"no answer within {at.answer_s:g} s"
            interrupt = [act.Interrupt()] if at.may_interrupt else []
            return state, [act.LogLine(reason, warning=True), turn.unanswered(reason), *interrupt, *ended]
        state, cancelled = self.cancel("words could not be sent in time")
        late = act.LogLine("the turn could not be sent in time and was cancelled", warning=True)
        return state, [late, *cancelled]
