"""Waking: from the wake word to the first sample of what follows it."""

from __future__ import annotations

from ravatard.core.audio.endpointing.endpointer import Endpointer
from ravatard.core.audio.microphone_events import WakeMissed, WakeUnused, WakeWordLost, Woken
from ravatard.core.audio_format import samples_for
from ravatard.core.wakeword.watch import WakeWatch, WakeWord

#: The sound that is sent begins this long before the hit, which comes up to so long after the end of the word
#: when the user goes on without a pause (hey_jarvis: 26 ms in the middle, 320 at most in 72 hits,
#: tests/benchmarks/wake_word.py; alexa is the latest). So nothing of what follows is lost, and an end of the
#: word may be sent.
LATEST_HIT_MS = 450
#: What is heard this soon after the hit may be the end of the word: hits come up to 160 ms before it. Of 84
#: words hey_jarvis 1 opened the gate alone (tests/benchmarks/wake_word.py); with 40 ms it opens 36 ms sooner,
#: and 3 opened it.
SETTLE_MS = 80
#: Speech that is found this soon after the hit goes on from the word: all from the word's end is sent. In
#: quiet it is found 160 ms after the hit; of 21 requests in noise 10 dB below them one was found later than
#: 400 ms after it, and its beginning was lost (tests/benchmarks/wake_word.py).
GOES_ON_MS = 600
#: Speech that is found this soon after an earcon began under it.
UNDER_EARCON_MS = 120
#: After a word with the speaker heard nothing opens before its echo is over: so long at most.
SILENCED_MS = 700
#: Sound from before a decision that may have to be sent.
MEMORY_MS = LATEST_HIT_MS + SILENCED_MS + GOES_ON_MS + UNDER_EARCON_MS


class Waking:
    """Waits for the word while the gate is closed, and then for speech. Positions are samples of the stream.

    Attributes:
        watch: runs the detector.
        follow_up: an answer was given a moment ago: speech needs no word.
        memory: samples from before a decision that may have to be sent.
    """

    def __init__(self, word: WakeWord, frame_ms: int, preroll: int, no_speech: int) -> None:
        """``preroll`` and ``no_speech``: of the gate, in samples."""
        self.watch = WakeWatch(word, frame_ms)
        self.follow_up = False
        self.memory = samples_for(MEMORY_MS)
        self._preroll = preroll
        self._patience = no_speech
        #: Where the word was found, and from where on speech is waited for: later only over the avatar.
        self._woken_at: int | None = None
        self._since = 0
        self._earcon: tuple[int, int] | None = None
        self._is_lost = False

    @property
    def woken(self) -> bool:
        """True from the word until speech, or until :meth:`take` gives up."""
        return self._woken_at is not None

    def take(
        self, frame: bytes, at: int, endpointer: Endpointer
    ) -> int | Woken | WakeMissed | WakeUnused | WakeWordLost | None:
        """Take the frame that ends at ``at``; return the first sample to send once the user goes on.

        Args:
            frame: s16le mono 16 kHz.
            at: samples before its end.
            endpointer: of the gate, which gets each frame here.
        """
        if self._woken_at is not None:
            self.watch.overhear(frame)
        if self._earcon is not None and at <= self._earcon[1]:
            endpointer.watch(frame)
            return None
        speaks = endpointer.onset(frame)
        if self._woken_at is None:
            return self._wait(frame, at, endpointer)
        if at - self._woken_at <= samples_for(SETTLE_MS):
            endpointer.forget()
        elif speaks:
            return self._first_sample(at, self._woken_at)
        if at - self._since < self._patience:
            return None
        self.reset()
        return WakeUnused()

    def over_the_avatar(self, frame: bytes, at: int) -> Woken | WakeWordLost | None:
        """Take the frame that ends at ``at`` while the avatar is heard: no evidence of speech is of use then.

        Args:
            frame: s16le mono 16 kHz, without the avatar's echo.
            at: samples before its end.
        """
        if self.woken or self.follow_up:
            self.watch.overhear(frame)
            return None
        score = self.watch.hears(frame, speech=True)
        if score is None:
            return self._lost()
        self._woken_at = self._since = at
        return Woken(score)

    def speaker_heard(self) -> None:
        """The speaker begins to be heard: a word that had begun is none, one that was said stays."""
        if not self.woken:
            self.reset(follow_up=self.follow_up)

    def speaker_silent(self, at: int) -> None:
        """The speaker fell silent, and its echo: after a word from before, speech opens from here on."""
        if self.woken:
            self._since = at
        else:
            self.reset(follow_up=self.follow_up)

    def _lost(self) -> WakeWordLost | None:
        if not self.watch.fault or self._is_lost:
            return None
        self._is_lost = True
        return WakeWordLost(self.watch.fault)

    def _wait(
        self, frame: bytes, at: int, endpointer: Endpointer
    ) -> Woken | WakeMissed | WakeWordLost | None:
        score = self.watch.hears(frame, speech=endpointer.suspicious)
        if lost := self._lost():
            return lost
        if score is None:
            missed = self.watch.missed()
            return None if missed is None else WakeMissed(missed)
        self._woken_at = self._since = at
        # Until here the evidence of speech is the word.
        endpointer.forget()
        return Woken(score)

    def earcon(self, at: int, length_ms: int, endpointer: Endpointer) -> None:
        """An earcon answers the word: for so long from ``at`` on the microphone picks it up."""
        if self._woken_at is not None:
            self._earcon = at, at + samples_for(length_ms)
            endpointer.forget()

    def _first_sample(self, at: int, woken_at: int) -> int:
        """Return where the sound begins that is sent, when speech was found at ``at``.

        Never before the word's end; with an earcon after its end, unless the user spoke over it.
        """
        cut = woken_at - samples_for(LATEST_HIT_MS)
        if at - self._since <= samples_for(GOES_ON_MS):
            return cut
        first = max(cut, at - self._preroll)
        if self._earcon is None:
            return first
        begun, over = self._earcon
        if at - over <= samples_for(UNDER_EARCON_MS):
            # An earcon sounds because nothing was found by then, which need not mean that nothing was said.
            goes_on = begun - self._since <= samples_for(GOES_ON_MS)
            return cut if goes_on else max(cut, begun - self._preroll)
        return max(first, over)

    def reset(self, *, follow_up: bool = False) -> None:
        """Wait for the word again, or (``follow_up``) for none, without any memory of what was heard."""
        self.watch.reset()
        self.follow_up = follow_up
        self._woken_at = self._earcon = None
