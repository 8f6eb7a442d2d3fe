"""Trailing silence: how long it must last to end an utterance, fixed or as the speaker's pauses need.

A fixed silence is one bargain for all speakers: long, and each answer comes late; short, and a speaker who
searches for a word is cut off. Here it follows the pauses after which the speaker went on.

The constants were chosen with ``tests/benchmarks/endpointing.py``, on seed 11 of its scenes.
"""

from __future__ import annotations

import math

#: Bounds of the silence. In the benchmark's quiet rooms 600 ms cut nothing, and 500 ms 1 of 100 utterances.
#: 1,400 ms catch pauses of up to 1,200 ms; a speaker who is not answered for longer begins again.
SHORTEST_MS = 600.0
LONGEST_MS = 1_400.0

#: A speaker's next pause may be longer than the longest so far, by this factor and this time.
PAUSE_FACTOR = 1.2
PAUSE_SPARE_MS = 150.0
#: Pause that is expected of a speaker who was not heard yet: its silence is 900 ms, the fixed one until 0.1,
#: which is enough for all but the hesitant.
UNKNOWN_PAUSE_MS = 625.0
#: Part of the expected pause that is left after an utterance: from 900 ms to the shortest in seven of them,
#: a conversation. With 0.87 a quarter more of the hesitant were cut off.
KEPT = 0.92
#: An utterance with less speech is a noise, or a word that says nothing about pauses.
LEAST_SPEECH_MS = 300.0
#: Two utterances no further apart are neighbours: pieces of one that was cut off, or said without waiting for
#: an answer. Neither tells that the speaker makes no pauses. The longest silence, and 500 ms to go on in.
NEIGHBOUR_MS = LONGEST_MS + 500.0

#: The silence of a speaker who was not heard yet, where the room is clear. A longer one may join what is not
#: one utterance (questions in a row, a television), so it has two limits that this one has not.
PLAIN_MS = PAUSE_FACTOR * UNKNOWN_PAUSE_MS + PAUSE_SPARE_MS
#: Pauses of that length or more that are believed from one neighbour to the next: who searches for words
#: makes one or two in a sentence. With one more these are sentences: what was learned of them is forgotten.
LONG_PAUSES = 2
#: Time from the beginning of an utterance in which a longer silence is waited for: half of the longest
#: utterance by default (``gate.longest_s``), the other half is for what was joined.
YOUNG_MS = 7_500.0

#: Noise hides the soft endings of words: silence is heard early, and pauses are heard that are none. Each dB
#: that the loudest speech is less than this above the noise floor makes the silence longer by so much.
#: 15 ms instead of 6 cut no less at 10 dB, and ended 90 ms later.
CLEAR_DB = 25.0
NOISE_MS_PER_DB = 6.0
NOISE_LONGEST_MS = 150.0

#: Speech that stays this much below the loudest may be someone else's: talk in the background has pauses of
#: its own. Only what is louder shows that the speaker went on.
OWN_RANGE_DB = 10.0
#: A silence that begins when the speaker was not heard for longer than this ends someone else's talk: the
#: shortest will do. In babble at 20 dB the gate then stays open in 9 of 100 gaps, not in 18.
OWN_MS = 500.0


def silence_for(pause_ms: float, clearness_db: float) -> float:
    """Return the silence that ends an utterance, ms, from :data:`SHORTEST_MS` to :data:`LONGEST_MS`.

    Args:
        pause_ms: the pause that is expected of the speaker.
        clearness_db: level of the loudest speech above the noise floor.
    """
    noise_ms = min(NOISE_LONGEST_MS, max(0.0, CLEAR_DB - clearness_db) * NOISE_MS_PER_DB)
    return min(LONGEST_MS, max(SHORTEST_MS, PAUSE_FACTOR * pause_ms + PAUSE_SPARE_MS) + noise_ms)


