"""Synchronous synthesis of an answer as a WAV file, for chat mode: the service has no loop to wait in."""

from __future__ import annotations

import io
import subprocess
import wave

from ravatard.core.audio_format import SAMPLE_BYTES, VOICE_RATE_HZ
from ravatard.sim.sound.speech import ESPEAK_OPTIONS, LONGEST_TEXT, recorded, voice_of

#: Deadline for one text; espeak-ng needs some 50 ms for a sentence, its start included. The rest of the
#: simulator waits meanwhile.
_DEADLINE_S = 3.0


class Synthesizer:
    """Synthesizer by espeak-ng; where it is missing or fails, by the recordings of the package."""

    def __init__(self, program: str | None = "espeak-ng", *, deadline_s: float = _DEADLINE_S) -> None:
        """Prepare; nothing runs yet.

        Args:
            program: the synthesizer; None, or one that is not installed: the recordings.
            deadline_s: deadline for one text.
        """
        self._program = program
        self._deadline_s = deadline_s

    def wav(self, text: str) -> bytes:
        """Return ``text``, cut if long, as a WAV file, 16 bit mono 48 kHz."""
        text = text[:LONGEST_TEXT]
        pcm = self._synthesized(text) or recorded(text)
        file = io.BytesIO()
        with wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(SAMPLE_BYTES)
            writer.setframerate(VOICE_RATE_HZ)
            writer.writeframes(pcm)
        return file.getvalue()

    def _synthesized(self, text: str) -> bytes:
        if self._program is None or not text.strip():
            return b""
        try:
            made = subprocess.run(  # noqa: S603 - the program is ours, the text is not in its command line
                [self._program, *ESPEAK_OPTIONS],
                input=text.encode(errors="replace"),
                capture_output=True,
                timeout=self._deadline_s,
                check=False,
            )
            return voice_of(made.stdout)
        except OSError:
            self._program = None
        except (subprocess.TimeoutExpired, ValueError):
            pass
        return b""
