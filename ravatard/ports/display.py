"""The seam of a screen that shows the avatar."""

from __future__ import annotations

from typing import NoReturn, Protocol

from ravatard.core.indication import Indication
from ravatard.secret import Secret


class Display(Protocol):
    """A page that is served to a browser on this machine."""

    async def serve(self) -> NoReturn:
        """Be there, for ever. Cancelling closes every connection."""
        ...

    def show(self, indication: Indication) -> None:
        """Show what the appliance does. Never waits."""
        ...

    def stage(self, url: Secret | None, token: Secret | None) -> None:
        """Show this picture, opened with this token; None: there is none. Never waits."""
        ...
