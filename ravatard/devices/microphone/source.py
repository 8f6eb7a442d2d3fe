"""Seam inside the sound process: a source of sound, and the sink that takes its sound."""

from __future__ import annotations

from typing import NoReturn, Protocol

from ravatard.core.audio.microphone_events import MicrophoneEnded, MicrophoneLost
from ravatard.core.audio_format import AudioFormat
from ravatard.devices.microphone.protocol import SourceFailed


class Sink(Protocol):
    """Takes the sound of a source."""

    @property
    def attentive(self) -> bool:
        """True while a user speaks or the button is down: the sink wants short blocks."""
        ...

    def now(self) -> float:
        """Return seconds on the monotonic clock."""
        ...

    def opened(self, device: str, shape: AudioFormat) -> None:
        """The source is open and delivers ``shape``; its first sound makes the microphone ready.

        Raises:
            DeviceError: the extra that converts ``shape`` is not installed.
        """
        ...

    def write(self, pcm: bytes, read_at: float, overran: bool = False, age_s: float | None = None) -> None:
        """Take whole frames of the source's own shape.

        Args:
            pcm: the frames.
            read_at: when they were read.
            overran: sound was lost right before them.
            age_s: time from the first frame's conversion until ``read_at``; None: unknown.
        """
        ...

    def report(self, record: MicrophoneEnded | MicrophoneLost | SourceFailed) -> None:
        """The recording is over, no sound comes for now, or none will come any more."""
        ...

    def wait(self, seconds: float | None, fd: int | None = None) -> bool:
        """Wait until ``fd`` can be read (True), or the time is over or a command came (False)."""
        ...


class Source(Protocol):
    """Delivers sound without end."""

    def run(self, sink: Sink) -> NoReturn:
        """Deliver.

        Raises:
            DeviceError: it delivers no more sound.
        """
        ...
