"""Which source of sound the options mean; only what it needs is imported."""

from __future__ import annotations

from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.sink import Source


def open_source(microphone: MicrophoneOptions, capture: CaptureOptions) -> Source:
    """The source that the options mean.

    Raises:
        DeviceError: it cannot be had.
    """
    if microphone.command is not None:
        from ravatard.devices.microphone.external_program import CommandSource

        return CommandSource(microphone.command, capture)
    if microphone.fifo is not None:
        from ravatard.devices.microphone.external_program import FifoSource

        return FifoSource(microphone.fifo, capture)
    if microphone.wav is not None:
        from ravatard.devices.microphone.recording import WavSource

        return WavSource(microphone.wav, capture, repeat=microphone.repeat)
    from ravatard.devices.cards.portaudio import CardSource, open_portaudio

    return CardSource(open_portaudio, microphone, capture)
