"""Avatar's voice in one session: answers one after another, as events and on the track."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ravatard.core.audio_format import VOICE_RATE_HZ
from ravatard.sim.avatar.options import AvatarSimOptions
from ravatard.sim.avatar.record import AvatarSessionRecord, SaidAnswer
from ravatard.sim.avatar.sound_pieces import AVATAR_RATE_HZ, audio_events, converted, of_voice, seconds_in
from ravatard.sim.avatar.timetable import Timetable
from ravatard.sim.sound.speech import voice_of
from ravatard.sim.streaming.speech_track import SpeechTrack

#: Subject of the steps of answers in the timetable.
_ANSWERS = "answers"
#: Time that a listener of the track may have taken ahead of the clock.
_TRACK_AHEAD_S = 0.05

Send = Callable[[dict[str, object], float], None]


@dataclass(frozen=True, slots=True)
class SpokenWords:
    """An answer to be spoken.

    Attributes:
        text: its words.
        cause: see :class:`ravatard.sim.avatar.record.SaidAnswer`.
        told: True: a chat event tells them as well.
        pcm: its sound, s16le mono 24 kHz; None: it is synthesized.
    """

    text: str = field(repr=False)
    cause: str
    told: bool = False
    pcm: bytes | None = field(default=None, repr=False)


class AvatarMouth:
    """Voice of one session.

    Attributes:
        speech: the sound of the track.
        resting: status while it is silent: "idle" or "listening".
    """

    def __init__(
        self,
        options: AvatarSimOptions,
        record: AvatarSessionRecord,
        timetable: Timetable,
        send: Send,
        synthesize: Callable[[str], bytes],
        now: float,
    ) -> None:
        """``synthesize`` makes a WAV file, 16 bit mono, of a text."""
        self.speech = SpeechTrack(now)
        self.resting = "idle"
        self._options = options
        self._record = record
        self._timetable = timetable
        self._send = send
        self._synthesize = synthesize
        self._busy_until = now
        self._open: list[SaidAnswer] = []

    @property
    def speaking(self) -> bool:
        """True while an answer sounds."""
        return any(one.started_at is not None for one in self._open)

    def say(self, words: SpokenWords, at: float, *, aloud: bool = True) -> float:
        """Plan an answer for ``at``, or after the present one; return its duration in seconds.

        Args:
            words: the answer.
            at: earliest time.
            aloud: False: only the chat event comes.
        """
        plan = partial(self._timetable.plan, subject=_ANSWERS)
        begin = max(at, self._busy_until)
        if words.told:
            event: dict[str, object] = {"type": "chat", "role": "agent", "content": words.text}
            plan(at, partial(self._send, event))
        sound = self._options.voice.sound
        if sound == "none" or not aloud:
            return 0.0
        if words.pcm is None:
            voice = voice_of(self._synthesize(words.text))
            pcm = of_voice(voice)
        else:
            pcm = words.pcm
            voice = converted(pcm, AVATAR_RATE_HZ, VOICE_RATE_HZ)
        said = SaidAnswer(len(self._record.said) + 1, words.cause, words.text, pcm)
        self._record.said.append(said)
        self._open.append(said)
        plan(begin, partial(self._begin, said, voice if sound in {"track", "both"} else b""))
        if sound in {"socket", "both"}:
            for offset_s, event in audio_events(pcm, self._options.voice):
                plan(begin + offset_s, partial(self._piece, said, event))
        self._busy_until = begin + seconds_in(pcm)
        plan(self._busy_until, partial(self._end, said))
        return seconds_in(pcm)

    def interrupt(self, now: float) -> None:
        """Drop the present answer and those that wait."""
        self._timetable.drop(_ANSWERS)
        self._busy_until = now
        for said in self._open:
            said.cut_at = now
        self._open.clear()
        self.speech.interrupt(now + _TRACK_AHEAD_S)
        self.rest(now)

    def rest(self, now: float) -> None:
        """Send the status of a silent avatar."""
        self._send({"type": "status", "status": self.resting, "message": f"Avatar is {self.resting}"}, now)

    # ------------------------------------------------------------------ inside

    def _begin(self, said: SaidAnswer, voice: bytes, now: float) -> None:
        said.started_at = now
        self._send({"type": "status", "status": "speaking", "message": "Avatar is speaking"}, now)
        if voice:
            self.speech.say(said.text, voice, now)

    def _piece(self, said: SaidAnswer, event: dict[str, object], now: float) -> None:
        said.pieces += 1
        self._send(event, now)

    def _end(self, said: SaidAnswer, now: float) -> None:
        said.ended_at = now
        self._open.remove(said)
        self.rest(now)
