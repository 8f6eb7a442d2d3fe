"""Open sessions of the simulated AvaTar API: ids, places, life times. No clock."""

from __future__ import annotations

import hashlib
import hmac
import uuid

from ravatard.sim.avatar.record import AvatarSessionRecord
from ravatard.sim.avatar.replies import CallRefused
from ravatard.sim.avatar.session import AvatarSharedState, SimAvatarSession

_HUGE_ID = 1_000_000
#: Retry-After of a service without a free place.
_BUSY_S = 5.0


class AvatarSessions:
    """Sessions.

    Attributes:
        open: open sessions by id, oldest first.
    """

    def __init__(self, shared: AvatarSharedState, key: bytes) -> None:
        """``key`` makes ids and tokens."""
        self.open: dict[str, SimAvatarSession] = {}
        self._shared = shared
        self._key = key

    def create(self, fields: dict[str, object], now: float) -> SimAvatarSession:
        """Open a session.

        Raises:
            CallRefused: there is no place.
        """
        if len(self.open) >= self._shared.options.lease.capacity:
            raise CallRefused(503, "SERVICE_UNAVAILABLE", "All avatars are busy", wait_s=_BUSY_S)
        number = len(self._shared.record.sessions) + 1
        record = AvatarSessionRecord(number, self._id(number), self._secret(f"token {number}"), now, fields)
        self._shared.record.sessions.append(record)
        session = SimAvatarSession(self._shared, record, now)
        self.open[record.session_id] = session
        return session

    def end(self, session: SimAvatarSession, how: str, now: float, tell: str = "Session expired") -> None:
        """End a session; ``how`` is "client" or "service", ``tell`` is the message of its error event."""
        del self.open[session.record.session_id]
        session.record.stopped_at = now
        session.record.how = how
        session.end(now, tell)

    def tick(self, now: float) -> None:
        """Let time pass in every session."""
        for session in list(self.open.values()):
            session.tick(now)
            end = self._expires_at(session)
            if end is not None and end <= now:
                self.end(session, "service", end)

    def next_due(self) -> float | None:
        """Return when :meth:`tick` is needed next, events of sessions with a socket left out, or None."""
        times = [self._expires_at(one) for one in self.open.values()]
        times += [one.next_due() for one in self.open.values() if one.socket is None]
        return min((at for at in times if at is not None), default=None)

    def _expires_at(self, session: SimAvatarSession) -> float | None:
        lifetime_s = self._shared.options.lease.lifetime_s
        return session.record.created_at + lifetime_s if lifetime_s else None

    def _secret(self, label: str) -> str:
        return hmac.new(self._key, label.encode(), hashlib.sha256).hexdigest()

    def _id(self, number: int) -> str:
        plain = str(uuid.UUID(self._secret(f"session {number}")[:32]))
        match self._shared.options.lease.ids:
            case "plain":
                return plain
            case "slash":
                return f"rooms/{number}/a b?{plain}#%2F"
            case "huge":
                return plain.ljust(_HUGE_ID, "0")
