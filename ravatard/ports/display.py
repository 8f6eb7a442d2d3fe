"""Display port: a screen that shows the avatar."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NoReturn, Protocol

from ravatard.core.indication import Indication
from ravatard.secret import Secret


class Display(Protocol):
    """Page for a browser on this machine."""

    @property
    def sound_in_browser(self) -> bool:
        """True if the browser plays the avatar's voice, and the daemon does not."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """One sentence for each reason why the page is not served. Never raises."""
        ...

    async def serve(self) -> NoReturn:
        """Serve the page, for ever. Cancelling closes every connection."""
        ...

    def show(self, indication: Indication) -> None:
        """Show the appliance's state. Never waits."""
        ...

    def sounding(self) -> AsyncIterator[bool]:
        """Yield True when the browser begins to be heard, False when it falls silent; for ever.

        Only one that plays the avatar's voice does. Cancelling the iteration is safe.
        """
        ...

    def stage(self, url: Secret | None, token: Secret | None) -> None:
        """Show this picture, opened with this token; None: there is none. Never waits."""
        ...
