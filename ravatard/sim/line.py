"""One open socket of the simulated cloud: what comes is checked, heard, and answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from ravatard.sim.container import Recording
from ravatard.sim.exchange import CLOSE_TOO_BIG, MESSAGE_LIMIT_BYTES, Close
from ravatard.sim.messages import MessageRefused, Said, check, fields_of, shown
from ravatard.sim.outbox import Outbox, Planned
from ravatard.sim.premises import Premises
from ravatard.sim.record import MessageRecord, SessionRecord, TurnRecord

#: PROTOCOL.md, "Stream errors come as text".
SESSION_EXPIRED = "Session expired"
_LONGEST_QUOTE = 80


class ChatLine:
    """One open socket (a :class:`ravatard.sim.exchange.Line`).

    Attributes:
        user_id: whom its token was made for.
    """

    def __init__(
        self,
        premises: Premises,
        user_id: str,
        number: int,
        wake: Callable[[], None],
        gone: Callable[[ChatLine], None],
    ) -> None:
        self.user_id = user_id
        self._gone = gone
        self._premises = premises
        self._record = premises.record
        self._number = number
        self._outbox = Outbox(wake)

    # ------------------------------------------------------------------ from the front

    def heard(self, message: str | bytes, now: float) -> None:
        """Check a message and plan what is to be said to it."""
        self._outbox.settle(now)
        kept: dict[str, object] = {"size": len(message)}
        try:
            fields = fields_of(message)
            kept = shown(fields)
            said = check(fields, self.user_id, self._premises.options.strict_chunks)
        except MessageRefused as refused:
            self._note("in", "refused", kept, now)
            self._record.violated(now, refused.kind, refused.detail, self.user_id)
            self.say("system", f"Message refused: {refused.detail}", now)
            return
        session = None
        if said.licence is not None:
            session = self._premises.licences.held(said.licence, self.user_id)
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
        fields: dict[str, object] = {"type": kind, "message": text, "timestamp": self._premises.iso(now)}
        self._outbox.put(self._written(kind, fields, now), now)

    def hang_up(self, code: int, reason: str, now: float) -> None:
        """Close the socket after what was said so far."""
        self._outbox.settle(now)
        self._outbox.put(Close(code, reason), now)

    def session_over(self, licence: str, now: float) -> None:
        """What was not yet answered in this session never will be."""
        self._outbox.forget(licence, now)

    # ------------------------------------------------------------------ answering

    def _refuse_licence(self, said: Said, licence: str, now: float) -> None:
        self._note("in", "refused", said.fields, now)
        gone = self._premises.licences.gone(licence, self.user_id)
        if gone is None:
            self._record.violated(
                now, "unknown_licence", "a message for a session that never was", self.user_id
            )
        elif gone.by == "client":
            self._record.violated(
                now, "ended_licence", "a message for a session that was ended", self.user_id
            )
        else:
            # The client cannot have known yet: a message that was on its way is no breach.
            self._record.refused("expired_licence")
        self.say("system", SESSION_EXPIRED, now)

    def _take(self, said: Said, session: SessionRecord | None, now: float) -> None:
        match said.content:
            case bytes() if session is not None:
                self._note("in", "pcm", said.fields, now)
                talk = self._premises.talk_of(session)
                for turn in talk.hear(said.content, now):
                    talk.waiting = self._plan(said, partial(self._write_to_turn, said, turn), now)
                return
            case Recording(kind=kind, seconds=seconds):
                self._note("in", "blob", said.fields, now)
                if seconds is None:
                    heard, request = f"your {kind} recording", f"({kind} recording)"
                else:
                    heard, request = f"you for {seconds:.1f} seconds", f"(speech, {seconds:.1f} s)"
            case text:
                self._note("in", "text", said.fields, now)
                heard, request = f'you write "{str(text)[:_LONGEST_QUOTE]}"', str(text)
        self._remember(said, "outgoing", request, now)
        self._plan(said, partial(self._write, said, heard, request), now)

    def _plan(self, said: Said, write: Callable[[float], str], now: float) -> Planned | None:
        options = self._premises.options
        if not options.answers:
            return None
        planned = Planned(now + options.think_s, write, said.licence)
        self._outbox.plan(planned)
        return planned

    def _write_to_turn(self, said: Said, turn: TurnRecord, now: float) -> str:
        turn.answered_at = now
        request = f"(speech, {turn.speech_s:.1f} s)"
        self._remember(said, "outgoing", request, now)
        return self._write(said, f"you for {turn.speech_s:.1f} seconds", request, now)

    def _write(self, said: Said, heard: str, request: str, now: float) -> str:
        answers = self._premises.options.answers
        answer = answers[self._record.counts["answers"] % len(answers)].replace("{heard}", heard)
        self._record.counts["answers"] += 1
        kept = self._remember(said, "incoming", request, now, answer=answer, avatar_name=said.avatar.name)
        # On the socket ``date`` is in seconds, in the history in milliseconds (PROTOCOL.md, section 1).
        fields = {"type": "incoming", **kept, "date": int(self._premises.wall_s(now))}
        return self._written("incoming", fields, now)

    def _remember(
        self, said: Said, direction: str, request: str, now: float, **more: str
    ) -> dict[str, object]:
        self._record.counts["history"] += 1
        message: dict[str, object] = {
            "_id": f"message-{self._record.counts['history']}",
            "direction": direction,
            "user_id": self.user_id,
            "request": request,
            "avatar_id": said.avatar.avatar_id,
            "date": int(self._premises.wall_s(now) * 1000),
            "chat_type": said.fields["chat_type"],
            "language_code": said.language,
            **more,
        }
        self._premises.history.add(self.user_id, message)
        return message

    def _written(self, kind: str, fields: dict[str, object], now: float) -> str:
        self._note("out", kind, fields, now)
        return msgspec.json.encode(fields).decode()

    def _note(self, direction: str, kind: str, fields: dict[str, object], now: float) -> None:
        self._record.message(MessageRecord(now, direction, self.user_id, self._number, kind, fields))
