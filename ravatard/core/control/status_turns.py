"""Turns' part of the status report: each turn on a time axis, and the wait for its first sound."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ravatard.core import events as ev
from ravatard.core.actions import TurnSummary
from ravatard.core.control.press_to_silence import PressToSilence
from ravatard.core.states import CloseReason, TurnOutcome

#: How many turns are remembered.
TURNS_KEPT = 20
#: A sound that begins so long after the answer was over is no part of it, s; so long the conversation waits
#: for a piece that is late.
PAUSE_S = 5.0


@dataclass(slots=True)
class _Turn:
    """One turn that is over. Times are loop seconds; None: it did not happen.

    Attributes:
        summary: report of the conversation.
        ended_at: when it was over for the conversation: answered, or given up.
        speech_end_at: end of the user's speech, without the silence that closed the gate.
        slowest_s: longest time from a message's last sample to its sending; None for text.
        sent_at: when the last message of what the user said was on the wire.
        sound_at: when the first sound of the answer was heard.
        silent_at: when the answer was last heard to an end; a live voice has several.
        silence_s: seconds from a press that interrupted its answer to the silence.
    """

    summary: TurnSummary
    ended_at: float
    speech_end_at: float | None
    slowest_s: float | None
    sent_at: float | None
    sound_at: float | None = None
    silent_at: float | None = None
    silence_s: float | None = None

    @property
    def end_at(self) -> float | None:
        """When it was over for the user; None while its answer sounds."""
        return self.ended_at if self.sound_at is None else self.silent_at

    @property
    def sound_s(self) -> float | None:
        """Seconds from the end of the user's speech, or from the text, to the first sound of the answer."""
        if self.sound_at is None or self.speech_end_at is None:
            return None
        return self.sound_at - self.speech_end_at


