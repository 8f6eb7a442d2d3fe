"""Talk-over gate: a gate behind an echo canceller, which a user opens also while the avatar is heard.

While the speaker is silent, sound goes straight to the gate, and the canceller does nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from ravatard.core.actions import FollowUp, GateCommand, Overlook
from ravatard.core.audio.echo.leak_guard import FRAME_MS
from ravatard.core.audio.echo.talk_over import FRAME_BYTES, TalkOverDetector
from ravatard.core.audio.gate import Gate
from ravatard.core.audio_format import VOICE, bytes_for, samples_for
from ravatard.core.events import GateEvent, UtteranceClosed, Woken

if TYPE_CHECKING:
    # Few wait for a word.
    from ravatard.core.audio.echo.own_word import OwnWord

#: Blocks of the canceller, 10 ms: of the microphone, and of the speaker at its own rate.
BLOCK_BYTES = bytes_for(10)
REFERENCE_BYTES = VOICE.bytes_for(10)
#: Bytes of reference for each of the microphone.
_RATIO = REFERENCE_BYTES // BLOCK_BYTES
#: After its last sound the speaker still counts as heard for so many blocks, 500 ms: rooms echo, and a sound
#: server or loudspeaker may be late by a quarter of a second without saying so.
TAIL_BLOCKS = 50
#: Pre-roll of an interruption: a user is found within 450 ms, and the first sound may be too soft for that.
PREROLL_MS = 600
#: One whose first words were not trusted begins so long before them, but no longer before it is found: the
#: leak guard is careful for at most three seconds.
_LEAD_MS, LONGEST_PREROLL_MS = 300, 3_600
#: An interruption with so much speech behind the avatar's last sound, and its echo, is a user.
_PROOF_BYTES = bytes_for(100)
#: A word over the avatar was said by a user if so many frames of the last second were too loud for an echo.
_WORD_FRAMES, _WORD_WINDOW = 4, 34

#: An earcon that is later than the gate overlooks it for, by so many samples, does not end what the user has
#: begun to say: a speaker that slept takes its time, and nothing is known of the echo yet.
_LATE_EARCON = samples_for(1_000)


class Canceller(Protocol):
    """Removes the speaker's sound from the microphone's, block by block of 10 ms."""

    def reference(self, block: bytes) -> None:
        """Take the next block that the speaker played: REFERENCE_BYTES of s16le mono 48 kHz."""
        ...

    def process(self, block: bytes) -> bytes:
        """Return the microphone's block of the same time without it: BLOCK_BYTES of s16le mono 16 kHz."""
        ...


