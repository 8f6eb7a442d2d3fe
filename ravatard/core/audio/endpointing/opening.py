"""Opening: decides by sound where an utterance begins, and how long it has been silent.

It joins the endpointer with what an appliance may have beside it: a confirmation, a wake word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ravatard.core.audio.endpointing.confirmation import Confirmation
from ravatard.core.audio.endpointing.endpointer import Endpointer
from ravatard.core.audio.microphone_events import WakeMissed, WakeUnused, WakeWordLost, Woken
from ravatard.core.audio_format import samples_for
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, GateMode

if TYPE_CHECKING:
    from ravatard.core.wakeword.waking import Waking
    from ravatard.core.wakeword.watch import WakeWord

WakeEvent = Woken | WakeMissed | WakeUnused | WakeWordLost


@dataclass(frozen=True, slots=True)
class GateExtras:
    """Parts of a gate that are optional.

    Attributes:
        confirmation: must agree before speech opens, or keeps open; None: nothing must.
        word: the wake word. Without one, no speech opens in the modes that wait for the word.
        interrupt_preroll_ms: longest pre-roll of a user who interrupts, if longer than that of the options.
    """

    confirmation: Confirmation | None = None
    word: WakeWord | None = None
    interrupt_preroll_ms: int = 0


NO_EXTRAS = GateExtras()


class Opening:
    """Takes the frames of a gate, in order: by :meth:`wait` while nothing is open, else by :meth:`follow`.

    Attributes:
        endpointer: finds speech and silence.
        confirmation: has the last word on speech.
        waking: waits for the wake word; None without one.
        preroll: samples from before the decision that belong to an utterance.
        interrupt_preroll: the longest of a user who interrupts the avatar.
        memory: samples from before a decision that may have to be sent.
    """

    def __init__(
        self,
        gate: GateOptions,
        voice: VoiceOptions,
        is_speech: Callable[[bytes], bool],
        extras: GateExtras,
    ) -> None:
        """Begin a stream; the arguments are those of the gate."""
        # Half an utterance is for what is said after the gate opened, whatever the options say.
        half = samples_for(gate.longest_s * 1000) // 2
        self.preroll = min(samples_for(gate.preroll_ms), half)
        self.interrupt_preroll = max(self.preroll, min(samples_for(extras.interrupt_preroll_ms), half))
        self._guarded = False
        self.endpointer = Endpointer(voice, is_speech, gate.silence_ms)
        self.confirmation = extras.confirmation or Confirmation(None, voice.frame_ms)
        self.waking = self._waking(extras.word, voice.frame_ms, samples_for(gate.no_speech_s * 1000))
        word_memory = 0 if self.waking is None else self.waking.memory
        self.memory = max(self.interrupt_preroll, word_memory)

    def _waking(self, word: WakeWord | None, frame_ms: int, no_speech: int) -> Waking | None:
        if word is None:
            return None
        # Few wait for a word.
        from ravatard.core.wakeword.waking import Waking

        return Waking(word, frame_ms, self.preroll, no_speech)

    @property
    def is_near(self) -> bool:
        """True while an utterance may be about to begin."""
        return self.endpointer.suspicious or (self.waking is not None and self.waking.woken)

    @property
    def silence_left(self) -> int:
        """Silent frames to come until an utterance ends; what was not confirmed is silent."""
        return self.endpointer.silence_left_after(self.confirmation.quiet_frames)

    @property
    def quiet_frames(self) -> int:
        """Silent frames in a row at the end of the utterance that is open."""
        return max(self.endpointer.quiet_frames, self.confirmation.quiet_frames)

    def wait(self, frame: bytes, at: int, mode: GateMode) -> tuple[Cause, int] | WakeEvent | None:
        """Take a frame while nothing is open; return why an utterance begins, and with which sample.

        Args:
            frame: s16le mono 16 kHz.
            at: samples before its end.
            mode: of the gate.
        """
        waking = self.waking if mode.takes_word else None
        if self._guarded:  # nor is the noise floor learnt: it would be that of the avatar
            return None if waking is None else waking.over_the_avatar(frame, at)
        if mode is GateMode.BUTTON or (waking is None and mode.takes_word):
            self.endpointer.watch(frame)
            return None
        if waking is None or waking.follow_up:
            if waking is not None:
                waking.watch.overhear(frame)
            onset = self.endpointer.onset(frame)
            suspicious = self.endpointer.suspicious
            opens = self.confirmation.onset(frame, onset=onset, suspicious=suspicious)
            return (Cause.VOICE, at - self.preroll) if opens else None
        # The word is no candidate; the confirmation hears the beginning of the stream, and keeps a lead.
        self.confirmation.onset(frame, onset=False, suspicious=False)
        found = waking.take(frame, at, self.endpointer)
        return (Cause.WAKEWORD, found) if isinstance(found, int) else found

    def begin(self, *, spoken: bool) -> None:
        """An utterance opens here, by speech or by a press; see :meth:`Endpointer.begin`."""
        self.endpointer.begin(spoken=spoken)
        self.confirmation.begin()

    def follow(self, frame: bytes) -> None:
        """Take a frame while an utterance is open, or may be by a press."""
        self.endpointer.follow(frame)
        self.confirmation.follow(frame, quiet=self.endpointer.quiet_frames > 0)

    def end(self, *, silent: bool) -> None:
        """Close the utterance; ``silent``: because of silence. In a mode with a word it is needed again."""
        self.endpointer.end(silent=silent)
        self.await_word()

    def forget(self) -> None:
        """Drop the evidence gathered so far: the mode is another."""
        self.endpointer.forget()
        self.await_word()

    def interrupt(self) -> None:
        """Sound is left out here, so that what came before leads to nothing that follows."""
        self.forget()
        self.confirmation.interrupt()

    def guard(self, guarded: bool, at: int) -> None:
        """The speaker is heard from sample ``at`` on (True), so that nothing opens by sound, or no more.

        A word from before or from meanwhile still counts, and so does the time after an answer: it may be an
        earcon that is heard.
        """
        self._guarded = guarded
        self.endpointer.forget()
        if self.waking is None:
            return
        if guarded:
            self.waking.speaker_heard()
        else:
            self.waking.speaker_silent(at)

    def takes_voice(self, mode: GateMode) -> bool:
        """Return True if speech alone may open the gate in ``mode``."""
        return mode.takes_voice or (mode.takes_word and self.waking is not None and self.waking.follow_up)

    def await_word(self, *, follow_up: bool = False) -> None:
        """Wait for the word from its beginning, or (``follow_up``) for no word."""
        if self.waking is not None:
            self.waking.reset(follow_up=follow_up)

    def overlook(self, at: int, length_ms: int) -> None:
        """An earcon sounds for so long from sample ``at`` on."""
        if self.waking is not None:
            self.waking.earcon(at, length_ms, self.endpointer)

    def take_wake_score(self) -> float:
        """Return the highest score of the wake word since the last call; 0 without a word."""
        return 0.0 if self.waking is None else self.waking.watch.take_peak()
