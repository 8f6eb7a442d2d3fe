"""Refusals and outages: the error that fits a reply of RAVATAR's REST calls. Pure.

A refusal is what the documents call one, in the service's own words: JSON with a documented status or code.
Everything else with a bad status is an outage, as proxies, CDNs and hotels answer in the service's place with
403 and 404 as well.
"""

from __future__ import annotations

import re

from ravatard.cloud.border import aside
from ravatard.cloud.fields import Fields, fields_of
from ravatard.errors import AuthError, BusyError, DeniedError, LinkError, LinkTimeout, MoneyError, PeerError

#: Authentication document: codes that concern a setting, at any call and with any status.
_WRONG_VALUE = {"invalid_user_id": "service.user_id", "invalid_project_id": "service.project_id"}
_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_REFUSED = frozenset({"failure", "failed", "error", "fail"})
_HTML = re.compile(rb"<(!doctype|html|head|body|title|\?xml|script|center|h1)", re.IGNORECASE)


def raise_for_status(
    where: str, status: int, retry_after_s: float | None, body: bytes = b"", origin: str = ""
) -> None:
    """Raise the error that fits a reply other than a good one (PROTOCOL.md, "Any call").

    Args:
        where: the call, for messages.
        status: the HTTP status; a good one may be corrected by the body's.
        retry_after_s: seconds of Retry-After.
        body: the body.
        origin: server that answered, for messages.

    Raises:
        AuthError: the service names a wrong setting, or 401 and 403 when renewing the token did not help.
        MoneyError: 402.
        DeniedError: 400 and 422 with a code: the same request would be refused again.
        BusyError: 429 and 503.
        LinkTimeout: 408 and 504.
        LinkError: any other status, and every one of 4xx that is not in the service's own words.
        PeerError: a status below 400, such as a redirect.
    """
    reply = fields_of(body)
    error = reply.text("error").strip() if reply is not None else ""
    if error == "project_not_found":
        raise AuthError("the service does not know this project; check service.project_id")
    if (key := _WRONG_VALUE.get(error)) is not None:
        raise AuthError(f"the service refuses the value of {key} ({error}); correct it")
    http, status = status, body_status(status, reply)
    if 200 <= status < 300:
        _raise_for_words(where, reply)
        return
    word = aside(error)
    if status in (429, 503):
        busy = f"the service is busy ({status} at {where})"
        page = kind_of(body) == "HTML"
        raise BusyError(
            in_its_place(where, status, body, origin) if page else busy, retry_after_s=retry_after_s
        )
    if status in (408, 504):
        raise LinkTimeout(f"the service took too long ({status} at {where})", retry_after_s=retry_after_s)
    if status >= 500:
        raise LinkError(f"the service failed ({status}{word} at {where})", retry_after_s=retry_after_s)
    if 300 <= status < 400 or status < 200:
        raise PeerError(f"the service answered {where} with status {status}; check service.base_url")
    if reply is not None and _own_words(reply, http, status, error):
        _raise_refusal(where, status, word)
    raise LinkError(in_its_place(where, status, body, origin), retry_after_s=retry_after_s)


def body_status(status: int, reply: Fields | None) -> int:
    """Return the status of a reply: a good one of HTTP may be corrected in the body."""
    number = reply.number("status") if reply is not None else None
    if number is None or not 200 <= status < 300 or not (number < 0 or 100 <= number < 600):
        return status
    return int(number)


def in_its_place(where: str, status: int, body: bytes, origin: str) -> str:
    """Return a sentence about an answer that is not the service's own."""
    sender = f", from {origin}" if origin else ""
    kind = kind_of(body)
    # An AvaTar API has no such call, and says so in JSON.
    hint = "; if it is an AvaTar API, write service.kind: avatar" if (kind, status) == ("JSON", 404) else ""
    return f"an intermediary answers {where} in place of the service ({kind}, status {status}{sender}){hint}"


def unreadable(where: str, status: int, body: bytes, origin: str) -> str:
    """Return a sentence about a good status with a body that is no JSON object."""
    if _HTML.search(body[:2_000]):
        return in_its_place(where, status, body, origin)
    return f"the service's reply to {where} is no JSON object; check service.base_url"


def kind_of(body: bytes) -> str:
    """Return the kind of a body, for messages."""
    if not body.strip():
        return "an empty body"
    if fields_of(body) is not None:
        return "JSON"
    return "HTML" if _HTML.search(body[:2_000]) else "text"


def _own_words(reply: Fields, http: int, status: int, error: str) -> bool:
    """Return True if ``reply`` looks like the documented failures: a code, or its status beside a text."""
    if status in (401, 402, 403):
        return bool(error) or "status" in reply or "result" in reply or not reply
    if status not in (400, 422) or not error:
        return False
    return bool(_CODE.fullmatch(error)) or http != status or reply.number("status") == status


def _raise_refusal(where: str, status: int, word: str) -> None:
    if status == 402:
        raise MoneyError("the account has no money (402); top it up at RAVATAR")
    if status in (401, 403):
        raise AuthError(
            f"the service refuses our token at {where} ({status}{word}); check service.project_id"
        )
    raise DeniedError(f"the service refuses {where} ({status}{word}); check the service section")


def _raise_for_words(where: str, reply: Fields | None) -> None:
    """Raise for a good status whose body says in a word that the call failed."""
    if reply is not None and reply.text("status").strip().casefold() in _REFUSED:
        raise LinkError(f"the service failed at {where}{aside(reply.text('error').strip())}")
