"""Way of a request through the page: guard, endpoint, right, body, answer, and one line in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from ravatard.web.headers import STRICT, policy
from ravatard.web.page import guard
from ravatard.web.page.access.doorkeeper import Doorkeeper, Visitor
from ravatard.web.page.api.catalog import ENDPOINTS
from ravatard.web.page.api.endpoints import Endpoint, EndpointTable, Right
from ravatard.web.page.api.validation import in_words
from ravatard.web.page.browser.first_document import Answer, FirstDocument
from ravatard.web.page.browser.static_files import StaticFiles
from ravatard.web.page.call import ApiCall, FileReply, Tagged, cookie_name, set_cookie
from ravatard.web.page.refused import RequestRefused

log = logging.getLogger(__name__)

BODY_BYTES = 64 * 1024
BODY_S = 10.0
#: A call that may take longer is given up when its caller's access ends, which is looked after so often.
LONG_S = 20.0
CHECKED_S = 1.0
_LARGEST_NUMBER = 2**53
_JSON = "application/json"

Recognised = Callable[[bool], None]


class Dispatch:
    """Answers requests. Every error is a reply; none of them ends the connection's task."""

    def __init__(
        self,
        answers: Mapping[str, Answer],
        doorkeeper: Doorkeeper,
        files: StaticFiles,
        names: frozenset[str],
    ) -> None:
        """Prepare.

        Args:
            answers: function for each endpoint of the catalog, by its name.
            doorkeeper: knows the callers.
            files: the page for browsers.
            names: names by which the page may be opened, in lower case.
        """
        self._answers = {endpoint.name: answers[endpoint.name] for endpoint in ENDPOINTS}
        self._routes = EndpointTable(ENDPOINTS)
        self._doorkeeper = doorkeeper
        self._files = files
        self._document = FirstDocument(files, self._answers["who_am_i"], self._answers["status"])
        self._names = names

    async def answer(self, request: web.BaseRequest, recognised: Recognised) -> web.StreamResponse:
        """Answer one request; ``recognised`` is told whether its caller is known, if that is looked for."""
        try:
            return await self._answered(request, recognised)
        except RequestRefused as refused:
            return _refusal(refused)
        except (OSError, asyncio.CancelledError):
            # The client is gone, or the page ends.
            raise
        except Exception:
            log.exception("the page failed to answer a request")
            return _refusal(RequestRefused(500, "bug", "the appliance failed to answer; its log says why"))

    async def _answered(self, request: web.BaseRequest, recognised: Recognised) -> web.StreamResponse:
        own_address, peer = addresses(request.transport)
        guard.check_host(request.headers.get("Host", ""), own_address, self._names)
        endpoints, key = self._routes.methods(request.path)
        encrypted = (
            request.transport is not None and request.transport.get_extra_info("sslcontext") is not None
        )
        if not endpoints and request.path == "/" and request.method in guard.SAFE:
            visitor = self._visitor(request, encrypted=encrypted)
            recognised(visitor is not None)
            return await self._document.reply(
                ApiCall(request, None, visitor, guard.client_of(peer), encrypted)
            )
        if not endpoints:
            return self._file(request)
        endpoint = endpoints.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            allowed = ", ".join(endpoints)
            reply = _refusal(RequestRefused(405, "wrong-method", f"this address takes {allowed} only"))
            reply.headers["Allow"] = allowed
            return reply
        guard.check_site(request.method, request.headers)
        visitor = self._checked(request, endpoint, recognised, encrypted=encrypted)
        body = await _body(request, endpoint)
        if visitor is not None:
            await self._doorkeeper.note_use(visitor)
        call = ApiCall(
            request,
            body,
            # Again: a caller may hold its last byte back until its access has ended.
            self._checked(request, endpoint, recognised, encrypted=encrypted),
            guard.client_of(peer),
            encrypted,
            _query(request, endpoint),
            key,
        )
        return await self._call(endpoint, call)

    def _checked(
        self, request: web.BaseRequest, endpoint: Endpoint, recognised: Recognised, *, encrypted: bool
    ) -> Visitor | None:
        """Return the caller.

        Raises:
            RequestRefused: it may not call ``endpoint``, or that cannot be known.
        """
        visitor = self._visitor(request, encrypted=encrypted)
        recognised(visitor is not None)
        if visitor is None and endpoint.right != "none":
            self._doorkeeper.check_readable()
        check_right(endpoint.right, visitor)
        return visitor

    def _visitor(self, request: web.BaseRequest, *, encrypted: bool) -> Visitor | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._doorkeeper.visitor(None, token.strip())
        return self._doorkeeper.visitor(request.cookies.get(cookie_name(encrypted=encrypted)), None)

    async def _call(self, endpoint: Endpoint, call: ApiCall) -> web.StreamResponse:
        if endpoint.name == "live":
            reply = await self._answers[endpoint.name](call)
            return reply if isinstance(reply, web.StreamResponse) else _success(reply, call)
        try:
            async with asyncio.timeout(endpoint.limit_s) as deadline:
                answering = self._answers[endpoint.name](call)
                if call.visitor is not None and endpoint.limit_s > LONG_S:
                    body = await self._while_in(call.visitor, answering, deadline)
                else:
                    body = await answering
        except TimeoutError:
            if endpoint.limit_s > LONG_S:
                check_right(endpoint.right, self._visitor(call.request, encrypted=call.encrypted))
            why = f"this took longer than {endpoint.limit_s:g} s"
            raise RequestRefused(503, "too-slow", why) from None
        except RequestRefused as refused:
            if refused.status == 401:
                log.info("the page: %s from %s: refused, %s", endpoint.name, call.client, refused.code)
            raise
        if call.request.method not in guard.SAFE:
            who = call.visitor.name if call.visitor is not None else call.client
            log.info("the page: %s: %s%s", who, endpoint.name, f" {call.changed}" if call.changed else "")
        return _success(body, call)

    async def _while_in(self, visitor: Visitor, answering: Awaitable[Any], deadline: asyncio.Timeout) -> Any:
        """Return the answer, and bring ``deadline`` forward when the access of ``visitor`` ends."""

        async def watch() -> None:
            while not deadline.expired():
                if not self._doorkeeper.still_in(visitor):
                    deadline.reschedule(asyncio.get_running_loop().time())
                    return
                await asyncio.sleep(CHECKED_S)

        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(), name="page access of a call")
            try:
                outcome = await answering
            except (RequestRefused, OSError) as error:
                # Not raised in here: the group would wrap it.
                outcome = error
            watching.cancel()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _file(self, request: web.BaseRequest) -> web.Response:
        if request.method not in guard.SAFE:
            raise RequestRefused(404, "not-found", "there is nothing at this address")
        found = self._files.get(request.path)
        if found is None:
            raise RequestRefused(404, "not-found", "there is nothing at this address")
        if request.headers.get("If-None-Match") == found.tag:
            return web.Response(status=304, headers=found.headers)
        return web.Response(body=found.body, headers=found.headers)


