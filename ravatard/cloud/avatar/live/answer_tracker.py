"""Sound of the answers: which piece belongs to which answer, where it comes from, and whether it is one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ravatard.cloud.avatar.events import AudioPiece, AvatarStatus
from ravatard.cloud.avatar.live.answer_voice import AnswerVoice
from ravatard.cloud.avatar.turns.borders import AnswerBorders, PiecePlace
from ravatard.cloud.avatar.turns.parrot import ParrotGuard, ParrotVerdict
from ravatard.cloud.avatar.turns.sound_side import DECIDE_S, SoundFrom, SoundSide
from ravatard.core.audio.audibility import is_audible
from ravatard.core.audio_format import VOICE

#: Sound of the track that is kept while it is not known whether it is played.
_MOST_KEPT = VOICE.bytes_for(2_000.0 * DECIDE_S)


class AnswerTracker:
    """Follows the sound of one answer after the other. Times are loop seconds.

    Attributes:
        voice: voice of the answers.
        sound: side that it is taken from.
        guard: judges the sound that follows an utterance; None: it needs no judgement.
    """

    def __init__(
        self, sound: SoundSide, ended: Callable[[], None], parroted: Callable[[float], None]
    ) -> None:
        """Begin without an answer.

        Args:
            sound: side that the voice is taken from.
            ended: called when all sound of an answer has come.
            parroted: called, with the time, when the avatar has repeated the user.
        """
        self.voice = AnswerVoice()
        self.sound = sound
        self.guard: ParrotGuard | None = None
        self._ended = ended
        self._parroted = parroted
        self._borders = AnswerBorders()
        self._kept_of_track = bytearray()
        self._over = asyncio.Event()

    def asked(self, now: float) -> None:
        """Expect another answer: a turn of ours is with the service."""
        self._borders.asked(now)
        self._over.clear()
        self.guard = None

    def estimated(self, seconds: float | None) -> None:
        """Take over how long the service says that the answer will be."""
        self._borders.estimated(seconds)

    def status(self, now: float, status: AvatarStatus) -> None:
        """Take a status of the service, which is a border between answers."""
        self._borders.status(now, status)

    def words(self, now: float) -> None:
        """Take note of words of the conversation: no parrot knows any."""
        if self.guard is not None:
            self._judge(self.guard.words(), now)

    def interrupted(self, now: float) -> None:
        """Throw away what still comes of the present answer."""
        self._borders.interrupted(now)
        self.guard = None
        self.voice.drop()

    def socket_lost(self) -> None:
        """End the answer that sounds: what was missed of it is not known."""
        self._borders.close()
        self.voice.end()

    def session_over(self) -> None:
        """Begin anew, with another session."""
        self.socket_lost()
        self._borders = AnswerBorders()
        self.sound.begin_session()
        self._kept_of_track.clear()
        self.guard = None

    async def spoken(self, limit_s: float) -> None:
        """Return when the answer that was asked for last is over, after ``limit_s`` in any case."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._over.wait()

    # ------------------------------------------------------------------ sound

    async def audio(self, piece: AudioPiece, now: float) -> bool:
        """Take a piece that came on the socket; return True when it can be heard.

        It cannot when it is silence, or belongs to an answer that was interrupted.
        """
        if self.sound.side is SoundFrom.TRACK:
            # The same sound comes on the track, and is placed there.
            return False
        place = self._borders.piece(now, piece.duration_s or 0.0)
        if place is PiecePlace.DISCARDED:
            return False
        if place is PiecePlace.BEGINS or not self.voice.open:
            self.end(now)
            self.voice.begin(
                now, hold_back=self.guard is not None and self.guard.verdict is ParrotVerdict.OPEN
            )
        seconds = await self.voice.add(piece)
        loud = self.voice.newest_audible
        if loud:
            self.sound.audio_event()
        else:
            self._borders.silent()
        if self.guard is not None:
            self._judge(self.guard.sound(seconds if self.voice.audible else 0.0), now)
        return loud

    def track_sound(self, pcm: bytes, now: float) -> bool:
        """Take the next sound of the track, s16le mono 48 kHz; return True when it can be heard.

        A track sends in silence, too.
        """
        loud = is_audible(pcm)
        if self.sound.side is SoundFrom.AUTO and self.voice.open and self.voice.audible:
            # It sounds from the socket already, of which a piece is still being converted.
            self.sound.audio_event()
        if not self.sound.track_sound(now, loud=loud):
            self._keep(pcm, loud=loud)
            return loud
        if loud or self._kept_of_track:
            sound = len(self._kept_of_track) + len(pcm)
            place = self._borders.piece(now, sound / (VOICE.rate_hz * VOICE.frame_bytes))
            if place is PiecePlace.DISCARDED:
                return False
            # Silence that came on the socket is no answer that this could go on with.
            if place is PiecePlace.BEGINS or not (self.voice.open and self.voice.audible):
                self.end(now)
                self.voice.begin(now, hold_back=False)
            self.voice.feed(bytes(self._kept_of_track))
            self._kept_of_track.clear()
        if self.voice.open:
            self.voice.feed(pcm)
        return loud

    def _keep(self, pcm: bytes, *, loud: bool) -> None:
        """Keep sound of the track, from its beginning, while it is not known whether it is played."""
        if self.sound.side is not SoundFrom.AUTO:
            self._kept_of_track.clear()
        elif loud or self._kept_of_track:
            self._kept_of_track += pcm
            del self._kept_of_track[: max(0, len(self._kept_of_track) - _MOST_KEPT)]

    # ------------------------------------------------------------------ the clock

    def due(self) -> float | None:
        """Return the time at which :meth:`on_time` is to be called; None: not before more sound."""
        times = [at for at in (self._borders.due_s(), self.voice.starts_at) if at is not None]
        return min(times, default=None)

    def on_time(self, now: float) -> None:
        """Begin to play, or end, what is due."""
        if self.voice.starts_at is not None and now >= self.voice.starts_at:
            self.voice.start()
        if self._borders.over(now):
            self._borders.close()
            self.end(now)

    def end(self, now: float) -> None:
        """End the answer that sounds, if one does."""
        if not self.voice.open:
            return
        heard = self.voice.audible
        if heard and self.guard is not None and self._judge(self.guard.ended(), now) is ParrotVerdict.PARROT:
            return
        self.voice.end()
        self._over.set()
        if heard:
            self._ended()

    def _judge(self, verdict: ParrotVerdict, now: float) -> ParrotVerdict:
        if verdict is ParrotVerdict.OPEN:
            return verdict
        self.guard = None
        if verdict is ParrotVerdict.ANSWER:
            self.voice.release()
        else:
            self.interrupted(now)
            self._parroted(now)
        return verdict
