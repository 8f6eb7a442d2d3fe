"""Replies of the AvaTar API, read tolerantly: a field that is missing or odd costs itself only. Pure.

Source: the API reference. Every reply may come in an envelope, ``{"code": 100, "data": {...}}``, as the
services that this API resembles send them. A reply without the one field it exists for is a PeerError.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ravatard.cloud.avatar.sessions.named_ids import holder_of, ids_in, unpacked
from ravatard.cloud.border import plain
from ravatard.cloud.fields import Fields, fields_of
from ravatard.cloud.foreign_json import decoded
from ravatard.errors import PeerError
from ravatard.secret import Secret

#: A longer id could not be part of an address.
LONGEST_ID = 256
_LONGEST_TOKEN = 8_000
#: aiortc and browsers describe one audio section in 4 kB.
_LONGEST_SDP = 64 * 1024
_LONGEST_WORD = 100
_MOST_SERVERS = 16
_MOST_URLS = 8
_MOST_SESSIONS = 1_000
_MOST_SERVICES = 100
#: A longer session, or speech, is a broken number: a year.
_LONGEST_S = 366 * 86_400.0
#: Words of a service that is in order (API reference, GET /health); others are taken for trouble.
_WELL = frozenset({"healthy", "available", "ok", "up", "running", "ready", "alive", "pass", "online", "true"})


@dataclass(frozen=True, slots=True)
class IceServerEntry:
    """One server of ``ice_servers``, as it came.

    Attributes:
        urls: its addresses.
        username: for a TURN server.
        credential: for a TURN server.
    """

    urls: tuple[str, ...]
    username: str | None = None
    credential: Secret | None = None


@dataclass(frozen=True, slots=True)
class NewSession:
    """Session that was created. It is paid for from now on.

    Attributes:
        session_id: gives access to the session.
        access_token: its use is not documented; None when there is none.
        ice_servers: servers for WebRTC.
        offer: description of the service's own, where it begins the exchange; None: we begin.
        others: further sessions that the reply names; they are only to be stopped.
    """

    session_id: Secret
    access_token: Secret | None = None
    ice_servers: tuple[IceServerEntry, ...] = ()
    offer: str | None = field(default=None, repr=False)
    others: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """One entry of ``streaming.sessions``.

    Attributes:
        session_id: id.
        status: the service's word; "" when missing.
        created_at: the service's words; "" when missing.
        duration_s: age by the service's clock; None when missing.
    """

    session_id: Secret
    status: str = ""
    created_at: str = ""
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """State of the service.

    Attributes:
        status: the service's word.
        version: the service's version; "" when missing.
        uptime_s: seconds; None when missing.
        unwell: (name, state) of each part that is not in order.
    """

    status: str = ""
    version: str = ""
    uptime_s: float | None = None
    unwell: tuple[tuple[str, str], ...] = ()

    @property
    def well(self) -> bool:
        """True unless the service itself says that it is not in order."""
        return not self.status or self.status.casefold() in _WELL


@dataclass(frozen=True, slots=True)
class SpeechTask:
    """Text that the avatar is to speak; answered when it is queued, not when it is spoken.

    Attributes:
        task_id: id; "" when missing.
        status: the service's word.
        estimate_s: estimated duration of the speech; None when missing.
    """

    task_id: str = ""
    status: str = ""
    estimate_s: float | None = None


class UnusableSession(PeerError):
    """A session was created whose id no address can carry; it can only be stopped.

    Attributes:
        session_id: its id.
        others: further sessions that the reply names.
    """

    def __init__(self, message: str, session_id: Secret, others: tuple[Secret, ...] = ()) -> None:
        super().__init__(message)
        self.session_id = session_id
        self.others = others


def _unwrapped(where: str, body: bytes) -> dict[str, Any]:
    """Return the object in a good reply, without its envelope.

    Raises:
        PeerError: there is none.
    """
    reply = decoded(body)
    if not isinstance(reply, dict):
        raise PeerError(
            f"the service's reply to {where} is no JSON object; check service.base_url and its port"
        )
    inner = reply.get("data")
    return inner if isinstance(inner, dict) and ("code" in reply or len(reply) == 1) else reply


def new_reply(body: bytes) -> NewSession:
    """Return the session in a good reply to ``streaming.new``, its id exactly as it came.

    Where the documented field is missing or the reply is no JSON, it is read liberally: the session is paid
    for all the same.

    Raises:
        UnusableSession: no address can carry its id: stop it.
        PeerError: there is no id in it.
    """
    body = unpacked(body)
    named = ids_in(body)
    if not named:
        _unwrapped("streaming.new", body)
        raise PeerError("the service says that it made a session, but gives no session_id")
    session_id, others = named[0], tuple(Secret(one) for one in named[1:])
    # Blanks at an end, also a line break, are part of the id, and harmless in an address.
    if len(session_id) > LONGEST_ID or not session_id.strip().isprintable():
        raise UnusableSession(
            f"the service gives a session_id of {len(session_id)} characters that no address can carry; "
            f"at most {LONGEST_ID} printable ones are understood",
            Secret(session_id),
            others,
        )
    reply = Fields(holder_of(body))
    token = reply.text("access_token").strip()
    usable = 0 < len(token) <= _LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token
    return NewSession(
        session_id=Secret(session_id),
        access_token=Secret(token) if usable else None,
        ice_servers=_ice_servers(reply),
        offer=_description(reply, "offer"),
        others=others,
    )


def start_reply(body: bytes) -> str:
    """Return the description that answers ours in a good reply to ``streaming.start``.

    Raises:
        PeerError: there is none.
    """
    sdp = _description(Fields(_unwrapped("streaming.start", body)), "answer")
    if sdp is None:
        raise PeerError("the service says that the stream started, but gives no description (sdp)")
    return sdp


def stop_reply(body: bytes) -> float | None:
    """Return the seconds that a session lasted, as the service counts them; None when it does not say."""
    reply = fields_of(body)
    inner = reply.inner("data") if reply is not None else None
    return _seconds(inner or reply, "duration")


def sessions_reply(body: bytes) -> tuple[SessionEntry, ...]:
    """Return the sessions that the service lists; entries without an id are left out.

    Raises:
        PeerError: the reply holds no list.
    """
    value = decoded(body)
    if isinstance(value, dict) and not isinstance(value.get("sessions"), list):
        value = value.get("data")
    if isinstance(value, dict):
        value = value.get("sessions")
    if not isinstance(value, list):
        raise PeerError("the service's list of sessions is no list; check service.base_url")
    return tuple(entry for item in value[:_MOST_SESSIONS] if (entry := _entry(item)) is not None)


def health_reply(body: bytes) -> Health:
    """Return the state in a good reply to ``health``.

    Raises:
        PeerError: it is no JSON object.
    """
    reply = _unwrapped("health", body)
    fields = Fields(reply)
    return Health(
        status=_word(fields, "status"),
        version=_word(fields, "version"),
        uptime_s=_seconds(fields, "uptime"),
        unwell=tuple(_unwell(reply.get("services"))),
    )


def metrics_reply(body: bytes) -> tuple[tuple[str, str], ...]:
    """Return (name, value) of the numbers and words in a good reply to ``metrics``.

    Raises:
        PeerError: it is no JSON object.
    """
    return tuple(_words(_unwrapped("metrics", body)))


def speak_reply(body: bytes) -> SpeechTask:
    """Return the task in a good reply to ``avatar.speak``. Nothing in it is needed to go on."""
    reply = fields_of(body) or Fields({})
    reply = reply.inner("data") or reply
    return SpeechTask(
        task_id=plain(reply.identifier("task_id"), LONGEST_ID),
        status=_word(reply, "status"),
        estimate_s=_seconds(reply, "duration_estimate"),
    )


def _entry(item: object) -> SessionEntry | None:
    if isinstance(item, str):
        item = {"session_id": item}
    fields = Fields(item) if isinstance(item, dict) else Fields({})
    session_id = fields.identifier("session_id", "id")
    if not session_id or len(session_id) > LONGEST_ID:
        return None
    return SessionEntry(
        Secret(session_id), _word(fields, "status"), _word(fields, "created_at"), _seconds(fields, "duration")
    )


def _description(reply: Fields, kind: str) -> str | None:
    """Return the description of ``kind``, bare or in ``{type, sdp}``; None when there is none."""
    inner = reply.inner("sdp")
    sdp = reply.text("sdp", "answer") if inner is None else inner.text("sdp")
    if inner is not None and inner.text("type").casefold() not in ("", kind):
        return None
    return sdp if sdp.lstrip().startswith("v=") and len(sdp) <= _LONGEST_SDP else None


def _ice_servers(reply: Fields) -> tuple[IceServerEntry, ...]:
    found = []
    for server in (reply.objects("ice_servers") or reply.objects("iceServers"))[:_MOST_SERVERS]:
        urls = tuple(url for url in server.texts("urls", "url") if len(url) <= _LONGEST_TOKEN)[:_MOST_URLS]
        if urls:
            credential = server.text("credential")
            found.append(
                IceServerEntry(
                    urls, server.text("username") or None, Secret(credential) if credential else None
                )
            )
    return tuple(found)


def _unwell(services: object) -> list[tuple[str, str]]:
    return [(name, state) for name, state in _words(services) if state.casefold() not in _WELL]


def _words(value: object) -> list[tuple[str, str]]:
    """Return the names and short values of an object; one that is an object itself speaks by its status."""
    if not isinstance(value, dict):
        return []
    found = []
    for name, state in list(value.items())[:_MOST_SERVICES]:
        said: Any = state.get("status") if isinstance(state, dict) else state
        if said is not None and not isinstance(said, list | dict):
            found.append((plain(str(name), _LONGEST_WORD), plain(str(said), _LONGEST_WORD)))
    return found


def _word(fields: Fields, name: str) -> str:
    return plain(fields.identifier(name), _LONGEST_WORD)


def _seconds(fields: Fields | None, name: str) -> float | None:
    seconds = fields.number(name) if fields is not None else None
    return seconds if seconds is not None and 0.0 <= seconds <= _LONGEST_S else None
