"""Verdict on the reply to ``POST /endLiveSession``: ended, unknown to the service, or still open. Pure.

A session that is taken for ended by mistake is paid for until the service notices; one that is ended twice
costs a request. So only the service's own word for success, or for a session it does not know, counts.
"""

from __future__ import annotations

import re

from ravatard.cloud.fields import Fields, fields_of
from ravatard.cloud.foreign_json import decoded
from ravatard.cloud.ravatar.refusals import body_status, in_its_place, raise_for_status
from ravatard.errors import LinkError

#: Live Mode document: ``status: "success"``; the others say the same.
_SUCCESS = frozenset("success successful succeeded ok okay true done ended closed stopped terminated".split())
#: Words for a session that the service does not know (any more).
_GONE = re.compile(
    r"not[ _-]?(be[ _-]?)?found|no[ _-]such|does[ _]?n[o']t[ _]exist|not[ _-]exist|inactive"
    r"|unknown[ _-]?(licen|session|id)|(licen\w*|session|id)[ _-](is[ _-])?unknown"
    r"|not[ _-](an[ _-])?(open|active)|of an open session|invalid[ _-]?(licen|session)"
    r"|already[ _-](been[ _-])?(ended|closed|stopped|terminated|finished|expired)"
    r"|(licen\w*|session|stream)\b.{0,40}\bexpired|^\W*expired\W*$",
    re.IGNORECASE,
)
#: Things that may be unknown without the session being so.
_OTHERS = re.compile(
    r"project|user|avatar|token|route|path|page|endpoint|url|file|host|method|jwt", re.IGNORECASE
)
_VERDICTS = ("status", "result", "success", "ok")
#: Names in replies of web frameworks and gateways that the service's own do not have: their 404 is about the
#: address of the call, and comes while the service behind it is being started.
_FOREIGN = frozenset(
    {"detail", "title", "type", "path", "statusCode", "statusText", "code", "timestamp", "errors"}
)
_SESSION = re.compile(r"licen|session|stream", re.IGNORECASE)
#: A success without a verdict, in words.
_ENDED = re.compile(r"\b(ended|closed|stopped|terminated|finished|success\w*|ok|okay|done)\b", re.IGNORECASE)
_NOT_ENDED = re.compile(
    r"\b(not|no|never|un\w+|fail\w*|error|cannot|can't|could|busy|later)\b", re.IGNORECASE
)


def check_ended(status: int, body: bytes, retry_after_s: float | None = None, origin: str = "") -> None:
    """Return when the session is over, also when the service does not know it (any more).

    Raises:
        LinkError, DeniedError, PeerError: it may still be open.
    """
    where = "/endLiveSession"
    reply = fields_of(body)
    if reply is None:
        _check_without_words(where, status, body, retry_after_s, origin)
        return
    code = body_status(status, reply)
    if _is_gone(code, reply):
        return
    if 200 <= code < 300:
        if _says_success(reply):
            return
        raise LinkError("the service does not say that it ended the session")
    raise_for_status(where, status, retry_after_s, body, origin)


def _check_without_words(
    where: str, status: int, body: bytes, retry_after_s: float | None, origin: str
) -> None:
    # 410 has one meaning, and nothing between us and the service makes it up.
    if (200 <= status < 300 or status == 410) and not body.strip():
        return
    if 200 <= status < 300:
        word = decoded(body)
        if word is True or (isinstance(word, str) and word.strip().casefold() in _SUCCESS):
            return
        raise LinkError(in_its_place(where, status, body, origin))
    raise_for_status(where, status, retry_after_s, body, origin)


def _is_gone(code: int, reply: Fields) -> bool:
    """Return True if the service says that it does not know the session."""
    if not (200 <= code < 300 or code in (400, 404, 409, 410, 422)):
        return False
    words = " ".join(reply.text(name)[:200] for name in ("error", "message", "reason", "detail", *_VERDICTS))
    # The address of this call has the word, too.
    words = words.replace("endLiveSession", "")
    if _OTHERS.search(words):
        return False
    if code in (404, 410) and not _SESSION.search(words) and _is_foreign(reply):
        return False
    return bool(_GONE.search(words)) or (code in (404, 410) and not reply.text("message", "detail"))


def _is_foreign(reply: Fields) -> bool:
    """Return True if a reply that a thing is not found may be about the address of the call."""
    if any(name in reply for name in _FOREIGN):
        return True
    # The documents' failures have a text in ``error``.
    return not reply.text("error") if "error" in reply else "message" in reply


def _says_success(reply: Fields) -> bool:
    """Return True if each verdict is one of success; without any, that of the envelope's ``data`` counts."""
    said = [_is_success(reply, name) for name in _VERDICTS if name in reply]
    if not said and "error" not in reply and (data := reply.inner("data")) is not None:
        said = [_is_success(data, name) for name in _VERDICTS if name in data]
    return all(said) if said else _says_ended(reply)


def _says_ended(reply: Fields) -> bool:
    """Return True if a reply without a verdict is empty, or has words of success."""
    words = reply.text("message", "detail", "data")[:200]
    return not len(reply) or bool(
        "error" not in reply and _ENDED.search(words) and not _NOT_ENDED.search(words)
    )


def _is_success(reply: Fields, name: str) -> bool:
    truth, number = reply.truth(name), reply.number(name)
    if truth is not None:
        return truth
    if number is not None:
        return 200 <= number < 300 or number == 1
    return reply.text(name).strip().casefold() in _SUCCESS
