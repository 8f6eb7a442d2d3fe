"""What a person is told at the terminal."""

from __future__ import annotations

import io

import pytest

from ravatard.cli.demo.narrator import Narrator, action_line, cloud_line, microphone_line, speaker_line
from ravatard.core import actions as act
from ravatard.core import events as ev
from ravatard.core.capabilities import Capabilities
from ravatard.core.indication import Indication, Look, Show
from ravatard.core.states import Cause, CloseReason, Refusal, SessionState, TurnOutcome

CAPABILITIES = Capabilities(True, True, True, 30.0, "Ada", "en")


def summary(outcome: TurnOutcome = TurnOutcome.ANSWERED, answer_ms: float | None = 700.0) -> act.TurnSummary:
    return act.TurnSummary(1, outcome, Cause.VOICE, 2000.0, 1400.0, 8, 2, answer_ms)


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ev.MicrophoneReady("usb"), ("microphone", "usb")),
        (ev.MicrophoneLost("unplugged"), ("microphone", "gone: unplugged")),
        (ev.MicrophoneEnded(), ("microphone", "the recording is over")),
        (ev.UtteranceOpened(2, Cause.BUTTON, 0), ("hearing", "utterance 2, opened by the button")),
        (ev.UtteranceOpened(3, Cause.WAKEWORD, 0), ("hearing", "utterance 3, opened by the wake word")),
        (ev.Woken(0.9), ("heard", "the wake word")),
        (ev.WakeUnused(), ("hearing", "nothing was said after the wake word")),
        (
            ev.UtteranceClosed(2, CloseReason.SILENCE, 0, 1400.0),
            ("heard", "utterance 2: 1.4 s of speech, closed by silence"),
        ),
        (ev.PressIgnored(90.0), ("button", "held for 90 ms only: nothing")),
        (ev.Tick(), None),
    ],
)
def test_what_the_ear_does_is_told(event: ev.Event, words: tuple[str, str] | None) -> None:
    assert microphone_line(event) == words


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ev.LinkOnline(CAPABILITIES), ("online", "Ada, language en")),
        (ev.LinkOffline("no way.", 2.0), ("offline", "no way. Trying again in 2.0 s.")),
        (ev.LinkDenied("no avatar", Refusal.DENIED), ("service", "no avatar")),
        (ev.StreamBroke(Refusal.FAILED, "it broke"), ("service", "it broke")),
        (ev.SessionRefused(Refusal.BUSY, "busy"), ("service", "busy")),
        (ev.Answered("Hello."), ("answer", "“Hello.”")),
        (ev.Answered(""), ("answer", "(an answer without words)")),
        (ev.VoiceOnline(), ("voice", "the avatar's live voice arrives")),
        (ev.VoiceOffline("it broke"), ("voice", "it broke")),
        (ev.Tick(), None),
    ],
)
def test_what_the_cloud_does_is_told(event: ev.Event, words: tuple[str, str] | None) -> None:
    assert cloud_line(event) == words


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ev.SpeakerReady("usb", 20.0), ("speaker", "usb")),
        (ev.SpeakerLost("unplugged"), ("speaker", "gone: unplugged")),
        (ev.AnswerUnplayable(1, "no sound in it"), ("speaker", "no sound in it")),
        (ev.PlaybackStarted(1.0), ("speaker", "the answer begins to sound")),
        (ev.PlaybackEnded(1.0), None),
        (ev.Played(0, 0.0), None),
    ],
)
def test_what_the_speaker_does_is_told(event: ev.Event, words: tuple[str, str] | None) -> None:
    assert speaker_line(event) == words


async def test_the_end_of_an_answer_is_told_with_its_length(out: io.StringIO) -> None:
    narrator = Narrator(out, colour=False, started_at=10.0)

    narrator.on_event(ev.PlaybackStarted(12.0), 12.0)
    narrator.on_event(ev.PlaybackEnded(15.4), 16.0)

    assert out.getvalue().splitlines()[-1] == "   6.0 s    speaker     silent after 3.4 s"


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (act.SessionChanged(SessionState.LIVE, "started"), ("session", "live (started)")),
        (
            act.TurnEnded(summary()),
            ("turn", "1: answered after 0.7 s; 8 messages of voice and 2 of silence sent"),
        ),
        (act.TurnEnded(summary(TurnOutcome.UNANSWERED, None)), ("turn", "1: no answer came")),
        (act.SendText(1, "hi"), ("writing", "“hi”")),
        (act.Press(), None),
    ],
)
def test_what_is_done_is_told(action: object, words: tuple[str, str] | None) -> None:
    assert action_line(action) == words


@pytest.mark.parametrize("outcome", TurnOutcome)
@pytest.mark.parametrize("answer_ms", [None, 700.0])
def test_every_outcome_has_words(outcome: TurnOutcome, answer_ms: float | None) -> None:
    assert action_line(act.TurnEnded(summary(outcome, answer_ms)))


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words(cause: Cause) -> None:
    assert microphone_line(ev.UtteranceOpened(1, cause, 0))


