"""The pool of live sessions: who holds which licence, and what became of those that are gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ravatard.sim.ravatar.record import Record, SessionRecord

#: Ended licences remembered, so that ending one twice can be told from ending one that never was.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class EndedLicence:
    """A licence that was ended: by whom, and whose it was."""

    user_id: str
    by: str


class Licences:
    """So many licences and no more; each session takes one until it is ended.

    Attributes:
        total: how many there are; lowering it ends nobody's session.
    """

    def __init__(self, total: int, label: Callable[[str], str], record: Record) -> None:
        self.total = total
        self._label = label
        self._record = record
        self._open: dict[str, SessionRecord] = {}
        self._gone: dict[str, EndedLicence] = {}
        self._started = 0

    def start(self, user_id: str, avatar_id: str, now: float) -> SessionRecord | None:
        """Take a licence; None when all are taken."""
        if len(self._open) >= self.total:
            return None
        self._started += 1
        # Made from the service's key, so that a licence of before a restart is never one of after it.
        licence = f"license-{self._started}-{self._label(f'license {self._started}')}"
        session = self._record.session_started(licence, user_id, avatar_id, now)
        self._open[licence] = session
        return session

    def held(self, licence: str, user_id: str) -> SessionRecord | None:
        """The open session of this licence, if it is this user's."""
        session = self._open.get(licence)
        return session if session is not None and session.user_id == user_id else None

    def numbered(self, number: int, user_id: str) -> SessionRecord | None:
        """The open session of this number, if it is this user's."""
        return next(
            (one for one in self._open.values() if (one.number, one.user_id) == (number, user_id)), None
        )

    def end(self, licence: str, by: str, reason: str, now: float) -> SessionRecord | None:
        """Give a licence back; None when it is not open."""
        session = self._open.pop(licence, None)
        if session is None:
            return None
        self._record.session_ended(session, by, reason, now)
        self._gone[licence] = EndedLicence(session.user_id, by)
        if len(self._gone) > _REMEMBERED:
            del self._gone[next(iter(self._gone))]
        return session

    def gone(self, licence: str, user_id: str) -> EndedLicence | None:
        """What became of a licence that this user held once; None when he never did."""
        gone = self._gone.get(licence)
        return gone if gone is not None and gone.user_id == user_id else None
