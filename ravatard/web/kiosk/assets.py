"""The files of the page and the headers they go out with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import resources

from ravatard.web.kiosk.origin import Origin

_FILES = {
    "/": ("kiosk.html", "text/html"),
    "/kiosk.css": ("kiosk.css", "text/css"),
    "/kiosk.js": ("kiosk.js", "text/javascript"),
}
_ORIGINS_MARK = b"{{origins}}"

#: For every reply. The microphone and the camera are the daemon's: without this the streaming page, whose
#: iframe asks for both, would have the browser ask a question nobody can answer, or talk to the avatar twice.
STRICT = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it goes out."""

    body: bytes = field(repr=False)
    content_type: str
    headers: dict[str, str]


def content_security_policy(origins: Iterable[Origin]) -> str:
    """Nothing but our own files, and in the iframe nothing but ``origins``."""
    frames = " ".join(str(origin) for origin in origins) or "'none'"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"frame-src {frames}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class Assets:
    """The files, read once."""

    def __init__(self) -> None:
        folder = resources.files("ravatard.web.kiosk") / "static"
        self._files = {
            path: ((folder / name).read_bytes(), content_type)
            for path, (name, content_type) in _FILES.items()
        }

    def get(self, path: str, origins: Iterable[Origin]) -> Asset | None:
        """The file at ``path``, or None. The page names ``origins``, so that it knows its own policy."""
        if path not in self._files:
            return None
        allowed = tuple(origins)
        body, content_type = self._files[path]
        body = body.replace(_ORIGINS_MARK, " ".join(str(origin) for origin in allowed).encode())
        return Asset(
            body, content_type, STRICT | {"Content-Security-Policy": content_security_policy(allowed)}
        )
