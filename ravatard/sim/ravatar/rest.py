"""REST calls of the simulated cloud, with the refusals of the documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec

from ravatard.sim.exchange import BODY_LIMIT_BYTES, Reply, Request, json_object
from ravatard.sim.ravatar import avatars
from ravatard.sim.ravatar.shared_state import SharedState
from ravatard.sim.streaming.picture import FORBIDDEN_PAGE, picture_page
from ravatard.sim.tokens import Claims, TokenRefused

#: Authentication document, "Field Validation".
_USER_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_PROJECT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
#: Live Mode document, "Field Validation": strings of integers up to these.
_WIDEST = 1920
_HIGHEST = 1080
_SIZE = re.compile(r"[0-9]{1,4}")
#: Live Mode document, "Response (Error)".
BUSY = "All AI assistants are busy at the moment"
#: Authentication document, "Get Chat History": the default; no upper limit is documented.
_PER_PAGE = 100
_LONGEST_PAGE = 1_000
_PAGE_NUMBER = re.compile(r"[0-9]{1,6}")
#: Path of the default ``streamingUrl``; the session's number follows.
_STREAM = "/stream/"
_HTML = "text/html; charset=utf-8"

Body = Mapping[str, object]


class RestRefused(Exception):
    """A call is refused.

    Attributes:
        kind: one word for counting.
        reply: reply to the client.
        violation: sentence for the record when the client violated the protocol, else "".
    """

    def __init__(self, kind: str, reply: Reply, violation: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.reply = reply
        self.violation = violation


def json_reply(status: int, body: object) -> Reply:
    """Make a reply with a JSON body."""
    headers = {"content-type": "application/json; charset=utf-8"}
    return Reply(status, headers, msgspec.json.encode(body))


class RestCalls:
    """All documented calls; ``end_session`` is called for sessions that a client ends."""

    def __init__(self, shared: SharedState, end_session: Callable[[str, float], None]) -> None:
        self._shared = shared
        self._end_session = end_session
        self._calls: dict[tuple[str, str], Callable[[Request, Claims, float], Reply]] = {
            ("GET", "/connection"): self._connection,
            ("GET", "/chat"): self._chat,
            ("POST", "/startLiveSession"): self._start_live_session,
            ("POST", "/endLiveSession"): self._end_live_session,
        }

    def answer(self, request: Request, now: float) -> Reply:
        """Answer a call.

        Raises:
            RestRefused: with the reply that gives the reason.
        """
        if len(request.body) > BODY_LIMIT_BYTES:
            raise self._refusal("body_size", 413, f"the body is longer than {BODY_LIMIT_BYTES} bytes")
        if (request.method, request.path) == ("POST", "/jwt"):
            return self._jwt(request, now)
        if request.method == "GET" and request.path.startswith(_STREAM):
            return self._picture(request, now)
        call = self._calls.get((request.method, request.path))
        if call is None:
            known = {path for _, path in self._calls} | {"/jwt"}
            status = 405 if request.path in known else 404
            raise self._refusal("unknown_call", status, f"there is no {request.method} {request.path[:80]}")
        return call(request, self.caller(bearer(request), now), now)

    def caller(self, token: str, now: float) -> Claims:
        """Verify a token and return its claims.

        Raises:
            RestRefused: 403 (Authentication document, "Token Refresh").
        """
        try:
            return self._shared.mint.verify(token, self._shared.wall_s(now))
        except TokenRefused as refused:
            reply = json_reply(403, {"status": 403, "error": "Token is missing, invalid or expired"})
            violation = "" if refused.kind == "token_expired" else "a call without a token of this service"
            raise RestRefused(refused.kind, reply, violation) from None

    def _jwt(self, request: Request, now: float) -> Reply:
        fields: Body = {}
        with suppress(ValueError):
            # No other error than that of a missing user_id is documented for an invalid body.
            fields = json_object(request.body)
        user_id = fields.get("user_id")
        if not isinstance(user_id, str) or not _USER_ID.fullmatch(user_id):
            raise _jwt_failure(400, "invalid_user_id")
        project_id = self._project(fields["project_id"]) if "project_id" in fields else None
        token = self._shared.mint.sign(user_id, project_id, self._shared.wall_s(now))
        return json_reply(200, {"result": "success", "jwt": token})

    def _project(self, project_id: object) -> str:
        if not isinstance(project_id, str) or not _PROJECT_ID.fullmatch(project_id):
            raise _jwt_failure(400, "invalid_project_id")
        projects = self._shared.options.projects
        if projects is not None and project_id not in projects:
            raise _jwt_failure(401, "project_not_found")
        return project_id

    def _connection(self, _request: Request, caller: Claims, _now: float) -> Reply:
        vad_enabled = self._shared.options.vad_enabled
        body = avatars.connection_body(caller.user_id, vad_enabled, self._shared.announced)
        return json_reply(200, body)

    def _chat(self, request: Request, caller: Claims, _now: float) -> Reply:
        user_id = request.query.get("user_id")
        if not user_id:
            raise self._refusal("missing_field", 400, "user_id is required")
        if user_id != caller.user_id:
            raise self._refusal("wrong_user", 403, "user_id is not the one the token was made for")
        per_page = self._page_number(request, "per_page", _PER_PAGE, _LONGEST_PAGE)
        page = self._page_number(request, "page", 1, 10**6)
        messages, more = self._shared.history.page(user_id, per_page, page)
        return json_reply(200, {"payload": messages, "has_more_messages": more})

    def _page_number(self, request: Request, name: str, default: int, highest: int) -> int:
        text = request.query.get(name, str(default))
        if _PAGE_NUMBER.fullmatch(text) and 1 <= int(text) <= highest:
            return int(text)
        raise self._refusal(
            "wrong_field", 400, f"{name} must be a number from 1 to {highest}, not {text[:20]!r}"
        )

    def _start_live_session(self, request: Request, caller: Claims, now: float) -> Reply:
        fields = self._fields(request)
        avatar = avatars.avatar(fields.get("avatar_id"))
        if avatar is None:
            raise self._refusal("unknown_avatar", 400, "avatar_id must be one that GET /connection lists")
        if not avatar.live:
            raise self._refusal("not_live", 400, f"avatar {avatar.name} has no live mode")
        self._check_size(fields, "width", _WIDEST)
        self._check_size(fields, "height", _HIGHEST)
        session = self._shared.licences.start(caller.user_id, avatar.avatar_id, now)
        if session is None:
            # The document shows the status in the body and calls it a status code. It is both here: a client
            # that reads only the HTTP status must not take this for a session without a LicenseId.
            raise RestRefused("busy", json_reply(503, {"status": 503, "error": BUSY}))
        url = self._shared.announced.streaming_url or (
            f"{self._shared.scheme}://{request.headers.get('host', 'localhost')}{_STREAM}{session.number}"
        )
        return json_reply(200, {"status": 200, "LicenseId": session.licence, "streamingUrl": url})

    def _picture(self, request: Request, now: float) -> Reply:
        """Answer an iframe (Live Mode document, "Iframe Integration"); the token is in its address."""
        try:
            caller = self.caller(request.query.get("token", ""), now)
        except RestRefused as refused:
            page = Reply(refused.reply.status, {"content-type": _HTML}, FORBIDDEN_PAGE.encode())
            raise RestRefused(refused.kind, page, refused.violation) from None
        number = request.path.removeprefix(_STREAM)
        session = None
        if _PAGE_NUMBER.fullmatch(number):
            session = self._shared.licences.numbered(int(number), caller.user_id)
        avatar = session and avatars.avatar(session.avatar_id)
        if not session or not avatar:
            # No violation: a page may be reloaded after its session.
            raise RestRefused("no_stream", json_reply(404, {"status": 404, "error": "no such stream"}))
        still = Reply(200, {"content-type": _HTML}, picture_page(avatar, session.number).encode())
        return self._shared.voice.page(session, request) or still

    def _check_size(self, fields: Body, name: str, highest: int) -> None:
        found = fields.get(name, "1")
        if not isinstance(found, str) or not _SIZE.fullmatch(found) or not 1 <= int(found) <= highest:
            shown = repr(found)[:20]
            detail = f"{name} must be a string of an integer from 1 to {highest}, not {shown}"
            raise self._refusal("wrong_field", 400, detail)

    def _end_live_session(self, request: Request, caller: Claims, now: float) -> Reply:
        licence = self._fields(request).get("LicenseId")
        if not isinstance(licence, str) or not licence:
            raise self._refusal("missing_field", 400, "LicenseId is required")
        licences = self._shared.licences
        if licences.held(licence, caller.user_id) is None:
            ended = licences.ended(licence, caller.user_id)
            kind = "unknown_licence" if ended is None else "double_end"
            raise self._refusal(kind, 404, "LicenseId is not that of an open session")
        self._end_session(licence, now)
        return json_reply(200, {"status": "success"})

    def _fields(self, request: Request) -> Body:
        try:
            return json_object(request.body)
        except ValueError as error:
            raise self._refusal("malformed_json", 400, f"the body is {error}") from None

    @staticmethod
    def _refusal(kind: str, status: int, detail: str) -> RestRefused:
        return RestRefused(kind, json_reply(status, {"status": status, "error": detail}), detail)


def bearer(request: Request) -> str:
    """Return the token in the Authorization header, "" without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _jwt_failure(status: int, error: str) -> RestRefused:
    return RestRefused(
        error, json_reply(status, {"result": "failure", "error": error}), f"POST /jwt: {error}"
    )
