"""Which source of sound the options mean; only what it needs is imported."""

from __future__ import annotations

from ravatard.devices.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.sink import Source


def open_source(microphone: MicrophoneOptions, capture: CaptureOptions) -> Source:
    """The source that the options mean.

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
