"""Warnings about a device, each written to the log once, however often the device is opened."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


class WarnedOnce:
    """Writes warnings."""

    def __init__(self) -> None:
        self._written: set[str] = set()

    def warn(self, sentence: str) -> None:
        """Write ``sentence``, unless it was written."""
        if sentence not in self._written:
            self._written.add(sentence)
            log.warning("%s", sentence)
