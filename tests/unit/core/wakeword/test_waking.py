"""From the word to the first sample of what follows it, through the gate."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.actions import FollowUp, Hold, Overlook, Press, Release, SetGate
from ravatard.core.audio_format import samples_for, samples_in
from ravatard.core.events import UtteranceClosed, UtteranceOpened, WakeMissed, WakeUnused, Woken
from ravatard.core.options.gate import GateOptions
from ravatard.core.states import Cause, CloseReason, GateMode
from ravatard.core.wakeword.waking import GOES_ON_MS, LATEST_HIT_MS, MEMORY_MS
from tests.examples import examples
from tests.unit.core.sounds import quiet, voice
from tests.unit.core.wakeword.fakes import NEAR_FRAMES, WordGate, word

EARCON_MS = 450
#: Where the word ends when a second of silence came before it.
END_MS = 1_400.0


def test_speech_without_the_word_opens_nothing() -> None:
    gate = WordGate().play(quiet(1_000), voice(3_000), quiet(1_000), voice(500), quiet(500))

    assert gate.events == []


def test_the_word_alone_wakes_and_opens_nothing() -> None:
    gate = WordGate().play(quiet(1_000), word(), quiet(1_000))

    assert [(at, type(event)) for at, event in gate.events] == [(END_MS - 40, Woken)]
    assert gate.gate.attentive


def test_what_follows_after_a_pause_is_sent_with_its_preroll_and_without_the_word() -> None:
    gate = WordGate().play(quiet(1_000), word(), quiet(1_000), voice(600), quiet(400))

    assert gate.kinds() == ["Woken", "UtteranceOpened", "UtteranceClosed"]
    opened, closed = gate.events[1][1], gate.events[-1][1]
    assert isinstance(opened, UtteranceOpened)
    assert isinstance(closed, UtteranceClosed)
    assert opened.cause is Cause.WAKEWORD
    assert closed.reason is CloseReason.SILENCE
    assert gate.firsts() == [END_MS + 1_000 + 60 - 300]
    assert gate.sent() == gate.heard[opened.first_sample * 2 : closed.end_sample * 2]
    assert word()[-640:] not in gate.sent()


@pytest.mark.parametrize("preroll_ms", [0, 300, 2_000])
def test_what_goes_on_from_the_word_is_sent_from_its_first_sample(preroll_ms: int) -> None:
    options = GateOptions(silence_ms=200, preroll_ms=preroll_ms)
    gate = WordGate(options=options).play(quiet(1_000), word(), voice(1_000), quiet(400))

    assert voice(1_000) in gate.sent()
    assert gate.firsts() == [END_MS - 40 - LATEST_HIT_MS]
    opened_at = next(at for at, event in gate.events if isinstance(event, UtteranceOpened))
    assert opened_at - END_MS <= 140


def test_a_word_that_ends_late_is_not_taken_for_what_follows_it() -> None:
    # Recognised 60 ms before its end.
    gate = WordGate().play(quiet(1_000), word(23), quiet(1_500))

    assert gate.kinds() == ["Woken"]


def test_nothing_said_after_the_word_is_told_and_the_word_is_awaited_again() -> None:
    gate = WordGate().play(quiet(1_000), word(), quiet(2_500))

    assert gate.kinds() == ["Woken", "WakeUnused"]
    gate.play(voice(500), quiet(500))
    assert gate.kinds() == ["Woken", "WakeUnused"]
    gate.play(word(), quiet(100))
    assert gate.kinds() == ["Woken", "WakeUnused", "Woken"]


def test_the_detector_hears_the_room_too_while_the_word_is_not_looked_for() -> None:
    gate = WordGate().play(quiet(1_000), word(), quiet(1_000))
    gate.play(quiet(1_500))
    assert gate.kinds() == ["Woken", "WakeUnused"]
    gate.note(gate.gate.command(FollowUp(allowed=True), 0.0))
    gate.play(quiet(500))

    assert b"".join(gate.detector.all) == gate.heard


def test_after_an_utterance_the_word_is_awaited_again() -> None:
    gate = WordGate().play(quiet(1_000), word(), voice(500), quiet(500), voice(2_000), quiet(500))

    assert gate.kinds() == ["Woken", "UtteranceOpened", "UtteranceClosed"]


def test_a_near_miss_is_told() -> None:
    gate = WordGate().play(quiet(1_000), word(NEAR_FRAMES), quiet(1_000))

    assert [type(event) for _, event in gate.events] == [WakeMissed]


def test_the_earcon_is_not_sent() -> None:
    gate = WordGate().play(quiet(1_000), word(), quiet(300))
    gate.note(gate.gate.command(Overlook(EARCON_MS), 0.0))
    earcon = voice(200, 3_000)
    gate.play(earcon, quiet(EARCON_MS - 200 + 150), voice(600), quiet(400))

    assert gate.kinds() == ["Woken", "UtteranceOpened", "UtteranceClosed"]
    assert gate.firsts() == [END_MS + 300 + EARCON_MS]
    assert earcon[-640:] not in gate.sent()
    assert voice(600) in gate.sent()


def test_words_over_the_earcon_are_sent_from_their_first_sample() -> None:
    gate = WordGate().play(quiet(1_000), word(), quiet(300))
    gate.note(gate.gate.command(Overlook(EARCON_MS), 0.0))
    gate.play(quiet(100), voice(1_000), quiet(400))

    assert voice(1_000) in gate.sent()


@pytest.mark.parametrize("earcon", [False, True])
def test_a_request_whose_beginning_is_not_found_in_noise_is_sent_from_the_end_of_the_word(
    *, earcon: bool
) -> None:
    # What is too soft to be found stands for the beginning of the request.
    gate = WordGate().play(quiet(1_000), word(), quiet(300))
    if earcon:
        gate.note(gate.gate.command(Overlook(EARCON_MS), 0.0))
    gate.play(quiet(150), voice(1_000), quiet(400))

    assert gate.firsts() == [END_MS - 40 - LATEST_HIT_MS]


def test_an_earcon_without_the_word_overlooks_nothing() -> None:
    gate = WordGate(GateMode.VAD)
    gate.note(gate.gate.command(Overlook(EARCON_MS), 0.0))

    gate.play(quiet(1_000), voice(300), quiet(400))

    assert gate.kinds() == ["UtteranceOpened", "UtteranceClosed"]


def test_after_an_answer_speech_needs_no_word_once() -> None:
    gate = WordGate().play(quiet(1_000))
    gate.note(gate.gate.command(FollowUp(allowed=True), 0.0))

    gate.play(voice(500), quiet(500), voice(500), quiet(500))

    assert gate.kinds() == ["UtteranceOpened", "UtteranceClosed"]
    opened = gate.events[0][1]
    assert isinstance(opened, UtteranceOpened)
    assert opened.cause is Cause.VOICE


def test_a_follow_up_ends_on_command() -> None:
    gate = WordGate().play(quiet(1_000))
    gate.note(gate.gate.command(FollowUp(allowed=True), 0.0))
    gate.note(gate.gate.command(FollowUp(allowed=False), 0.0))

    gate.play(voice(500), quiet(500))

    assert gate.events == []


@pytest.mark.parametrize("ends", [Hold(held=True), FollowUp(allowed=False), SetGate(GateMode.BUTTON)])
def test_the_word_is_forgotten_on_command(ends: Hold | FollowUp | SetGate) -> None:
    gate = WordGate().play(quiet(1_000), word())
    gate.note(gate.gate.command(ends, 0.0))
    gate.note(gate.gate.command(Hold(held=False), 0.0))

    gate.play(quiet(300), voice(500), quiet(500))

    assert gate.kinds() == ["Woken"]


def test_the_detector_hears_nothing_while_the_avatar_is_heard() -> None:
    gate = WordGate().play(quiet(1_000))
    gate.note(gate.gate.command(Hold(held=True), 0.0))

    gate.play(word(), voice(2_000), word())

    assert gate.detector.frames == []
    assert gate.events == []


def test_a_follow_up_during_a_hold_is_none() -> None:
    gate = WordGate().play(quiet(1_000))
    gate.note(gate.gate.command(Hold(held=True), 0.0))
    gate.note(gate.gate.command(FollowUp(allowed=True), 0.0))
    gate.note(gate.gate.command(Hold(held=False), 0.0))

    gate.play(voice(500), quiet(500))

    assert gate.events == []


def test_a_lost_microphone_forgets_the_word() -> None:
    gate = WordGate().play(quiet(1_000), word())
    gate.note(gate.gate.lost(0.0))

    gate.play(quiet(200), voice(500), quiet(500))

    assert gate.kinds() == ["Woken"]


def test_a_press_opens_beside_the_word_where_it_may() -> None:
    for mode, opens in ((GateMode.WAKEWORD_OR_BUTTON, True), (GateMode.WAKEWORD, False)):
        gate = WordGate(mode).play(quiet(1_000), word())
        gate.note(gate.gate.command(Press(), 0.0))
        gate.play(quiet(300), voice(500))
        gate.note(gate.gate.command(Release(), 0.0))

        causes = [event.cause for _, event in gate.events if isinstance(event, UtteranceOpened)]
        assert causes == [Cause.BUTTON if opens else Cause.WAKEWORD]


def test_without_a_detector_nothing_opens_in_a_mode_that_waits_for_the_word() -> None:
    gate = WordGate(has_word=False)

    gate.play(word(), voice(500), quiet(500))
    gate.note(gate.gate.command(Overlook(450), 0.0))

    assert gate.events == []
    assert gate.gate.take_wake_score() == 0.0


def test_the_score_is_told_to_a_meter() -> None:
    gate = WordGate().play(quiet(1_000), word(NEAR_FRAMES))

    assert gate.gate.take_wake_score() > 0.5


SOUNDS = st.sampled_from([quiet(100), quiet(700), quiet(2_500), voice(100), voice(500), word(), word(10)])
COMMANDS = st.sampled_from(
    [
        *(FollowUp(allowed=True), FollowUp(allowed=False), Overlook(450)),
        *(Hold(held=True), Hold(held=False), Press(), Release()),
        *(SetGate(GateMode.WAKEWORD), SetGate(GateMode.WAKEWORD_OR_BUTTON)),
    ]
)


@settings(max_examples=examples(60), deadline=None)
@given(steps=st.lists(st.one_of(SOUNDS, COMMANDS), max_size=25), piece=st.integers(1, 3_000))
def test_however_it_is_cut_and_commanded_every_sample_goes_out_at_most_once_and_never_too_early(  # noqa: C901
    steps: list[object], piece: int
) -> None:
    whole, cut = WordGate(), WordGate()
    for step in steps:
        if isinstance(step, bytes):
            whole.play(step)
            cut.heard += step
            for at in range(0, len(step), 2 * piece):
                cut.note(cut.gate.feed(step[at : at + 2 * piece], 0.0))
        else:
            for gate in (whole, cut):
                gate.note(gate.gate.command(step, 0.0))  # type: ignore[arg-type]

    assert [event for _, event in whole.events] == [event for _, event in cut.events]
    end = 0
    woken_at = -1.0
    for at_ms, event in whole.events:
        match event:
            case Woken():
                woken_at = at_ms
            case WakeUnused():
                assert at_ms - woken_at >= 2_000
            case UtteranceOpened(first_sample=first, cause=cause):
                assert first >= end
                if cause is Cause.WAKEWORD:
                    assert first >= samples_for(woken_at - LATEST_HIT_MS)
                    assert at_ms - first / 16 <= MEMORY_MS + 450 + 300
            case UtteranceClosed():
                end = event.end_sample
    assert GOES_ON_MS + LATEST_HIT_MS <= MEMORY_MS
    assert samples_in(whole.heard) == whole.gate.samples


def test_a_detector_that_fails_is_told_once_and_a_press_opens_all_the_same() -> None:
    gate = WordGate(GateMode.WAKEWORD_OR_BUTTON)
    gate.detector.broken = True
    gate.play(quiet(1_000), word(), quiet(1_000), word())

    gate.note(gate.gate.command(Press(), 0.0))
    gate.play(voice(500))

    assert gate.kinds() == ["WakeWordLost", "UtteranceOpened"]
