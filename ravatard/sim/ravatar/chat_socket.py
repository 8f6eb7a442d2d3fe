"""One open socket of the simulated cloud: what comes is checked, heard, and answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from ravatard.errors import InternalError
from ravatard.sim.exchange import CLOSE_TOO_BIG, MESSAGE_LIMIT_BYTES, Close
from ravatard.sim.ravatar import utterance
from ravatard.sim.ravatar.messages import (
    ClientMessage,
    MessageRefused,
    check,
    fields_of,
    shown,
    without_sound,
)
from ravatard.sim.ravatar.planned_replies import Planned, PlannedReplies
from ravatard.sim.ravatar.record import MessageRecord, SessionRecord, TurnRecord
from ravatard.sim.ravatar.shared_state import SharedState
from ravatard.sim.ravatar.spoken_answers import AnswerSound
from ravatard.sim.ravatar.utterance import Understood

#: PROTOCOL.md, "Stream errors come as text".
SESSION_EXPIRED = "Session expired"
#: ClientMessage to a recording in which nobody speaks, and to that alone.
NOTHING_HEARD = "I did not hear anything. Please say that again."


class ChatSocket:
    """One open socket (a :class:`ravatard.sim.exchange.ServiceSocket`).

    Attributes:
        user_id: whom its token was made for.
    """

    def __init__(
        self,
        shared: SharedState,
        user_id: str,
        number: int,
        origin: str,
        wake: Callable[[], None],
        gone: Callable[[ChatSocket], None],
    ) -> None:
        self.user_id = user_id
        self._gone = gone
        self._shared = shared
        self._record = shared.record
        self._number = number
        # Where this client reaches us: what it is given to fetch must be there.
        self._origin = origin
        self._outbox = PlannedReplies(wake)

    # ------------------------------------------------------------------ from the front

    def received(self, message: str | bytes, now: float) -> None:
        """Check a message and plan what is to be said to it."""
        self._outbox.settle(now)
        kept: dict[str, object] = {"size": len(message)}
        try:
            fields = fields_of(message)
            kept = shown(fields)
            said = check(fields, self.user_id, self._shared.options)
        except MessageRefused as refused:
            self._note("in", "refused", kept, now)
            self._record.violated(now, refused.kind, refused.detail, self.user_id)
            self.say("system", f"Message refused: {refused.detail}", now)
            return
        session = None
        if said.licence is not None:
            session = self._shared.licences.held(said.licence, self.user_id)
            if session is None:
                self._refuse_licence(said, said.licence, now)
                return
        self._take(said, session, now)

    def unreadable(self, code: int, now: float) -> None:
        """Note that a message could not be read."""
        if code == CLOSE_TOO_BIG:
            detail = f"a message of more than {MESSAGE_LIMIT_BYTES} bytes"
            self._record.violated(now, "oversize", detail, self.user_id)
        else:
            self._record.violated(now, "bad_frame", f"closed with code {code}", self.user_id)

    def next_due(self) -> float | None:
        """When :meth:`due` will have something, or None."""
        return self._outbox.next_due()

    def due(self, now: float) -> list[str | Close]:
        """Everything to be sent by now, handed out once."""
        return self._outbox.take(now)

    def closed(self, now: float) -> None:
        """The socket is gone: what was due by now had been sent, the rest never will be."""
        self._outbox.settle(now)
        self._outbox.clear()
        self._record.counts["lines_closed"] += 1
        self._gone(self)

    # ------------------------------------------------------------------ from the service

    def say(self, kind: str, text: str, now: float) -> None:
        """Send a message of the service's own, such as a stream error, at once."""
        self._outbox.settle(now)
        fields: dict[str, object] = {"type": kind, "message": text, "timestamp": self._shared.iso(now)}
        self._outbox.put(self._written(kind, fields, now), now)

    def hang_up(self, code: int, reason: str, now: float) -> None:
        """Close the socket after what was said so far."""
        self._outbox.settle(now)
        self._outbox.put(Close(code, reason), now)

    def session_over(self, licence: str, now: float) -> None:
        """What was not yet answered in this session never will be."""
        self._outbox.forget(licence, now)

    # ------------------------------------------------------------------ answering

    def _refuse_licence(self, said: ClientMessage, licence: str, now: float) -> None:
        self._note("in", "refused", said.fields, now)
        gone = self._shared.licences.gone(licence, self.user_id)
        if gone is None:
            self._record.violated(
                now, "unknown_licence", "a message for a session that never was", self.user_id
            )
        elif gone.by == "client":
            self._record.violated(
                now, "ended_licence", "a message for a session that was ended", self.user_id
            )
        else:
            # The client cannot have known yet: a message that was on its way is no violation.
            self._record.refused("expired_licence")
        self.say("system", SESSION_EXPIRED, now)

    def _take(self, said: ClientMessage, session: SessionRecord | None, now: float) -> None:
        match said.content:
            case bytes() if session is not None:
                self._note("in", "pcm", said.fields, now)
                spoken_turns = self._shared.spoken_turns_of(session)
                begun = len(session.turns)
                ended = spoken_turns.feed(said.content, now)
                if len(session.turns) > begun:
                    self._shared.voice.interrupt(session.licence)
                for turn in ended:
                    spoken_turns.waiting = self._plan(said, partial(self._write_to_turn, said, turn), now)
                return
            case str(words):
                self._note("in", "text", said.fields, now)
                understood = utterance.text(words)
            case bytes():
                raise InternalError("a PCM message without a session came through the check of its fields")
            case sent:
                understood = utterance.recording(sent, self._shared.turn_detector)
                self._note("in", "blob", said.fields | {"file_base64_data": f"({understood.noted})"}, now)
        if said.licence is not None:
            self._shared.voice.interrupt(said.licence)
        self._remember(said, "outgoing", understood.request, now)
        self._plan(said, partial(self._write, said, understood), now)

    def _plan(self, said: ClientMessage, write: Callable[[float], str], now: float) -> Planned | None:
        options = self._shared.options
        if not options.answers:
            return None
        planned = Planned(now + options.think_s, write, said.licence)
        self._outbox.plan(planned)
        return planned

    def _write_to_turn(self, said: ClientMessage, turn: TurnRecord, now: float) -> str:
        turn.answered_at = now
        understood = utterance.speech(turn.speech_s)
        self._remember(said, "outgoing", understood.request, now)
        return self._write(said, understood, now)

    def _write(self, said: ClientMessage, understood: Understood, now: float) -> str:
        answer = self._answer_to(understood)
        if said.licence is None:
            sound = self._shared.spoken.sound_of(answer, self._origin)
        else:
            # In live mode the voice is in the stream (PROTOCOL.md, "The avatar's voice in live mode").
            sound = AnswerSound()
            self._shared.voice.speak(said.licence, answer)
        kept = self._remember(
            said,
            "incoming",
            understood.request,
            now,
            answer=answer,
            avatar_name=said.avatar.name,
            **sound.kept,
        )
        # On the socket ``date`` is in seconds, in the history in milliseconds (PROTOCOL.md, section 1).
        fields = {"type": "incoming", **kept, **sound.sent, "date": int(self._shared.wall_s(now))}
        return self._written("incoming", fields, now)

    def _answer_to(self, understood: Understood) -> str:
        answers = self._shared.options.answers
        number = self._record.counts["answers"]
        self._record.counts["answers"] += 1
        if understood.silent:
            return NOTHING_HEARD
        return answers[number % len(answers)].replace("{heard}", understood.heard)

    def _remember(
        self, said: ClientMessage, direction: str, request: str, now: float, **more: object
    ) -> dict[str, object]:
        self._record.counts["history"] += 1
        message: dict[str, object] = {
            "_id": f"message-{self._record.counts['history']}",
            "direction": direction,
            "user_id": self.user_id,
            "request": request,
            "avatar_id": said.avatar.avatar_id,
            "date": int(self._shared.wall_s(now) * 1000),
            "chat_type": said.fields["chat_type"],
            "language_code": said.language,
            **more,
        }
        self._shared.history.add(self.user_id, message)
        return message

    def _written(self, kind: str, fields: dict[str, object], now: float) -> str:
        self._note("out", kind, without_sound(fields), now)
        return msgspec.json.encode(fields).decode()

    def _note(self, direction: str, kind: str, fields: dict[str, object], now: float) -> None:
        self._record.message(MessageRecord(now, direction, self.user_id, self._number, kind, fields))
