"""RAVATAR's REST calls: bodies of requests, and the meaning of replies. Pure.

Sources: the Authentication and Live Mode documents, and PROTOCOL.md. Unknown fields are normal and tolerated;
a reply without the field it exists for is a :class:`PeerError`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from ravatard.cloud.border import masked, names_secret, plain
from ravatard.cloud.fields import Fields, fields_of
from ravatard.cloud.ravatar.licences import licences_in, streaming_url_in
from ravatard.cloud.ravatar.refusals import body_status, raise_for_status, unreadable
from ravatard.errors import BusyError, LinkError, LinkTimeout, PeerError
from ravatard.ports.cloud import Avatar, Directory, Language
from ravatard.secret import Secret, cut

#: Authentication document: messageTimeoutSeconds, "Message response timeout (default: 30)".
DEFAULT_ANSWER_S = 30.0
_LONGEST_ANSWER_S = 3600.0
#: Header lines of servers end at 8 kB as a rule.
_LONGEST_TOKEN = 8_000
#: Quotes, and characters of no width such as a byte order mark.
_AROUND_TOKEN = "\"' \t\r\n\x00\xa0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"  # noqa: S105 - is none
#: Longer texts of a directory are cut; a longer id or code could not be sent back, so its entry is left out.
_LONGEST_NAME = 200
_LONGEST_GREETING = 4_000
#: Longer than any name or greeting with a token in it.
_LONGEST_TEXT = 2 * _LONGEST_TOKEN
_LONGEST_ID = 1_000
_LONGEST_CODE = 64
_MOST_ENTRIES = 1_000
#: Seconds for which a page in the place of the service may keep a new start waiting: what a proxy believes of
#: an outage is no wish of the service, and the user speaks meanwhile.
_LONGEST_OF_PAGE_S = 20.0


@dataclass(frozen=True, slots=True)
class ConnectionReply:
    """Reply to ``GET /connection``. Defaults are the documented ones.

    Attributes:
        readable: the list of avatars is one; False when it is missing, null, or has nothing readable in it.
    """

    session: str = ""
    directory: Directory = field(default_factory=Directory)
    answer_timeout_s: float = DEFAULT_ANSWER_S
    vad_enabled: bool | None = None
    readable: bool = False


@dataclass(frozen=True, slots=True)
class LiveSession:
    """Live session that was started. Both fields give access and stay out of every log."""

    license_id: Secret
    streaming_url: Secret


def token_request(user_id: str, project_id: Secret | None) -> bytes:
    """Return the body of ``POST /jwt``."""
    body = {"user_id": user_id}
    if project_id is not None:
        body["project_id"] = project_id.reveal()
    return json.dumps(body).encode()


def token_reply(status: int, body: bytes, retry_after_s: float | None = None, origin: str = "") -> Secret:
    """Return the token in the reply to ``POST /jwt``. ``result: failure`` is a failure whatever the status.

    Raises:
        AuthError: user or project are refused; the owner must act.
        MoneyError, LinkError, PeerError: see :func:`ravatard.cloud.ravatar.refusals.raise_for_status`.
    """
    reply = fields_of(body)
    raise_for_status("/jwt", status, retry_after_s, body, origin)
    if reply is None:
        raise LinkError(unreadable("/jwt", status, body, origin))
    # The vendor's client also reads ``token`` (PROTOCOL.md, "Token").
    token = _bare(reply.text("jwt", "token"))
    if reply.text("result").strip().casefold() in ("failure", "failed", "error") or not token:
        raise LinkError("the service gave no token and did not say why; trying again later")
    if len(token) > _LONGEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        # It goes into a header and a URL.
        raise LinkError("the service gave a token that cannot be sent back; trying again later")
    return Secret(token)


def _bare(text: str) -> str:
    """Return a token without what surrounds it: blanks, seen or not, quotes, and the scheme's name."""
    token = text.strip().strip(_AROUND_TOKEN)
    scheme, _, rest = token.partition(" ")
    return rest.strip() if scheme.casefold() == "bearer" else token


