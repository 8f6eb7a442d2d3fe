"""Refusals and outages of the AvaTar API: their reading, and the error of ours that fits. Pure.

Source: the API reference, "Error Responses". Beside the documented ``{"error": {"code", "message",
"details"}}``, the forms of the frameworks such services are built with are read: ``{"detail": ...}``,
``{"message": ...}``, ``{"error": "text"}``, a page of HTML, and nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any, NoReturn

from ravatard.cloud.avatar import requests
from ravatard.cloud.border import aside, plain
from ravatard.cloud.fields import Fields, fields_of
from ravatard.errors import (
    AuthError,
    BusyError,
    DeniedError,
    LinkError,
    LinkTimeout,
    MoneyError,
    PeerError,
    RavatardError,
)

_LONGEST_CODE = 64
_LONGEST_MESSAGE = 500
#: A wait without a Retry-After, by the limits of API reference, "Rate Limits": a minute, divided by the
#: number of calls allowed in it, and half as much again.
_RATE_WAIT_S = {requests.NEW: 9.0, requests.SPEAK: 3.0, requests.CHAT: 1.5}
_OTHER_RATE_WAIT_S = 1.5
_NO_PLACE_WAIT_S = 5.0
#: A longer Retry-After is cut: our own pauses after refusals for our rate are no longer, and the user speaks
#: meanwhile.
LONGEST_RETRY_S = 60.0
#: The same for a page in the place of the service: what a proxy believes of an outage is no wish of its.
_LONGEST_OF_PAGE_S = 20.0
#: Calls that carry a session.
_IN_SESSION = frozenset({requests.START, requests.STOP, requests.CHAT, requests.SPEAK})
#: Calls that a service may lack: an application is no worse for it.
_OPTIONAL = frozenset({requests.START, requests.HEALTH, requests.METRICS, requests.SESSIONS})


@unique
class RefusalKind(Enum):
    """Meaning of a reply that is not a good one."""

    REQUEST = "request"
    """Our request is not understood."""
    SETTING = "setting"
    """The configured avatar or voice does not exist."""
    KEY = "key"
    MONEY = "money"
    SESSION_GONE = "session gone"
    NO_SUCH_CALL = "no such call"
    """The address is wrong, or the service lacks this call."""
    RATE = "rate"
    NO_PLACE = "no place"
    SERVER = "server"
    NOT_THE_API = "not the API"
    """A redirect, or another status that the API does not know."""


@dataclass(frozen=True, slots=True)
class ApiRefusal:
    """Reply that is not a good one.

    Attributes:
        call: path of the call, such as "streaming.new".
        status: of HTTP.
        kind: its meaning.
        code: the service's word, such as "SESSION_NOT_FOUND"; "" when missing.
        message: the service's words, for people; "" when missing.
        details: the service's details; they may name a session.
        retry_after_s: seconds the service asks to wait; None when it does not say.
    """

    call: str
    status: int
    kind: RefusalKind
    code: str = ""
    message: str = field(default="", repr=False)
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)
    retry_after_s: float | None = None

    @property
    def wait_s(self) -> float:
        """Seconds to wait before the first repetition, without jitter."""
        if self.retry_after_s is not None:
            return self.retry_after_s
        if self.kind is RefusalKind.RATE:
            return _RATE_WAIT_S.get(self.call, _OTHER_RATE_WAIT_S)
        return _NO_PLACE_WAIT_S


class SessionVanished(LinkError):
    """The session is gone: it ended, it expired, or the service was restarted. A new one is needed."""


class CallMissing(DeniedError):
    """The service lacks this call, or its address is wrong."""


def refusal_of(call: str, status: int, body: bytes, retry_after_s: float | None = None) -> ApiRefusal | None:
    """Return the meaning of a reply; None for a good one.

    Args:
        call: path of the call.
        status: of HTTP.
        body: the body.
        retry_after_s: seconds of Retry-After; a minute at most is obeyed, and less of what is no JSON.
    """
    reply = fields_of(body)
    if 200 <= status < 300 and not _failed_in_words(reply):
        return None
    code, message, details = _words(reply)
    kind = _kind(call, status, code, f"{code} {message}".casefold())
    if retry_after_s is not None:
        retry_after_s = min(retry_after_s, _LONGEST_OF_PAGE_S if reply is None else LONGEST_RETRY_S)
    return ApiRefusal(call, status, kind, code, message, details, retry_after_s)


def raise_refusal(refused: ApiRefusal) -> NoReturn:
    """Raise the error that fits a refusal (PROTOCOL.md, "Errors").

    Raises:
        SessionVanished: the session of the call is gone; after ``streaming.stop`` that is success.
        AuthError: the key is refused: the owner must act.
        MoneyError: 402.
        CallMissing: 404 and 405 without a session: the address is wrong, or the call is missing.
        DeniedError: the configured avatar or voice is not known.
        BusyError: 429 and 503, with the seconds to wait.
        LinkTimeout: 408 and 504.
        LinkError: another failure of the server.
        PeerError: the request is not understood, or the answer is not the API's.
    """
    where = f"({refused.status}{aside(refused.code)} at {refused.call})"
    error, sentence = _ERRORS[refused.kind]
    text = sentence.format(where=where)
    if refused.status in (408, 504):
        error = LinkTimeout
    if issubclass(error, LinkError):
        busy = issubclass(error, BusyError)
        raise error(text, retry_after_s=refused.wait_s if busy else refused.retry_after_s)
    raise error(text)


_ERRORS: Mapping[RefusalKind, tuple[type[RavatardError], str]] = {
    RefusalKind.SESSION_GONE: (SessionVanished, "the session is gone {where}"),
    RefusalKind.KEY: (AuthError, "the service refuses the key {where}; check service.api_key"),
    RefusalKind.MONEY: (MoneyError, "the account has no money {where}; top it up at the service"),
    RefusalKind.SETTING: (
        DeniedError,
        "the service does not know the avatar or voice {where}; check service.avatar and avatar.voice_id",
    ),
    RefusalKind.NO_SUCH_CALL: (
        CallMissing,
        "no AvaTar API answers at service.base_url {where}; check the address and its port",
    ),
    RefusalKind.RATE: (BusyError, "the service limits our calls {where}"),
    RefusalKind.NO_PLACE: (BusyError, "the service has no free place {where}"),
    RefusalKind.SERVER: (LinkError, "the service failed {where}"),
    RefusalKind.REQUEST: (PeerError, "the service does not understand our request {where}"),
    RefusalKind.NOT_THE_API: (
        PeerError,
        "the answer is not the AvaTar API's {where}; check service.base_url",
    ),
}


def _kind(call: str, status: int, code: str, words: str) -> RefusalKind:
    if 300 <= status < 400 or status < 200:
        return RefusalKind.NOT_THE_API
    # What expired may be a login.
    is_login = call == requests.STOP and status in (401, 403)
    if call != requests.NEW and not is_login and names_gone_session(code):
        return RefusalKind.SESSION_GONE
    if status < 400:
        # A failure in words under a good status.
        return RefusalKind.SERVER
    if status in (400, 404, 422) and "session" not in words and _names_setting(words):
        return RefusalKind.SETTING
    if status in (404, 409, 410) and call in _IN_SESSION:
        missing = status == 404 and call in _OPTIONAL and not code and "session" not in words
        return RefusalKind.NO_SUCH_CALL if missing and call == requests.START else RefusalKind.SESSION_GONE
    return _BY_STATUS.get(status) or (RefusalKind.SERVER if status >= 500 else RefusalKind.REQUEST)


_BY_STATUS = {
    401: RefusalKind.KEY,
    402: RefusalKind.MONEY,
    403: RefusalKind.KEY,
    404: RefusalKind.NO_SUCH_CALL,
    405: RefusalKind.NO_SUCH_CALL,
    408: RefusalKind.SERVER,
    429: RefusalKind.RATE,
    501: RefusalKind.NO_SUCH_CALL,
    503: RefusalKind.NO_PLACE,
}


def names_gone_session(code: str) -> bool:
    """Return True for a code that says that the session is gone, such as "SESSION_EXPIRED"."""
    word = code.upper()
    return "SESSION" in word and any(
        end in word for end in ("NOT_FOUND", "EXPIRED", "CLOSED", "ENDED", "TIMEOUT")
    )


def _names_setting(words: str) -> bool:
    """Return True if the avatar or voice is named; the name of a call, or of the API, is none."""
    return "voice" in words or "avatar" in words.replace("avatar.speak", "").replace("avatar api", "")


def _failed_in_words(reply: Fields | None) -> bool:
    """Return True for a good status whose body holds nothing but an error."""
    if reply is None or "session_id" in reply:
        return False
    return reply.inner("error") is not None or bool(reply.text("error"))


def _words(reply: Fields | None) -> tuple[str, str, Mapping[str, Any]]:
    """Return code, message and details of an error in any of its forms."""
    if reply is None:
        return "", "", {}
    error = reply.inner("error") or reply.inner("detail") or reply
    first = next(iter(reply.objects("detail")), Fields({}))
    code = plain(error.identifier("code"), _LONGEST_CODE)
    text = error.text("message", "msg") or reply.text("error", "detail", "message") or first.text("msg")
    if not text:
        text = next(iter(reply.texts("detail")), "")
    # The field that FastAPI complains of is part of its message.
    place = " ".join(first.texts("loc"))
    return code, plain(f"{text} {place}".strip(), _LONGEST_MESSAGE), error.mapping("details")
