"""Encoding and decoding of compressed sound. PyAV is imported here only, and on demand."""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES
from ravatard.errors import RavatardError

if TYPE_CHECKING:
    from av import VideoFrame

Container = Literal["wav", "mp3", "mp4", "webm", "ogg"]
#: Variants of an MP4: place of its index, and with or without a picture.
Mp4 = Literal["fragmented", "index-last", "film"]
_Encoder = Literal["libmp3lame", "aac", "libopus"]

#: Content type of each container with sound alone.
CONTENT_TYPES: dict[Container, str] = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "mp4": "audio/mp4",
    "webm": "audio/webm",
    "ogg": "audio/ogg",
}
#: Muxer, encoder, sample rate in Hz, muxer options. Files are written in pieces of a quarter second or less,
#: so that they can be played while they download, except for other variants of MP4.
_RECIPES: dict[Container, tuple[str, _Encoder, int, dict[str, str]]] = {
    "mp3": ("mp3", "libmp3lame", 44_100, {}),
    "mp4": (
        "mp4",
        "aac",
        44_100,
        {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "250000"},
    ),
    "webm": ("webm", "libopus", 48_000, {"cluster_time_limit": "250"}),
    "ogg": ("ogg", "libopus", 48_000, {"page_duration": "200000"}),
}
_PICTURE_RATE_HZ = 5
_PICTURE_SIZE = 64
#: Longest sound decoded: a few kilobytes of Opus may last for hours.
_LONGEST_S = 600


class AudioCodecError(RavatardError):
    """Sound could not be decoded or encoded; the message is a sentence."""


def content_type(container: Container, mp4: Mp4 = "fragmented") -> str:
    """Return the content type of a file."""
    return "video/mp4" if (container, mp4) == ("mp4", "film") else CONTENT_TYPES[container]


def available() -> bool:
    """Return True if PyAV is installed."""
    return find_spec("av") is not None


def decoded(raw: bytes, demuxer: str) -> bytes:
    """Decode a recording to s16le mono 16 kHz; at most its first ten minutes.

    Args:
        raw: the file.
        demuxer: its format ("matroska", "ogg"); the format of foreign bytes is never guessed.

    Raises:
        AudioCodecError: there is no sound in it.
    """
    import av

    pcm = bytearray()
    why = "it holds no sound"
    try:
        with av.open(io.BytesIO(raw), "r", format=demuxer) as file:
            if file.streams.audio:
                resampler = av.AudioResampler("s16", "mono", RATE_HZ)
                for frame in file.decode(audio=0):
                    for even in resampler.resample(frame):
                        pcm += bytes(even.planes[0])[: even.samples * SAMPLE_BYTES]
                    if len(pcm) >= _LONGEST_S * RATE_HZ * SAMPLE_BYTES:
                        break
                for even in resampler.resample(None):
                    pcm += bytes(even.planes[0])[: even.samples * SAMPLE_BYTES]
    except av.FFmpegError as error:
        # The sound before the damage is used.
        why = error.strerror or "unknown reason"
    except UnicodeDecodeError:
        # PyAV until 18 always reads the title of a file.
        why = "its title is not UTF-8"
    if not pcm:
        raise AudioCodecError(f"it cannot be decoded: {why}")
    return bytes(pcm[: _LONGEST_S * RATE_HZ * SAMPLE_BYTES])


def encoded(wav: bytes, container: Container, mp4: Mp4 = "fragmented") -> bytes:
    """Encode a WAV file in another container; "wav" returns it unchanged.

    Args:
        wav: the sound.
        container: the container.
        mp4: "index-last" is playable only when complete; "film" has a picture as well.

    Raises:
        AudioCodecError: ``wav`` is not a WAV file.
    """
    if container == "wav":
        return wav
    import av

    muxer, encoder, rate_hz, options = _RECIPES[container]
    if mp4 == "index-last":
        options = {}
    written = io.BytesIO()
    try:
        with (
            av.open(io.BytesIO(wav), "r", format="wav") as source,
            av.open(written, "w", format=muxer, options=options) as file,
        ):
            picture = None
            if container == "mp4" and mp4 == "film":
                picture = file.add_stream("mpeg4", rate=_PICTURE_RATE_HZ)
                picture.width = picture.height = _PICTURE_SIZE
            stream = file.add_stream(encoder, rate=rate_hz, layout="mono")
            shown = 0
            for frame in source.decode(audio=0):
                file.mux(stream.encode(frame))
                while picture is not None and shown <= (frame.time or 0.0) * _PICTURE_RATE_HZ:
                    file.mux(picture.encode(_picture(shown)))
                    shown += 1
            file.mux(stream.encode(None))
            if picture is not None:
                file.mux(picture.encode(None))
    except av.FFmpegError as error:
        raise AudioCodecError(f"the answer cannot be made {container}: {error.strerror}") from error
    return written.getvalue()


def _picture(number: int) -> VideoFrame:
    """Return one grey picture of a film, each of another brightness."""
    import av

    frame = av.VideoFrame(_PICTURE_SIZE, _PICTURE_SIZE, "yuv420p")
    for plane, level in zip(frame.planes, (number * 10 % 256, 128, 128), strict=True):
        plane.update(bytes([level]) * plane.buffer_size)
    frame.pts = number
    return frame
