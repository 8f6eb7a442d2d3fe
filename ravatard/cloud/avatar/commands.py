"""Commands on a session's socket, rendered once; those with sound have a gap for it. Pure.

Source: the API reference, "Client → Server Events". The format of the sound is not documented: 24 kHz is the
rate at which the service itself sends.
"""

from __future__ import annotations

import binascii

from ravatard.core.audio_format import SPEECH, AudioFormat

START_LISTENING = '{"type":"start_listening"}'
STOP_LISTENING = '{"type":"stop_listening"}'
COMMIT = '{"type":"audio_buffer_commit"}'
CLEAR = '{"type":"audio_buffer_clear"}'
INTERRUPT = '{"type":"interrupt"}'
_APPEND = ('{"type":"audio_buffer_append","data":{"audio":"', '"}}')


def append(sound: bytes) -> str:
    """Return ``audio_buffer_append`` with ``sound``: s16le mono 24 kHz, or a whole WAV file."""
    return f"{_APPEND[0]}{binascii.b2a_base64(sound, newline=False).decode('ascii')}{_APPEND[1]}"


def append_wav(pcm: bytes, shape: AudioFormat = SPEECH) -> str:
    """Return ``audio_buffer_append`` with ``pcm``, s16le mono, as a WAV file."""
    from ravatard.core.audio.wav import wav_header

    return append(wav_header(shape, len(pcm)) + pcm)


class UploadRate:
    """Converts one utterance, s16le mono 16 kHz, to 24 kHz; the output is the same however it is cut.

    Call :meth:`convert` with every piece, then :meth:`flush`.
    """

    def __init__(self) -> None:
        # Programs that convert nothing need no filter.
        from ravatard.core.voice.rate import From16kTo24k

        self._filter = From16kTo24k()

    def convert(self, pcm: bytes) -> bytes:
        """Return the next piece converted; some 9 samples are held back."""
        return self._filter.convert(pcm)

    def flush(self) -> bytes:
        """Return the samples held back; nothing may be converted afterwards."""
        return self._filter.flush()
