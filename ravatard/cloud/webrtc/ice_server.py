"""STUN or TURN server in a service's configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from ravatard.secret import Secret


@dataclass(frozen=True, slots=True)
class IceServer:
    """STUN or TURN server: its URLs and credentials."""

    urls: tuple[str, ...]
    username: str = field(default="", repr=False)
    credential: Secret = field(default=Secret(""), repr=False)
