"""Voice of one answer after the other: pieces come in, one finite voice each goes to the speaker."""

from __future__ import annotations

import asyncio
import logging

from ravatard.cloud.avatar.events import AudioPiece
from ravatard.cloud.avatar.sound import PiecedSound
from ravatard.cloud.avatar.turns.parrot import PLAYABLE_S
from ravatard.core.audio.audibility import is_audible
from ravatard.core.audio_format import VOICE
from ravatard.errors import MediaError
from ravatard.ports.voice import VoiceSink

log = logging.getLogger(__name__)

#: An answer is played so much later than it comes, so that a late piece leaves no gap (PROTOCOL.md, "Sound").
PREFILL_S = 0.2
_PREFILL_BYTES = VOICE.bytes_for(1_000.0 * PREFILL_S)
#: Most sound of an answer that is kept while it is not known whether it may be played: 120 s at 48 kHz.
_MOST_KEPT_BYTES = VOICE.bytes_for(120_000.0)


class AnswerVoice:
    """Plays the answer that comes in pieces; the sink may come later than the first answer.

    Silence makes no answer: the sink learns of one with the first of its sound that can be heard.

    Attributes:
        sink: where the sound goes; None: it is not heard.
        open: an answer has begun and not ended.
        audible: something of it could be heard.
        newest_audible: something of its newest piece could be heard.
        seconds: sound of the present answer so far.
        starts_at: loop time at which :meth:`start` is due; None: it plays already, or there is no answer.
    """

    def __init__(self) -> None:
        self.sink: VoiceSink | None = None
        self.open = self.audible = self.newest_audible = False
        self.seconds = 0.0
        self.starts_at: float | None = None
        self._sound = PiecedSound()
        self._answers = 0
        self._held_back = False
        self._kept = bytearray()
        #: Silence in front of an answer, its end alone: as much as keeps a late piece from leaving a gap.
        self._silence = bytearray()
        self._played_bytes = 0
        self._complained = False

    def begin(self, now: float, *, hold_back: bool) -> None:
        """Begin an answer; the one before must be over.

        Args:
            now: loop time.
            hold_back: play half a second, and keep the rest until :meth:`release`.
        """
        self.open, self.audible, self.seconds = True, False, 0.0
        self._sound = PiecedSound()
        self._answers += 1
        self.starts_at = now + PREFILL_S
        self._held_back, self._played_bytes, self._complained = hold_back, 0, False
        self._kept.clear()
        self._silence.clear()

    async def add(self, piece: AudioPiece) -> float:
        """Play the next piece of the answer that is open; return its seconds.

        A fault costs the piece; the first of an answer is logged.
        """
        answer, seconds = self._answers, 0.0
        self.newest_audible = False
        try:
            for pcm in self._sound.take(piece):
                if answer != self._answers or not self.open:
                    # It was interrupted, or another one has begun.
                    break
                seconds += len(pcm) / (VOICE.rate_hz * VOICE.frame_bytes)
                self._play(pcm)
                # A second of sound takes some 3 ms; a whole answer at once must not hold the loop.
                await asyncio.sleep(0)
        except MediaError as error:
            if not self._complained:
                self._complained = True
                log.warning("a part of an answer cannot be played: %s", error)
        self.seconds += seconds
        return seconds

    def start(self) -> None:
        """Play what has come so far, and what follows as it comes."""
        self.starts_at = None
        kept = bytes(self._kept)
        self._kept.clear()
        self._play(kept)

    def feed(self, pcm: bytes) -> None:
        """Play sound of the answer that is open: s16le mono 48 kHz."""
        self._play(pcm)

    def release(self) -> None:
        """Play what was kept, and all that follows."""
        self._held_back = False
        if self.starts_at is None:
            self.start()

    def end(self) -> None:
        """End the answer: all of it has come. Idempotent."""
        if not self.open:
            return
        self._play(self._sound.flush())
        self._held_back = False
        self.start()
        self.open = False
        if self.audible and self.sink is not None:
            self.sink.end_answer()

    def drop(self) -> None:
        """End the answer, and play nothing more of it. Idempotent."""
        if self.open:
            self.open, self.starts_at = False, None
            self._kept.clear()
            if self.audible and self.sink is not None:
                self.sink.end_answer()

    def _begun(self, pcm: bytes, *, loud: bool) -> bytes:
        """Return what is to be played of an answer that was silent so far: nothing, until it can be heard."""
        self._silence += pcm
        if not loud:
            del self._silence[: max(0, len(self._silence) - _PREFILL_BYTES)]
            return b""
        self.audible = True
        if self.sink is not None:
            self.sink.begin_answer()
        pcm = bytes(self._silence)
        self._silence.clear()
        return pcm

    def _play(self, pcm: bytes) -> None:
        loud = is_audible(pcm)
        self.newest_audible = self.newest_audible or loud
        if not self.audible:
            pcm = self._begun(pcm, loud=loud)
        if not pcm:
            return
        if self.starts_at is not None:
            if len(self._kept) < _MOST_KEPT_BYTES:
                self._kept += pcm
            return
        if self._held_back:
            room = max(0, VOICE.bytes_for(PLAYABLE_S * 1_000.0) - self._played_bytes)
            if len(self._kept) < _MOST_KEPT_BYTES:
                self._kept += pcm[room:]
            pcm = pcm[:room]
        self._played_bytes += len(pcm)
        if pcm and self.sink is not None:
            self.sink.feed(pcm)
