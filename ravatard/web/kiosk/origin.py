"""Page addresses: origins, loopback names, and the address of a live session's iframe."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ravatard.secret import Secret

DEFAULT_PORTS = {"http": 80, "https": 443}
#: Names a page may be opened by; any other one may come from a hostile name server ("DNS rebinding").
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\]")
#: RFC 1035, 2.3.4. To look at a longer one in another script than ours takes seconds.
_LONGEST_HOST, _LONGEST_LABEL = 253, 63
#: Characters that ECMAScript's encodeURIComponent keeps, beside letters and digits.
_UNESCAPED = "-_.!~*'()"


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port (RFC 6454): host in lower case, an IPv6 address in brackets."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin | None:
        """Return the origin of an http or https URL, or None. Its text is safe in a header."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
            if len(host) > _LONGEST_HOST or max(map(len, host.split("."))) > _LONGEST_LABEL:
                return None
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
        """True if the host can only mean this machine."""
        return self.host in LOOPBACK_NAMES


def origin_of_host(host_header: str) -> Origin | None:
    """Return the origin that a ``Host`` header names; None unless it is a loopback name."""
    if not host_header.isascii():
        # No browser sends one.
        return None
    origin = Origin.of(f"http://{host_header}")
    if origin is None or not origin.is_loopback or urlsplit(f"http://{host_header}").netloc != host_header:
        return None
    return origin if "@" not in host_header else None


def frame_address(url: Secret, token: Secret, *, silent: bool = False) -> Secret:
    """Return the iframe's address: ``streamingUrl`` and token, joined as in the live-mode document.

    The token goes before a fragment: behind it, it would never reach the server.

    Args:
        url: the session's ``streamingUrl`` as received.
        token: the token, unescaped.
        silent: mute the page with PixelStreaming's ``StartVideoMuted``.
    """
    added = f"token={quote(token.reveal(), safe=_UNESCAPED)}"
    if silent:
        added = f"StartVideoMuted=true&{added}"
    bare, hash_sign, fragment = url.reveal().partition("#")
    return Secret(f"{bare}{'&' if '?' in bare else '?'}{added}{hash_sign}{fragment}")
