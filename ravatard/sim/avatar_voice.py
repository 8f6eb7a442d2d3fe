"""Interface between the simulated service and the streams that speak its answers."""

from __future__ import annotations

from typing import Protocol

from ravatard.sim.exchange import Reply, Request
from ravatard.sim.ravatar.record import SessionRecord


class AvatarVoice(Protocol):
    """Voice of the avatars in live sessions. No method waits; sessions are named by their licence."""

    def speak(self, licence: str, text: str) -> None:
        """Speak an answer in this session."""
        ...

    def interrupt(self, licence: str) -> None:
        """Stop speaking: the user speaks or writes again."""
        ...

    def ended(self, licence: str) -> None:
        """Note the end of a session."""
        ...

    def page(self, session: SessionRecord, request: Request) -> Reply | None:
        """Return the page that plays this session, for ``request``; None: there is only a still picture."""
        ...


class NullAvatarVoice:
    """Voice of a service with text answers only."""

    def speak(self, licence: str, text: str) -> None:
        """Speak nothing."""

    def interrupt(self, licence: str) -> None:
        """Stop nothing."""

    def ended(self, licence: str) -> None:
        """End nothing."""

    def page(self, session: SessionRecord, request: Request) -> Reply | None:
        """Return None."""
        return None
