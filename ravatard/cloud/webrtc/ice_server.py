"""A STUN or TURN server, as a service names it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.secret import Secret


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server the service names."""

    urls: tuple[str, ...]
    username: str = field(default="", repr=False)
    credential: Secret = field(default=Secret(""), repr=False)
