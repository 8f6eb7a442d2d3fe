"""Panel ports: the push button and the lights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from ravatard.core.events import ButtonPressed, ButtonReleased
from ravatard.core.indication import Look


class Button(Protocol):
    """The push button."""

    def events(self) -> AsyncIterator[ButtonPressed | ButtonReleased]:
        """Yield edges in order, debounced, for ever."""
        ...

    def close(self) -> None:
        """Give the pin back. Idempotent."""
        ...


class Lamp(Protocol):
    """The lights."""

    def show(self, look: Look) -> None:
        """Show ``look`` until another call. Returns at once; patterns run by themselves."""
        ...

    def dim(self, percent: int) -> None:
        """Be no brighter than ``percent`` of full from now on, 0 to 100; the same again changes nothing."""
        ...

    def close(self) -> None:
        """Lights off, pins given back. Idempotent."""
        ...
