"""Gate: samples and button presses in, utterances out; joins pre-roll, endpointer and button."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from ravatard.core.audio.endpointing.opening import NO_EXTRAS, GateExtras, Opening
from ravatard.core.audio.framing import Framer
from ravatard.core.audio.gate_commands import FollowUp, GateCommand, Hold, Overlook, Press, Release, SetGate
from ravatard.core.audio.microphone_events import GateEvent, PressIgnored
from ravatard.core.audio.utterance_buffer import UtteranceBuffer
from ravatard.core.audio_format import CHUNK_SAMPLES, SAMPLE_BYTES, bytes_for, ms_of, samples_for
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, CloseReason, GateMode

#: Blocks of up to this length are read while nothing depends on the next one.
LONG_BLOCK_MS = 60


class Gate:
    """Decides which samples are meant for the avatar.

    Pure: what comes out depends only on the samples and on the sample positions at which commands come,
    never on how the samples were cut or on any clock; ``read_at`` is handed through.

    Samples are counted from 0 since the gate was made or :meth:`lost` was called, those ignored during a
    hold too; utterances from 1 without end. No sample is handed out twice: a pre-roll reaches back no further
    than the end of the previous utterance, the end of a hold, or the beginning of the stream.

    The button, with ``toggle`` off: nothing happens until it was down for ``shortest_press_ms``; then an
    utterance opens with the pre-roll of the press, or the voice's utterance is taken over. Release closes.
    With ``toggle`` on a press acts at once (a tap is short) and a release means nothing. A press during a
    hold begins when the hold ends if the button is still down; with ``toggle`` on it is lost.

    After LONGEST the voice may open again at once if the speaker goes on, but only on the full evidence of a
    fresh onset; its pre-roll then joins without a gap. When anything but the release closed a held button's
    utterance, that press is spent: it opens nothing more, and the voice opens nothing until the release or
    until a silence that would end an utterance (so that a button that is stuck does not keep the gate closed
    for good).

    While it is guarded the voice opens nothing by itself: the avatar is heard, and only :meth:`interrupt`
    opens. The noise floor is not learnt meanwhile.
    """

    def __init__(
        self,
        gate: GateOptions,
        voice: VoiceOptions,
        is_speech: Callable[[bytes], bool],
        *,
        mode: GateMode,
        chunk_samples: int = CHUNK_SAMPLES,
        extras: GateExtras = NO_EXTRAS,
    ) -> None:
        """Make a closed gate that listens.

        Args:
            gate: section ``gate``; its ``mode`` is not looked at, ``mode`` is.
            voice: section ``voice``.
            is_speech: judges one frame of ``voice.frame_ms`` (s16le mono 16 kHz); called for frames in order.
            mode: what may open it.
            chunk_samples: samples of every chunk but the last.
            extras: a confirmation, a wake word, a longer pre-roll of :meth:`interrupt`.
        """
        self._opening = Opening(gate, voice, is_speech, extras)
        self._framer = Framer(bytes_for(voice.frame_ms))
        self._frame_ms = voice.frame_ms
        self._frame_samples = samples_for(voice.frame_ms)
        self._longest = samples_for(gate.longest_s * 1000)
        self._buffer = UtteranceBuffer(chunk_samples, self._opening.preroll, self._opening.memory)
        self._no_speech = samples_for(gate.no_speech_s * 1000)
        self._shortest_press = samples_for(gate.shortest_press_ms)
        self._toggle = gate.toggle
        self._mode = mode
        self._held = False
        # Where the button went down, while it owns nothing yet; where it did that now owns the utterance.
        self._pending: int | None = None
        self._owned_since: int | None = None
        self._pressed_in_hold = False
        self._spent = False
        self._samples = 0
        self._odd = b""
        self._out: list[GateEvent] = []

    @property
    def is_open(self) -> bool:
        """True while an utterance is open and announced."""
        return self._buffer.opened_at is not None

    @property
    def attentive(self) -> bool:
        """True while short blocks are worth their price.

        Speech may be beginning, a finger is on the button, or the next long block would delay a chunk that is
        nearly full, or an end that is nearly due.
        """
        if self._pending is not None or self._owned_since is not None:
            return True
        if not self.is_open:
            return self._opening.is_near
        silence = self._opening.silence_left * self._frame_samples
        return min(self._buffer.missing, silence) < samples_for(LONG_BLOCK_MS)

    @property
    def confirmation_fault(self) -> str:
        """Why speech is not confirmed any more, as a sentence; "" while there is nothing to say."""
        return self._opening.confirmation.fault

    @property
    def level_db(self) -> float:
        """Level of the last frame that was listened to, dBFS."""
        return self._opening.endpointer.level_db

    @property
    def floor_db(self) -> float:
        """Tracked noise floor, dBFS."""
        return self._opening.endpointer.floor_db

    def take_wake_score(self) -> float:
        """Return the highest score of the wake word since the last call; 0 without a word."""
        return self._opening.take_wake_score()

    @property
    def samples(self) -> int:
        """Samples fed since the stream began."""
        return self._samples

    def feed(self, pcm: bytes | memoryview, read_at: float) -> list[GateEvent]:
        """Take the next samples.

        Args:
            pcm: s16le mono 16 kHz, any number of bytes; half a sample waits for its other half.
            read_at: when the last of them was read, seconds.
        """
        sound = self._odd + bytes(pcm)
        whole = len(sound) - len(sound) % SAMPLE_BYTES
        sound, self._odd = sound[:whole], sound[whole:]
        if self._held:
            self._samples += len(sound) // SAMPLE_BYTES
            return []
        for piece, frame in self._framer.split(sound):
            self._samples += len(piece) // SAMPLE_BYTES
            self._out += self._buffer.add(piece, read_at)
            if frame is not None:
                self._take(frame)
        return self._events()

    def command(self, command: GateCommand, now_at: float) -> list[GateEvent]:
        """Obey at the current sample position, which alone decides; ``now_at`` is when the command came."""
        match command:
            case SetGate(mode):
                self._set_mode(mode)
            case Press():
                self._press()
            case Release():
                self._release()
            case Hold(held):
                self._hold(held)
            case FollowUp(allowed):
                self._opening.await_word(follow_up=allowed and not self._held)
            case Overlook(length_ms):
                self._opening.overlook(self._samples, length_ms)
            case _:
                assert_never(command)
        return self._events()

    def lost(self, now_at: float) -> list[GateEvent]:
        """The device went away, noticed at ``now_at``: close what is open.

        The next sample has index 0; noise floor, hold and the numbers of utterances stay.
        """
        self._interrupt(CloseReason.LOST)
        self._odd = b""
        self._samples = 0
        self._buffer.skip(0)
        return self._events()

    def guard(self, guarded: bool) -> None:
        """From here on the voice opens nothing by itself (True), or does again. What is open stays open."""
        self._opening.guard(guarded, self._samples)

    def interrupt(self, preroll_ms: float) -> list[GateEvent]:
        """A user who began ``preroll_ms`` ago speaks over the avatar: open, unless something forbids it."""
        busy = self._held or self.is_open or self._pending is not None or self._spent
        if not busy and self._opening.takes_voice(self._mode):
            self._opening.begin(spoken=True)
            first = self._samples - min(samples_for(preroll_ms), self._opening.interrupt_preroll)
            self._out += self._buffer.open_from(Cause.VOICE, first)
        return self._events()

    def _set_mode(self, mode: GateMode) -> None:
        """Change what may open the gate. An open utterance goes on as it would have."""
        if mode is self._mode:
            return
        self._mode = mode
        self._opening.forget()
        if not mode.takes_button:
            self._pending = None
            self._pressed_in_hold = False

    def _press(self) -> None:
        if self._toggle and self._owned_since is not None:
            self._close(CloseReason.RELEASED)
        elif self._mode.takes_button and self._held:
            self._pressed_in_hold = not self._toggle
        elif self._mode.takes_button and self._pending is None and self._owned_since is None:
            self._begin_press()

    def _begin_press(self) -> None:
        self._pending = self._samples
        self._spent = False
        self._opening.await_word()
        if not self.is_open:
            self._opening.begin(spoken=False)
        if self._toggle or not self._shortest_press:
            self._own(self._pending)

    def _own(self, pressed: int) -> None:
        """The press at ``pressed`` means something: open an utterance, or take the voice's over."""
        self._pending = None
        self._owned_since = pressed
        if self.is_open:
            # With toggle, silence closes: a user who pressed gets all of it.
            self._opening.endpointer.quiet_frames = 0
        else:
            self._out += self._buffer.open(Cause.BUTTON, pressed)
        self._opening.confirmation.begin()

    def _release(self) -> None:
        if self._toggle:
            return
        self._pressed_in_hold = False
        self._spent = False
        if self._pending is not None:
            held = self._samples - self._pending
            if held < self._shortest_press:
                self._pending = None
                self._out.append(PressIgnored(ms_of(held)))
                return
            self._own(self._pending)
        if self._owned_since is not None:
            self._close(CloseReason.RELEASED)

    def _hold(self, held: bool) -> None:
        if held is self._held:
            return
        self._held = held
        if held:
            self._interrupt(CloseReason.HELD)
            return
        self._buffer.skip(self._samples)
        if self._pressed_in_hold:
            self._pressed_in_hold = False
            self._begin_press()

    def _interrupt(self, reason: CloseReason) -> None:
        """Listening stops here: close what is open, spend what is pressed, forget a frame that was begun."""
        if self.is_open:
            self._close(reason)
        if self._pending is not None:
            self._pending = None
            self._spent = True
        self._opening.interrupt()
        self._framer.reset()

    def _take(self, frame: bytes) -> None:
        """Decide at the end of a frame."""
        if not self.is_open and self._pending is None:
            self._buffer.trim()
            self._wait(frame)
            return
        self._opening.follow(frame)
        if self._pending is not None and self._samples - self._pending >= self._shortest_press:
            self._own(self._pending)
        if self._buffer.opened_at is not None:
            self._limit(self._samples - self._buffer.opened_at)

    def _wait(self, frame: bytes) -> None:
        """A frame while nothing is open."""
        found = self._opening.wait(frame, self._samples, self._mode)
        if found is None:
            self._spent = self._spent and self._opening.endpointer.silence_left > 0
        elif not isinstance(found, tuple):
            self._out.append(found)
        # A word is said on purpose, also while a button is stuck.
        elif found[0] is Cause.WAKEWORD or not self._spent:
            self._opening.begin(spoken=True)
            self._out += self._buffer.open_from(*found)

    def _limit(self, length: int) -> None:
        """Close the utterance, ``length`` samples long, if it is long or silent enough, or has no speech."""
        silent = not self._opening.silence_left
        if length + self._frame_samples > self._longest:
            self._close(CloseReason.LONGEST)
        elif self._owned_since is None:
            if silent and self._pending is None:
                self._close(CloseReason.SILENCE)
        elif not self._opening.endpointer.spoken:
            if self._samples - self._owned_since >= self._no_speech:
                self._close(CloseReason.NO_SPEECH)
        elif silent and self._toggle:
            self._close(CloseReason.SILENCE)

    def _close(self, reason: CloseReason) -> None:
        self._out += self._buffer.close(
            reason,
            float(self._opening.endpointer.speech_frames * self._frame_ms),
            float(self._opening.quiet_frames * self._frame_ms),
        )
        under_finger = self._owned_since is not None and not self._toggle
        self._spent = under_finger and reason is not CloseReason.RELEASED
        self._owned_since = None
        self._opening.end(silent=reason is CloseReason.SILENCE)

    def _events(self) -> list[GateEvent]:
        out, self._out = self._out, []
        return out
