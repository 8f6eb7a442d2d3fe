"""Opus encoder by libopus, for the microphone: speech of 16 kHz, 20 ms a packet."""

from __future__ import annotations

import ctypes
from typing import Any

from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES
from ravatard.errors import LinkError

#: 20 ms, the usual length of a packet (RFC 7587, section 4.2).
FRAME_SAMPLES = RATE_HZ // 50
FRAME_BYTES = FRAME_SAMPLES * SAMPLE_BYTES
#: Ticks of a packet on RTP's clock, which is 48 kHz whatever is encoded (RFC 7587, section 4.1).
FRAME_TICKS = 960
# opus_defines.h.
_APPLICATION_VOIP = 2048
_SET_BITRATE, _SET_COMPLEXITY, _SET_INBAND_FEC, _SET_PACKET_LOSS_PERC = 4002, 4010, 4012, 4014
#: Speech of 16 kHz needs no more; the copy of the packet before it is in it.
_BITS_PER_S = 28_000
_LOSS_PERCENT = 5
#: Half the work of libopus's own 9, for speech that is as like: WebRTC's choice for phones and ARM
#: (audio_encoder_opus_config.cc, kDefaultComplexity).
_COMPLEXITY = 5
_LONGEST_PACKET = 1_275


class OpusEncoder:
    """One mono encoder of 16 kHz. Not for two threads."""

    def __init__(self, library: Any) -> None:
        """Make an encoder; ``library`` comes from :func:`ravatard.cloud.webrtc.opus.load`.

        Raises:
            LinkError: libopus cannot make an encoder.
        """
        # Set first: __del__ runs even when this raises.
        self._state: int | None = None
        self._library = _declared(library)
        error = ctypes.c_int(0)
        self._state = library.opus_encoder_create(RATE_HZ, 1, _APPLICATION_VOIP, ctypes.byref(error))
        if not self._state:
            raise LinkError(f"libopus cannot make an encoder (error {error.value})")
        for request, value in (
            (_SET_BITRATE, _BITS_PER_S),
            (_SET_COMPLEXITY, _COMPLEXITY),
            (_SET_INBAND_FEC, 1),
            (_SET_PACKET_LOSS_PERC, _LOSS_PERCENT),
        ):
            library.opus_encoder_ctl(self._state, request, ctypes.c_int(value))
        self._packet = (ctypes.c_ubyte * _LONGEST_PACKET)()

    def __del__(self) -> None:
        if self._state:
            self._library.opus_encoder_destroy(self._state)
            self._state = None

    def encode(self, pcm: bytes) -> bytes:
        """Return the packet of 20 ms, s16le mono 16 kHz; shorter sound is filled up with silence.

        Raises:
            LinkError: libopus cannot encode it.
        """
        pcm = pcm[:FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        size: int = self._library.opus_encode(self._state, pcm, FRAME_SAMPLES, self._packet, _LONGEST_PACKET)
        if size < 0:
            raise LinkError(f"libopus cannot encode the microphone (error {size})")
        return ctypes.string_at(self._packet, size)


def _declared(library: Any) -> Any:
    """Declare the encoder's functions, as in opus.h 1.1 and later."""
    library.opus_encoder_create.restype = ctypes.c_void_p
    library.opus_encoder_create.argtypes = [
        ctypes.c_int32,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_int),
    ]
    library.opus_encoder_destroy.restype = None
    library.opus_encoder_destroy.argtypes = [ctypes.c_void_p]
    library.opus_encoder_ctl.restype = ctypes.c_int
    library.opus_encoder_ctl.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.opus_encode.restype = ctypes.c_int32
    library.opus_encode.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_ubyte),
        ctypes.c_int32,
    ]
    return library
