"""REST calls of the simulated AvaTar API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ravatard.sim.avatar import calls
from ravatard.sim.avatar.replies import CallRefused, bearer, invalid, json_answer, same
from ravatard.sim.avatar.session import AvatarSharedState, SimAvatarSession
from ravatard.sim.avatar.sessions import AvatarSessions
from ravatard.sim.avatar.text_answer import text_reply
from ravatard.sim.exchange import Reply, Request
from ravatard.sim.sliding_window import SlidingWindow

_PREFIX = "/v1/"
#: Document, "Rate Limits": requests a minute.
LIMITS = {"streaming.new": 10, "avatar.speak": 30, "chat.completions": 60}
_MINUTE_S = 60.0
#: Longest body of a call: a session id of a megabyte fits in, where the service itself gave one.
LONGEST_BODY_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MediaReply(Reply):
    """Reply to ``streaming.start`` whose answer the front must still make.

    Attributes:
        session: the session.
        offer: the client's offer.
        placeholder: its body so far; a fault that changes the body has the last word.
    """

    session: SimAvatarSession | None = None
    offer: str = ""
    placeholder: bytes = b""


class AvatarCalls:
    """All documented calls."""

    def __init__(self, shared: AvatarSharedState, sessions: AvatarSessions, *, media: bool) -> None:
        """``media``: True: the front answers offers."""
        self._shared = shared
        self._sessions = sessions
        self._media = media
        self._since: float | None = None
        self._tasks = 0
        self._windows = {name: SlidingWindow(most, _MINUTE_S) for name, most in LIMITS.items()}
        self._calls: dict[tuple[str, str], Callable[[Request, float], Reply]] = {
            ("POST", "/v1/streaming.new"): self._new,
            ("POST", "/v1/streaming.start"): self._start,
            ("POST", "/v1/streaming.stop"): self._stop,
            ("GET", "/v1/streaming.sessions"): self._list,
            ("POST", "/v1/chat.completions"): self._chat,
            ("POST", "/v1/avatar.speak"): self._speak,
            ("GET", "/health"): self._health,
            ("GET", "/metrics"): self._metrics,
        }

    def answer(self, request: Request, now: float) -> Reply:
        """Answer a call.

        Raises:
            CallRefused: with the reason.
        """
        if self._since is None:
            self._since = now
        if len(request.body) > LONGEST_BODY_BYTES:
            raise CallRefused(413, "INVALID_REQUEST", "the body is too long", violation=True)
        call = self._calls.get((request.method, request.path))
        if call is None:
            known = any(path == request.path for _, path in self._calls)
            status = 405 if known else 404
            message = f"there is no {request.method} {request.path[:80]}"
            raise CallRefused(status, "NOT_FOUND", message, violation=True)
        if request.path.startswith(_PREFIX):
            self._authorize(request)
        return call(request, now)

    def _authorize(self, request: Request) -> None:
        """Check the caller.

        Raises:
            CallRefused: 401.
        """
        access = self._shared.options.access
        if access.auth == "none":
            return
        given = bearer(request)
        if access.auth == "api_key" and same(given, access.api_key):
            return
        if access.auth == "access_token":
            if request.path == "/v1/streaming.new":
                return
            if any(same(given, one.record.access_token) for one in self._sessions.open.values()):
                return
        raise CallRefused(401, "UNAUTHORIZED", "Missing or invalid authentication")

    def _fields(self, request: Request, now: float) -> calls.Fields:
        """Return the checked fields of a call that is within its limit.

        Raises:
            CallRefused: 429 or 400.
        """
        name = request.path.removeprefix(_PREFIX)
        access = self._shared.options.access
        window = self._windows.get(name)
        if access.limits and window is not None and (wait_s := window.wait_s(now)):
            message = f"Rate limit of {LIMITS[name]} requests per minute exceeded"
            raise CallRefused(429, "RATE_LIMIT_EXCEEDED", message, wait_s=wait_s)

        def note(strange: str) -> None:
            self._shared.record.violated(now, "unknown_field", strange)

        return calls.fields_of(name, request.body, strict=access.strict_fields, note=note)

    def _session(self, fields: calls.Fields) -> SimAvatarSession:
        session_id = calls.session_id_of(fields)
        session = self._sessions.open.get(session_id)
        if session is None:
            raise calls.no_session(session_id)
        return session

    def _new(self, request: Request, now: float) -> Reply:
        fields = self._fields(request, now)
        calls.check_new(fields)
        lease = self._shared.options.lease
        record = self._sessions.create(fields, now).record
        body = {
            "session_id": record.session_id,
            "ice_servers": [{"urls": url} for url in lease.ice_servers],
            "access_token": record.access_token,
        }
        return json_answer(body, self._shared.options.access)

    def _start(self, request: Request, now: float) -> Reply:
        fields = self._fields(request, now)
        session = self._session(fields)
        offer = calls.offer_of(fields)
        how = self._shared.options.media.answer
        if how == "missing":
            raise CallRefused(404, "NOT_FOUND", "there is no POST /v1/streaming.start")
        if how == "refuse":
            raise CallRefused(400, "INVALID_SDP", "The offer was refused")
        if how == "video" and "m=video" not in offer:
            raise CallRefused(400, "INVALID_SDP", "The offer has no video section")
        if "m=audio" not in offer:
            raise invalid("the offer has no audio section", field="sdp")
        if not self._media:
            raise CallRefused(503, "SERVICE_UNAVAILABLE", "live sound needs aiortc: ravatard[live-audio]")
        body = json_answer({"status": "started", "sdp": None}, self._shared.options.access)
        return MediaReply(200, body.headers, body.body, session=session, offer=offer, placeholder=body.body)

    def _stop(self, request: Request, now: float) -> Reply:
        session = self._session(self._fields(request, now))
        self._sessions.end(session, "client", now, tell="")
        body = {"status": "stopped", "duration": round(now - session.record.created_at, 3)}
        return json_answer(body, self._shared.options.access)

    def _list(self, _request: Request, now: float) -> Reply:
        listed = [
            {
                "session_id": one.record.session_id,
                "status": "active",
                "created_at": self._iso(one.record.created_at),
                "duration": round(now - one.record.created_at, 3),
            }
            for one in self._sessions.open.values()
        ]
        return json_answer({"sessions": listed, "total": len(listed)}, self._shared.options.access)

    def _chat(self, request: Request, now: float) -> Reply:
        fields = self._fields(request, now)
        session = self._session(fields)
        answer = session.written(calls.last_message(fields), now)
        return text_reply(answer, self._shared.options, stream=fields.get("stream") is True)

    def _speak(self, request: Request, now: float) -> Reply:
        fields = self._fields(request, now)
        session = self._session(fields)
        seconds = session.speak(calls.text_to_speak(fields), now)
        self._tasks += 1
        body = {
            "task_id": f"task_{self._tasks:06}",
            "status": "processing",
            "duration_estimate": round(seconds, 1),
        }
        return json_answer(body, self._shared.options.access)

    def _health(self, _request: Request, now: float) -> Reply:
        sick = self._shared.options.lease.unhealthy
        services = dict.fromkeys(("api", "websocket", "redis"), "healthy") | {"gpu": "available"}
        services |= {name: "unavailable" if name == "gpu" else "unhealthy" for name in sick}
        body = {
            "status": "degraded" if sick else "healthy",
            "version": "1.0.0",
            "uptime": int(now - (now if self._since is None else self._since)),
            "services": services,
        }
        return json_answer(body, self._shared.options.access)

    def _metrics(self, _request: Request, _now: float) -> Reply:
        body: Mapping[str, object] = {
            "active_sessions": len(self._sessions.open),
            "total_sessions": len(self._shared.record.sessions),
            "cpu_usage": 45.2,
            "memory_usage": 62.8,
            "gpu_usage": 38.5,
            "websocket_connections": sum(one.socket is not None for one in self._sessions.open.values()),
            "redis_memory": "245MB",
            "average_latency": 125,
        }
        return json_answer(body, self._shared.options.access)

    def _iso(self, now: float) -> str:
        return datetime.fromtimestamp(self._shared.epoch_s + now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