async def test_the_lights_are_told_in_words_and_on_a_terminal_in_their_colour(out: io.StringIO) -> None:
    plain, coloured = io.StringIO(), io.StringIO()

    for stream, colour in ((plain, False), (coloured, True)):
        Narrator(stream, colour=colour, started_at=10.0).on_action(
            Show(Indication(Look.LISTENING, "listening")), 12.5
        )

    assert plain.getvalue() == "   2.5 s  ● light       listening\n"
    assert "\x1b[38;2;27;167;75m●\x1b[0m" in coloured.getvalue()


async def test_a_light_that_is_dim_on_purpose_is_seen_on_a_screen(out: io.StringIO) -> None:
    """The dot of "ready" was black on black."""
    narrator = Narrator(out, colour=True, started_at=0.0)

    narrator.on_action(Show(Indication(Look.READY, "ready")), 0.0)
    narrator.on_action(Show(Indication(Look.OFF, "off")), 0.0)

    ready, off = out.getvalue().splitlines()
    assert "\x1b[38;2;21;128;57m●\x1b[0m" in ready
    assert off == "   0.0 s  ○ light       off"


async def test_lines_are_wrapped_between_words_in_a_narrow_terminal(out: io.StringIO) -> None:
    narrator = Narrator(out, colour=False, started_at=0.0, columns=40)

    narrator.on_event(ev.UtteranceClosed(1, CloseReason.SILENCE, 0, 1900.0), 2.0)
    narrator.summary("1 started, 1 ended, 0 still open")

    lines = out.getvalue().splitlines()
    assert lines[:2] == ["   2.0 s    heard       utterance 1: 1.9", "    s of speech, closed by silence"]
    assert max(map(len, lines)) <= 40


async def test_the_end_is_when_the_recording_is_over_and_no_turn_is_open(out: io.StringIO) -> None:
    narrator = Narrator(out, colour=False, started_at=0.0)

    narrator.on_event(ev.UtteranceOpened(1, Cause.VOICE, 0), 0.0)
    narrator.on_event(ev.MicrophoneEnded(), 1.0)
    assert not narrator.recording_over.is_set()
    narrator.on_action(act.TurnEnded(summary()), 2.0)

    assert narrator.recording_over.is_set()


@pytest.mark.parametrize("look", [Look.THINKING, Look.SPEAKING])
async def test_the_end_is_not_before_the_last_answer_was_heard_out(out: io.StringIO, look: Look) -> None:
    narrator = Narrator(out, colour=False, started_at=0.0)

    narrator.on_action(Show(Indication(look, "")), 0.5)
    narrator.on_event(ev.MicrophoneEnded(), 1.0)
    narrator.on_action(act.TurnEnded(summary()), 2.0)
    assert not narrator.recording_over.is_set()
    narrator.on_action(Show(Indication(Look.READY, "")), 5.0)

    assert narrator.recording_over.is_set()


async def test_the_summary_tells_how_long_people_waited_for_the_voice(out: io.StringIO) -> None:
    narrator = Narrator(out, colour=False, started_at=0.0)
    for at, wait_s in ((10.0, 0.6), (20.0, 0.4), (30.0, 1.1)):
        narrator.on_event(ev.UtteranceClosed(1, CloseReason.SILENCE, 0, 1400.0), at)
        narrator.on_event(ev.Answered("yes"), at + 0.3)
        narrator.on_event(ev.PlaybackStarted(at + wait_s), at + wait_s)
    narrator.on_event(ev.Played(2, 0.0), 40.0)

    narrator.summary("none")

    assert "end of speech to first sound  median 0.6 s, longest 1.1 s" in out.getvalue()
    assert "heard                         3 of 3 answers, 2 underruns" in out.getvalue()


async def test_the_summary_counts_what_was_said_and_sent(out: io.StringIO) -> None:
    narrator = Narrator(out, colour=False, started_at=0.0)
    narrator.on_event(ev.MessageSent(1, read_at=1.0, sent_at=1.002), 1.0)
    narrator.on_event(ev.MessageSent(1, read_at=None, sent_at=1.3), 1.3)
    narrator.on_action(act.TurnEnded(summary()), 2.0)
    narrator.on_action(act.TurnEnded(summary(TurnOutcome.UNANSWERED, None)), 3.0)

    narrator.summary("1 started, 1 ended, 0 still open")

    shown = out.getvalue()
    assert "utterances found              2, 2.8 s of speech" in shown
    assert "16 of voice, 1 of closing silence" in shown
    assert "median 2.0 ms, longest 2.0 ms" in shown
    assert "median 700.0 ms" in shown
    assert "answered                      1 of 2 turns" in shown
    assert "0 still open" in shown


async def test_a_summary_of_nothing_is_no_error(out: io.StringIO) -> None:
    Narrator(out, colour=False, started_at=0.0).summary("none")

    assert "utterances found              0" in out.getvalue()


async def test_long_times_are_told_in_seconds(out: io.StringIO) -> None:
    narrator = Narrator(out, colour=False, started_at=0.0)
    narrator.on_action(act.TurnEnded(summary(answer_ms=2500.0)), 1.0)

    narrator.summary("none")

    assert "median 2.5 s, longest 2.5 s" in out.getvalue()
