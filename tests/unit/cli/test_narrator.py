"""What a person is told at the terminal."""

from __future__ import annotations

import io

import pytest

from ravatard.cli.narrator import Narrator, done, heard, told
from ravatard.core import events as ev
from ravatard.core.indication import Indication, Look, Show
from ravatard.core.states import Cause, CloseReason, Outcome, Refusal, Session

CAPABILITIES = ev.Capabilities(True, 4096, True, True, 30.0, "Ada", "en")


def summary(outcome: Outcome = Outcome.ANSWERED, answer_ms: float | None = 700.0) -> ev.TurnSummary:
    return ev.TurnSummary(1, outcome, Cause.VOICE, 2000.0, 1400.0, 8, 2, answer_ms)


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ev.MicrophoneReady("usb"), ("microphone", "usb")),
        (ev.MicrophoneLost("unplugged"), ("microphone", "gone: unplugged")),
        (ev.MicrophoneEnded(), ("microphone", "the recording is over")),
        (ev.UtteranceOpened(2, Cause.BUTTON, 0, 0), ("hearing", "utterance 2, opened by the button")),
        (
            ev.UtteranceClosed(2, CloseReason.SILENCE, 0, 1400.0, 0),
            ("heard", "utterance 2: 1.4 s of speech, closed by silence"),
        ),
        (ev.PressIgnored(90.0), ("button", "held for 90 ms only: nothing")),
        (ev.Tick(), None),
    ],
)
def test_what_the_ear_does_is_told(event: ev.Event, words: tuple[str, str] | None) -> None:
    assert heard(event) == words


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ev.LinkOnline(CAPABILITIES), ("online", "Ada, language en")),
        (ev.LinkOffline("no way.", 2.0), ("offline", "no way. Trying again in 2.0 s.")),
        (ev.LinkDenied("no avatar", Refusal.DENIED), ("service", "no avatar")),
        (ev.StreamBroke(Refusal.FAILED, "it broke"), ("service", "it broke")),
        (ev.SessionRefused(Refusal.BUSY, "busy"), ("service", "busy")),
        (ev.Answered("Hello."), ("avatar", "“Hello.”")),
        (ev.Answered(""), ("avatar", "(an answer without words)")),
        (ev.Tick(), None),
    ],
)
def test_what_the_cloud_does_is_told(event: ev.Event, words: tuple[str, str] | None) -> None:
    assert told(event) == words


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (ev.SessionChanged(Session.LIVE, "started"), ("session", "live (started)")),
        (
            ev.TurnEnded(summary()),
            ("turn", "1: answered after 0.7 s; 8 messages of voice and 2 of silence sent"),
        ),
        (ev.TurnEnded(summary(Outcome.UNANSWERED, None)), ("turn", "1: no answer came")),
        (ev.SendText(1, "hi"), ("writing", "“hi”")),
        (ev.Press(), None),
    ],
)
def test_what_is_done_is_told(action: object, words: tuple[str, str] | None) -> None:
    assert done(action) == words


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.ANSWERED])
def test_every_outcome_has_words(outcome: Outcome) -> None:
    assert done(ev.TurnEnded(summary(outcome, None)))


async def test_the_lights_are_told_in_words_and_on_a_terminal_in_their_colour(out: io.StringIO) -> None:
    plain, coloured = io.StringIO(), io.StringIO()

    for stream, colour in ((plain, False), (coloured, True)):
        Narrator(stream, colour=colour, started_at=10.0).did(
            Show(Indication(Look.LISTENING, "listening")), 12.5
        )

    assert plain.getvalue() == "   2.5 s  ● light       listening\n"
    assert "\x1b[38;2;27;167;75m●\x1b[0m" in coloured.getvalue()


async def test_the_end_is_when_the_recording_is_over_and_no_turn_is_open(out: io.StringIO) -> None:
    narrator = Narrator(out, colour=False, started_at=0.0)

    narrator.saw(ev.UtteranceOpened(1, Cause.VOICE, 0, 0), 0.0)
    narrator.saw(ev.MicrophoneEnded(), 1.0)
    assert not narrator.recording_over.is_set()
    narrator.did(ev.TurnEnded(summary()), 2.0)

    assert narrator.recording_over.is_set()


async def test_the_summary_counts_what_was_said_and_sent(out: io.StringIO) -> None:
    narrator = Narrator(out, colour=False, started_at=0.0)
    narrator.saw(ev.MessageSent(1, read_at=1.0, sent_at=1.002), 1.0)
    narrator.saw(ev.MessageSent(1, read_at=None, sent_at=1.3), 1.3)
    narrator.did(ev.TurnEnded(summary()), 2.0)
    narrator.did(ev.TurnEnded(summary(Outcome.UNANSWERED, None)), 3.0)

    narrator.summary("1 started, 1 ended, 0 still open")

    shown = out.getvalue()
    assert "utterances found            2, 2.8 s of speech" in shown
    assert "16 of voice, 1 of closing silence" in shown
    assert "median 2.0 ms, longest 2.0 ms" in shown
    assert "median 700.0 ms" in shown
    assert "answered                    1 of 2 turns" in shown
    assert "0 still open" in shown


async def test_a_summary_of_nothing_is_no_error(out: io.StringIO) -> None:
    Narrator(out, colour=False, started_at=0.0).summary("none")

    assert "utterances found            0" in out.getvalue()


async def test_long_times_are_told_in_seconds(out: io.StringIO) -> None:
    narrator = Narrator(out, colour=False, started_at=0.0)
    narrator.did(ev.TurnEnded(summary(answer_ms=2500.0)), 1.0)

    narrator.summary("none")

    assert "median 2.5 s, longest 2.5 s" in out.getvalue()
