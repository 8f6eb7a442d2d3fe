"""Leak guard: tells a user from the rest of the avatar's voice that an echo canceller leaves.

The rest follows the voice at a distance in level that depends on the room, the loudspeaker and how far the
canceller has adapted, so the distance is learnt, and only what lies well above it is a user.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

#: Length of the frames, in ms.
FRAME_MS = 30
#: A frame's echo is that of the loudest frame of this many: 330 ms, longer than a living room echoes.
REVERBERATION_FRAMES = 11
#: Frames from which the distance is learnt: 18 s of the avatar's voice.
_MEMORY_FRAMES = 600
#: Before so many frames, 3 s, too little is known, and nothing passes: that is half duplex.
_FEWEST_FRAMES = 100
#: After a disturbance nothing passes until the canceller has found the echo again: for so many frames,
#: 600 ms, and until so many of the avatar's voice in a row, 300 ms, were soft enough; but no longer than 3 s.
#: And so many of those before it are remembered, so that a rest of the echo that is louder now is soon known.
_UNSETTLED_FRAMES, _SETTLED_FRAMES, _LONGEST_FRAMES, _KEPT_FRAMES = 20, 10, 100, 150
_DOUBTFUL_FRAMES = _LONGEST_FRAMES - _UNSETTLED_FRAMES
#: Share of the frames that the distance covers, and how far a user must be above it, in dB.
_QUANTILE, _MARGIN_DB = 0.9, 6.0
#: Quieter than this is no user, whom a canceller weakens by up to 20 dB; the reference is no voice; in dBFS.
_QUIETEST_DB, _SILENT_DB = -66.0, -70.0


class LeakGuard:
    """Learns from every frame while the avatar is heard, and judges it. All figures measured on room models.

    Attributes:
        is_ready: enough was learnt to judge; before that nothing passes while the avatar is heard.
        excess_db: level of the last frame above the loudest rest of the echo, whether it passed or not; None:
            too little is known.
    """

    def __init__(self) -> None:
        self.excess_db: float | None = None
        self._references: deque[float] = deque(maxlen=REVERBERATION_FRAMES)
        self._seen: deque[float] = deque()
        self._sorted: list[float] = []
        #: Loud frames of which it is not known yet whether they are a user's or a rest that is louder now.
        self._unexplained: deque[float] = deque(maxlen=_LONGEST_FRAMES)
        self._unsettled = self._settled = 0

    @property
    def is_ready(self) -> bool:
        """True once enough was learnt."""
        return len(self._seen) >= _FEWEST_FRAMES

    @property
    def leak_db(self) -> float | None:
        """Level of the rest of the echo over that of the avatar's voice; None while too little is known."""
        if not self.is_ready:
            return None
        return self._sorted[min(len(self._sorted) - 1, int(_QUANTILE * len(self._sorted)))]

    @property
    def is_loud(self) -> bool:
        """True if the last frame was too loud for the rest of the echo, whether it passed or not."""
        return self.excess_db is not None and self.excess_db > 0.0

    @property
    def is_telling(self) -> bool:
        """True if levels may tell a user from the rest of the echo: not just behind a disturbance."""
        return self.is_ready and self._unsettled <= _DOUBTFUL_FRAMES

    @property
    def is_doubtful(self) -> bool:
        """True while a disturbance is long enough ago that a canceller may have found the echo again.

        Loud frames are then a user's, or what it leaves: the level does not tell.
        """
        return 0 < self._unsettled <= _DOUBTFUL_FRAMES

    def forget(self) -> None:
        """Learn anew: the way from loudspeaker to microphone has changed."""
        self._seen.clear()
        self._sorted.clear()
        self._unexplained.clear()

    def disturbed(self) -> None:
        """Be careful: sound was lost on the way to the loudspeaker or from the microphone."""
        self._unsettled, self._settled = _LONGEST_FRAMES, 0
        while len(self._seen) > _KEPT_FRAMES:
            self._drop()

    def passes(self, level_db: float, reference_db: float) -> bool:
        """Take a frame; return True if it is too loud for the rest of the echo.

        Args:
            level_db: of the microphone's frame behind the canceller, dBFS.
            reference_db: of what the speaker played meanwhile, dBFS.
        """
        self._references.append(reference_db)
        loudest_db = max(self._references)
        if loudest_db < _SILENT_DB:
            self.excess_db = level_db - _QUIETEST_DB
            return self.is_loud
        leak_db = self.leak_db
        least_db = None if leak_db is None else max(_QUIETEST_DB, loudest_db + leak_db + _MARGIN_DB)
        self.excess_db = None if least_db is None else level_db - least_db
        if self._unsettled:
            self._settle(level_db - loudest_db)
            return False
        self._learn(level_db - loudest_db)
        return self.is_loud

    def _settle(self, distance_db: float) -> None:
        """Take a frame of the avatar's voice after a disturbance.

        Loud ones are learnt only if they go on: else they were a canceller's that was lost, or a user's, who
        would not be found any more.
        """
        self._unsettled -= 1
        if self.is_loud:
            self._settled = 0
            self._unexplained.append(distance_db)
        else:
            self._settled += 1
            self._learn(distance_db)
        if self._unsettled <= _DOUBTFUL_FRAMES and self._settled >= _SETTLED_FRAMES:
            self._unsettled = 0
            self._unexplained.clear()
        while self._unexplained and not self._unsettled:
            self._learn(self._unexplained.popleft())

    def _learn(self, distance_db: float) -> None:
        if len(self._seen) == _MEMORY_FRAMES:
            self._drop()
        self._seen.append(distance_db)
        insort(self._sorted, distance_db)

    def _drop(self) -> None:
        """Forget the oldest frame."""
        del self._sorted[bisect_left(self._sorted, self._seen.popleft())]
