"""Sound to a sound card: one PortAudio stream for the life of the process, whatever the card can do."""

from __future__ import annotations

import audioop
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE, VOICE_RATE_HZ, AudioFormat
from ravatard.devices.cards.identity import SoundDevice
from ravatard.devices.cards.portaudio import (
    ANOTHER_SHAPE_MAY_DO,
    CONTINUE,
    FORMATS,
    USUAL_RATES_HZ,
    cannot_open,
    default_index,
    devices,
    pick,
    words_of,
)
from ravatard.devices.speaker.card_volume import card_control
from ravatard.devices.speaker.options import SpeakerOptions
from ravatard.devices.speaker.player import SoundPlayer
from ravatard.errors import DeviceError

_SAMPLE_FORMATS = ("s16le", "s32le", "s24le")
#: What a driver says of its latency is not believed beyond this.
_LONGEST_LATENCY_S = 2.0


class CardOutput:
    """A speaker that PortAudio knows."""

    def __init__(self, start: Callable[[], Any], options: SpeakerOptions, *, root: str = "/") -> None:
        """``start`` gives PortAudio; ``root`` is where the kernel's ``proc`` and ``sys`` are."""
        self._start = start
        self._options = options
        self._root = root

    def run(self, player: SoundPlayer) -> None:
        """Find the speaker and start its stream; sound is then taken in PortAudio's own thread.

        Raises:
            DeviceError: it is not there, or opens in no way that can be used.
        """
        # Kept: a stream ends with the object it was opened by.
        self._portaudio = self._start()
        device = self._choose()
        refusals: list[str] = []
        for shape in shapes(device):
            frames = round(shape.rate_hz * self._options.period_ms / 1000)
            feeder = _Feeder(player, shape, frames)
            try:
                stream = self._portaudio.open(
                    rate=shape.rate_hz,
                    channels=shape.channels,
                    format=FORMATS[shape.sample_format],
                    output=True,
                    output_device_index=device.index,
                    frames_per_buffer=frames,
                    stream_callback=feeder.wanted,
                    start=False,
                )
            except (OSError, ValueError) as error:
                if error.args[:1] and error.args[0] not in ANOTHER_SHAPE_MAY_DO:
                    raise DeviceError(cannot_open(device.text, error, "speaker")) from error
                refusals.append(
                    f"{shape.rate_hz} Hz {shape.sample_format} x{shape.channels}: {words_of(error)}"
                )
                continue
            self._stream = stream
            latency_s = feeder.latency_s = float(stream.get_output_latency())
            control = card_control(device.card) if self._options.mixer else None
            player.opened(device.text, latency_s, control)
            stream.start_stream()
            return
        raise DeviceError(
            f"speaker '{device.text}' opens in none of {len(refusals)} shapes ({refusals[0]}); "
            "what it can do is in /proc/asound/card*/stream0"
        )

    def _choose(self) -> SoundDevice:
        speakers = [device for device in devices(self._portaudio, self._root) if device.outputs]
        default = default_index(self._portaudio.get_default_output_device_info)
        return pick(self._options.device, speakers, default, kind="speaker", root=self._root)


def shapes(device: SoundDevice) -> Iterator[AudioFormat]:
    """What to ask the device for, best first: what needs least converting."""
    for rate_hz in dict.fromkeys((VOICE_RATE_HZ, device.rate_hz, *USUAL_RATES_HZ)):
        for sample_format in _SAMPLE_FORMATS:
            for channels in dict.fromkeys((1, 2, device.outputs)):
                if channels <= device.outputs:
                    yield AudioFormat(rate_hz, channels, sample_format)


class _Feeder:
    """What PortAudio asks for sound, in its own thread. An exception in it ends the stream."""

    def __init__(self, player: SoundPlayer, shape: AudioFormat, frames: int) -> None:
        self.latency_s = 0.0
        self._player = player
        self._frames = frames
        self._silence = bytes(frames * shape.frame_bytes)
        self._widener = Widener(shape)
        self._rests = player.rests if shape.rate_hz == VOICE_RATE_HZ else _never

    def wanted(
        self, _pcm: bytes | None, frames: int, times: Mapping[str, float], _status: int
    ) -> tuple[bytes, int]:
        if frames == self._frames and self._rests(frames):
            return self._silence, CONTINUE
        latency_s = times["output_buffer_dac_time"] - times["current_time"]
        if not 0 < latency_s < _LONGEST_LATENCY_S:
            latency_s = self.latency_s
        pull = self._player.pull
        return self._widener.frames(frames, lambda samples: pull(samples, latency_s)), CONTINUE


def _never(_samples: int) -> bool:
    return False


class Widener:
    """s16le mono 48 kHz into what a card takes."""

    def __init__(self, shape: AudioFormat) -> None:
        self._shape = shape
        self._state: Any = None
        self._rest = b""

    def frames(self, count: int, pull: Callable[[int], bytes | None]) -> bytes:
        """``count`` frames of the card's shape; ``pull`` gives samples, None for silence."""
        if self._shape.rate_hz == VOICE_RATE_HZ:
            pcm = pull(count)
            if pcm is None:
                return bytes(count * self._shape.frame_bytes)
        else:
            pcm = self._converted(count, pull)
        return pcm if self._shape == VOICE else self._wide(pcm)

    def _converted(self, count: int, pull: Callable[[int], bytes | None]) -> bytes:
        """At another rate, by straight lines: for the rare card whose rate not even ALSA converts."""
        wanted = count * SAMPLE_BYTES
        samples = count * VOICE_RATE_HZ // self._shape.rate_hz
        while len(self._rest) < wanted:
            pcm = pull(samples) or bytes(samples * SAMPLE_BYTES)
            more, self._state = audioop.ratecv(
                pcm, SAMPLE_BYTES, 1, VOICE_RATE_HZ, self._shape.rate_hz, self._state
            )
            self._rest += more
            # Should some be missing by rounding, a millisecond more is enough.
            samples = VOICE_RATE_HZ // 1000
        pcm, self._rest = self._rest[:wanted], self._rest[wanted:]
        return pcm

    def _wide(self, pcm: bytes) -> bytes:
        shape = self._shape
        if shape.sample_bytes != SAMPLE_BYTES:
            pcm = audioop.lin2lin(pcm, SAMPLE_BYTES, shape.sample_bytes)
        if shape.channels == 2:
            return audioop.tostereo(pcm, shape.sample_bytes, 1, 1)
        if shape.channels > 2:
            # Front left and right; what a card calls the others is not known here.
            width = shape.sample_bytes
            wide = array("B", bytes(len(pcm) * shape.channels))
            for channel in (0, 1):
                for byte in range(width):
                    wide[channel * width + byte :: shape.frame_bytes] = array("B", pcm[byte::width])
            return wide.tobytes()
        return pcm
