"""Voice activity detection by webrtcvad; the only module that imports it."""

from __future__ import annotations

from collections.abc import Callable

from ravatard.core.audio_format import RATE_HZ, SAMPLE_BYTES
from ravatard.errors import ConfigError, DeviceError, InternalError

AGGRESSIVENESS = range(4)


def speech_detector(aggressiveness: int) -> Callable[[bytes], bool]:
    """Return a detector with a memory of its own: call it with the frames of one microphone, in order.

    The C module is used directly: its Python wrapper imports the metadata of installed packages, which costs
    the sound process 40 ms and 6 MB for a version number.

    Args:
        aggressiveness: 0 passes most frames as speech, 3 fewest.

    Returns:
        A function that returns True if a frame (s16le mono 16 kHz, 10, 20 or 30 ms) is speech. It raises
        InternalError for a frame of any other length.

    Raises:
        ConfigError: no such aggressiveness.
        DeviceError: webrtcvad is missing or broken.
    """
    if aggressiveness not in AGGRESSIVENESS:
        raise ConfigError(f"voice.aggressiveness is {aggressiveness}; use 0 (lets most through) to 3 (least)")
    try:
        import _webrtcvad as detector

        vad = detector.create()
        detector.init(vad)
        detector.set_mode(vad, aggressiveness)
        process, refusal = detector.process, detector.Error
    except (ImportError, AttributeError, MemoryError, SystemError) as error:
        # It imports pathlib, which a sound process without this error never needs.
        from ravatard.installation import adding

        raise DeviceError(
            f"the voice detector webrtcvad cannot be used ({error}); {adding('')}; or set gate.mode to button"
        ) from error

    def is_speech(frame: bytes) -> bool:
        try:
            return bool(process(vad, RATE_HZ, frame, len(frame) // SAMPLE_BYTES))
        except refusal as error:
            raise InternalError(
                f"webrtcvad takes frames of 10, 20 or 30 ms, not {len(frame)} bytes; cut them with a Framer"
            ) from error

    return is_speech
