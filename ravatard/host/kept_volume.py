"""Remembers over a restart how loud the answers are: what a person turned up or down stays so."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from ravatard.core.actions import SetVolume

log = logging.getLogger(__name__)

#: The file in the state directory: the percent as a decimal number, and a line end.
FILE_NAME = "volume"
_PERCENT = re.compile(rb"(100|[1-9]?[0-9])\n")
#: Longer than any percent: what is longer is none.
_LOOKED_AT_BYTES = 16


class KeptVolume:
    """An observer of the hub that keeps the loudness in the state directory.

    The file is replaced as a whole, so that after a power cut it holds the old loudness or the new one.
    """

    def __init__(self, directory: Path) -> None:
        """Nothing is read yet; ``directory`` need not exist."""
        self._file = directory / FILE_NAME
        self._kept: int | None = None

    @property
    def percent(self) -> int | None:
        """The last loudness in percent of full; None when none was kept, or the file is damaged."""
        try:
            with self._file.open("rb") as file:
                found = _PERCENT.fullmatch(file.read(_LOOKED_AT_BYTES))
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning(
                "the volume cannot be read from %s (%s); the default holds", self._file, error.strerror
            )
            return None
        if found is None:
            log.warning("%s holds no volume from 0 to 100; the default holds", self._file)
            return None
        return int(found[1])

    def on_event(self, event: object, now: float) -> None:
        """Nothing: what counts is what follows from it."""

    def on_action(self, action: object, now: float) -> None:
        """Keep every change."""
        del now
        if not isinstance(action, SetVolume) or action.percent == self._kept:
            return
        new = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                file.write(b"%d\n" % action.percent)
                # Renamed before its content is on the disk, it could be empty after a power cut.
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except OSError as error:
            log.warning("the volume cannot be kept in %s: %s", self._file, error.strerror)
            return
        self._kept = action.percent