class TrailingSilence:
    """Learns the pauses of who speaks, and decides at the beginning of each silence how long it must last.

    Attributes:
        frames: silent frames that end the utterance.
        pause_ms: the pause that is expected of the speaker.
    """

    def __init__(self, frame_ms: int, fixed_ms: int | None) -> None:
        """Take the silence from ``fixed_ms`` for every speaker; None learns it."""
        self.pause_ms = UNKNOWN_PAUSE_MS
        self._frame_ms = frame_ms
        self._learns = fixed_ms is None
        self.frames = self._frames(silence_for(self.pause_ms, math.inf) if fixed_ms is None else fixed_ms)
        # The longest silence since the speaker's own level was heard, frames since then, and the least level
        # that is the speaker's.
        self._pause = 0
        self._away = 0
        self._own_db = -math.inf
        # Frames since the last speech of an utterance that silence ended; None: there is none to continue.
        self._ended: int | None = None
        # The expected pause before the last utterance made it shorter. Whether the one before this is near
        # enough for a neighbour, and whether it was the same speaker's.
        self._before_ms = self.pause_ms
        self._near = False
        self._continues = False
        # Frames of this utterance so far, and pauses of PLAIN_MS or more since the first of its neighbours.
        self._age = 0
        self._long_pauses = 0

    def began(self, clearness_db: float) -> None:
        """Decide how long the silence that begins here must last; see :func:`silence_for`."""
        if self._learns:
            own = self._away * self._frame_ms <= OWN_MS
            silence_ms = silence_for(self.pause_ms if own else 0.0, clearness_db)
            if self._long_pauses > LONG_PAUSES or self._age * self._frame_ms > YOUNG_MS:
                silence_ms = min(silence_ms, PLAIN_MS)
            self.frames = self._frames(silence_ms)

    def broken(self, level_db: float, loudest_db: float, quiet_frames: int) -> None:
        """Take speech within an utterance.

        Args:
            level_db: its level.
            loudest_db: the loudest level of the utterance before.
            quiet_frames: silent frames before it, after other speech.
        """
        self._age += 1 + quiet_frames
        self._away += 1 + quiet_frames
        self._pause = max(self._pause, quiet_frames)
        if level_db < max(loudest_db - OWN_RANGE_DB, self._own_db):
            return
        if self._near and self._away * self._frame_ms <= NEIGHBOUR_MS:
            self._continues = True
            self.pause_ms = self._before_ms
        self._near = False
        if self._away * self._frame_ms <= LONGEST_MS:
            self._learn(float(self._pause * self._frame_ms))
        self._pause = self._away = 0
        self._own_db = -math.inf

    def _learn(self, pause_ms: float) -> None:
        """Expect a pause after which the speaker went on, unless there are too many long ones."""
        self._long_pauses += pause_ms >= PLAIN_MS
        self.pause_ms = max(self.pause_ms, pause_ms)
        if self._long_pauses > LONG_PAUSES:
            self.pause_ms = min(self.pause_ms, UNKNOWN_PAUSE_MS)

    def ended(self, speech_frames: int, loudest_db: float, quiet_frames: int | None) -> None:
        """Take the end of an utterance.

        Args:
            speech_frames: its frames of speech.
            loudest_db: its loudest level.
            quiet_frames: silent frames that ended it; None: something else did.
        """
        self._before_ms = self.pause_ms
        if quiet_frames is None and self._long_pauses:
            self.pause_ms = min(self.pause_ms, UNKNOWN_PAUSE_MS)
        elif speech_frames * self._frame_ms >= LEAST_SPEECH_MS and not self._continues:
            self.pause_ms *= KEPT
        self._own_db = loudest_db - OWN_RANGE_DB
        self._ended = quiet_frames

    def waited(self) -> None:
        """Take a frame after the end of an utterance, silent or not."""
        if self._ended is not None:
            self._ended += 1

    def opened(self, onset_frames: int | None) -> None:
        """Take the beginning of an utterance: soon after another the same speaker goes on, who was cut off.

        Args:
            onset_frames: the last frames, which opened it; None when a press did.
        """
        self._pause = self._away = self._age = 0
        self._continues = False
        if self._ended is None or onset_frames is None:
            self._near = False
            self._own_db = -math.inf
        else:
            self._pause = self._away = self._ended - onset_frames
            self._near = self._away * self._frame_ms <= NEIGHBOUR_MS
        if not self._near:
            self._long_pauses = 0
        self._ended = None

    def forget(self) -> None:
        """Hear the next utterance as one of its own: sound was missed since the last."""
        self._ended = None

    def _frames(self, ms: float) -> int:
        return math.ceil(ms / self._frame_ms)
