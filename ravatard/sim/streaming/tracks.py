"""Endless media tracks of a streamer: speech as Opus, 50 packets a second, and a small picture."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, CodecContext, Packet, VideoFrame
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream

from ravatard.core.audio_format import VOICE_RATE_HZ
from ravatard.sim.streaming.speech_track import SpeechTrack

_FRAME_MS = 20
_FRAME_SAMPLES = VOICE_RATE_HZ * _FRAME_MS // 1000
#: Delay from which on a streamer skips instead of catching up: its machine stood still.
_LATE_S = 1.0
_WIDTH, _HEIGHT, _FRAMES_PER_S = 160, 90, 5
_VIDEO_CLOCK_HZ = 90_000
_GREY = 128


def opus_encoder() -> AudioCodecContext:
    """Make an Opus encoder, mono, with in-band error correction, which needs an expected packet loss.

    "audio" instead of "voip", whose high-pass filter shifts the low tones of a voice: the received sound
    would resemble the sent one less (correlation 0.966 instead of 0.995).
    """
    codec = CodecContext.create("libopus", "w")
    codec.bit_rate = 64_000
    codec.format = "s16"
    codec.layout = "mono"
    codec.sample_rate = VOICE_RATE_HZ
    codec.time_base = Fraction(1, VOICE_RATE_HZ)
    codec.options = {
        "application": "audio",
        "fec": "1",
        "packet_loss": "10",
        "frame_duration": str(_FRAME_MS),
    }
    return codec


class VoiceTrack(MediaStreamTrack):
    """Sound of a speech track for one player; silence is sent, too."""

    kind = "audio"

    def __init__(self, speech: SpeechTrack, now: Callable[[], float]) -> None:
        super().__init__()
        self._speech = speech
        self._now = now
        self._encoder = opus_encoder()
        self._first = speech.sample_at(now())
        self._next = self._first
        self._ready: list[Packet[AudioStream]] = []

    async def recv(self) -> Packet[AudioStream]:
        """Return the next 20 ms, at their time.

        Raises:
            MediaStreamError: the track was stopped.
        """
        while True:
            if self.readyState != "live":
                raise MediaStreamError
            if self._ready:
                return self._ready.pop(0)
            end = self._next + _FRAME_SAMPLES
            late_s = self._now() - self._speech.time_of(end)
            await asyncio.sleep(max(0.0, -late_s))
            if late_s > _LATE_S:
                self._next += int(late_s * 1000 / _FRAME_MS) * _FRAME_SAMPLES
            self._encode(self._next)
            self._next += _FRAME_SAMPLES

    def _encode(self, first_sample: int) -> None:
        frame = AudioFrame(format="s16", layout="mono", samples=_FRAME_SAMPLES)
        frame.planes[0].update(self._speech.samples(first_sample, _FRAME_SAMPLES))
        frame.sample_rate = VOICE_RATE_HZ
        frame.time_base = Fraction(1, VOICE_RATE_HZ)
        frame.pts = first_sample - self._first
        for packet in self._encoder.encode(frame):
            # The encoder starts below zero, by its own delay.
            packet.pts = frame.pts
            packet.time_base = frame.time_base
            self._ready.append(packet)


class PictureTrack(MediaStreamTrack):
    """A grey picture that grows brighter while the avatar speaks."""

    kind = "video"

    def __init__(self, speech: SpeechTrack, now: Callable[[], float]) -> None:
        super().__init__()
        self._speech = speech
        self._now = now
        self._began = now()
        self._sent = 0

    async def recv(self) -> VideoFrame:
        """Return the next picture, at its time.

        Raises:
            MediaStreamError: the track was stopped.
        """
        due = self._began + self._sent / _FRAMES_PER_S
        await asyncio.sleep(max(0.0, due - self._now()))
        if self.readyState != "live":
            raise MediaStreamError
        speaking = any(self._speech.samples(self._speech.sample_at(self._now()), _FRAME_SAMPLES))
        frame = VideoFrame(_WIDTH, _HEIGHT, "yuv420p")
        brightness = (200 if speaking else 60) + self._sent % 2
        for plane, value in zip(frame.planes, (brightness, _GREY, _GREY), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts = self._sent * (_VIDEO_CLOCK_HZ // _FRAMES_PER_S)
        frame.time_base = Fraction(1, _VIDEO_CLOCK_HZ)
        self._sent += 1
        return frame
