"""Sessions that a service lists: only a list that is whole proves that one of them is not open. Pure.

A page of a longer list has many forms, and so have ids that are shown in part: so a whole list is one of the
documented form (API reference, GET /v1/streaming.sessions), and ids are compared by their form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, unique
from typing import Any

from ravatard.cloud.avatar.sessions.named_ids import MOST_IDS, ids_in, stopped_as
from ravatard.cloud.avatar.sessions.stop_verdict import GOOD_CODES
from ravatard.cloud.fields import Fields
from ravatard.cloud.foreign_json import decoded, text_of
from ravatard.secret import Secret

#: Fields of the reply, and of the envelope that similar services put around it.
_DOCUMENTED = frozenset({"sessions", "total"})
_ENVELOPE = frozenset({"code", "data", "message", "msg", "success", "status"})
_LETTER_OR_DIGIT = re.compile(r"[0-9A-Za-z]")
#: In so many places at least a masked id differs from the whole one, by one and the same character.
_SHORTEST_MASK = 4


@unique
class ListVerdict(Enum):
    """Word of a service's list about one session."""

    UNTOLD = "untold"
    """There is no list, or it may name the session."""
    UNLISTED = "unlisted"
    """The list is whole, and the session is not in it."""
    IN_DOUBT = "in doubt"
    """The list is of another form than documented, and nothing in it may be the session."""


@dataclass(frozen=True, slots=True)
class ListedIds:
    """Ids in a whole list.

    Attributes:
        ids: the ids, exactly as they came.
    """

    ids: tuple[str, ...]

    def excludes(self, session_id: Secret) -> bool:
        """Return True if none of them can be ``session_id``, in whatever way it is written."""
        return not any(may_be_same(one, session_id.reveal()) for one in self.ids)


def whole_list(body: bytes) -> ListedIds | None:
    """Return the ids in a good reply to ``streaming.sessions``; None unless it is known to be whole.

    It is whole when it has the documented fields and no other, each entry has an id of its own, and ``total``
    is their number. Never raises.
    """
    reply = _documented(decoded(body))
    if reply is None:
        return None
    entries, total = reply.get("sessions"), reply.get("total")
    if not isinstance(entries, list) or isinstance(total, bool) or total != len(entries):
        return None
    ids = [Fields(one).identifier("session_id") if isinstance(one, dict) else "" for one in entries]
    if not all(ids) or len(set(ids)) != len(ids):
        return None
    return ListedIds(tuple(ids))


def listing_of(body: bytes, session_id: Secret) -> ListVerdict:
    """Return what a good reply to ``streaming.sessions`` says about a session. Never raises."""
    if (whole := whole_list(body)) is not None:
        return ListVerdict.UNLISTED if whole.excludes(session_id) else ListVerdict.UNTOLD
    named, ours = ids_in(body), session_id.reveal()
    # Where ids are left out, one of them may be ours.
    is_cut = len(named) >= MOST_IDS or stopped_as(ours)[-1].casefold() in text_of(body).casefold()
    if not _holds_list(decoded(body)) or is_cut or may_be_one_of(ours, named):
        return ListVerdict.UNTOLD
    return ListVerdict.IN_DOUBT


def may_be_same(listed: str, session_id: str) -> bool:
    """Return True unless a listed id is clearly another: as long, of the same form, and not masked itself."""
    one, other = stopped_as(listed)[-1], stopped_as(session_id)[-1]
    if _form(one) != _form(other) or one.casefold() == other.casefold():
        return True
    differing = [a for a, b in zip(one, other, strict=True) if a != b]
    return len(differing) >= _SHORTEST_MASK and len(set(differing)) == 1


def may_be_one_of(listed: str, known: Sequence[str]) -> bool:
    """Return True unless a listed id is clearly none of ``known``."""
    return any(may_be_same(listed, one) for one in known)


def _holds_list(reply: object) -> bool:
    """Return True for a list, and for an object with one in it or in its envelope."""
    if isinstance(reply, dict):
        inner = [value for one in reply.values() if isinstance(one, dict) for value in one.values()]
        return any(isinstance(value, list) for value in (*reply.values(), *inner))
    return isinstance(reply, list)


def _form(session_id: str) -> str:
    """Return an id with each letter and digit replaced: its length and its punctuation are left."""
    return _LETTER_OR_DIGIT.sub("a", session_id)


def _documented(reply: object) -> dict[str, Any] | None:
    """Return the object with the documented fields alone, without its envelope; None when there is none."""
    if isinstance(reply, dict) and isinstance(reply.get("data"), dict) and "sessions" not in reply:
        fields = Fields(reply)
        if _filled(reply) - _ENVELOPE or ("code" in fields and fields.number("code") not in GOOD_CODES):
            return None
        reply = reply["data"]
    return reply if isinstance(reply, dict) and not _filled(reply) - _DOCUMENTED else None


def _filled(reply: dict[str, Any]) -> set[str]:
    """Return the names of fields that say something."""
    return {name for name, value in reply.items() if value not in (None, False, "", [], {})}
