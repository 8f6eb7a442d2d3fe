"""Decoding process: ``python -m ravatard.devices.media.worker CPU_SECONDS MEMORY_MB``.

Reads a file from the network on standard input and writes s16le mono 48 kHz to standard output; a failure is
one sentence on standard error and exit status 1. FFmpeg is a million lines of C that read untrusted data:
here it can open no file and no connection, has little memory and time, and a crash ends nothing else.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, NoReturn, cast

from ravatard.core.audio.wav import wav_header
from ravatard.core.audio_format import SAMPLE_BYTES, VOICE, VOICE_RATE_HZ
from ravatard.core.voice.mono import MonoMix
from ravatard.devices.media.files_in_row import InputFile, files_on
from ravatard.errors import MediaError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler
    from av.audio.stream import AudioStream
    from av.codec.context import CodecContext
    from av.container import InputContainer

#: A process without input gives its memory back after this.
IDLE_S = 120.0
#: linux/prctl.h.
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
#: Formats that hold sound. No playlists: those name other files and addresses to read.
_FORMATS = "aac,aiff,flac,matroska,webm,mov,mp4,m4a,mp3,ogg,w64,wav"
#: Codings of sound in them, by the names of FFmpeg's decoders. No picture is ever decoded, and none of the
#: hundreds of other decoders reads what came from the network.
_CODECS = (
    "aac,aac_fixed,aac_latm,ac3,adpcm_g722,adpcm_g726,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,alac,eac3,flac,"
    "gsm_ms,libopus,libvorbis,mp1,mp1float,mp2,mp2float,mp3,mp3float,opus,vorbis,"
    "pcm_alaw,pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le,pcm_mulaw,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,"
    "pcm_s32be,pcm_s32le,pcm_s8,pcm_u8"
)
#: Measured with files that arrive at 500 kB/s: FFmpeg's defaults wait for ten times as much.
_OPTIONS = {
    "format_whitelist": _FORMATS,
    "codec_whitelist": _CODECS,
    "protocol_whitelist": "none",
    "probesize": "32768",
    "analyzeduration": "200000",
}
_READ_BYTES = 8_192
#: From this PyAV on a title in a broken encoding is no error, and there is no option for it.
_LENIENT_SINCE = 19
#: In one file. Beyond, the rest is noise.
_MOST_BROKEN_PACKETS = 100


def decoded(source: InputFile) -> Iterator[bytes]:
    """Yield the sound in ``source`` as s16le mono 48 kHz.

    Raises:
        MediaError: there is none, or it cannot be decoded.
    """
    import av

    if av.logging.get_level() is not None:
        av.logging.set_level(None)
    try:
        with _opened(source) as container:
            if not container.streams.audio:
                raise MediaError("the answer's file has no sound in it")
            yield from _pcm(container, container.streams.audio[0])
    except av.error.FFmpegError as error:
        raise MediaError(f"the answer's sound cannot be decoded ({error.strerror})") from error
    except MemoryError as error:
        raise MediaError("the answer's sound cannot be decoded (it needs too much memory)") from error


def _opened(source: InputFile) -> InputContainer:
    import av

    lenient: dict[str, Any] = {}
    if int(av.__version__.partition(".")[0]) < _LENIENT_SINCE:
        lenient["metadata_errors"] = "ignore"
    container = av.open(source, "r", options=dict(_OPTIONS), buffer_size=_READ_BYTES, **lenient)
    return cast("InputContainer", container)


def _pcm(container: InputContainer, stream: AudioStream) -> Iterator[bytes]:
    import av

    context: CodecContext | None = stream.codec_context
    if context is None:
        # A file may name a coding that no library knows.
        raise MediaError("the answer's sound cannot be decoded (its coding is not known)")
    coding = context.name
    if coding not in _CODECS.split(","):
        raise MediaError(
            f"the answer's sound cannot be decoded (it is {coding[:20]}, which is not understood)"
        )
    # Threads would only delay the first sample, and slow a small machine down.
    context.thread_count = 1
    broken, any_sound = 0, False
    converter = _Converter()
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            broken += 1
            if broken > _MOST_BROKEN_PACKETS:
                raise
            continue
        for frame in frames:
            if pcm := converter.convert(frame):
                any_sound = True
                yield pcm
    if pcm := converter.flush():
        any_sound = True
        yield pcm
    if not any_sound:
        raise MediaError("the answer's file has no sound in it that can be decoded")


class _Converter:
    """Converts frames of any shape, which may change within a file, to s16le mono 48 kHz."""

    def __init__(self) -> None:
        self._resampler: AudioResampler | None = None
        self._mix = MonoMix(1, VOICE_RATE_HZ)
        self._shape: tuple[object, ...] = ()

    def convert(self, frame: AudioFrame) -> bytes:
        """Return ``frame`` converted, after the rest of an earlier shape."""
        import av

        before = b""
        shape = (frame.sample_rate, frame.format.name, frame.layout.name)
        if self._resampler is None or shape != self._shape:
            before = self.flush()
            # FFmpeg's mean of two channels may be silence.
            stereo = len(frame.layout.channels) == 2
            layout = "stereo" if stereo else "mono"
            self._resampler = av.AudioResampler(format="s16", layout=layout, rate=VOICE_RATE_HZ)
            self._mix = MonoMix(2 if stereo else 1, VOICE_RATE_HZ)
            self._shape = shape
        # Without timestamps: a file with wrong ones would otherwise be filled with silence.
        frame.pts = None
        return before + self._mix.mix(_bytes_of(self._resampler.resample(frame)))

    def flush(self) -> bytes:
        """Return the sound that the resampler still holds."""
        if self._resampler is None:
            return b""
        rest, self._resampler = self._resampler.resample(None), None
        return self._mix.mix(_bytes_of(rest))


def _bytes_of(frames: list[AudioFrame]) -> bytes:
    # Planes are longer than their samples: FFmpeg aligns them.
    return b"".join(
        bytes(frame.planes[0])[: frame.samples * SAMPLE_BYTES * len(frame.layout.channels)]
        for frame in frames
    )


def _restrict() -> None:
    """Die with the daemon, and drop privileges that decoding does not need, before the file is read."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _confine(cpu_s: int, memory_mb: int) -> None:
    """Limit files, memory and time to the needs of sound; called when all libraries are loaded."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - needs no pathlib here
        taken = int(file.read().split()[0]) * resource.getpagesize()
    most = taken + memory_mb * (1 << 20)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + cpu_s
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    # No process and no thread is started any more.
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _load() -> None:
    """Decode some silence: parts of the library load only then, and soon no file can be opened."""
    silence = bytes(VOICE.bytes_for(20))
    for _ in decoded(BytesIO(wav_header(VOICE, len(silence)) + silence)):
        pass


def _write(pcm: bytes) -> None:
    left = memoryview(pcm)
    while left:
        left = left[os.write(1, left) :]


def _decode_all(files: Iterator[InputFile]) -> None:
    """Write the sound of all files. One behind the first that cannot be decoded ends the answer, no more."""
    for number, file in enumerate(files):
        try:
            for pcm in decoded(file):
                _write(pcm)
        except MediaError:
            if number == 0:
                raise
            return


def main() -> NoReturn:
    """Run as the decoding process."""
    # The daemon reads one sentence on standard error; the output of libraries is discarded.
    sentence = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    status = 0
    try:
        _restrict()
        _load()
        _confine(int(sys.argv[1]), int(sys.argv[2]))
        if select.select([0], [], [], IDLE_S)[0]:
            _decode_all(files_on(0))
    except BrokenPipeError:
        pass
    except MediaError as error:
        os.write(sentence, str(error).encode()[:500])
        status = 1
    except BaseException as error:  # noqa: BLE001 - reported in one sentence; then the process ends
        os.write(sentence, f"the decoder failed ({type(error).__name__}: {error})".encode()[:500])
        status = 1
    finally:
        # No orderly exit: a broken library may hang in its own.
        os._exit(status)


if __name__ == "__main__":
    main()
