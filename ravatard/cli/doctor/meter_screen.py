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
    WakeMissed,
    WakeUnused,
    WakeWordLost,
    Woken,
)

_LOW_DB, _HIGH_DB = -80.0, 0.0
#: Above this, speech is clipped occasionally.
_HOT_DB = -6.0
_GREEN, _YELLOW, _RED, _DIM, _BOLD = "32", "33", "31", "2", "1"
#: Columns beside the bar; in a narrow terminal, which shows neither the room's noise nor the word "gate".
_BESIDE = 46
_BESIDE_NARROW = 23
_SHORTEST = 16
#: A shorter bar shows nothing.
_LEAST = 4


class Meter:
    """Level meter, fed with the events of a microphone.

    Attributes:
        marks: signs and colours to draw with.
        heard: True once sound was measured.
    """

    def __init__(self, marks: Marks, margin_db: float) -> None:
        """``margin_db``: how much louder than the room's noise speech must be."""
        #: A wake word is listened for.
        self.scores = False
        self._score = self._highest_score = 0.0
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
            case Listened(samples, level_db, floor_db, wake_score=score) if samples:
                self._score, self._highest_score = score, max(self._highest_score, score)
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
            case Woken() | WakeMissed() | WakeUnused() | WakeWordLost():
                return _about_word(event)
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

    def follow(self, *, listening: bool, utterances: int) -> str:
        """Take the state of a gate that another process has; return a line that should stay, or "".

        Args:
            listening: an utterance is open.
            utterances: how many were opened since the meter began, also between two looks.
        """
        opened = utterances > self._utterances or (listening and not self._open)
        closed = self._open and not listening
        self._open, self._utterances = listening, utterances
        if opened and not listening:
            return "  gate opened and closed"
        return "  gate opens" if opened else "  gate closes" if closed else ""

    def line(self) -> str:
        """Return the row for a terminal, never wider than it is."""
        marks = self.marks
        gate = "OPEN  " if self._open else "closed"
        gate = marks.tinted(gate, _BOLD if self._open else _DIM)
        if marks.columns < _BESIDE + _SHORTEST:
            width = marks.columns - _BESIDE_NARROW
            bar = f"{self._bar(width)} " if width >= _LEAST else ""
            return f"{self._level_db:5.0f} dBFS {bar}{gate} {self._utterances:3d}"
        width = marks.columns - _BESIDE
        word = f"  word {self._score:.2f}" if self.scores else ""
        if width - len(word) < _SHORTEST:
            word = ""
        room = marks.tinted(f"room {self._floor_db:4.0f}", _DIM)
        bar = self._bar(width - len(word))
        return f"{self._level_db:5.0f} dBFS {bar} {room}{word}  gate {gate} {self._utterances:3d}"

    def sentence(self) -> str:
        """Return a line with the loudest level since the last one, for a pipe."""
        loudest, self._loudest_db = max(self._loudest_db, self._level_db), float("-inf")
        gate = "open" if self._open else "closed"
        score, self._highest_score = self._highest_score, 0.0
        word = f"word {score:.2f}, " if self.scores else ""
        return (
            f"level {loudest:.0f} dBFS, room {self._floor_db:.0f} dBFS, {word}gate {gate}, "
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


def _about_word(event: Woken | WakeMissed | WakeUnused | WakeWordLost) -> str:
    match event:
        case Woken(score):
            return f"  wake word: score {score:.2f}"
        case WakeMissed(score):
            return f"  near miss of the wake word: score {score:.2f}"
        case WakeUnused():
            return "  nothing was said after the wake word"
        case WakeWordLost(reason):
            return f"  no wake word: {visible(reason)}"


def _cells(level_db: float, width: int) -> int:
    """Return the cell of a level on a scale of ``width`` cells."""
    share = (level_db - _LOW_DB) / (_HIGH_DB - _LOW_DB)
    return round(min(1.0, max(0.0, share)) * width)
