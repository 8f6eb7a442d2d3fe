"""Replies of the simulated AvaTar API: bodies, the forms of its errors, and who may call."""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping

import msgspec

from ravatard.sim.avatar.options import SimAccessOptions
from ravatard.sim.exchange import Reply, Request

_JSON = {"content-type": "application/json"}
#: Code of the envelope that relatives of this API use for success.
_ENVELOPE_CODE = 100


class CallRefused(Exception):
    """A call is refused.

    Attributes:
        status: HTTP status.
        code: code of the documented error.
        details: ``details`` of the documented error.
        wait_s: seconds until it may be tried again, or None.
        violation: True when the client violated the document.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Mapping[str, object] | None = None,
        wait_s: float | None = None,
        violation: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = dict(details or {})
        self.wait_s = wait_s
        self.violation = violation


def invalid(message: str, **details: object) -> CallRefused:
    """Make the refusal of a call with wrong fields."""
    return CallRefused(400, "INVALID_REQUEST", message, details=details, violation=True)


def json_answer(body: object, access: SimAccessOptions) -> Reply:
    """Make a successful reply."""
    if access.envelope:
        body = {"code": _ENVELOPE_CODE, "message": "success", "data": body}
    return Reply(200, dict(_JSON), msgspec.json.encode(body))


def refusal(refused: CallRefused, access: SimAccessOptions) -> Reply:
    """Make the reply to a refused call, in the form of ``access.errors``."""
    headers = dict(_JSON)
    if refused.wait_s is not None and access.retry_after:
        headers["retry-after"] = str(max(1, math.ceil(refused.wait_s)))
    if access.errors == "empty":
        return Reply(refused.status, {**headers, "content-type": "text/plain"})
    if access.errors == "html":
        page = f"<html><head><title>{refused.status}</title></head><body><h1>{refused}</h1></body></html>"
        return Reply(refused.status, {**headers, "content-type": "text/html"}, page.encode())
    return Reply(refused.status, headers, msgspec.json.encode(_error_body(refused, access.errors)))


def _error_body(refused: CallRefused, form: str) -> object:
    message = str(refused)
    match form:
        case "detail":
            return {"detail": message}
        case "detail-list":
            return {"detail": [{"loc": ["body"], "msg": message, "type": refused.code.lower()}]}
        case "message":
            return {"message": message}
        case "string":
            return {"error": message}
        case _:
            return {"error": {"code": refused.code, "message": message, "details": refused.details}}


def with_cors(reply: Reply) -> Reply:
    """Return ``reply`` with the headers that let pages of any origin read it."""
    headers = {
        **reply.headers,
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": "Authorization, Content-Type",
    }
    return Reply(reply.status, headers, reply.body, reply.delivery, reply.stream)


def bearer(request: Request) -> str:
    """Return the token in the Authorization header, "" without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def same(given: str, wanted: str) -> bool:
    """Compare two secrets."""
    return hmac.compare_digest(given.encode(), wanted.encode())
