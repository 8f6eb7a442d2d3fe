"""RAVATAR's REST calls: bodies to send, and what the replies mean. Pure.

Sources: the Authentication and Live Mode documents, and PROTOCOL.md. Unknown fields are normal and tolerated;
a reply that lacks what it is for is a :class:`PeerError`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from ravatard.cloud.ravatar.fields import Fields, fields_of
from ravatard.errors import AuthError, BusyError, DeniedError, LinkError, LinkTimeout, MoneyError, PeerError
from ravatard.secret import Secret

#: Authentication document: messageTimeoutSeconds, "Message response timeout (default: 30)".
DOCUMENTED_ANSWER_S = 30.0
_LONGEST_ANSWER_S = 3600.0


@dataclass(frozen=True, slots=True)
class AvatarInfo:
    """One avatar of ``/connection``."""

    id: str
    name: str = ""
    has_live_mode: bool = False
    greeting: str = ""


@dataclass(frozen=True, slots=True)
class LanguageInfo:
    """One language of ``/connection``."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class ConnectionReply:
    """What ``GET /connection`` says. Defaults are the documented ones."""

    session: str = ""
    avatars: tuple[AvatarInfo, ...] = ()
    languages: tuple[LanguageInfo, ...] = ()
    answer_timeout_s: float = DOCUMENTED_ANSWER_S
    vad_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A live session as started. Both fields give access and stay out of every log."""

    license_id: Secret
    streaming_url: Secret


def token_request(user_id: str, project_id: Secret | None) -> bytes:
    """Body of ``POST /jwt``."""
    body = {"user_id": user_id}
    if project_id is not None:
        body["project_id"] = project_id.reveal()
    return json.dumps(body).encode()


def token_reply(status: int, body: bytes, retry_after_s: float | None = None) -> Secret:
    """The token in the answer to ``POST /jwt``. ``result: failure`` is a failure whatever the status.

    Raises:
        AuthError: user or project are refused; a person must act.
        MoneyError, LinkError, PeerError: see :func:`raise_for_status`.
    """
    reply = fields_of(body) or Fields({})
    error = reply.text("error")
    if error == "project_not_found":
        raise AuthError("the service does not know this project; check service.project_id")
    if error in ("invalid_user_id", "invalid_project_id"):
        key = "service.user_id" if error == "invalid_user_id" else "service.project_id"
        raise AuthError(f"the service refuses the value of {key} ({error}); correct it")
    raise_for_status("/jwt", status, retry_after_s, body)
    # ``token`` was seen instead of ``jwt`` in the vendor's client (PROTOCOL.md).
    token = reply.text("jwt", "token")
    if reply.text("result") == "failure" or not token:
        raise LinkError("the service gave no token and did not say why; trying again later")
    return Secret(token)


def connection_reply(status: int, body: bytes, retry_after_s: float | None = None) -> ConnectionReply:
    """What ``GET /connection`` says.

    Raises:
        RavatardError: see :func:`raise_for_status`.
    """
    raise_for_status("/connection", status, retry_after_s, body)
    reply = fields_of(body)
    if reply is None:
        raise PeerError("the service's reply to /connection is no JSON object; check service.base_url")
    answer_s = reply.number("messageTimeoutSeconds") or 0.0
    return ConnectionReply(
        session=reply.text("session"),
        # The documents say ``_id`` and ``language_code``; the vendor's client has met ``id`` and ``code``.
        avatars=tuple(
            AvatarInfo(
                avatar.identifier("_id", "id"),
                avatar.text("name"),
                avatar.truth("hasLiveMode") is True,
                avatar.text("greetingText"),
            )
            for avatar in reply.objects("avatars_info")
        ),
        languages=tuple(
            LanguageInfo(language.text("name"), language.text("language_code", "code"))
            for language in reply.objects("languages")
        ),
        answer_timeout_s=answer_s if 0 < answer_s <= _LONGEST_ANSWER_S else DOCUMENTED_ANSWER_S,
        vad_enabled=reply.truth("vadEnabled"),
    )


def start_request(avatar_id: str, width: int, height: int) -> bytes:
    """Body of ``POST /startLiveSession``: the document wants the numbers as strings."""
    return json.dumps({"avatar_id": avatar_id, "width": str(width), "height": str(height)}).encode()


def start_reply(status: int, body: bytes, retry_after_s: float | None = None) -> LiveSession:
    """The session in the answer to ``POST /startLiveSession``. The body's status counts, not HTTP's.

    Raises:
        BusyError: 503; no avatar is free.
        LinkTimeout: 504; the stream did not come up in time.
        RavatardError: see :func:`raise_for_status`.
    """
    where = "/startLiveSession"
    reply = fields_of(body) or Fields({})
    said = int(reply.number("status") or status)
    licence = reply.identifier("LicenseId")
    if licence and 200 <= status < 300:
        # Whatever else is odd about the reply: this is being paid for, and only its id can end it.
        return LiveSession(Secret(licence), Secret(reply.text("streamingUrl")))
    if said == 503:
        raise BusyError("all avatars are busy at the moment", retry_after_s=retry_after_s)
    if said == 504:
        raise LinkTimeout("the service could not start the stream in time", retry_after_s=retry_after_s)
    if said == -1:
        raise LinkError("the service failed to start a live session and does not say why (status -1)")
    raise_for_status(where, said, retry_after_s, body)
    raise PeerError("the service says that the live session started, but gives no LicenseId")


def end_request(license_id: Secret) -> bytes:
    """Body of ``POST /endLiveSession``."""
    return json.dumps({"LicenseId": license_id.reveal()}).encode()


def raise_for_status(where: str, status: int, retry_after_s: float | None, body: bytes = b"") -> None:
    """Nothing for 2xx, else the error that says what may be done about it (PROTOCOL.md, "Any call").

    Raises:
        MoneyError: 402.
        AuthError: 401 and 403, when renewing the token did not help.
        BusyError: 429 and 503.
        LinkTimeout: 504.
        LinkError: any other 5xx.
        DeniedError: any other 4xx: asking the same again cannot help.
        PeerError: anything else, such as a redirect.
    """
    if 200 <= status < 300:
        return
    said = _error_word(body)
    if status == 402:
        raise MoneyError("the account has no money (402); top it up at RAVATAR")
    if status in (401, 403):
        raise AuthError(
            f"the service refuses our token at {where} ({status}{said}); check service.project_id"
        )
    if status in (429, 503):
        raise BusyError(f"the service is busy ({status} at {where})", retry_after_s=retry_after_s)
    if status == 504:
        raise LinkTimeout(f"the service took too long ({status} at {where})", retry_after_s=retry_after_s)
    if status >= 500:
        raise LinkError(f"the service failed ({status}{said} at {where})", retry_after_s=retry_after_s)
    if status >= 400:
        raise DeniedError(f"the service refuses {where} ({status}{said}); check the service section")
    raise PeerError(f"the service answered {where} with status {status}; check service.base_url")


def _error_word(body: bytes) -> str:
    """The service's own short error word, when it is one: never a text that could hold anything else."""
    try:
        word = json.loads(body).get("error", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    fits = (
        isinstance(word, str) and 0 < len(word) <= 64 and word.replace("_", "").isalnum() and word.isascii()
    )
    return f", {word}" if fits and not word.startswith("eyJ") else ""
