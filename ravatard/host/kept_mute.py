"""Remembers over a restart that the microphone is muted: an appliance muted by a person stays so."""

from __future__ import annotations

import logging
from pathlib import Path

from ravatard.core.actions import Mute

log = logging.getLogger(__name__)

#: The file is there while the microphone is muted; it is empty.
FILE_NAME = "muted"


class KeptMute:
    """An observer of the hub that keeps the last wish about the microphone in the state directory."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / FILE_NAME

    @property
    def muted(self) -> bool:
        """The last wish. A directory that cannot be read counts as not muted."""
        try:
            return self._file.exists()
        except OSError:
            return False

    def on_event(self, event: object, now: float) -> None:
        """Nothing: what counts is what follows from it."""

    def on_action(self, action: object, now: float) -> None:
        """Keep every change."""
        del now
        if not isinstance(action, Mute):
            return
        try:
            if action.muted:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.touch(mode=0o644)
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            log.warning(
                "whether the microphone is muted cannot be kept in %s: %s", self._file, error.strerror
            )
