"""The sound process of the other placement: the shipped one, whose listener is told when to be attentive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ravatard.core.actions import Press
from ravatard.devices.microphone import worker as soundworker
from ravatard.devices.microphone.listener import Listener
from ravatard.devices.microphone.protocol import Record


class RawListener(Listener):
    """Hands out every block; short ones between Press and Release, which is how the daemon tells it."""

    _short = False

    @property
    def attentive(self) -> bool:
        """What the gate in the daemon said last."""
        return self._short

    def handle(self, records: list[Record]) -> None:
        """Remember the last word."""
        for record in records:
            self._short = isinstance(record, Press)


if __name__ == "__main__":
    if not TYPE_CHECKING:
        soundworker.Listener = RawListener
    soundworker.main()
