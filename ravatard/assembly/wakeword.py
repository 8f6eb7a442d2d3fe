"""Model of the wake word, as it was found and tried last: at the start, and at a reload."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from ravatard.config import Options
from ravatard.core.wakeword.options import WakeWordOptions
from ravatard.devices.microphone.wakeword.model import find_model
from ravatard.devices.microphone.wakeword.trial import try_model
from ravatard.devices.microphone.wakeword.tried import TriedModel
from ravatard.errors import DeviceError


class WakeWordModel:
    """Holds the model that the microphone's process loads.

    Attributes:
        tried: the model; None without one.
        trouble: why there is none though it is configured, as one sentence; "" otherwise.
    """

    def __init__(self, beside: Path, environ: Mapping[str, str]) -> None:
        """Hold none yet.

        Args:
            beside: the folder of the configuration.
            environ: environment variables of the process that tries a model.
        """
        self.tried: TriedModel | None = None
        self.trouble = ""
        self._beside = beside
        self._environ = environ

    async def refresh(self, options: Options) -> None:
        """Find and try what ``options`` name, if their gate waits for a word. Nothing is raised for it."""
        if not options.gate.takes_word:
            self.trouble = ""
            return
        try:
            tried = await asyncio.to_thread(self._tried, options.wakeword)
        except DeviceError as error:
            self.trouble = str(error)
            return
        if self.tried is not None and self.tried is not tried:
            os.close(self.tried.fd)
        self.tried, self.trouble = tried, ""

    def _tried(self, options: WakeWordOptions) -> TriedModel:
        """Return the model that ``options`` name; one that was tried before is not tried again.

        Raises:
            DeviceError: it cannot be used.
        """
        found, before = find_model(options, self._beside), self.tried
        if before is not None and before.content == found.content:
            known = (before.word, before.outputs, before.threshold)
            if known == (found.word, found.outputs, found.threshold):
                return before
        return try_model(found, self._environ)

    def current(self) -> TriedModel | None:
        """Return :attr:`tried`."""
        return self.tried
