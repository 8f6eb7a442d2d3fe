"""Microphone source that plays a WAV file in real time."""

from __future__ import annotations

import os
from typing import NoReturn

from ravatard.core.audio.microphone_events import MicrophoneEnded
from ravatard.devices.media.wav_file import read_wav_info
from ravatard.devices.microphone.options import CaptureOptions
from ravatard.devices.microphone.source import Sink
from ravatard.errors import DeviceError


class WavSource:
    """A WAV file in real time: paced by the clock without drift, catching up after a stall."""

    def __init__(self, path: str, capture: CaptureOptions, *, repeat: bool) -> None:
        """Open ``path``.

        Raises:
            DeviceError: it is no usable WAV file.
        """
        info = read_wav_info(path)
        self._info = info
        self._path = path
        self._repeat = repeat
        self._capture = capture
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def run(self, sink: Sink) -> NoReturn:
        """Deliver the recording, then silence or the recording again."""
        shape = self._info.format
        sink.opened(f"recording {self._path}", shape)
        begun, frames, at = sink.now(), 0, 0
        over = False
        while True:
            block_ms = self._capture.speech_block_ms if sink.attentive else self._capture.quiet_block_ms
            count = shape.bytes_for(block_ms)
            frames += count // shape.frame_bytes
            # Deadlines count from the beginning: a late block does not delay the next one.
            self._wait_until(begun + frames / shape.rate_hz, sink)
            if over:
                sink.write(bytes(count), sink.now())
                continue
            pcm = self._read(at, count)
            at += len(pcm)
            if len(pcm) == count:
                sink.write(pcm, sink.now())
                continue
            if self._repeat:
                rest = self._read(0, count - len(pcm))
                at = len(rest)
                pcm += rest
            sink.write(pcm + bytes(count - len(pcm)), sink.now())
            if not self._repeat:
                over = True
                sink.report(MicrophoneEnded())

    def _wait_until(self, deadline: float, sink: Sink) -> None:
        while (left := deadline - sink.now()) > 0:
            sink.wait(left)

    def _read(self, at: int, count: int) -> bytes:
        count = min(count, self._info.data_bytes - at)
        pcm = os.pread(self._fd, count, self._info.data_start + at) if count > 0 else b""
        if len(pcm) < count:
            raise DeviceError(
                f"the recording {self._path} became shorter while it was played; it was replaced"
            )
        return pcm
