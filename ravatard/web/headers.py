"""Response headers that every page served here has."""

from __future__ import annotations

#: Headers of every reply. The server's name is without the versions of Python and aiohttp, which would tell a
#: stranger what to try. Microphone and camera are refused: the display's iframe asks for both, and a display
#: has no user to answer the browser's question; a granted microphone would talk to the avatar beside the
#: daemon's.
STRICT = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Server": "ravatard",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def policy(frames: str = "'none'") -> str:
    """Return a Content-Security-Policy that allows this server's own files alone.

    Args:
        frames: sources of iframes, as in a header.
    """
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"frame-src {frames}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