class TurnReport:
    """Observer of turns: numbers and times alone, no words.

    Attributes:
        outcomes: how many turns ended in each way, since the start.
        silence_ms: silence that last ended an utterance, as it was fixed or learned; None before the first.
        first_sound_s: from the gate's closing to the first sound of the answer, of the last turn with both.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[TurnOutcome] = Counter()
        self.silence_ms: float | None = None
        self.first_sound_s: float | None = None
        self._turns: deque[_Turn] = deque(maxlen=TURNS_KEPT)
        # Turn, its slowest message, and its newest one.
        self._sending: tuple[int, float | None, float | None] = (0, None, None)
        # Of the newest words: when the gate closed behind them or they were written, when their speech had
        # ended, and whether they were spoken. A user who is speaking has no newest words.
        self._said_at: float | None = None
        self._speech_end_at = 0.0
        self._spoken = False
        # First sound after them, and the turn that it answers, once that is over.
        self._sound_at: float | None = None
        self._heard: _Turn | None = None
        # A press while an answer is heard: when the words were said, and the turn, once that is over.
        self._press = PressToSilence()
        self._interrupted: tuple[float | None, _Turn | None] = (None, None)

    def on_event(self, event: ev.Event, now: float) -> None:
        """The hub is about to handle ``event``."""
        self._pressed(event)
        match event:
            case ev.MessageSent(turn, read_at, sent_at):
                self._sent(turn, read_at, sent_at)
            case ev.UtteranceClosed(reason=reason, quiet_ms=quiet_ms):
                self._said(now, quiet_ms / 1000, spoken=True)
                in_force = reason is CloseReason.SILENCE and quiet_ms > 0
                self.silence_ms = quiet_ms if in_force else self.silence_ms
            case ev.TextGiven():
                self._said(now, 0.0, spoken=False)
            case ev.UtteranceOpened():
                self._said(None, 0.0, spoken=True)
            case ev.PlaybackStarted(at):
                self._sounded(max(at, now))
            case ev.PlaybackEnded(at) if self._heard is not None:
                self._heard.silent_at = at
            case ev.MicrophoneReady() | ev.MicrophoneClosed():
                # What was learned is forgotten.
                self.silence_ms = None
            case _:
                pass

    def _pressed(self, event: ev.Event) -> None:
        """Note the wait from a press to silence in the turn whose answer it interrupted."""
        awaited = self._press.pressed_at
        silence_s = self._press.on_event(event)
        if awaited is None and self._press.pressed_at is not None:
            self._interrupted = self._said_at, self._heard
        turn = self._interrupted[1]
        if silence_s is not None and turn is not None and isinstance(event, ev.PlaybackEnded):
            turn.silence_s, turn.silent_at = silence_s, event.at

    def _sent(self, turn: int, read_at: float | None, sent_at: float) -> None:
        same = turn == self._sending[0]
        if read_at is not None:
            slowest_s = (self._sending[1] or 0.0) if same else 0.0
            self._sending = turn, max(slowest_s, sent_at - read_at), sent_at
        elif not same:
            # Text: what follows an utterance without a time is closing silence.
            self._sending = turn, None, sent_at

    def _said(self, at: float | None, quiet_s: float, *, spoken: bool) -> None:
        self._said_at, self._spoken = at, spoken
        self._speech_end_at = 0.0 if at is None else at - quiet_s
        self._sound_at = self._heard = None

    def _sounded(self, at: float) -> None:
        if self._said_at is None:
            # Nothing was said for it to answer.
            return
        if self._sound_at is not None:
            # It goes on after a pause.
            if self._heard is not None and at - (self._heard.silent_at or at) > PAUSE_S:
                self._heard = None
            return
        self._sound_at = at
        if self._spoken:
            self.first_sound_s = at - self._said_at
        if self._turns:
            self._match(self._turns[-1])

    def _match(self, turn: _Turn) -> None:
        """Note in ``turn`` the first sound after the newest words, if it is the answer to them."""
        summary = turn.summary
        if summary.outcome is TurnOutcome.ANSWERED and summary.closed_at == self._said_at:
            turn.sound_at, self._heard = self._sound_at, turn

    def ended(self, summary: TurnSummary, now: float) -> None:
        """A turn is over."""
        self.outcomes[summary.outcome] += 1
        mine = self._sending[0] == summary.turn
        # A user who goes on ends the turn before: what was said last is not part of that.
        newest = summary.closed_at is not None and summary.closed_at == self._said_at
        turn = _Turn(
            summary,
            now,
            self._speech_end_at if newest else summary.closed_at,
            self._sending[1] if mine else None,
            self._sending[2] if mine else None,
        )
        self._turns.append(turn)
        said_at, interrupted = self._interrupted
        if self._press.pressed_at is not None and interrupted is None and summary.closed_at == said_at:
            # Its live voice was interrupted before the words of the answer came.
            self._interrupted = said_at, turn
        if self._sound_at is not None:
            # It came before the words of the answer did.
            self._match(turn)

    def listed(self, now: float) -> list[dict[str, Any]]:
        """Return the turns as plain data; the newest is the last."""
        return [_plain(turn, now) for turn in self._turns]

    def first_sounds(self) -> dict[str, Any]:
        """Return the wait for the first sound, over the turns kept that have one."""
        return _waits([turn.sound_s for turn in self._turns])

    def silences(self) -> dict[str, Any]:
        """Return the wait from a press to silence, over the turns kept that have one."""
        return _waits([turn.silence_s for turn in self._turns])


def percentile(values: Sequence[float], percent: float) -> int | None:
    """Return the smallest of ``values`` that ``percent`` of them do not exceed, rounded; None of none."""
    if not values:
        return None
    return round(sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)])


def _waits(seconds: Sequence[float | None]) -> dict[str, Any]:
    """Return number, median and 95th percentile of those that are there, in milliseconds."""
    found = [one * 1000 for one in seconds if one is not None]
    return {"turns": len(found), "median_ms": percentile(found, 50), "p95_ms": percentile(found, 95)}


def _plain(turn: _Turn, now: float) -> dict[str, Any]:
    summary = turn.summary

    def after_opening(at: float | None) -> int | None:
        return None if at is None else round((at - summary.opened_at) * 1000)

    return {
        "turn": summary.turn,
        "ended_s_ago": round(now - turn.ended_at, 1),
        "outcome": summary.outcome.value,
        "cause": summary.cause.value if summary.cause is not None else "text",
        "spoken_ms": round(summary.spoken_ms),
        "speech_ms": round(summary.speech_ms),
        "messages": summary.messages,
        "answer_ms": round(summary.answer_ms) if summary.answer_ms is not None else None,
        "slowest_send_ms": round(turn.slowest_s * 1000, 1) if turn.slowest_s is not None else None,
        "first_sound_ms": round(turn.sound_s * 1000) if turn.sound_s is not None else None,
        "press_to_silence_ms": round(turn.silence_s * 1000) if turn.silence_s is not None else None,
        "opened_s_ago": round(now - summary.opened_at, 1),
        # Milliseconds after the gate opened.
        "axis_ms": {
            "speech_end": after_opening(turn.speech_end_at),
            "gate_closed": after_opening(summary.closed_at),
            "last_message": after_opening(turn.sent_at),
            "answer": after_opening(summary.answered_at),
            "first_sound": after_opening(turn.sound_at),
            "end": after_opening(turn.end_at),
        },
    }
