"""Embedding rules of a page, read from its headers as a browser reads them.

The headers are ``X-Frame-Options`` (HTML, section 7.4.6) and ``Content-Security-Policy`` (CSP Level 3,
sections 6.4.2 for ``frame-ancestors``, 6.7.2.8 for matching). ``frame-ancestors`` overrides the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ravatard.web.kiosk.origin import DEFAULT_PORTS, Origin

_SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>\*|[0-9]{1,5}))?(?:/.*)?",
    re.IGNORECASE | re.DOTALL,
)
_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SHOWN_LIMIT = 120


@dataclass(frozen=True, slots=True)
class EmbeddingPolicy:
    """Embedding headers of a page.

    Attributes:
        options: every ``X-Frame-Options`` header, as received.
        policies: every ``Content-Security-Policy`` header, as received.
    """

    options: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()

    def refuses(self, page: Origin, embedder: Origin) -> str | None:
        """Return the header that forbids ``page`` inside ``embedder``, or None."""
        ancestors = [
            sources for policy in _split(self.policies) if (sources := _ancestors(policy)) is not None
        ]
        for sources in ancestors:
            if not any(_matches(source, page, embedder) for source in sources):
                return _shown(f"Content-Security-Policy: frame-ancestors {' '.join(sources)}")
        if ancestors or not self._options_refuse(page, embedder):
            return None
        return _shown(f"X-Frame-Options: {', '.join(self.options)}")

    def _options_refuse(self, page: Origin, embedder: Origin) -> bool:
        values = {value.strip().lower() for value in _split(self.options)}
        if len(values) > 1:
            return bool(values & {"deny", "allowall", "sameorigin"})
        return values == {"deny"} or (values == {"sameorigin"} and page != embedder)


@dataclass(frozen=True, slots=True)
class Inspection:
    """Result of inspecting a streaming page.

    Attributes:
        origins: origins of every redirect and of the page itself, which is the last.
        framing: its embedding headers.
        trouble: why the page cannot be shown, one sentence for users; None when it can.
    """

    origins: tuple[Origin, ...]
    framing: EmbeddingPolicy = EmbeddingPolicy()
    trouble: str | None = None


def _split(headers: Iterable[str]) -> list[str]:
    return [part for header in headers for part in header.split(",")]


def _ancestors(policy: str) -> list[str] | None:
    """Return the sources of the first ``frame-ancestors`` of a policy; None without one."""
    for directive in policy.split(";"):
        words = directive.split()
        if words and words[0].lower() == "frame-ancestors":
            return words[1:]
    return None


def _matches(source: str, page: Origin, embedder: Origin) -> bool:
    if source == "*":
        return embedder.scheme in DEFAULT_PORTS
    if source.lower() == "'self'":
        return page == embedder
    if scheme := _SCHEME.fullmatch(source):
        return _scheme_fits(scheme["scheme"].lower(), embedder.scheme)
    parts = _SOURCE.fullmatch(source)
    if parts is None:
        return False
    scheme_wanted = (parts["scheme"] or page.scheme).lower()
    return (
        _scheme_fits(scheme_wanted, embedder.scheme)
        and _host_fits(parts["host"].lower(), embedder.host)
        and _port_fits(parts["port"], embedder)
    )


def _scheme_fits(wanted: str, scheme: str) -> bool:
    return wanted == scheme or (wanted == "http" and scheme == "https")


def _host_fits(wanted: str, host: str) -> bool:
    if wanted == "*":
        return True
    if wanted.startswith("*."):
        return host.endswith(wanted[1:])
    return wanted == host


def _port_fits(wanted: str | None, embedder: Origin) -> bool:
    if wanted == "*":
        return True
    if wanted is None:
        return embedder.port == DEFAULT_PORTS[embedder.scheme]
    return int(wanted) == embedder.port


def _shown(text: str) -> str:
    """Return a header for display: one line, printable, and short enough for a screen."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= _SHOWN_LIMIT else f"{clean[:_SHOWN_LIMIT]}…"
