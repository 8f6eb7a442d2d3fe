"""Simulated AvaTar API: calls and sockets. No clock, no loop, no socket.

Written from its document. A front (:mod:`ravatard.sim.avatar.server`) brings requests, messages and time.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from ravatard.sim.avatar import calls
from ravatard.sim.avatar.options import AvatarSimOptions
from ravatard.sim.avatar.record import AvatarRecord, AvatarRequestRecord, AvatarSessionRecord
from ravatard.sim.avatar.replies import CallRefused, bearer, refusal, same, with_cors
from ravatard.sim.avatar.rest import AvatarCalls, MediaReply
from ravatard.sim.avatar.session import AvatarSharedState
from ravatard.sim.avatar.sessions import AvatarSessions
from ravatard.sim.avatar.socket import AvatarSocket, ClosingSocket
from ravatard.sim.exchange import Reply, Request, json_object
from ravatard.sim.faults.scenario import Answer
from ravatard.sim.ravatar.cloud import EPOCH_S
from ravatard.sim.sound.synthesizer import Synthesizer

SOCKET_PREFIX = "/ws/"
#: Names of calls in scenarios written for the other simulated service.
_ALIASES = {
    "/v1/streaming.new": "/startLiveSession",
    "/v1/streaming.stop": "/endLiveSession",
    "/health": "/connection",
}
_CODES = {
    401: "UNAUTHORIZED",
    404: "NOT_FOUND",
    429: "RATE_LIMIT_EXCEEDED",
    503: "SERVICE_UNAVAILABLE",
}


class AvatarSimService:
    """Simulated service (a :class:`ravatard.sim.exchange.Service`).

    Attributes:
        shared: state shared by its parts; a test may replace ``shared.options``.
        record: record of events.
        sessions: its sessions.
        wake: called when :meth:`next_due` may have become earlier.
    """

    def __init__(
        self,
        options: AvatarSimOptions | None = None,
        *,
        key: bytes = b"a simulated avatar",
        epoch_s: float = EPOCH_S,
        synthesize: Callable[[str], bytes] | None = None,
        media: bool = False,
    ) -> None:
        """Make a service.

        Args:
            options: behaviour.
            key: makes its ids and tokens.
            epoch_s: Unix time at which the front's clock stood at 0.
            synthesize: makes a WAV file of a text; None: a :class:`Synthesizer`.
            media: True: the front answers offers.
        """
        self.record = AvatarRecord()
        self.shared = AvatarSharedState(
            options or AvatarSimOptions(), self.record, synthesize or Synthesizer().wav, epoch_s
        )
        self.sessions = AvatarSessions(self.shared, key)
        self.wake: Callable[[], None] = _nothing
        self._rest = AvatarCalls(self.shared, self.sessions, media=media)

    # ------------------------------------------------------------------ from the front

    def handle(self, request: Request, now: float) -> Reply:
        """Answer one HTTP request."""
        self.tick(now)
        if request.method == "OPTIONS":
            return with_cors(Reply(204, {}))
        try:
            reply = self._rest.answer(request, now)
        except CallRefused as refused:
            if refused.violation:
                self.record.violated(now, refused.code, f"{request.path[:80]}: {refused}")
            else:
                self.record.refused(refused.code)
            reply = refusal(refused, self.shared.options.access)
        try:
            fields = json_object(request.body) if request.body else {}
        except ValueError:
            fields = {}
        entry = AvatarRequestRecord(now, request.method, request.path[:80], reply.status, fields)
        self.record.requests.append(entry)
        for session in self.sessions.open.values():
            if session.socket is not None:
                session.socket.stir()
        self.wake()
        return reply if isinstance(reply, MediaReply) else with_cors(reply)

    def connect(
        self, request: Request, now: float, wake: Callable[[], None]
    ) -> AvatarSocket | ClosingSocket | Reply:
        """Open a socket, or refuse it."""
        self.tick(now)
        session_id = request.path.removeprefix(SOCKET_PREFIX)
        session = self.sessions.open.get(session_id) or self.sessions.open.get(unquote(session_id))
        access, lease = self.shared.options.access, self.shared.options.lease
        if session is None:
            self.record.refused("SESSION_NOT_FOUND")
            if lease.unknown_socket == "close":
                return ClosingSocket(4404, "session not found")
            return refusal(calls.no_session(session_id), access)
        if not self._socket_allowed(request, session.record):
            self.record.refused("UNAUTHORIZED")
            if access.socket_refusal == "close":
                return ClosingSocket(4401, "unauthorized")
            return refusal(CallRefused(401, "UNAUTHORIZED", "Missing or invalid authentication"), access)
        socket = AvatarSocket(session, self.record, limited=access.limits, wake=wake)
        session.attach(socket, now)
        return socket

    def tick(self, now: float) -> None:
        """Let time pass: answers go on without a socket, and sessions vanish."""
        self.sessions.tick(now)

    def next_due(self) -> float | None:
        """Return when :meth:`tick` is needed next, or None."""
        return self.sessions.next_due()

    # ------------------------------------------------------------------ from tests and faults

    def expire_sessions(self, now: float, tell: str) -> None:
        """End every session by the service; ``tell`` is the message of its error event, "" for none."""
        for session in list(self.sessions.open.values()):
            self.sessions.end(session, "service", now, tell)

    def handle_with_lifetime(self, request: Request, now: float, lifetime_s: float) -> Reply:
        """Answer a request; no token of this service has a life time of its own."""
        del lifetime_s
        return self.handle(request, now)

    def count_fault(self, kind: str) -> None:
        """Count a fault."""
        self.record.refused(kind)

    def names(self, path: str) -> frozenset[str]:
        """Return the names of a call in scenarios."""
        if path.startswith(SOCKET_PREFIX):
            return frozenset({path, "/ws", "/ws/chat"})
        return frozenset({path, _ALIASES.get(path, path)})

    def made_up(self, fault: Answer) -> Reply:
        """Return the reply to a call that a fault answers."""
        refused = CallRefused(fault.status, _CODES.get(fault.status, "INTERNAL_ERROR"), fault.error)
        reply = with_cors(refusal(refused, self.shared.options.access))
        more = {} if fault.retry_after is None else {"retry-after": fault.retry_after}
        return Reply(reply.status, {**reply.headers, **more}, reply.body)

    # ------------------------------------------------------------------ inside

    def _socket_allowed(self, request: Request, session: AvatarSessionRecord) -> bool:
        access = self.shared.options.access
        match access.socket_auth:
            case "none":
                return True
            case "api_key":
                return same(bearer(request), access.api_key)
            case "header":
                return same(bearer(request), session.access_token)
            case "query":
                return same(request.query.get("token", ""), session.access_token)


def _nothing() -> None:
    """Wake no front."""
