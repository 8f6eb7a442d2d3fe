"""Pool of licences: the open live sessions, and the ended ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ravatard.sim.ravatar.record import Record, SessionRecord

#: Ended licences remembered, to distinguish ending one twice from ending one that never existed.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class EndedLicence:
    """An ended licence: its user, and "client" or "service" that ended it."""

    user_id: str
    by: str


class Licences:
    """Limited pool of licences; each session holds one until it is ended.

    Attributes:
        total: size of the pool; lowering it ends no session.
    """

    def __init__(self, total: int, label: Callable[[str], str], record: Record) -> None:
        self.total = total
        self._label = label
        self._record = record
        self._open: dict[str, SessionRecord] = {}
        self._ended: dict[str, EndedLicence] = {}
        self._started = 0

    def start(self, user_id: str, avatar_id: str, now: float) -> SessionRecord | None:
        """Start a session; return None when all licences are taken."""
        if len(self._open) >= self.total:
            return None
        self._started += 1
        # Derived from the service's key, so that no licence is valid across a restart.
        licence = f"license-{self._started}-{self._label(f'license {self._started}')}"
        session = self._record.session_started(licence, user_id, avatar_id, now)
        self._open[licence] = session
        return session

    def held(self, licence: str, user_id: str) -> SessionRecord | None:
        """Return the open session of this licence, if it is this user's."""
        session = self._open.get(licence)
        return session if session is not None and session.user_id == user_id else None

    def numbered(self, number: int, user_id: str) -> SessionRecord | None:
        """Return the open session of this number, if it is this user's."""
        return next(
            (one for one in self._open.values() if (one.number, one.user_id) == (number, user_id)), None
        )

    def end(self, licence: str, by: str, reason: str, now: float) -> SessionRecord | None:
        """End a session and free its licence; return None when it is not open."""
        session = self._open.pop(licence, None)
        if session is None:
            return None
        self._record.session_ended(session, by, reason, now)
        self._ended[licence] = EndedLicence(session.user_id, by)
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]
        return session

    def ended(self, licence: str, user_id: str) -> EndedLicence | None:
        """Return the ended licence, if this user held it, else None."""
        ended = self._ended.get(licence)
        return ended if ended is not None and ended.user_id == user_id else None
