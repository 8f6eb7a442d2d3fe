"""Facts that the service tells of sessions, as programs get them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ravatard.cloud.avatar.replies import IceServerEntry

#: First group of a UUID, RFC 9562, 4.
_SHOWN_CHARACTERS = 8


@dataclass(frozen=True, slots=True, repr=False)
class SessionInfo:
    """Session that is open at the service; it may be another client's.

    Attributes:
        session_id: id; it gives access to the session, so that only its beginning is shown.
        status: the service's word; "" when missing.
        created_at: the service's words; "" when missing.
        duration: age in seconds; None when missing.
    """

    session_id: str
    status: str = ""
    created_at: str = ""
    duration: float | None = None

    @property
    def id(self) -> str:
        """The session's id, as :class:`AvatarSession` calls it."""
        return self.session_id

    def __repr__(self) -> str:
        # Enough to tell sessions apart, and of a short id no more than half.
        begins = self.session_id[: min(_SHOWN_CHARACTERS, len(self.session_id) // 2)]
        told = f"status={self.status!r}, created_at={self.created_at!r}, duration={self.duration}"
        return f"SessionInfo(session_id='{begins}...', {told})"


@dataclass(frozen=True, slots=True)
class SpeakTask:
    """Text that the avatar is to speak.

    Attributes:
        task_id: id; "" when missing.
        status: the service's word, such as "processing".
        duration_estimate: estimated seconds of speech; None when missing.
    """

    task_id: str
    status: str
    duration_estimate: float | None


def ice_server(one: IceServerEntry) -> dict[str, Any]:
    """Return a STUN or TURN server as WebRTC libraries take it."""
    made: dict[str, Any] = {"urls": list(one.urls)}
    if one.username is not None:
        made["username"] = one.username
    if one.credential is not None:
        made["credential"] = one.credential.reveal()
    return made
