"""The seam to whatever makes the avatar seen and heard: the service tells it what to say."""

from __future__ import annotations

from typing import Protocol

from ravatard.sim.exchange import Reply
from ravatard.sim.ravatar.record import SessionRecord


class AvatarVoice(Protocol):
    """The avatars' voice. Nothing here waits; sessions are named by their licence."""

    def speak(self, licence: str, text: str) -> None:
        """Say an answer in this session."""
        ...

    def hush(self, licence: str) -> None:
        """The user speaks or writes again: what is being said is over."""
        ...

    def ended(self, licence: str) -> None:
        """The session is over."""
        ...

    def page(self, session: SessionRecord) -> Reply | None:
        """The page that plays this session; None: there is only a still picture."""
        ...


class NullAvatarVoice:
    """A service whose answers are text alone."""

    def speak(self, licence: str, text: str) -> None:
        """Say nothing."""

    def hush(self, licence: str) -> None:
        """There is nothing to stop."""

    def ended(self, licence: str) -> None:
        """There is nothing to end."""

    def page(self, session: SessionRecord) -> Reply | None:
        """There is none."""
        return None
