"""Sound in every container an answer may come in, made on the spot by PyAV; and what it should sound like."""

from __future__ import annotations

import io
import struct
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

RATE_HZ = 48_000
#: name -> container, codec, rate, options of the container.
KINDS: dict[str, tuple[str, str, int, dict[str, str]]] = {
    "mp3": ("mp3", "libmp3lame", 24_000, {}),
    "mp3-44100": ("mp3", "libmp3lame", 44_100, {}),
    "m4a": ("mp4", "aac", 44_100, {}),
    "m4a-faststart": ("mp4", "aac", 44_100, {"movflags": "faststart"}),
    "m4a-fragmented": (
        "mp4",
        "aac",
        44_100,
        {"movflags": "frag_keyframe+empty_moov", "frag_duration": "200000"},
    ),
    "aac": ("adts", "aac", 24_000, {}),
    "webm": ("webm", "libopus", 48_000, {}),
    "ogg-opus": ("ogg", "libopus", 48_000, {}),
    "ogg-flac": ("ogg", "flac", 44_100, {}),
    "flac": ("flac", "flac", 16_000, {}),
    "wav-adpcm": ("wav", "adpcm_ms", 22_050, {}),
}
#: As KINDS; FFmpeg would decode them, and no speech service sends them.
UNUSUAL: dict[str, tuple[str, str, int, dict[str, str]]] = {
    "tta": ("matroska", "tta", 24_000, {}),
    "wavpack": ("matroska", "wavpack", 24_000, {}),
    "adpcm-yamaha": ("wav", "adpcm_yamaha", 24_000, {}),
}


def sweep(seconds: float, rate_hz: int = RATE_HZ) -> NDArray[np.float64]:
    """A tone that rises from 200 to 3,000 Hz, at half of full: any shift of it is seen."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    made: NDArray[np.float64] = 0.5 * np.sin(2 * np.pi * (200 * t + 1_400 / seconds * t**2))
    return made


def encoded(kind: str, seconds: float, *, film: bool = False, opposed: bool = False) -> bytes:
    """The sweep as a file of ``kind``; ``film``: with a picture beside it.

    ``opposed``: as stereo, upside down on the right.
    """
    # A real file: putting the index of a film first means to read it again.
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "made")
        _encode(target, kind, seconds, film=film, opposed=opposed)
        return target.read_bytes()


def _encode(target: Path, kind: str, seconds: float, *, film: bool, opposed: bool) -> None:
    container_name, codec, rate_hz, options = (KINDS | UNUSUAL)[kind]
    with av.open(str(target), "w", format=container_name, container_options=options) as container:
        picture = container.add_stream("mpeg4", rate=25) if film else None
        sound = container.add_stream(codec, rate=rate_hz)
        assert isinstance(sound, AudioStream)
        layout = "stereo" if opposed else "mono"
        sound.layout = layout
        if isinstance(picture, VideoStream):
            picture.width, picture.height, picture.pix_fmt = 320, 240, "yuv420p"
            for number in range(int(seconds * 25)):
                shade = np.full((240, 320, 3), number % 256, "u1")
                container.mux(picture.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
            container.mux(picture.encode(None))
        pcm = np.rint(sweep(seconds, rate_hz) * 32767).astype("<i2").reshape(1, -1)
        if opposed:
            pcm = np.concatenate([pcm, -pcm]).T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm), format="s16", layout=layout)
        frame.sample_rate = rate_hz
        frame.time_base = Fraction(1, rate_hz)
        frame.pts = 0
        resampler = av.AudioResampler(
            format=sound.codec_context.format,
            layout=layout,
            rate=rate_hz,
            frame_size=sound.frame_size or 1_024,
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(sound.encode(part))
        container.mux(sound.encode(None))


def silence_as_flac(seconds: float) -> bytes:
    """A small file that lasts long."""
    target = io.BytesIO()
    with av.open(target, "w", format="flac") as container:
        sound = container.add_stream("flac", rate=8_000)
        assert isinstance(sound, AudioStream)
        sound.layout = "mono"
        for second in range(int(seconds)):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 8_000), "<i2"), format="s16", layout="mono")
            frame.sample_rate = 8_000
            frame.pts = second * 8_000
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return target.getvalue()


def wav(seconds: float, rate_hz: int = 24_000, *, data_bytes: int | None = None) -> bytes:
    """The sweep as a plain WAV file; ``data_bytes``: the length its header claims."""
    pcm = np.rint(sweep(seconds, rate_hz) * 32767).astype("<i2").tobytes()
    claimed = len(pcm) if data_bytes is None else data_bytes
    head = struct.pack("<HHIIHH", 1, 1, rate_hz, rate_hz * 2, 2, 16)
    chunks = b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", claimed) + pcm
    return b"RIFF" + struct.pack("<I", (4 + len(chunks)) & 0xFFFFFFFF) + b"WAVE" + chunks


def likeness(pcm: bytes, seconds: float) -> float:
    """How much s16le mono 48 kHz is the sweep: 1 is it, wherever it begins; 0 has nothing to do with it."""
    heard = np.frombuffer(pcm, "<i2") / 32767
    meant = sweep(seconds)
    size = 1 << (len(heard) + len(meant)).bit_length()
    both = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(meant, size)), size)
    return float(np.max(both) / (np.linalg.norm(heard) * np.linalg.norm(meant)))
