"""Narrator of a conversation: prints its events as they happen, and a summary at its end."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from typing import TextIO

from ravatard.cli.demo.latency import Exchanges
from ravatard.cli.terminal import wrapped
from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.indication import LIGHTS, WORDS, Look, Show
from ravatard.core.states import Cause, SessionState, TurnOutcome

#: Brightness of the brightest colour of a dot, 0 to 1.
_DIMMEST = 0.5
_CAUSES = {Cause.VOICE: "by voice", Cause.BUTTON: "by the button", Cause.WAKEWORD: "by the wake word"}
_OUTCOMES = {
    TurnOutcome.ANSWERED: "answered",
    TurnOutcome.UNANSWERED: "no answer came",
    TurnOutcome.SELF_HEARD: "the avatar heard itself",
    TurnOutcome.NOTHING_SAID: "nothing was said",
    TurnOutcome.SUPERSEDED: "the speaker went on",
    TurnOutcome.CANCELLED: "cancelled",
    TurnOutcome.FAILED: "it failed",
}


def microphone_line(event: ev.Event) -> tuple[str, str] | None:  # noqa: PLR0911 - a table of events
    """Return a word and a sentence for an event of the microphone; None: not worth a line."""
    match event:
        case ev.MicrophoneReady(device):
            return "microphone", device
        case ev.MicrophoneLost(reason):
            return "microphone", f"gone: {reason}"
        case ev.MicrophoneEnded():
            return "microphone", "the recording is over"
        case ev.Woken():
            return "heard", "the wake word"
        case ev.WakeUnused():
            return "hearing", "nothing was said after the wake word"
        case ev.UtteranceOpened(utterance, cause):
            return "hearing", f"utterance {utterance}, opened {_CAUSES[cause]}"
        case ev.UtteranceClosed(utterance, reason, _, speech_ms):
            return (
                "heard",
                f"utterance {utterance}: {speech_ms / 1000:.1f} s of speech, closed by {reason.value}",
            )
        case ev.PressIgnored(held_ms):
            return "button", f"held for {held_ms:.0f} ms only: nothing"
    return None


def cloud_line(event: ev.Event) -> tuple[str, str] | None:  # noqa: PLR0911 - a table of events
    """Return a word and a sentence for an event of the cloud; None: not worth a line."""
    match event:
        case ev.LinkOnline(capabilities):
            language = f", language {capabilities.language}" if capabilities.language else ""
            return "online", f"{capabilities.avatar}{language}"
        case ev.LinkOffline(reason, retry_s):
            return "offline", f"{reason} Trying again in {retry_s:.1f} s."
        case (
            ev.LinkDenied(reason)
            | ev.StreamBroke(_, reason)
            | ev.SessionRefused(_, reason)
            | ev.TurnFailed(reason)
        ):
            return "service", reason
        case ev.NothingSaid():
            return "service", "no words were understood"
        case ev.ServiceHearing(deaf, reason):
            return "service", f"does not hear the microphone: {reason}" if deaf else "hears again"
        case ev.Answered(text):
            return "answer", f"“{text}”" if text else "(an answer without words)"
        case ev.VoiceOnline():
            return "voice", "the avatar's live voice arrives"
        case ev.VoiceOffline(reason):
            return "voice", reason
    return None


def speaker_line(event: ev.Event) -> tuple[str, str] | None:
    """Return a word and a sentence for an event of the speaker; None: not worth a line."""
    match event:
        case ev.SpeakerReady(device):
            return "speaker", device
        case ev.SpeakerLost(reason):
            return "speaker", f"gone: {reason}"
        case ev.AnswerUnplayable(_, reason):
            return "speaker", reason
        case ev.PlaybackStarted():
            return "speaker", "the answer begins to sound"
    return None


def action_line(action: object) -> tuple[str, str] | None:
    """Return a word and a sentence for an action; None: not worth a line."""
    match action:
        case act.SessionChanged(session, reason):
            return "session", f"{session.value} ({reason})"
        case act.TurnEnded(summary) if (
            summary.outcome is TurnOutcome.ANSWERED and summary.answer_ms is not None
        ):
            sent = f"{summary.messages} messages of voice and {summary.silence_messages} of silence sent"
            return "turn", f"{summary.turn}: answered after {summary.answer_ms / 1000:.1f} s; {sent}"
        case act.TurnEnded(summary):
            return "turn", f"{summary.turn}: {_OUTCOMES[summary.outcome]}"
        case act.SendText(_, text):
            return "writing", f"“{text}”"
    return None


class Narrator:
    """Observer of the hub that prints lines.

    Attributes:
        recording_over: set once the recording used as a microphone is over, no turn is open, and the last
            answer was played to its end.
        turns: every turn that is over.
        exchanges: counts of answers, and whether they were heard.
    """

    def __init__(self, out: TextIO, *, colour: bool, started_at: float, columns: int = 0) -> None:
        """Start with time 0.0 s at ``started_at``.

        Args:
            out: gets the lines.
            colour: show the lights in their colours.
            started_at: the loop's time that is 0.0 s.
            columns: width at which lines are wrapped; 0: not at all.
        """
        self.recording_over = asyncio.Event()
        self.exchanges = Exchanges()
        self.turns: list[act.TurnSummary] = []
        self._out = out
        self._colour = colour
        self._started_at = started_at
        self._columns = columns
        self._send_ms: list[float] = []
        self._silences = 0
        self._sessions = 0
        self._ended = False
        self._open = 0
        self._look = Look.STARTING

    def on_event(self, event: ev.Event, now: float) -> None:
        """Print an event."""
        match event:
            case ev.MicrophoneEnded():
                self._ended = True
            case ev.UtteranceOpened():
                self._open += 1
            case ev.MessageSent(_, read_at, sent_at) if read_at is not None:
                self._send_ms.append((sent_at - read_at) * 1000)
            case ev.MessageSent():
                self._silences += 1
            case _:
                pass
        sounded_s = self.exchanges.on_event(event, now)
        line = microphone_line(event) or cloud_line(event) or speaker_line(event)
        if sounded_s is not None:
            line = "speaker", f"silent after {sounded_s:.1f} s"
        if line is not None:
            self._say(now, *line)
        self._check_end()

    def on_action(self, action: object, now: float) -> None:
        """Print an action."""
        match action:
            case Show(indication):
                self._look = indication.look
                self._light(now, indication.look)
            case act.SessionChanged(SessionState.LIVE):
                self._sessions += 1
            case act.TurnEnded(summary):
                self.turns.append(summary)
                self._open -= summary.cause is not None
            case _:
                pass
        line = action_line(action)
        if line is not None:
            self._say(now, *line)
        self._check_end()

    def summary(self, sessions: str) -> None:
        """Print the summary; ``sessions``: the simulated service's counts of its live sessions."""
        said = [turn for turn in self.turns if turn.messages]
        answers = [turn.answer_ms for turn in self.turns if turn.answer_ms is not None]
        voice = sum(turn.messages for turn in said)
        exchanges = self.exchanges
        rows = [
            ("utterances found", f"{len(said)}, {sum(t.speech_ms for t in said) / 1000:.1f} s of speech"),
            ("messages sent", f"{voice} of voice, {self._silences} of closing silence"),
            ("last sample read to socket", _spread(self._send_ms)),
            ("end of utterance to answer", _spread(answers)),
            ("end of speech to first sound", _spread(exchanges.waits_ms)),
            ("answered", f"{len(answers)} of {len(self.turns)} turns"),
            ("heard", f"{exchanges.heard} of {exchanges.answers} answers, {exchanges.underruns} underruns"),
            ("live sessions", sessions),
        ]
        width = max(len(name) for name, _ in rows)
        self._print("")
        for name, text in rows:
            self._print(wrapped(f"  {name:<{width}}  ", text, self._columns))

    def _check_end(self) -> None:
        # Until the answer's sound begins the light shows THINKING.
        waits = self._look in (Look.THINKING, Look.SPEAKING)
        if self._ended and self._open <= 0 and not waits:
            self.recording_over.set()

    def _say(self, now: float, what: str, text: str) -> None:
        self._print(wrapped(f"{now - self._started_at:6.1f} s    {what:<11} ", text, self._columns))

    def _light(self, now: float, look: Look) -> None:
        dot = "●" if any(LIGHTS[look].colour) else "○"
        if self._colour and dot == "●":
            red, green, blue = (round(255 * part) for part in _on_screen(LIGHTS[look].colour))
            dot = f"\x1b[38;2;{red};{green};{blue}m●\x1b[0m"
        self._print(f"{now - self._started_at:6.1f} s  {dot} {'light':<11} {WORDS[look]}")

    def _print(self, line: str) -> None:
        print(line, file=self._out, flush=True)


def _on_screen(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return ``colour`` as bright as a screen needs: an LED that is dim on purpose would be black there."""
    lift = max(1.0, _DIMMEST / max(colour))
    red, green, blue = colour
    return red * lift, green * lift, blue * lift


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    unit, scale = ("s", 1000.0) if max(values) >= 1000 else ("ms", 1.0)
    middle, worst = statistics.median(values) / scale, max(values) / scale
    return f"median {middle:.1f} {unit}, longest {worst:.1f} {unit}"