def connection_reply(
    status: int,
    body: bytes,
    retry_after_s: float | None = None,
    origin: str = "",
    *,
    token: Secret | None = None,
) -> ConnectionReply:
    """Return the meaning of the reply to ``GET /connection``.

    The ``token`` is ours; it is masked where the reply would show it.

    Raises:
        RavatardError: see :func:`ravatard.cloud.ravatar.refusals.raise_for_status`.
    """
    raise_for_status("/connection", status, retry_after_s, body, origin)
    reply = fields_of(body)
    if reply is None:
        raise PeerError(unreadable("/connection", status, body, origin))
    answer_s = reply.number("messageTimeoutSeconds") or 0.0
    session = reply.identifier("session")
    directory = _directory(reply, token)
    return ConnectionReply(
        session=session if len(session) <= _LONGEST_ID else "",
        directory=directory,
        answer_timeout_s=answer_s if 0 < answer_s <= _LONGEST_ANSWER_S else DEFAULT_ANSWER_S,
        vad_enabled=reply.truth("vadEnabled"),
        readable=any(avatar.id for avatar in directory.avatars) or reply.empty("avatars_info"),
    )


def _directory(reply: Fields, token: Secret | None) -> Directory:
    def shown(text: str, longest: int) -> str:
        # Before it is cut, which would leave most of a token.
        return masked(cut(text, _LONGEST_TEXT), token)[:longest]

    # The documents say ``_id`` and ``language_code``; the vendor's client has met ``id`` and ``code``.
    avatars = (
        Avatar(
            avatar.identifier("_id", "id"),
            plain(shown(avatar.text("name"), _LONGEST_NAME), _LONGEST_NAME),
            avatar.truth("hasLiveMode") is True,
            shown(avatar.text("greetingText"), _LONGEST_GREETING),
        )
        for avatar in reply.objects("avatars_info")[:_MOST_ENTRIES]
    )
    languages = (
        Language(
            plain(shown(language.text("name"), _LONGEST_NAME), _LONGEST_NAME),
            language.text("language_code", "code").strip(),
        )
        for language in reply.objects("languages")[:_MOST_ENTRIES]
    )

    def usable(text: str, longest: int) -> bool:
        # What is sent back cannot be masked; it is shown, too.
        return len(text) <= longest and not names_secret(text, token)

    return Directory(
        tuple(avatar for avatar in avatars if usable(avatar.id, _LONGEST_ID)),
        tuple(language for language in languages if usable(language.code, _LONGEST_CODE)),
    )


def start_request(avatar_id: str, width: int, height: int) -> bytes:
    """Return the body of ``POST /startLiveSession``: the document wants the numbers as strings."""
    return json.dumps({"avatar_id": avatar_id, "width": str(width), "height": str(height)}).encode()


def start_reply(
    status: int, body: bytes, retry_after_s: float | None = None, origin: str = ""
) -> LiveSession:
    """Return the session in the reply to ``POST /startLiveSession``. The body's status counts, not HTTP's.

    Raises:
        BusyError: 503; no avatar is free.
        LinkTimeout: 504; the stream did not come up in time.
        RavatardError: see :func:`ravatard.cloud.ravatar.refusals.raise_for_status`.
    """
    where = "/startLiveSession"
    told = fields_of(body)
    reply = told or Fields({})
    if told is None and retry_after_s is not None:
        retry_after_s = min(retry_after_s, _LONGEST_OF_PAGE_S)
    if 200 <= status < 300 and (licences := licences_in(body)):
        # However odd the rest of the reply is: the session is being paid for, and only its id can end it.
        url = (reply.text("streamingUrl") or streaming_url_in(body)).strip()
        return LiveSession(Secret(licences[0]), Secret(url))
    number = reply.number("status")
    code = status if number is None or abs(number) > 599 else int(number)
    if code == 503 and len(reply):
        raise BusyError("all avatars are busy at the moment", retry_after_s=retry_after_s)
    if code == 504:
        raise LinkTimeout("the service could not start the stream in time", retry_after_s=retry_after_s)
    if code == -1:
        raise LinkError("the service failed to start a live session and does not say why (status -1)")
    raise_for_status(where, status, retry_after_s, body, origin)
    raise PeerError("the service says that the live session started, but gives no LicenseId")


def end_request(license_id: Secret) -> bytes:
    """Return the body of ``POST /endLiveSession``."""
    return json.dumps({"LicenseId": license_id.reveal()}).encode()


def status_of(status: int, body: bytes) -> int:
    """Return the status of a reply: a good one of HTTP may be corrected in the body."""
    return body_status(status, fields_of(body) if 200 <= status < 300 else None)


def socket_url(base_url: str) -> str:
    """Return the documented socket beside ``base_url``: ws(s), same host, path /ws/chat."""
    parts = urlsplit(base_url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + "/ws/chat", "", ""))
