"""User evidence: what speaks for a user in sound without the echo, added up frame by frame.

A canceller that removes much of a voice lets it through in pieces: two loud frames, silence, three loud ones.
Each frame weighs by how much it tells, and what was heard is forgotten slowly.
"""

from __future__ import annotations

from enum import IntEnum


class Voicing(IntEnum):
    """Verdict of webrtcvad on a frame, by its two strictest modes."""

    NONE = 0
    #: Speech to the second of them alone.
    MAYBE = 1
    SPEECH = 2


#: Weight of a frame, by its voicing, and if its level is not above the rest of the echo, above, or far above.
#: Of the order of the logarithm of how many times as often a frame is such a one if a user speaks 10 dB below
#: the echo, measured on the room models of ``tests/benchmarks/talk_over.py``. Soft speech weighs
#: nothing, though it is more often a user's than not: in a room with a television it is always there.
_WEIGHTS = {
    Voicing.NONE: (-0.5, -1.0, 0.0),
    Voicing.MAYBE: (0.0, 2.0, 3.0),
    Voicing.SPEECH: (0.0, 3.0, 4.0),
}
#: From here on it is far above, dB: none of 180,000 frames of an echo was speech and as loud but in bursts of
#: up to three, in which the canceller let it through.
_FAR_DB = 12.0
#: Three frames of speech far above, or four above, are a user; where the level does not tell one from a
#: canceller that was lost, less is enough to look closer.
ENOUGH, ENOUGH_TO_DOUBT = 12.0, 8.0
#: More is not remembered, or a user who falls silent would be found once more.
_MOST = 16.0


class UserEvidence:
    """The sum. It is never below 0: silence before a word does not speak against it."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._counts = False

    def take(self, voicing: Voicing, excess_db: float | None) -> None:
        """Add a frame.

        Args:
            voicing: of the frame.
            excess_db: its level above the rest of the echo; None: not known, and it tells nothing.
        """
        if excess_db is None:
            voicing, excess_db = Voicing.NONE, 0.0
        weights = _WEIGHTS[voicing]
        weight = weights[2 if excess_db >= _FAR_DB else 1 if excess_db > 0.0 else 0]
        self._counts = voicing is not Voicing.NONE and excess_db > 0.0
        self._sum = min(_MOST, max(0.0, self._sum + weight))

    def suffices(self, enough: float) -> bool:
        """Return True if there is ``enough``, and the newest frame is a part of it."""
        return self._counts and self._sum >= enough

    def lower(self, most: float) -> None:
        """Take away all but ``most`` of it."""
        self._sum = min(self._sum, most)

    def clear(self) -> None:
        """Begin anew."""
        self._sum, self._counts = 0.0, False
