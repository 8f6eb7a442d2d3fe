"""Proof that a session has ended: only what the API reference shows for it. Pure.

A service has many words for a stop that it has not carried out, and no list of them is complete. So the
words of success are listed. Any other answer leaves the session on the ledger until the list of sessions, or
a later stop, tells more (:mod:`ravatard.cloud.avatar.sessions.session_list`).
"""

from __future__ import annotations

import re
from enum import Enum, unique
from typing import Any

from ravatard.cloud.avatar.sessions.named_ids import stopped_as
from ravatard.cloud.fields import Fields
from ravatard.cloud.foreign_json import decoded
from ravatard.secret import Secret

#: ``status`` of a session that was stopped (API reference, POST /v1/streaming.stop).
_STOPPED = "stopped"
_GOOD_STATUS = 200
#: ``code`` of the envelopes of similar services: HeyGen has 100, others 0, 1000, or the status of HTTP.
GOOD_CODES = frozenset({0.0, 100.0, 200.0, 1000.0})
#: Parts of the names of fields that tell of trouble. The same answer does not say that all went well.
_TROUBLE = re.compile(r"err|exception|fail|fault|refus|reject|traceback", re.IGNORECASE)
#: Fields that are no lie when they are true, and when they are false.
_DONE = frozenset({"success", "ok", "stopped", "ended", "closed", "done", "terminated", "result", "accepted"})
_STILL_OPEN = frozenset({"active", "alive", "open", "running", "pending", "queued", "live", "locked", "busy"})
#: Words of a message that tell of a stop that was not carried out.
_NOT_DONE = re.compile(
    r"\b(?:not|can'?t|cannot|\w+n't|unable|fail\w*|error\w*|still|later|retry\w*|lock\w*)\b"
)
_WELL = frozenset({_STOPPED, "success", "true", "ok", "yes", "1", "done", ""})
_NEUTRAL = frozenset({"", "null", "none", "false", "0", "no", "ok"})

#: Statuses of an answer that tells of a session; 401 and 403 tell of a login, and 5xx of the server.
_MISSING = frozenset({404, 410})
_TELLS_OF_SESSION = frozenset({200, 400, 404, 409, 410, 422})
_OVER = r"(?:not_found|unknown|gone|expired|closed|ended|stopped|terminated|deleted|does_not_exist)"
#: ``SESSION_NOT_FOUND`` (API reference, "Error Responses"), and its like as a whole word: a session's store,
#: token or login may be missing or expired while the session is open.
_GONE_CODE = re.compile(
    r"(?:(?:err|error|e)_)?(?:(?:streaming|avatar)_)?"
    rf"(?:session_(?:already_)?{_OVER}|(?:unknown|no_such)_session)"
)
_NOUN = r"(?:streaming |avatar |active )*session(?: id)?"
#: "The specified session does not exist" (API reference, "Error Responses"), and its like as a whole.
_GONE_WORDS = re.compile(
    rf"(?:(?:the |a )?(?:specified |given |requested )?{_NOUN}(?: ID)?"
    r"(?: (?:was|is|could))? ?(?:(?:does )?not (?:be )?(?:found|exist|known)|(?:has |was |is )?(?:already )?"
    r"(?:ended|expired|closed|stopped|terminated|gone|unknown))"
    rf"|(?:there is )?(?:no such|unknown|no) {_NOUN}(?: ID)?(?: found| exists)?)[.!]?"
)
_BETWEEN = re.compile(r"[\s:\"'`()\[\]]+")


@unique
class StopVerdict(Enum):
    """Meaning of the answer to ``streaming.stop``."""

    ENDED = "ended"
    """The service has ended the session."""
    GONE = "gone"
    """The service does not know the session, by this id."""
    OPEN = "open"
    """The session may still be open: stop it again, or look for it in the list."""


def stop_verdict(status: int, body: bytes, session_id: Secret) -> StopVerdict:
    """Return the meaning of an answer to the stop of ``session_id``; never raises."""
    reply = decoded(body)
    if not isinstance(reply, dict):
        return StopVerdict.OPEN
    ours = stopped_as(session_id.reveal())
    if status in _TELLS_OF_SESSION and _is_gone(status, Fields(reply), ours):
        return StopVerdict.GONE
    if status == _GOOD_STATUS and _is_stopped(reply, ours):
        return StopVerdict.ENDED
    return StopVerdict.OPEN


def _is_gone(status: int, reply: Fields, ours: list[str]) -> bool:
    """Return True if an answer is an error that says that the service has no such session."""
    error = reply.inner("error") or reply.inner("detail") or reply
    details = error.mapping("details")
    named = Fields(details).identifier("session_id") or error.identifier("session_id")
    if named and named not in ours:
        return False
    code = error.identifier("code").strip().casefold().replace("-", "_").replace(" ", "_")
    if _GONE_CODE.fullmatch(code):
        return True
    if status not in _MISSING or (code and not code.replace(".", "").isdigit() and code != "not_found"):
        return False
    texts = {error.text("message", "msg"), reply.text("error"), reply.text("detail"), reply.text("message")}
    told = [_sentence(text, ours) for text in texts if text and text.casefold() != "not found"]
    return bool(told) and all(_GONE_WORDS.fullmatch(one) for one in told)


def _sentence(text: str, ours: list[str]) -> str:
    """Return a text in lower case, with ``ID`` in the place of the session's, and single blanks."""
    for one in ours:
        # A very short id is in any text.
        text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", "\0", text)
    return _BETWEEN.sub(" ", text.casefold()).strip().replace("\0", "ID")


def _is_stopped(reply: dict[str, Any], ours: list[str]) -> bool:
    """Return True if an answer has the documented word, bare or in an envelope, and nothing against it."""
    inner = next((reply[name] for name in ("data", "result") if isinstance(reply.get(name), dict)), None)
    if Fields(reply if inner is None else inner).text("status").strip().casefold() != _STOPPED:
        return False
    fields = [*reply.items(), *({} if inner is None else inner).items()]
    return not any(_speaks_against(name, value, ours) for name, value in fields)


def _speaks_against(name: str, value: object, ours: list[str]) -> bool:
    """Return True for a field with which a session is not believed to be stopped."""
    bare = name.strip().casefold()
    fields = Fields({bare: value})
    word = str(value).strip().casefold() if isinstance(value, str | int) else ""
    if bare in ("session_id", "sessionid"):
        return fields.identifier(bare) not in ("", *ours)
    if bare == "code":
        code = fields.number(bare)
        return value is not None and word not in _NEUTRAL and code not in GOOD_CODES
    if bare in ("status", "state"):
        return word not in {*_WELL, "200"}
    if bare in ("message", "msg"):
        return bool(_NOT_DONE.search(word))
    if bare in _DONE:
        return fields.truth(bare) is False or (isinstance(value, str) and word not in _WELL)
    if bare in _STILL_OPEN:
        return fields.truth(bare) is not False and value is not None
    return (
        bool(_TROUBLE.search(bare))
        and bool(value)
        and (isinstance(value, dict | list) or word not in _NEUTRAL)
    )