class TalkOverGate:
    """Gate whose user may talk over the avatar. Sound is s16le mono: 16 kHz, the reference 48 kHz.

    What comes out depends on the samples alone, never on how they were cut. Up to 10 ms are held back, 30 ms
    while the speaker is heard.

    Attributes:
        guarded: the speaker is heard, or was until just now.
        found: interruptions found since the start.
    """

    def __init__(
        self,
        make_gate: Callable[[Callable[[bytes], bool]], Gate],
        canceller: Canceller,
        *,
        is_speech: Callable[[bytes], bool],
        is_voice: Callable[[bytes], bool],
        may_be_voice: Callable[[bytes], bool],
        own_word: OwnWord | None = None,
    ) -> None:
        """Begin with a silent speaker.

        Args:
            make_gate: makes the gate, given what judges its frames; with :data:`LONGEST_PREROLL_MS`.
            canceller: removes the echo.
            is_speech: judges the gate's frames.
            is_voice: judges frames of FRAME_BYTES while the speaker is heard: the strictest mode.
            may_be_voice: the same, one mode below that.
            own_word: hears the wake word in what the speaker plays; None: no word wakes meanwhile.
        """
        self.guarded = False
        self.found = 0
        self._is_speech = is_speech
        self._canceller = canceller
        self._detector = TalkOverDetector(is_voice, may_be_voice)
        self._own_word = own_word
        self._loud: deque[bool] = deque(maxlen=_WORD_WINDOW)
        self._gate = make_gate(self._judge)
        self._microphone = self._reference = b""
        self._tail = 0
        #: No more is heard than an earcon that answers the word; and until which sample it may sound.
        self._is_earcon = False
        self._earcon_until = 0
        #: Speech of the interruption that is open, after the avatar had fallen silent; None without one.
        self._clean: int | None = None
        self._frame = self._frame_reference = self._frame_heard = b""

    @property
    def attentive(self) -> bool:
        """True while short blocks are worth their price; while the speaker is heard they are."""
        return self.guarded or self._gate.attentive

    @property
    def is_open(self) -> bool:
        """True while an utterance is open."""
        return self._gate.is_open

    @property
    def level_db(self) -> float:
        """Level of the last frame that the gate listened to, dBFS."""
        return self._gate.level_db

    @property
    def floor_db(self) -> float:
        """Tracked noise floor, dBFS."""
        return self._gate.floor_db

    @property
    def confirmation_fault(self) -> str:
        """Why speech is not confirmed any more; "" while there is nothing to say."""
        return self._gate.confirmation_fault

    def take_wake_score(self) -> float:
        """Return the highest score of the wake word since the last call; 0 without a word."""
        return self._gate.take_wake_score()

    @property
    def samples(self) -> int:
        """Samples fed since the stream began; those held back are not fed yet."""
        return self._gate.samples

    @property
    def leak_db(self) -> float | None:
        """Level of the echo behind the canceller over that of the avatar's voice; None: not known yet."""
        return self._detector.guard.leak_db

    @property
    def delay_ms(self) -> float | None:
        """How late the echo comes; None: not known."""
        return self._detector.delay_ms

    def command(self, command: GateCommand, now_at: float) -> list[GateEvent]:
        """See :meth:`ravatard.core.audio.gate.Gate.command`."""
        if isinstance(command, Overlook):
            self._earcon_until = self._gate.samples + samples_for(command.length_ms)
        return self._marked(self._gate.command(command, now_at))

    def lost(self, now_at: float) -> list[GateEvent]:
        """The device went away; see :meth:`ravatard.core.audio.gate.Gate.lost`."""
        self._microphone = self._reference = b""
        self._taken()
        self._earcon_until = 0
        # It may come back as another one: what was learnt of the room does not hold any more.
        self._detector.guard.forget()
        self._detector.forget()
        return self._marked(self._gate.lost(now_at))

    def disturbed(self) -> None:
        """The reference is aligned anew, because sound was lost: the room is the same."""
        self._detector.disturbed()

    def feed(self, pcm: bytes, reference: bytes, read_at: float) -> list[GateEvent]:
        """Take the next samples.

        Args:
            pcm: of the microphone, whole samples.
            reference: what the speaker played meanwhile, as long in time.
            read_at: when the last of them was read, seconds.

        Raises:
            DeviceError: the canceller failed.
        """
        self._microphone += pcm
        self._reference += reference
        whole = len(self._microphone) // BLOCK_BYTES * BLOCK_BYTES
        pcm, self._microphone = self._microphone[:whole], self._microphone[whole:]
        cut = whole * _RATIO
        reference, self._reference = self._reference[:cut], self._reference[cut:]
        if not self._tail and _is_silent(reference):
            return self._marked(self._gate.feed(pcm, read_at))
        events = []
        for at in range(0, whole, BLOCK_BYTES):
            block = reference[at * _RATIO : at * _RATIO + REFERENCE_BYTES]
            events += self._take(pcm[at : at + BLOCK_BYTES], block, read_at)
        return events

    def _take(self, block: bytes, reference: bytes, read_at: float) -> list[GateEvent]:
        sounds = not _is_silent(reference)
        self._tail = TAIL_BLOCKS if sounds else max(0, self._tail - 1)
        if not self._tail:
            return self._fall_silent(read_at) + self._marked(self._gate.feed(block, read_at))
        if not self.guarded:
            if sounds:
                late = _LATE_EARCON if self._gate.is_open else 0
                self._is_earcon = self._gate.samples < self._earcon_until + late
            if self._is_earcon:
                # The gate overlooks it by itself, and the user may speak at any moment.
                self._canceller.reference(reference)
                return self._marked(self._gate.feed(self._canceller.process(block), read_at))
            self._begin_to_sound()
        self._canceller.reference(reference)
        if self._own_word is not None:
            self._own_word.played(reference)
        self._frame_heard += block
        self._frame_reference += reference
        self._frame += self._canceller.process(block)
        return self._judged(read_at) if len(self._frame) == FRAME_BYTES else []

    def _judged(self, read_at: float) -> list[GateEvent]:
        """Give the gate a whole frame, which a third of the calls costs, and open it for a user."""
        frame, reference, heard = self._taken()
        speaks = self._detector.takes(frame, reference, heard)
        self._loud.append(self._detector.allowed)
        events = self._without_own_word(self._marked(self._gate.feed(frame, read_at)), read_at)
        if speaks and (opened := self._gate.interrupt(self._preroll_ms())):
            self.found += 1
            self._clean = 0
            self._detector.forget()
            events += opened
        return events

    def _taken(self) -> tuple[bytes, bytes, bytes]:
        """Return what is there of a frame, and begin the next: without the echo, played, and heard."""
        taken = self._frame, self._frame_reference, self._frame_heard
        self._frame = self._frame_reference = self._frame_heard = b""
        return taken

    def _preroll_ms(self) -> float:
        """Return how long before now the words of the user begin who is found now."""
        return max(PREROLL_MS, min(LONGEST_PREROLL_MS, self._detector.suspected * FRAME_MS + _LEAD_MS))

    def _begin_to_sound(self) -> None:
        self.guarded = True
        self._gate.guard(True)
        self._detector.begin()
        self._loud.clear()
        if self._own_word is not None:
            self._own_word.begin()

    def _fall_silent(self, read_at: float) -> list[GateEvent]:
        """The speaker is not heard any more; return what comes of the frame that had begun."""
        if not self.guarded:
            return []
        events = self._marked(self._gate.feed(self._taken()[0], read_at))
        self.guarded = False
        self._gate.guard(False)
        self._detector.forget()
        self._loud.clear()
        return self._without_own_word(events, read_at)

    def _without_own_word(self, events: list[GateEvent], now_at: float) -> list[GateEvent]:
        """Leave out a hit that is the avatar's own; the gate then waits for the word again."""
        if not any(isinstance(event, Woken) for event in events):
            return events
        is_own = self._own_word is None or self._own_word.is_heard
        if not is_own and sum(self._loud) >= _WORD_FRAMES:
            return events
        kept = [event for event in events if not isinstance(event, Woken)]
        return kept + self._gate.command(FollowUp(allowed=False), now_at)

    def _judge(self, frame: bytes) -> bool:
        # Asked in any case: the detector learns the noise.
        speech = self._is_speech(frame)
        if speech and self._clean is not None and not self.guarded:
            self._clean += len(frame)
        return speech and (not self.guarded or self._detector.allowed)

    def _marked(self, events: list[GateEvent]) -> list[GateEvent]:
        """Return ``events``; the end of an interruption says whether a user was heard after the avatar."""
        if self._clean is None or not any(isinstance(event, UtteranceClosed) for event in events):
            return events
        proven, self._clean = self._clean >= _PROOF_BYTES, None
        return [
            replace(each, proven=proven) if isinstance(each, UtteranceClosed) else each for each in events
        ]


def _is_silent(pcm: bytes) -> bool:
    return pcm == bytes(len(pcm))
