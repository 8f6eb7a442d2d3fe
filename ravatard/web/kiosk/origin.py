"""Addresses of pages: their origins, loopback names, and where the iframe of a live session leads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ravatard.secret import Secret

DEFAULT_PORTS = {"http": 80, "https": 443}
#: A page that was reached by another name was led here by somebody else's name server ("DNS rebinding").
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\]")
#: What ECMAScript's encodeURIComponent leaves as it is, beside letters and digits.
_UNESCAPED = "-_.!~*'()"


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port (RFC 6454): host in lower case, an IPv6 address in brackets."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin | None:
        """The origin of an http or https URL; None for anything else. Its text is safe in a header."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
            if not host.isascii():
                host = host.encode("idna").decode()
        except ValueError:  # UnicodeError is one
            return None
        if ":" in host:
            host = f"[{host}]"
        if parts.scheme not in DEFAULT_PORTS or not _HOST.fullmatch(host):
            return None
        return cls(parts.scheme, host, DEFAULT_PORTS[parts.scheme] if port is None else port)

    def __str__(self) -> str:
        suffix = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{suffix}"

    @property
    def is_loopback(self) -> bool:
        """Whether its name can only mean this machine."""
        return self.host in LOOPBACK_NAMES


def visited_as(host_header: str) -> Origin | None:
    """What a ``Host`` header says the page was opened as; None when that is no name of this machine."""
    origin = Origin.of(f"http://{host_header}")
    if origin is None or not origin.is_loopback or urlsplit(f"http://{host_header}").netloc != host_header:
        return None
    return origin if "@" not in host_header else None


def frame_address(url: Secret, token: Secret, *, silent: bool = False) -> Secret:
    """Where the iframe leads: ``streamingUrl`` with the token as the live-mode document joins them.

    A fragment stays at the end: behind it the token would never reach the server.

    Args:
        url: the session's ``streamingUrl`` as it came.
        token: the token, unescaped.
        silent: ask the page to keep its sound to itself, with PixelStreaming's ``StartVideoMuted``.
    """
    added = f"token={quote(token.reveal(), safe=_UNESCAPED)}"
    if silent:
        added = f"StartVideoMuted=true&{added}"
    bare, hash_sign, fragment = url.reveal().partition("#")
    return Secret(f"{bare}{'&' if '?' in bare else '?'}{added}{hash_sign}{fragment}")
