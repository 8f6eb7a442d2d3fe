"""Simulated RAVATAR service: users, tokens, licences, conversations. No clock, no loop, no socket.

Written from the service's documents. A front (``server``, ``network``) brings requests, messages and time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ravatard.sim.exchange import SOCKET_PATH, Reply, Request
from ravatard.sim.faults.scenario import Answer
from ravatard.sim.options import AnnouncedOptions, ChatOptions, KeepOptions, SimOptions, TurnDetectorOptions
from ravatard.sim.ravatar.chat_socket import SESSION_EXPIRED, ChatSocket
from ravatard.sim.ravatar.licences import Licences
from ravatard.sim.ravatar.record import Record
from ravatard.sim.ravatar.rest import RestCalls, RestRefused, json_reply
from ravatard.sim.ravatar.shared_state import SharedState
from ravatard.sim.ravatar.spoken_answers import FILES, Speak, SpokenAnswers
from ravatard.sim.ravatar.state_report import state_of
from ravatard.sim.sound.synthesizer import Synthesizer
from ravatard.sim.status_page import PAGE
from ravatard.sim.tokens import TokenMint

#: 2026-01-01: the date at clock time 0 of a front without a calendar.
EPOCH_S = 1_767_225_600.0


class SimCloud:
    """Simulated service (a :class:`ravatard.sim.exchange.Service`).

    Attributes:
        shared: state shared by its parts; a test may read it, and replace ``shared.options``.
        record: record of events.
    """

    def __init__(  # noqa: PLR0913 - independent option groups, all optional
        self,
        options: SimOptions | None = None,
        *,
        key: bytes = b"a simulated cloud",
        epoch_s: float = EPOCH_S,
        turn_detector: TurnDetectorOptions | None = None,
        announced: AnnouncedOptions | None = None,
        keep: KeepOptions | None = None,
        chat: ChatOptions | None = None,
        speak: Speak | None = None,
    ) -> None:
        """Make a service.

        Args:
            options: behaviour.
            key: signs its tokens; services with different keys refuse each other's tokens.
            epoch_s: Unix time at which the front's clock stood at 0.
            turn_detector: detection of the end of a turn.
            announced: values it announces about itself.
            keep: limits of the record.
            chat: sound of answers in chat mode.
            speak: makes the sound of an answer in chat mode; None: a :class:`Synthesizer`.

        Raises:
            RavatardError: ``chat`` needs PyAV, which is not installed.
        """
        chosen = options or SimOptions()
        self.record = Record(keep or KeepOptions())
        mint = TokenMint(key, chosen.token_lifetime_s)
        self.shared = SharedState(
            options=chosen,
            turn_detector=turn_detector or TurnDetectorOptions(),
            announced=announced or AnnouncedOptions(),
            mint=mint,
            licences=Licences(chosen.licences, mint.label, self.record),
            record=self.record,
            epoch_s=epoch_s,
            spoken=SpokenAnswers(chat or ChatOptions(), speak or Synthesizer().wav, mint.label, self.record),
        )
        self._rest = RestCalls(self.shared, self._end_by_client)
        self._sockets: list[ChatSocket] = []

    # ------------------------------------------------------------------ from the front

    def handle(self, request: Request, now: float) -> Reply:
        """Answer one HTTP request."""
        if request.method == "OPTIONS":
            return _with_cors(Reply(204, {}), request)
        reply = self._own_page(request, now)
        if reply is None:
            try:
                reply = self._rest.answer(request, now)
            except RestRefused as refused:
                reply = self._refuse(refused, now)
            self.record.request(now, request.method, request.path[:80], reply.status)
        return _with_cors(reply, request)

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> ChatSocket | Reply:
        """Open a socket, or refuse the upgrade."""
        if request.path != SOCKET_PATH:
            refused = RestRefused("unknown_call", json_reply(404, {"status": 404, "error": "not found"}))
            return self._refuse(refused, now)
        try:
            caller = self._rest.caller(request.query.get("token", ""), now)
        except RestRefused as refused:
            return self._refuse(refused, now)
        self.record.counts["lines_opened"] += 1
        number = self.record.counts["lines_opened"]
        origin = f"{self.shared.scheme}://{request.headers.get('host', 'localhost')}"
        socket = ChatSocket(self.shared, caller.user_id, number, origin, wake, self._forget)
        self._sockets.append(socket)
        socket.say("connection", "Connected", now)
        return socket

    # ------------------------------------------------------------------ from tests and faults

    def expire_licence(self, licence: str, now: float, *, tell: str = SESSION_EXPIRED) -> None:
        """End a session from the service's side; ``tell`` is sent to its user's sockets, "" for nothing."""
        user_id = self._end(licence, "service", tell or "unsaid", now)
        if user_id and tell:
            self.say(tell, now, user_id=user_id)

    def say(self, text: str, now: float, *, user_id: str | None = None) -> None:
        """Send a text, such as a stream error, to every open socket, or to those of ``user_id``."""
        for socket in self._sockets:
            if user_id in {None, socket.user_id}:
                socket.say("system", text, now)

    def hang_up(self, code: int, reason: str, now: float) -> None:
        """Close every open socket."""
        for socket in self._sockets:
            socket.hang_up(code, reason, now)

    def names(self, path: str) -> frozenset[str]:
        """Return the names of a call in scenarios: its path."""
        return frozenset({path})

    def made_up(self, fault: Answer) -> Reply:
        """Return the reply to a call that a fault answers."""
        status = fault.status if fault.body_status is None else fault.body_status
        reply = json_reply(fault.status, {"status": status, "error": fault.error, "result": "failure"})
        # A web page may read the reason.
        headers = {**reply.headers, "access-control-allow-origin": "*"}
        if fault.retry_after is not None:
            headers["retry-after"] = fault.retry_after
        return replace(reply, headers=headers)

    def handle_with_lifetime(self, request: Request, now: float, lifetime_s: float) -> Reply:
        """Answer a request; tokens issued by it live for ``lifetime_s``."""
        mint = self.shared.mint
        usual_s, mint.lifetime_s = mint.lifetime_s, lifetime_s
        try:
            return self.handle(request, now)
        finally:
            mint.lifetime_s = usual_s

    def expire_sessions(self, now: float, tell: str) -> None:
        """End every live session by the service; ``tell`` is sent to its user, "" for nothing."""
        for licence in self.record.open_licences():
            self.expire_licence(licence, now, tell=tell)

    def count_fault(self, kind: str) -> None:
        """Count a fault in the record."""
        self.record.refused(kind)

    # ------------------------------------------------------------------ inside

    def _end_by_client(self, licence: str, now: float) -> None:
        self._end(licence, "client", "asked for", now)

    def _end(self, licence: str, by: str, reason: str, now: float) -> str:
        """End a session; return its user, "" when it was not open."""
        session = self.shared.licences.end(licence, by, reason, now)
        if session is None:
            return ""
        self.shared.spoken_turns.pop(licence, None)
        self.shared.voice.ended(licence)
        for socket in self._sockets:
            socket.session_over(licence, now)
        return session.user_id

    def _forget(self, socket: ChatSocket) -> None:
        self._sockets.remove(socket)

    def _refuse(self, refused: RestRefused, now: float) -> Reply:
        if refused.violation:
            self.record.violated(now, refused.kind, refused.violation)
        else:
            self.record.refused(refused.kind)
        return refused.reply

    def _own_page(self, request: Request, now: float) -> Reply | None:
        """Return the reply to a request for the simulator's own pages; None for a call of the service."""
        if request.method != "GET":
            return None
        match request.path:
            case "/":
                return Reply(302, {"location": "/sim/"})
            case "/sim" | "/sim/":
                return Reply(200, {"content-type": "text/html; charset=utf-8"}, PAGE.encode())
            case "/favicon.ico":
                # Browsers request this by themselves; it is not a call of a client.
                return Reply(204, {})
            case "/sim/state":
                return json_reply(200, state_of(self.shared, len(self._sockets), now))
            case path if path.startswith(FILES):
                reply = self.shared.spoken.file(path)
                self.record.request(now, "GET", path[:80], reply.status)
                return reply
            case path if path == SOCKET_PATH:
                return json_reply(426, {"status": 426, "error": "open a WebSocket here"})
        return None


def _with_cors(reply: Reply, request: Request) -> Reply:
    """Return ``reply`` with CORS headers for any origin; browsers ask before every call with a token."""
    asked = request.headers.get("access-control-request-headers", "Authorization, Content-Type")
    cors = {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": asked,
        "access-control-max-age": "600",
    }
    if "access-control-request-private-network" in request.headers:
        # A page from the internet asks for access to a machine in a private network.
        cors["access-control-allow-private-network"] = "true"
    return replace(reply, headers={**reply.headers, **cors})
