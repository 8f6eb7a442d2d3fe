"""What the sound process hears: what a source is, where its sound goes, and which one the options mean."""

from __future__ import annotations

from typing import NoReturn, Protocol

from ravatard.core.audio import AudioFormat
from ravatard.core.events import MicrophoneEnded, MicrophoneLost
from ravatard.devices.earwire import Failed
from ravatard.devices.options import CaptureOptions, MicrophoneOptions


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

    def hear(self, pcm: bytes, read_at: float, overran: bool = False) -> None:
        """Whole frames of the source's own shape; ``overran`` when sound was lost right before them."""
        ...

    def tell(self, record: MicrophoneEnded | MicrophoneLost | Failed) -> None:
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


def open_source(microphone: MicrophoneOptions, capture: CaptureOptions) -> Source:
    """The source that the options mean; only what it needs is imported.

    Raises:
        DeviceError: it cannot be had.
    """
    if microphone.command is not None:
        from ravatard.devices.pipes import CommandSource

        return CommandSource(microphone.command, capture)
    if microphone.fifo is not None:
        from ravatard.devices.pipes import FifoSource

        return FifoSource(microphone.fifo, capture)
    if microphone.wav is not None:
        from ravatard.devices.recording import WavSource

        return WavSource(microphone.wav, capture, repeat=microphone.repeat)
    from ravatard.devices.portaudio import CardSource, open_portaudio

    return CardSource(open_portaudio, microphone, capture)
