"""Opus decoder by libopus, as PyAV offers neither in-band FEC nor concealment.

The library is Debian's ``libopus.so.0``, or the copy in PyAV's wheel.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ravatard.cloud.webrtc.jitter import CLOCK_HZ, LONGEST_SAMPLES
from ravatard.errors import LinkError

_SYSTEM = "libopus.so.0"
_BYTES_PER_SAMPLE = 2


class OpusDecoder:
    """One mono decoder at 48 kHz; stereo is mixed down by the library. Not for two threads."""

    def __init__(self, library: Any) -> None:
        """Make a decoder; ``library`` comes from :func:`load`.

        Raises:
            LinkError: libopus cannot make a decoder.
        """
        # Set first: __del__ runs even when this raises.
        self._state: int | None = None
        self._library = library
        error = ctypes.c_int(0)
        self._state = library.opus_decoder_create(CLOCK_HZ, 1, ctypes.byref(error))
        if not self._state:
            raise LinkError(f"libopus cannot make a decoder (error {error.value})")
        self._pcm = (ctypes.c_int16 * LONGEST_SAMPLES)()

    def __del__(self) -> None:
        if self._state:
            self._library.opus_decoder_destroy(self._state)
            self._state = None

    def decode(self, payload: bytes, samples: int) -> bytes:
        """Return a packet's sound, s16le mono 48 kHz; a bad packet is concealed, ``samples`` long."""
        done = self._decode(payload, LONGEST_SAMPLES, fec=False)
        return done if done is not None else self.fill(samples, b"")

    def fill(self, samples: int, following: bytes) -> bytes:
        """Return ``samples`` (a multiple of 120) for the gap before the packet ``following``.

        The last part comes from the copy ``following`` may carry, the rest is concealed.
        """
        done = self._decode(following, samples, fec=True) if following else None
        if done is None:
            done = self._decode(None, samples, fec=False)
        return done if done is not None else bytes(samples * _BYTES_PER_SAMPLE)

    def reset(self) -> None:
        """Reset: another stream begins."""
        self._library.opus_decoder_init(self._state, CLOCK_HZ, 1)

    def _decode(self, payload: bytes | None, samples: int, *, fec: bool) -> bytes | None:
        done: int = self._library.opus_decode(
            self._state, payload, len(payload or b""), self._pcm, samples, int(fec)
        )
        return memoryview(self._pcm).cast("B")[: done * _BYTES_PER_SAMPLE].tobytes() if done > 0 else None


def load() -> Any:
    """Load libopus and declare its functions.

    Raises:
        LinkError: it is not installed; the message names the package.
    """
    for name in (_SYSTEM, *_bundled()):
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        return _declared(library)
    raise LinkError("the avatar's voice needs libopus: install the package libopus0, or ravatard[live-audio]")


def _bundled() -> Iterator[str]:
    """Yield the copies in a wheel of PyAV, which is not imported."""
    found = importlib.util.find_spec("av")
    if found is None or found.origin is None:
        return
    libraries = Path(found.origin).parent.parent / "av.libs"
    yield from sorted(str(path) for path in libraries.glob("libopus*.so*"))


def _declared(library: Any) -> Any:
    """Declare the functions in use, as in opus.h 1.1 and later."""
    library.opus_decoder_create.restype = ctypes.c_void_p
    library.opus_decoder_create.argtypes = [ctypes.c_int32, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    library.opus_decoder_init.restype = ctypes.c_int
    library.opus_decoder_init.argtypes = [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int]
    library.opus_decoder_destroy.restype = None
    library.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
    library.opus_decode.restype = ctypes.c_int
    library.opus_decode.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int16),
        ctypes.c_int,
        ctypes.c_int,
    ]
    return library
