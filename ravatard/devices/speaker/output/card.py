"""Speaker output to a sound card, through PortAudio: a stream from the first sound until the card rests."""

from __future__ import annotations

import audioop
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE, VOICE_RATE_HZ, AudioFormat
from ravatard.devices.cards.identity import Card, SoundDevice, read_cards
from ravatard.devices.cards.portaudio import (
    CONTINUE,
    FORMATS,
    USUAL_RATES_HZ,
    default_index,
    devices,
    open_in_first,
    pick,
)
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.output.card_volume import card_control
from ravatard.devices.speaker.player import SoundPlayer

_SAMPLE_FORMATS = ("s16le", "s32le", "s24le")
#: Longest latency that is believed of a driver.
_LONGEST_LATENCY_S = 2.0


class CardOutput:
    """A speaker that PortAudio lists."""

    def __init__(self, start: Callable[[], Any], options: SpeakerOptions, *, root: str = "/") -> None:
        """``start`` returns PortAudio; ``root`` is the folder of the kernel's ``proc`` and ``sys``."""
        self._start = start
        self._options = options
        self._root = root
        self._portaudio: Any = None
        self._cards: dict[int, Card] = {}

    def run(self, player: SoundPlayer) -> None:
        """Find the speaker and keep a stream until the player rests; PortAudio's own thread takes sound.

        Raises:
            DeviceError: it is not there, or opens in no usable shape.
        """
        self._list()
        device = self._choose()

        def open_stream(shape: AudioFormat) -> tuple[Any, _Feeder]:
            frames = round(shape.rate_hz * self._options.period_ms / 1000)
            feeder = _Feeder(player, shape, frames)
            stream = self._portaudio.open(
                rate=shape.rate_hz,
                channels=shape.channels,
                format=FORMATS[shape.sample_format],
                output=True,
                output_device_index=device.index,
                frames_per_buffer=frames,
                stream_callback=feeder.on_wanted,
                start=False,
            )
            return stream, feeder

        _, (stream, feeder) = open_in_first(shapes(device), open_stream, device, "speaker")
        latency_s = feeder.latency_s = float(stream.get_output_latency())
        control = card_control(device.card) if self._options.mixer else None
        player.opened(device.text, latency_s, control)
        stream.start_stream()
        player.wait_for_rest()
        stream.stop_stream()
        stream.close()

    def _list(self) -> None:
        """List the devices, unless the list is still true: PortAudio tries every one of them for it.

        To open one that has gone since would end the process.
        """
        cards = read_cards(self._root)
        if self._portaudio is not None:
            if cards == self._cards:
                return
            self._portaudio.terminate()
        self._cards = cards
        self._portaudio = self._start()

    def _choose(self) -> SoundDevice:
        speakers = [device for device in devices(self._portaudio, self._root) if device.outputs]
        default = default_index(self._portaudio.get_default_output_device_info)
        return pick(self._options.device, speakers, default, kind="speaker", root=self._root)


def shapes(device: SoundDevice) -> Iterator[AudioFormat]:
    """Yield shapes to try on the device, best first: those that need least conversion."""
    for rate_hz in dict.fromkeys((VOICE_RATE_HZ, device.rate_hz, *USUAL_RATES_HZ)):
        for sample_format in _SAMPLE_FORMATS:
            for channels in dict.fromkeys((1, 2, device.outputs)):
                if channels <= device.outputs:
                    yield AudioFormat(rate_hz, channels, sample_format)


class _Feeder:
    """Callback that gives PortAudio sound, in its own thread. An exception in it ends the stream.

    Attributes:
        latency_s: of the stream, for drivers that report none with a block.
    """

    def __init__(self, player: SoundPlayer, shape: AudioFormat, frames: int) -> None:
        self.latency_s = 0.0
        self._player = player
        self._frames = frames
        self._silence = bytes(frames * shape.frame_bytes)
        self._widener = Widener(shape)
        self._skip_silence = player.skip_silence if shape.rate_hz == VOICE_RATE_HZ else _never

    def on_wanted(
        self, _pcm: bytes | None, frames: int, times: Mapping[str, float], _status: int
    ) -> tuple[bytes, int]:
        if frames == self._frames and self._skip_silence(frames):
            return self._silence, CONTINUE
        latency_s = times["output_buffer_dac_time"] - times["current_time"]
        if not 0 < latency_s < _LONGEST_LATENCY_S:
            latency_s = self.latency_s
        pull = self._player.pull
        return self._widener.frames(frames, lambda samples: pull(samples, latency_s)), CONTINUE


def _never(_samples: int) -> bool:
    return False


class Widener:
    """Converts s16le mono 48 kHz to the shape of a card."""

    def __init__(self, shape: AudioFormat) -> None:
        self._shape = shape
        self._state: Any = None
        self._rest = b""

    def frames(self, count: int, pull: Callable[[int], bytes | None]) -> bytes:
        """Return ``count`` frames of the card's shape; ``pull`` returns samples, None for silence."""
        if self._shape.rate_hz == VOICE_RATE_HZ:
            pcm = pull(count)
            if pcm is None:
                return bytes(count * self._shape.frame_bytes)
        else:
            pcm = self._resampled(count, pull)
        return pcm if self._shape == VOICE else self._widened(pcm)

    def _resampled(self, count: int, pull: Callable[[int], bytes | None]) -> bytes:
        """Return samples at another rate, linearly interpolated: for rates that ALSA cannot convert."""
        wanted = count * SAMPLE_BYTES
        samples = count * VOICE_RATE_HZ // self._shape.rate_hz
        while len(self._rest) < wanted:
            pcm = pull(samples) or bytes(samples * SAMPLE_BYTES)
            more, self._state = audioop.ratecv(
                pcm, SAMPLE_BYTES, 1, VOICE_RATE_HZ, self._shape.rate_hz, self._state
            )
            self._rest += more
            # If some are missing by rounding, a millisecond more is enough.
            samples = VOICE_RATE_HZ // 1000
        pcm, self._rest = self._rest[:wanted], self._rest[wanted:]
        return pcm

    def _widened(self, pcm: bytes) -> bytes:
        shape = self._shape
        if shape.sample_bytes != SAMPLE_BYTES:
            pcm = audioop.lin2lin(pcm, SAMPLE_BYTES, shape.sample_bytes)
        if shape.channels == 2:
            return audioop.tostereo(pcm, shape.sample_bytes, 1, 1)
        if shape.channels > 2:
            # Front left and right; the meaning of the other channels is not known here.
            width = shape.sample_bytes
            wide = array("B", bytes(len(pcm) * shape.channels))
            for channel in (0, 1):
                for byte in range(width):
                    wide[channel * width + byte :: shape.frame_bytes] = array("B", pcm[byte::width])
            return wide.tobytes()
        return pcm
