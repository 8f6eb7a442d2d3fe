"""The seam inside the sound process: what a source of sound is, and what it hands its sound to."""

from __future__ import annotations

from typing import NoReturn, Protocol

from ravatard.core.audio_format import AudioFormat
from ravatard.core.events import MicrophoneEnded, MicrophoneLost
from ravatard.devices.microphone.protocol import SourceFailed


class Sink(Protocol):
    """What a source hands its sound to."""

    @property
    def attentive(self) -> bool:
        """Whether somebody speaks or a button is down: short blocks, please."""
        ...

    def now(self) -> float:
        """Seconds on the monotonic clock."""
        ...

    def opened(self, device: str, shape: AudioFormat) -> None:
        """The source is open and delivers ``shape``; its first sound makes the microphone ready.

        Raises:
            DeviceError: what it takes to convert that is missing.
        """
        ...

    def hear(self, pcm: bytes, read_at: float, overran: bool = False, age_s: float | None = None) -> None:
        """Whole frames of the source's own shape.

        Args:
            pcm: the frames.
            read_at: when they were read.
            overran: sound was lost right before them.
            age_s: how long ago, then, the first of them was at the converter; None: it is not known.
        """
        ...

    def tell(self, record: MicrophoneEnded | MicrophoneLost | SourceFailed) -> None:
        """What is not sound: the recording is over, nothing comes for now, or nothing ever will."""
        ...

    def wait(self, seconds: float | None, fd: int | None = None) -> bool:
        """Wait until ``fd`` can be read (True), or the time is over or a command came (False)."""
        ...


class Source(Protocol):
    """Something that delivers sound for ever."""

    def run(self, sink: Sink) -> NoReturn:
        """Deliver.

        Raises:
            DeviceError: there is no more sound to be had from it.
        """
        ...
