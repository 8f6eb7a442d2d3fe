"""Turns on a session's socket: reactions to what the service says, and what one run learns about it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import assert_never

from ravatard.cloud.avatar.events import (
    AudioPiece,
    AvatarEvent,
    AvatarStatus,
    ChatWords,
    ErrorSaid,
    FrameSeen,
    StatusNow,
    UnknownEvent,
)
from ravatard.cloud.avatar.live.answer_tracker import AnswerTracker
from ravatard.cloud.avatar.live.learned import Learned, SocketOrder, SpeakOrder, VoiceTurn
from ravatard.cloud.avatar.reactions import Reaction, reaction_to
from ravatard.cloud.avatar.refusals import SessionVanished
from ravatard.cloud.avatar.turns.microphone_path import MicrophonePath, PathChange
from ravatard.cloud.avatar.turns.parrot import ParrotGuard
from ravatard.cloud.avatar.turns.sound_side import SoundSide
from ravatard.cloud.avatar.turns.speaker_side import SameAnswer
from ravatard.core.events import Answered, ServiceHearing, ServiceMessage, StreamBroke, TurnFailed
from ravatard.core.states import Refusal
from ravatard.errors import AuthError

log = logging.getLogger(__name__)

#: Different looks of messages without a meaning that are logged.
_MOST_REPORTED = 10
#: Turns in a row whose sound the service could not use before the other format is tried.
_MOST_UNUSABLE = 2
#: An error about the state belongs to our order to listen when it comes so soon after it.
_SOON_S = 3.0


class TurnKeeper:
    """Keeper of the turns of one run; every method takes the loop's time, and only :meth:`take` waits.

    Attributes:
        learned: facts about the service.
        answers: sound of the answers.
        status: last status of the service, for people.
    """

    def __init__(
        self,
        learned: Learned,
        sound: SoundSide,
        tell: Callable[[ServiceMessage], None],
        order: Callable[[SocketOrder | SpeakOrder], None],
        slow_down: Callable[[float], None],
    ) -> None:
        """Begin without a turn.

        Args:
            learned: facts about the service.
            sound: side that the avatar's voice is taken from.
            tell: takes messages for the core.
            order: takes messages for the service.
            slow_down: called, with the time, when the service complains of too many messages.
        """
        self.learned = learned
        self.answers = AnswerTracker(sound, self._sound_ended, self._parroted)
        self.status = ""
        self._tell = tell
        self._order = order
        self._slow_down = slow_down
        self._same = SameAnswer()
        self._voice_turn: VoiceTurn | None = None
        self._in_writing = False
        self._listening_since: float | None = None
        self._listened_again = False
        self._heard, self._worded, self._unusable = "", False, 0
        self._reported: set[str] = set()

    # ------------------------------------------------------------------ our side

    @property
    def is_listening(self) -> bool:
        """True while an utterance is being sent."""
        return self._listening_since is not None

    def utterance_began(self, now: float) -> None:
        """The order to listen goes out."""
        self._cut_short(now)
        self._listening_since, self._listened_again = now, False

    def utterance_ended(self, now: float, seconds: float) -> None:
        """An utterance of ``seconds`` is all sent; its answer is awaited."""
        self._listening_since = None
        self._asked(now, in_writing=False)
        self._voice_turn = VoiceTurn.over(now, seconds)
        if self.learned.trial.path is MicrophonePath.SOCKET and not self.learned.understands:
            self.answers.guard = ParrotGuard(seconds)

    def utterance_cancelled(self) -> None:
        """An utterance of which something was sent is not to be answered."""
        self._listening_since = None

    def asked_in_writing(self, now: float) -> None:
        """A written question goes out."""
        self._asked(now, in_writing=True)

    def answered_in_writing(self, now: float, text: str) -> None:
        """The text of its answer has come whole."""
        if not text.strip() and not self._worded and not self.learned.side.evident:
            self._tell(TurnFailed("the service answered the written question without a word"))
        elif text.strip() and not self._same.repeated(now, text):
            self._say(text)
        self.learned.trial.answered_in_writing()
        if spoken := self.learned.side.answered(now, text):
            self._order(SpeakOrder(spoken))

    def interrupted(self, now: float) -> None:
        """The answer is not wanted any more."""
        self.answers.interrupted(now)
        self.learned.side.asked()

    def socket_lost(self) -> None:
        """The socket broke, and with it the utterance and the answer that were under way."""
        self.answers.socket_lost()
        if self._voice_turn is not None and not self._voice_turn.judged:
            self._tell(TurnFailed("the session's socket broke before the answer came"))
        self._listening_since = self._voice_turn = None

    def session_over(self, now: float, *, ours: bool) -> None:
        """The session is over, and with it the turn; ``ours``: we ended it, all was well with it."""
        if ours:
            self._cut_short(now)
        self.answers.session_over()
        self.learned.side.asked()
        self._voice_turn = self._listening_since = None
        self._heard, self.status = "", ""

    def path_failed(self, reason: str) -> None:
        """The path of the microphone cannot be used."""
        self._changed(self.learned.trial.leave(reason))

    # ------------------------------------------------------------------ the service's side

    async def take(self, event: AvatarEvent, now: float) -> None:
        """React to one message of the service.

        Raises:
            SessionVanished: it says that the session is gone.
            AuthError: it refuses our key or token.
        """
        match event:
            case AudioPiece():
                if await self.answers.audio(event, now):
                    self._evidence()
            case ChatWords():
                self._words(event, now)
            case StatusNow():
                self._status(event, now)
            case ErrorSaid():
                self._error(event, now)
            case UnknownEvent():
                self._unknown(event)
            case FrameSeen():
                return
            case _:
                assert_never(event)

    def track_sound(self, pcm: bytes, now: float) -> None:
        """Take the next sound of the avatar's track, s16le mono 48 kHz."""
        if self.answers.track_sound(pcm, now):
            self._evidence()

    # ------------------------------------------------------------------ the clock

    def due(self) -> float | None:
        """Return the loop time at which :meth:`on_time` is to be called; None: not before another event."""
        heard_by = self._voice_turn.heard_by if self._voice_turn is not None else None
        times = [self.answers.due(), self.learned.side.due_s(), heard_by]
        return min((at for at in times if at is not None), default=None)

    def on_time(self, now: float) -> None:
        """Do what is due."""
        self.answers.on_time(now)
        if spoken := self.learned.side.due(now):
            self._order(SpeakOrder(spoken))
        if self._voice_turn is not None and self._voice_turn.is_late(now):
            self._judge_unheard()

    # ------------------------------------------------------------------ inside

    def _asked(self, now: float, *, in_writing: bool) -> None:
        self._cut_short(now)
        self.answers.asked(now)
        self.learned.side.asked()
        self._in_writing = in_writing
        self._voice_turn = None
        # Another turn may be answered in the same words.
        self._same, self._heard, self._worded = SameAnswer(), "", False

    def _sound_ended(self) -> None:
        """Report an answer of which nothing but sound came."""
        if not self._worded:
            self._say("")

    def _words(self, words: ChatWords, now: float) -> None:
        self._evidence()
        if self.learned.trial.path is MicrophonePath.SOCKET and self._voice_turn is not None:
            self.learned.understands = True
        self.answers.words(now)
        if words.by_user:
            self._heard = words.text
        elif words.text.strip() and not self._same.repeated(now, words.text):
            self._say(words.text)

    def _say(self, text: str) -> None:
        self._worded = True
        heard, self._heard = self._heard, ""
        self._tell(Answered(text, heard))

    def _status(self, event: StatusNow, now: float) -> None:
        self.status = event.word
        self.answers.status(now, event.status)
        if event.status is AvatarStatus.SPEAKING:
            self._evidence()

    def _error(self, error: ErrorSaid, now: float) -> None:
        words = error.name
        reaction = reaction_to(error.code, error.message)
        match reaction:
            case Reaction.EXPIRED:
                raise SessionVanished(f"the service says that the session is over ({words})")
            case Reaction.AUTH:
                raise AuthError(f"the service refuses us ({words}); check service.api_key")
            case Reaction.SLOW_DOWN:
                log.info("the service complains of too many messages (%s)", words)
                self._slow_down(now)
            case Reaction.BUSY:
                self._tell(StreamBroke(Refusal.BUSY, f"the service is busy ({words})"))
            case Reaction.SOUND_UNUSABLE:
                self._sound_unusable(words)
            case Reaction.IGNORE:
                log.debug("the service complains: %s", words)
                self._listen_again(now)
            case Reaction.TURN_FAILED:
                if "speaking" not in error.message.casefold() or not self._listen_again(now):
                    self._tell(TurnFailed(f"the service failed ({words})"))
            case _:
                assert_never(reaction)

    def _listen_again(self, now: float) -> bool:
        """Order again to listen if the error may be about the first such order; return True if so."""
        since = self._listening_since
        if since is None or self._listened_again or now - since > _SOON_S:
            return False
        self._listened_again = True
        self._order(SocketOrder.LISTEN_AGAIN)
        return True

    def _sound_unusable(self, words: str) -> None:
        self._unusable += 1
        if self._unusable == _MOST_UNUSABLE:
            self.learned.upload = "wav" if self.learned.upload == "pcm" else "pcm"
            log.warning("the service cannot use our sound; trying avatar.upload: %s", self.learned.upload)
        self._tell(TurnFailed(f"the service could not use the sound ({words})"))

    def _unknown(self, event: UnknownEvent) -> None:
        if event.malformed and event.look not in self._reported and len(self._reported) < _MOST_REPORTED:
            self._reported.add(event.look)
            log.warning("the service sent something that is no message: %s; it is ignored", event.look)
        else:
            log.debug("ignored a message of the service: %s", event.look)

    def _evidence(self) -> None:
        """Note that the service reacts: it has heard the voice turn that is with it, or speaks by itself."""
        if self._in_writing:
            self.learned.side.evidence()
        turn, deaf = self._voice_turn, self.learned.trial.deaf
        if turn is None or (turn.judged and not deaf):
            return
        turn.judged = True
        self._unusable = 0
        self.learned.trial.turn_over(turn.speech_s, heard=True)
        if deaf:
            self._tell(ServiceHearing(deaf=False))

    def _judge_unheard(self) -> None:
        """Count a voice turn as not heard when nothing came of it."""
        turn = self._voice_turn
        if turn is not None and not turn.judged:
            turn.judged = True
            self._changed(self.learned.trial.turn_over(turn.speech_s, heard=False))

    def _cut_short(self, now: float) -> None:
        """Judge a voice turn for which no more evidence can come; one that was all too short says nothing."""
        if self._voice_turn is not None and self._voice_turn.had_time(now):
            self._judge_unheard()

    def _parroted(self, now: float) -> None:
        """React to an avatar that repeats the user."""
        self.interrupted(now)
        self._order(SocketOrder.INTERRUPT)
        self._changed(self.learned.trial.leave("the avatar repeats what it hears by socket"))
        self._tell(TurnFailed("the avatar repeated the user's own voice"))

    def _changed(self, change: PathChange | None) -> None:
        if change is None:
            return
        if change.taken is not None:
            log.warning("%s; trying %s", change.reason, change.taken.value)
            return
        remedy = "set avatar.microphone, or name a recogniser in section speech_to_text"
        log.log(
            logging.DEBUG if change.known else logging.WARNING,
            "%s, and no other way is left; %s",
            change.reason,
            remedy,
        )
        self._tell(ServiceHearing(deaf=True, reason=f"{change.reason}; {remedy}"))