def addresses(transport: asyncio.BaseTransport | None) -> tuple[str, str]:
    """Return our address and the client's; "" where a connection is gone already."""
    if transport is None:
        return "", ""
    own, peer = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
    return (own[0] if own else ""), (peer[0] if peer else "")


def check_right(right: Right, visitor: Visitor | None) -> None:
    """Check that ``visitor`` may do what needs ``right``.

    Raises:
        RequestRefused: it may not.
    """
    if right == "none":
        return
    if visitor is None:
        raise RequestRefused(401, "not-logged-in", "log in first, or send a valid token")
    if right == "owner":
        if not visitor.owner:
            raise RequestRefused(403, "not-owner", "this needs a browser that is logged in by the password")
    elif right not in visitor.scopes:
        raise RequestRefused(403, "wrong-scope", f"this token lacks the scope {right}")


async def _body(request: web.BaseRequest, endpoint: Endpoint) -> Any:
    """Return the body in the type that ``endpoint`` takes.

    Raises:
        RequestRefused: it is too long, too slow, of another type, or not valid.
    """
    if endpoint.takes is None:
        return None
    # The library reads its parameters, too: of one header for half a second, or until it gives up.
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != _JSON or "Content-Encoding" in request.headers:
        raise RequestRefused(415, "not-json", f"the body must be {_JSON}, not compressed")
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.content.iter_any():
                content += piece
                if len(content) > BODY_BYTES:
                    raise RequestRefused(413, "too-long", f"a body has at most {BODY_BYTES} bytes")
    except TimeoutError:
        raise RequestRefused(408, "too-slow", f"the body did not come within {BODY_S:g} s") from None
    try:
        return msgspec.json.decode(content, type=endpoint.takes)
    except msgspec.ValidationError as error:
        raise RequestRefused(400, "not-valid", in_words(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise RequestRefused(400, "not-json", "the body is no JSON") from None


def _query(request: web.BaseRequest, endpoint: Endpoint) -> Mapping[str, int]:
    """Return the whole numbers of the address.

    Raises:
        RequestRefused: they are none, or the endpoint does not take them.
    """
    found = {}
    for name, text in request.query.items():
        valid = name in endpoint.query and text.isascii() and text.isdecimal() and len(text) <= 16
        if not valid or int(text) > _LARGEST_NUMBER or name in found:
            taken = ", ".join(endpoint.query) or "nothing"
            raise RequestRefused(400, "wrong-query", f"behind its ? this address takes {taken}, as numbers")
        found[name] = int(text)
    return found


def _success(body: Any, call: ApiCall) -> web.Response:
    headers = dict(_HEADERS)
    if call.cookie is not None:
        headers["Set-Cookie"] = set_cookie(call.cookie, encrypted=call.encrypted)
    if isinstance(body, FileReply):
        headers |= {"Content-Type": body.content_type, **body.headers}
        return web.Response(body=body.body, headers=headers)
    if isinstance(body, Tagged):
        headers["ETag"] = f'"{body.tag}"'
        body = body.body
    if body is None:
        return web.Response(status=204, headers=headers)
    headers["Content-Type"] = _JSON
    return web.Response(body=msgspec.json.encode(body), headers=headers)


#: Of every reply of the API; the server does not tell its version.
_HEADERS = STRICT | {"Content-Security-Policy": policy()}


def unreadable(status: int) -> web.Response:
    """Return the reply to a request that is none of HTTP, or that took the server too long."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _refusal(RequestRefused(status, "bug", "the appliance failed to answer; its log says why"))
    return _refusal(RequestRefused(status, "not-http", "this is no request that the page can read"))


def _refusal(refused: RequestRefused) -> web.Response:
    headers = {**_HEADERS, "Content-Type": _JSON}
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(refused.retry_after_s)
    return web.Response(status=refused.status, body=msgspec.json.encode(refused.body), headers=headers)
