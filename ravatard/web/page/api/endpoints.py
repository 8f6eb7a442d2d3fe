"""Table of the page's endpoints: address, scope, types and the function that answers.

The server finds its way by it, and the OpenAPI document is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

PREFIX = "/api/v1"

Method = Literal["GET", "POST", "PUT", "DELETE"]
#: Needed to call an endpoint. none: open to all, since nothing is told or changed before a log-in; owner: a
#: browser that was logged in by the password, and no token.
Right = Literal["none", "read", "control", "configure", "owner"]

#: Reasons for which any endpoint refuses, by status.
EVERYWHERE: Mapping[int, str] = {
    400: "The request cannot be understood.",
    403: "The request comes from another site, or is not allowed to this caller.",
    413: "The body is longer than 64 kB.",
    421: "The Host is no name of this appliance.",
    503: "The appliance cannot answer now; the error says why.",
}
#: Further ones of an endpoint that takes a body.
WITH_BODY: Mapping[int, str] = {
    408: "The body did not come in time.",
    415: "The body is not application/json.",
}
NOT_LOGGED_IN = "The caller is not logged in."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one address.

    Attributes:
        method: its method.
        path: its address; one part may be ``{id}``.
        name: operation id; also names the method that answers.
        right: see :data:`Right`.
        text: one sentence.
        takes: type of the request's body; None: it has none.
        gives: type of the reply's body; None: it has none, or ``media`` says what it is.
        media: content type of a reply that is no JSON.
        refusals: further reasons to refuse, by status.
        query: names of the integers that the address may have, with a sentence each.
        headers: names of headers of the request, with a sentence each.
        limit_s: time for the answer.
    """

    method: Method
    path: str
    name: str
    right: Right
    text: str
    takes: Any = None
    gives: Any = None
    media: str = ""
    refusals: Mapping[int, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    limit_s: float = 20.0

    @property
    def status(self) -> int:
        """Status of success."""
        if self.name == "live":
            return 101
        return 200 if self.gives is not None or self.media else 204


class EndpointTable:
    """Finds the endpoint of a request."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._fixed: dict[str, dict[str, Endpoint]] = {}
        self._open: dict[str, dict[str, Endpoint]] = {}
        for one in endpoints:
            parent, _, last = one.path.rpartition("/")
            table = self._open if last == "{id}" else self._fixed
            table.setdefault(parent if last == "{id}" else one.path, {})[one.method] = one

    def methods(self, path: str) -> tuple[Mapping[str, Endpoint], str]:
        """Return the endpoints at ``path`` by method, none for an unknown address, and the id in it."""
        if path in self._fixed:
            return self._fixed[path], ""
        parent, _, last = path.rpartition("/")
        return (self._open.get(parent, {}) if last else {}), last

    def paths(self) -> Iterator[str]:
        """Yield every address."""
        yield from self._fixed
        yield from (f"{parent}/{{id}}" for parent in self._open)
