"""OpenAPI 3.1 document of the page, made of the table of endpoints and the types.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, get_args

import msgspec

from ravatard.web.page.api.catalog import ENDPOINTS
from ravatard.web.page.api.endpoints import EVERYWHERE, NOT_LOGGED_IN, WITH_BODY, Endpoint, Right
from ravatard.web.page.api.status_types import LiveMessage, LiveWish
from ravatard.web.page.api.types import ApiError

#: Version of the API, in the place of the program's for callers who are not told that one.
API_VERSION = "1"
_REFS = "#/components/schemas/{name}"
_ABOUT = (
    "Everything is JSON. A browser has the cookie of its log-in, a program `Authorization: Bearer TOKEN`. "
    "POST and PUT need `Content-Type: application/json` and a body, if only `{}`; a browser must be on the "
    "page's own origin. Every error is an ApiError. A session holds every right, a token those of its scopes."
)


def document(version: str, endpoints: Sequence[Endpoint] = ENDPOINTS) -> dict[str, Any]:
    """Return the document for this ``version`` of the program."""
    bodies = [one for endpoint in endpoints for one in (endpoint.takes, endpoint.gives) if one is not None]
    types = [*dict.fromkeys([*bodies, ApiError, LiveWish, *get_args(LiveMessage)])]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFS)
    known = dict(zip(types, map(_plain, schemas), strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, known)
    components = {name: _plain(schema) for name, schema in components.items()}
    components["LiveMessage"] = {"oneOf": [known[one] for one in get_args(LiveMessage)]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ravatard, the owner's page",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {
                f"Refused{status}": {"description": text, "content": _json(known[ApiError])}
                for status, text in {**EVERYWHERE, **WITH_BODY, 401: NOT_LOGGED_IN}.items()
            },
            "securitySchemes": {
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "ravatard",
                    "description": "Set by a log-in; its name is __Host-ravatard with TLS.",
                },
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


@cache
def encoded(version: str) -> bytes:
    """Return the document as JSON, made once. Blocks for that."""
    return json.dumps(document(version), separators=(",", ":")).encode()


def _operation(endpoint: Endpoint, known: Mapping[Any, Any]) -> dict[str, Any]:
    shared = [*EVERYWHERE, *([] if endpoint.takes is None else WITH_BODY)]
    if endpoint.right != "none":
        shared.append(401)
    responses: dict[str, Any] = {str(endpoint.status): _success(endpoint, known)}
    responses |= {str(status): {"$ref": f"#/components/responses/Refused{status}"} for status in shared}
    for status, text in endpoint.refusals.items():
        responses[str(status)] = {"description": text, "content": _json(known[ApiError])}
    responses = dict(sorted(responses.items()))
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.text,
        "security": _security(endpoint.right),
        "x-right": endpoint.right,
        "responses": responses,
    }
    if endpoint.takes is not None:
        operation["requestBody"] = {"required": True, "content": _json(known[endpoint.takes])}
    if parameters := list(_parameters(endpoint)):
        operation["parameters"] = parameters
    return operation


def _success(endpoint: Endpoint, known: Mapping[Any, Any]) -> dict[str, Any]:
    if endpoint.gives is not None:
        return {"description": "It is done.", "content": _json(known[endpoint.gives])}
    if endpoint.media:
        return {"description": "The file.", "content": {endpoint.media: {}}}
    return {"description": "It is done." if endpoint.status == 204 else "The WebSocket is open."}


def _security(right: Right) -> list[dict[str, list[str]]]:
    if right == "none":
        return [{}]
    return [{"cookie": []}] if right == "owner" else [{"cookie": []}, {"token": [right]}]


def _parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    if "{id}" in endpoint.path:
        schema = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
        yield {"name": "id", "in": "path", "required": True, "schema": schema}
    for name, text in endpoint.query.items():
        whole = {"type": "integer", "minimum": 0}
        yield {"name": name, "in": "query", "description": text, "schema": whole}
    for name, text in endpoint.headers.items():
        yield {
            "name": name,
            "in": "header",
            "required": True,
            "description": text,
            "schema": {"type": "string"},
        }


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _plain(schema: Any) -> Any:
    """Return a schema with its descriptions on one line: docstrings are wrapped for an editor."""
    if isinstance(schema, dict):
        return {
            name: re.sub(r"\s+", " ", value).strip()
            if name == "description" and isinstance(value, str)
            else _plain(value)
            for name, value in schema.items()
        }
    return [_plain(one) for one in schema] if isinstance(schema, list) else schema
