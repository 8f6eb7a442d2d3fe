"""Rows of the level meter: the level on a scale, the room's noise, the gate. Pure."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

from ravatard.cli.doctor.text import Marks
from ravatard.cli.terminal import visible
from ravatard.core.events import (
    Listened,
    MicrophoneEnded,
    MicrophoneEvent,
    MicrophoneLost,
    MicrophoneReady,
    UtteranceClosed,
    UtteranceOpened,
)

_LOW_DB, _HIGH_DB = -80.0, 0.0
#: Above this, speech is clipped occasionally.
_HOT_DB = -6.0
_GREEN, _YELLOW, _RED, _DIM, _BOLD = "32", "33", "31", "2", "1"
#: Columns beside the bar.
_BESIDE = 46
_SHORTEST = 16


class Meter:
    """Level meter, fed with the events of a microphone.

    Attributes:
        marks: signs and colours to draw with.
        heard: True once sound was measured.
    """

    def __init__(self, marks: Marks, margin_db: float) -> None:
        """``margin_db``: how much louder than the room's noise speech must be."""
        self.marks = marks
        self.heard = False
        self._margin_db = margin_db
        self._level_db = self._floor_db = _LOW_DB
        #: The loudest level since the last sentence.
        self._loudest_db = float("-inf")
        self._open = False
        self._utterances = 0
        ascii_only = "✓" not in marks.signs
        self._full, self._empty, self._room, self._threshold = "#-|:" if ascii_only else "█·│┆"

    def take(self, event: MicrophoneEvent) -> str:
        """Take an event; return a line that should stay, or ""."""
        match event:
            case Listened(samples, level_db, floor_db) if samples:
                self.heard = True
                self._level_db, self._floor_db = level_db, floor_db
                self._loudest_db = max(self._loudest_db, level_db)
            case MicrophoneReady(device):
                return f"microphone {visible(device)}"
            case MicrophoneLost(reason):
                self._open = False
                return f"no microphone: {visible(reason)}"
            case MicrophoneEnded():
                return "the recording is over"
            case UtteranceOpened(_, cause):
                self._open = True
                self._utterances += 1
                return f"  gate opens: {cause.value}"
            case UtteranceClosed(_, reason, _, speech_ms):
                self._open = False
                return f"  gate closes: {reason.value}, {speech_ms / 1000:.1f} s of speech"
            case _:
                pass
        return ""

    def line(self) -> str:
        """Return the row for a terminal."""
        marks = self.marks
        width = max(_SHORTEST, marks.columns - _BESIDE)
        gate = "OPEN  " if self._open else "closed"
        gate = marks.tinted(gate, _BOLD if self._open else _DIM)
        room = marks.tinted(f"room {self._floor_db:4.0f}", _DIM)
        return f"{self._level_db:5.0f} dBFS {self._bar(width)} {room}  gate {gate} {self._utterances:3d}"

    def sentence(self) -> str:
        """Return a line with the loudest level since the last one, for a pipe."""
        loudest, self._loudest_db = max(self._loudest_db, self._level_db), float("-inf")
        gate = "open" if self._open else "closed"
        return (
            f"level {loudest:.0f} dBFS, room {self._floor_db:.0f} dBFS, gate {gate}, "
            f"{self._utterances} utterance{'' if self._utterances == 1 else 's'}"
        )

    def _bar(self, width: int) -> str:
        level, room = _cells(self._level_db, width), _cells(self._floor_db, width)
        threshold = _cells(self._floor_db + self._margin_db, width)
        hot = _cells(_HOT_DB, width)
        cells = []
        for cell in range(width):
            if cell == room:
                cells.append((self._room, _DIM))
            elif cell == threshold:
                cells.append((self._threshold, _DIM))
            elif cell < level:
                cells.append((self._full, _RED if cell >= hot else _GREEN if cell > threshold else _YELLOW))
            else:
                cells.append((self._empty, _DIM))
        # One escape sequence a run of a colour: twenty rows a second must fit a slow connection.
        runs = groupby(cells, key=itemgetter(1))
        return "".join(self.marks.tinted("".join(sign for sign, _ in run), tint) for tint, run in runs)


def _cells(level_db: float, width: int) -> int:
    """Return the cell of a level on a scale of ``width`` cells."""
    share = (level_db - _LOW_DB) / (_HIGH_DB - _LOW_DB)
    return round(min(1.0, max(0.0, share)) * width)
