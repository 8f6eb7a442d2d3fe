"""Microphone source on a sound card, through PortAudio.

Callback mode only: a blocking read never returns when a card is pulled out. The gate runs in the callback
itself; waking another thread for it cost a third more CPU. If this process hangs, the daemon notices the
silence and ends it.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from ravatard.core.audio_format import RATE_HZ, AudioFormat
from ravatard.devices.cards.identity import SoundDevice
from ravatard.devices.cards.portaudio import (
    CONTINUE,
    FORMATS,
    INPUT_OVERFLOW,
    USUAL_RATES_HZ,
    default_index,
    devices,
    open_in_first,
    pick,
)
from ravatard.devices.microphone.options import CaptureOptions, MicrophoneOptions
from ravatard.devices.microphone.protocol import FailureKind, SourceFailed
from ravatard.devices.microphone.source import Sink
from ravatard.errors import DeviceError

#: Longest latency that is believed of a driver.
_LONGEST_AGE_S = 2.0


class CardSource:
    """A microphone that PortAudio lists."""

    def __init__(
        self,
        start: Callable[[], Any],
        microphone: MicrophoneOptions,
        capture: CaptureOptions,
        *,
        root: str = "/",
    ) -> None:
        """Prepare the source; it is opened later.

        Args:
            start: returns PortAudio.
            microphone: section ``microphone``.
            capture: section ``capture``.
            root: folder of the kernel's ``proc`` and ``sys``.
        """
        self._start = start
        self._wanted = microphone.device
        self._capture = capture
        self._root = root

    def run(self, sink: Sink) -> NoReturn:
        """Open the microphone in another thread; here commands and the daemon's end are noticed meanwhile."""
        _thread.start_new_thread(self.open_or_report, (sink,))
        while True:
            sink.wait(None)

    def open_or_report(self, sink: Sink) -> None:
        """Open the microphone; report a failure to the sink."""
        try:
            self.open(sink)
        except DeviceError as error:
            sink.report(SourceFailed(FailureKind.OPENING, str(error)))

    def open(self, sink: Sink) -> None:
        """Find the microphone and start its stream; sound then arrives in PortAudio's own thread.

        Raises:
            DeviceError: it is not there, or opens in no usable shape.
        """
        # Kept: a stream ends with the object it was opened by.
        self._portaudio = self._start()
        device = self._choose()

        def open_stream(shape: AudioFormat) -> Any:
            return self._portaudio.open(
                rate=shape.rate_hz,
                channels=shape.channels,
                format=FORMATS[shape.sample_format],
                input=True,
                input_device_index=device.index,
                # One length for the life of a stream. The long one: it is cheaper, and a slow machine that
                # overran four times in six seconds at 20 ms never did at 60 ms.
                frames_per_buffer=round(shape.rate_hz * self._capture.quiet_block_ms / 1000),
                stream_callback=_callback(sink),
                start=False,
            )

        shape, self._stream = open_in_first(self._shapes(device), open_stream, device, "microphone")
        sink.opened(device.text, shape)
        self._stream.start_stream()

    def _choose(self) -> SoundDevice:
        microphones = [device for device in devices(self._portaudio, self._root) if device.inputs]
        default = default_index(self._portaudio.get_default_input_device_info)
        return pick(self._wanted, microphones, default, kind="microphone", root=self._root)

    def _shapes(self, device: SoundDevice) -> Iterator[AudioFormat]:
        """Yield shapes to try, best first: the configured one, then those that need least conversion."""
        configured = AudioFormat(self._capture.rate_hz, self._capture.channels)
        yield configured
        rates = dict.fromkeys((RATE_HZ, device.rate_hz, *USUAL_RATES_HZ))
        channels = dict.fromkeys((self._capture.channels, 1, 2, device.inputs))
        for rate_hz in rates:
            for sample_format in FORMATS:
                for count in channels:
                    shape = AudioFormat(rate_hz, count, sample_format)
                    if shape != configured and (self._capture.channel or 0) < count <= device.inputs:
                        yield shape


def _callback(sink: Sink) -> Callable[[bytes, int, Mapping[str, float], int], tuple[None, int]]:
    """Return the callback for each block; PortAudio's thread calls it. An exception in it ends the stream."""
    write, now = sink.write, sink.now

    def on_block(pcm: bytes, _frames: int, times: Mapping[str, float], status: int) -> tuple[None, int]:
        # The latency of a sound server's buffers changes while the stream runs.
        age_s = times.get("current_time", 0.0) - times.get("input_buffer_adc_time", 0.0)
        write(pcm, now(), status & INPUT_OVERFLOW != 0, age_s if 0 < age_s < _LONGEST_AGE_S else None)
        return None, CONTINUE

    return on_block
