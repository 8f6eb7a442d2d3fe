"""Trials of the configured microphone for the owner's page, with the doctor's bench."""

from __future__ import annotations

from collections.abc import Mapping

from ravatard.config import Options
from ravatard.ports.page import TrialSound


class ConfiguredTrials:
    """Implements :class:`ravatard.ports.page.Trials`; loads the bench when it is used."""

    def __init__(self, options: Options, environ: Mapping[str, str]) -> None:
        """``environ`` holds the variables that ALSA and PulseAudio need."""
        self._options = options
        self._environ = environ

    async def record(self, seconds: float) -> TrialSound:
        """See :meth:`ravatard.ports.page.Trials.record`.

        Raises:
            DeviceError: the microphone cannot be opened, or delivers no sound.
        """
        from ravatard.doctor.bench import ChildBench
        from ravatard.doctor.levels import levels

        options = self._options
        sound = await ChildBench(self._environ).record(options.microphone, options.capture, seconds)
        measured = levels(sound.pcm)
        return TrialSound(sound.device, sound.pcm, measured.level_db, measured.loudest_db)
