"""Sessions that a service lists: only a list that is whole proves that one of them is not open. Pure.

A page of a longer list has many forms, and so have ids that are shown in part: so a whole list is one of the
documented form (API reference, GET /v1/streaming.sessions), and ids are compared by their form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ravatard.cloud.avatar.sessions.named_ids import stopped_as
from ravatard.cloud.avatar.sessions.stop_verdict import GOOD_CODES
from ravatard.cloud.fields import Fields
from ravatard.cloud.foreign_json import decoded
from ravatard.secret import Secret

#: Fields of the reply, and of the envelope that similar services put around it.
_DOCUMENTED = frozenset({"sessions", "total"})
_ENVELOPE = frozenset({"code", "data", "message", "msg", "success", "status"})
_LETTER_OR_DIGIT = re.compile(r"[0-9A-Za-z]")
#: In so many places at least a masked id differs from the whole one, by one and the same character.
_SHORTEST_MASK = 4


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
