"""Socket of one session of the simulated AvaTar API: checks its client's messages and sends events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from ravatard.sim.avatar.record import AvatarRecord, SocketMessageRecord
from ravatard.sim.avatar.session import SimAvatarSession
from ravatard.sim.exchange import CLOSE_TOO_BIG, Close, Outgoing, json_object
from ravatard.sim.sliding_window import SlidingWindow

#: Document, "Rate Limits": WebSocket Messages.
MESSAGES, MESSAGES_S = 100, 1.0
#: Document, "Client → Server Events".
COMMANDS = (
    "audio_buffer_append",
    "audio_buffer_commit",
    "audio_buffer_clear",
    "start_listening",
    "stop_listening",
    "interrupt",
)


class AvatarSocket:
    """Open socket (a :class:`ravatard.sim.exchange.ServiceSocket`)."""

    def __init__(
        self,
        session: SimAvatarSession,
        record: AvatarRecord,
        *,
        limited: bool,
        wake: Callable[[], None],
    ) -> None:
        self.session = session
        self._record = record
        self._wake = wake
        self._window = SlidingWindow(MESSAGES, MESSAGES_S) if limited else None
        self._out: deque[Outgoing] = deque()
        self._over = False

    # ------------------------------------------------------------------ from the front

    def received(self, message: str | bytes, now: float) -> None:
        """Check a message and carry out its command."""
        if self._over:
            return
        if self._window is not None and self._window.wait_s(now):
            self._refuse("RATE_LIMIT_EXCEEDED", "more than 100 messages a second", now)
            return
        if isinstance(message, bytes):
            self._refuse("INVALID_MESSAGE", "The message is binary, and commands are text", now)
            return
        try:
            fields = json_object(message)
        except ValueError as error:
            self._refuse("INVALID_MESSAGE", f"The message is {error}", now)
            return
        kind, data = fields.get("type"), fields.get("data")
        if kind not in COMMANDS:
            self._refuse("INVALID_MESSAGE", f"Unknown type {str(kind)[:40]!r}", now)
            return
        if strange := sorted(fields.keys() - {"type", "data"}):
            self._record.violated(now, "unknown_field", f"{kind}: {', '.join(strange)[:80]}")
        self._note("in", str(kind), fields, now)
        self.session.command(str(kind), data, now)
        self._wake()

    def unreadable(self, code: int, now: float) -> None:
        """Note that a message could not be read."""
        self._record.violated(
            now, "oversize" if code == CLOSE_TOO_BIG else "bad_frame", f"closed with {code}"
        )

    def next_due(self) -> float | None:
        """Return when :meth:`due` will have items, or None."""
        if self._out:
            return 0.0
        return None if self._over else self.session.next_due()

    def due(self, now: float) -> list[Outgoing]:
        """Return all items to be sent by ``now``, each once."""
        if not self._over:
            self.session.tick(now)
        items = list(self._out)
        self._out.clear()
        return items

    def closed(self, now: float) -> None:
        """Note the end of the socket; the session stays."""
        self._over = True
        self._out.clear()
        self.session.detach(self, now)

    # ------------------------------------------------------------------ from the session and the faults

    def put(self, event: Mapping[str, object], now: float) -> None:
        """Send an event."""
        if not self._over:
            self._note("out", str(event["type"]), event, now)
            self._out.append(msgspec.json.encode(event).decode())
            self._wake()

    def put_frame(self, text: str) -> None:
        """Send a frame event."""
        if not self._over:
            self._out.append(text)

    def over(self, code: int, reason: str, now: float) -> None:
        """Close the socket after the items so far."""
        if not self._over:
            self._over = True
            self._note("out", "close", {"code": code}, now)
            self._out.append(Close(code, reason))
            self._wake()

    def stir(self) -> None:
        """Have the front ask for :meth:`next_due` again."""
        self._wake()

    def abandon(self) -> None:
        """Send nothing any more, and ignore what comes."""
        self._over = True

    def say(self, kind: str, text: str, now: float) -> None:
        """Send a text of the service: an unrequested answer for "incoming", else an error event."""
        if kind == "incoming":
            self.session.speak(text, now, cause="unasked")
            self._wake()
        else:
            self.put({"type": "error", "code": "INTERNAL_ERROR", "message": text}, now)

    # ------------------------------------------------------------------ inside

    def _refuse(self, code: str, message: str, now: float) -> None:
        self._note("in", "refused", {"why": message}, now)
        if code == "RATE_LIMIT_EXCEEDED":
            self._record.refused(code)
        else:
            self._record.violated(now, code, message)
        self.put({"type": "error", "code": code, "message": message}, now)

    def _note(self, direction: str, kind: str, fields: Mapping[str, object], now: float) -> None:
        kept = {name: _short(value) for name, value in fields.items() if name != "type"}
        number = self.session.record.number
        self._record.messages.append(SocketMessageRecord(now, direction, number, kind, kept))


class ClosingSocket:
    """Socket that is accepted only to be closed with a code."""

    def __init__(self, code: int, reason: str) -> None:
        self._out: list[Outgoing] = [Close(code, reason)]

    def received(self, message: str | bytes, now: float) -> None:
        """Ignore a message."""

    def unreadable(self, code: int, now: float) -> None:
        """Ignore a message."""

    def next_due(self) -> float | None:
        """Return 0 until the close is taken, then None."""
        return 0.0 if self._out else None

    def due(self, now: float) -> list[Outgoing]:
        """Return the close, once."""
        del now
        items, self._out = self._out, []
        return items

    def closed(self, now: float) -> None:
        """Note the end."""

    def say(self, kind: str, text: str, now: float) -> None:
        """Say nothing."""


def _short(value: object) -> object:
    """Return sound as its length in characters, and everything else as it is."""
    if isinstance(value, Mapping):
        return {name: _short(one) for name, one in value.items()}
    return len(value) if isinstance(value, str) and len(value) > 2_000 else value
