"""Chat socket of the simulated cloud: checks, processes and answers the client's messages."""

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
#: Answer to a recording without speech.
NOTHING_HEARD = "I did not hear anything. Please say that again."


class ChatSocket:
    """One open socket (a :class:`ravatard.sim.exchange.ServiceSocket`).

    Attributes:
        user_id: user of its token.
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
        # Origin by which this client reaches us: files for it must be there.
        self._origin = origin
        self._replies = PlannedReplies(wake)

    # ------------------------------------------------------------------ from the front

    def received(self, message: str | bytes, now: float) -> None:
        """Check a message and plan its answer."""
        self._replies.settle(now)
        kept: dict[str, object] = {"size": len(message)}
        try:
            fields = fields_of(message)
            kept = shown(fields)
            checked = check(fields, self.user_id, self._shared.options)
        except MessageRefused as refused:
            self._note("in", "refused", kept, now)
            self._record.violated(now, refused.kind, refused.detail, self.user_id)
            self.say("system", f"Message refused: {refused.detail}", now)
            return
        session = None
        if checked.licence is not None:
            session = self._shared.licences.held(checked.licence, self.user_id)
            if session is None:
                self._refuse_licence(checked, checked.licence, now)
                return
        self._take(checked, session, now)

    def unreadable(self, code: int, now: float) -> None:
        """Note that a message could not be read."""
        if code == CLOSE_TOO_BIG:
            detail = f"a message of more than {MESSAGE_LIMIT_BYTES} bytes"
            self._record.violated(now, "oversize", detail, self.user_id)
        else:
            self._record.violated(now, "bad_frame", f"closed with code {code}", self.user_id)

    def next_due(self) -> float | None:
        """Return when :meth:`due` will have items, or None."""
        return self._replies.next_due()

    def due(self, now: float) -> list[str | Close]:
        """Return all items to be sent by ``now``, each once."""
        return self._replies.take(now)

    def closed(self, now: float) -> None:
        """Note the end of the socket: items due by ``now`` count as sent, the rest are dropped."""
        self._replies.settle(now)
        self._replies.clear()
        self._record.counts["lines_closed"] += 1
        self._gone(self)

    # ------------------------------------------------------------------ from the service

    def say(self, kind: str, text: str, now: float) -> None:
        """Send a message of the service itself, such as a stream error, at once."""
        self._replies.settle(now)
        fields: dict[str, object] = {"type": kind, "message": text, "timestamp": self._shared.iso(now)}
        self._replies.put(self._written(kind, fields, now), now)

    def hang_up(self, code: int, reason: str, now: float) -> None:
        """Close the socket after the messages sent so far."""
        self._replies.settle(now)
        self._replies.put(Close(code, reason), now)

    def session_over(self, licence: str, now: float) -> None:
        """Drop the answers planned for a session that is over."""
        self._replies.forget(licence, now)

    # ------------------------------------------------------------------ answering

    def _refuse_licence(self, message: ClientMessage, licence: str, now: float) -> None:
        self._note("in", "refused", message.fields, now)
        ended = self._shared.licences.ended(licence, self.user_id)
        if ended is None:
            self._record.violated(
                now, "unknown_licence", "a message for a session that never was", self.user_id
            )
        elif ended.by == "client":
            self._record.violated(
                now, "ended_licence", "a message for a session that was ended", self.user_id
            )
        else:
            # The client cannot have known yet: a message already on its way is no violation.
            self._record.refused("expired_licence")
        self.say("system", SESSION_EXPIRED, now)

    def _take(self, message: ClientMessage, session: SessionRecord | None, now: float) -> None:
        match message.content:
            case bytes() if session is not None:
                self._note("in", "pcm", message.fields, now)
                spoken_turns = self._shared.spoken_turns_of(session)
                begun = len(session.turns)
                ended = spoken_turns.feed(message.content, now)
                if len(session.turns) > begun:
                    self._shared.voice.interrupt(session.licence)
                for turn in ended:
                    spoken_turns.planned_answer = self._plan(
                        message, partial(self._write_to_turn, message, turn), now
                    )
                return
            case str(words):
                self._note("in", "text", message.fields, now)
                understood = utterance.text(words)
            case bytes():
                raise InternalError("a PCM message without a session passed the check of its fields")
            case sent:
                understood = utterance.recording(sent, self._shared.turn_detector)
                self._note("in", "blob", message.fields | {"file_base64_data": f"({understood.noted})"}, now)
        if message.licence is not None:
            self._shared.voice.interrupt(message.licence)
        self._remember(message, "outgoing", understood.request, now)
        self._plan(message, partial(self._write, message, understood), now)

    def _plan(self, message: ClientMessage, write: Callable[[float], str], now: float) -> Planned | None:
        options = self._shared.options
        if not options.answers:
            return None
        planned = Planned(now + options.think_s, write, message.licence)
        self._replies.plan(planned)
        return planned

    def _write_to_turn(self, message: ClientMessage, turn: TurnRecord, now: float) -> str:
        turn.answered_at = now
        understood = utterance.speech(turn.speech_s)
        self._remember(message, "outgoing", understood.request, now)
        return self._write(message, understood, now)

    def _write(self, message: ClientMessage, understood: Understood, now: float) -> str:
        answer = self._answer_to(understood)
        if message.licence is None:
            sound = self._shared.spoken.sound_of(answer, self._origin)
        else:
            # In live mode the voice is in the stream (PROTOCOL.md, "The avatar's voice in live mode").
            sound = AnswerSound()
            self._shared.voice.speak(message.licence, answer)
        kept = self._remember(
            message,
            "incoming",
            understood.request,
            now,
            answer=answer,
            avatar_name=message.avatar.name,
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
        self, message: ClientMessage, direction: str, request: str, now: float, **more: object
    ) -> dict[str, object]:
        self._record.counts["history"] += 1
        entry: dict[str, object] = {
            "_id": f"message-{self._record.counts['history']}",
            "direction": direction,
            "user_id": self.user_id,
            "request": request,
            "avatar_id": message.avatar.avatar_id,
            "date": int(self._shared.wall_s(now) * 1000),
            "chat_type": message.fields["chat_type"],
            "language_code": message.language,
            **more,
        }
        self._shared.history.add(self.user_id, entry)
        return entry

    def _written(self, kind: str, fields: dict[str, object], now: float) -> str:
        self._note("out", kind, without_sound(fields), now)
        return msgspec.json.encode(fields).decode()

    def _note(self, direction: str, kind: str, fields: dict[str, object], now: float) -> None:
        self._record.message(MessageRecord(now, direction, self.user_id, self._number, kind, fields))
