"""Samples and presses in, utterances out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ravatard.core.actions import GateCommand, Hold, Press, Release, SetGate
from ravatard.core.audio.endpointing.confirmation import Confirmation, SpeechProbability
from ravatard.core.audio.endpointing.endpointer import SILENT_DB
from ravatard.core.audio.endpointing.opening import GateExtras
from ravatard.core.audio.endpointing.trailing_silence import LONGEST_MS, SHORTEST_MS
from ravatard.core.audio.gate import LONG_BLOCK_MS, Gate
from ravatard.core.audio_format import CHUNK_SAMPLES, samples_for, samples_in
from ravatard.core.events import ChunkCaptured, GateEvent, PressIgnored, UtteranceClosed, UtteranceOpened
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, CloseReason, GateMode
from tests.examples import examples
from tests.unit.core.sounds import hears_sound, hiss, quiet, voice

PRESS, RELEASE, HOLD, LET_GO = Press(), Release(), Hold(held=True), Hold(held=False)
MODES = list(GateMode)
SHORT = GateOptions(silence_ms=200, longest_s=2, no_speech_s=1)

Step = bytes | GateCommand


class Ear:
    """A gate with all that came out of it, checked for what holds always."""

    def __init__(
        self,
        mode: GateMode,
        options: GateOptions = SHORT,
        *,
        chunk: int = CHUNK_SAMPLES,
        detector: SpeechProbability | None = None,
    ) -> None:
        self.asked = 0
        self.gate = Gate(
            options,
            VoiceOptions(),
            self._listen,
            mode=mode,
            chunk_samples=chunk,
            extras=GateExtras(Confirmation(detector, 20)),
        )
        self.events: list[GateEvent] = []
        self.heard = b""
        #: Samples the gate had when it decided.
        self.opened_at: list[int] = []
        self.closed_at: list[int] = []

    def _listen(self, frame: bytes) -> bool:
        self.asked += 1
        return hears_sound(frame)

    def play(self, *steps: Step, piece: int = 640) -> Ear:
        for step in steps:
            if isinstance(step, bytes):
                self.heard += step
                for at in range(0, len(step), piece):
                    self._note(self.gate.feed(step[at : at + piece], self.gate.samples / 16_000))
            else:
                self._note(self.gate.command(step, 0.0))
        return self

    def _note(self, events: Sequence[GateEvent]) -> None:
        self.events += events
        self.opened_at += [self.gate.samples for event in events if isinstance(event, UtteranceOpened)]
        self.closed_at += [self.gate.samples for event in events if isinstance(event, UtteranceClosed)]

    @property
    def opened(self) -> list[UtteranceOpened]:
        return [event for event in self.events if isinstance(event, UtteranceOpened)]

    @property
    def closed(self) -> list[UtteranceClosed]:
        return [event for event in self.events if isinstance(event, UtteranceClosed)]

    @property
    def chunks(self) -> list[ChunkCaptured]:
        return [event for event in self.events if isinstance(event, ChunkCaptured)]

    @property
    def ignored(self) -> list[PressIgnored]:
        return [event for event in self.events if isinstance(event, PressIgnored)]

    @property
    def reasons(self) -> list[CloseReason]:
        return [event.reason for event in self.closed]


def ms(samples: int) -> float:
    return samples / 16


# ---------------------------------------------------------------- by voice


def test_a_voice_opens_and_silence_closes() -> None:
    ear = Ear(GateMode.VAD).play(quiet(1000), voice(500), quiet(500))

    assert [ms(at) for at in ear.opened_at] == [1060]
    assert [ms(e.first_sample) for e in ear.opened] == [760]
    assert ear.opened[0].cause is Cause.VOICE
    assert ear.reasons == [CloseReason.SILENCE]
    assert ms(ear.closed[0].end_sample) == ms(ear.closed_at[0]) == 1700
    assert ear.closed[0].speech_ms == 500


def test_chunks_carry_every_sample_from_the_preroll_to_the_end_once() -> None:
    ear = Ear(GateMode.VAD).play(quiet(1000), voice(1200), quiet(500))

    opened, closed = ear.opened[0], ear.closed[0]
    assert [chunk.sequence for chunk in ear.chunks] == list(range(len(ear.chunks)))
    assert all(samples_in(chunk.pcm) == CHUNK_SAMPLES for chunk in ear.chunks[:-1])
    assert b"".join(c.pcm for c in ear.chunks) == ear.heard[opened.first_sample * 2 : closed.end_sample * 2]


def test_the_preroll_alone_makes_the_first_chunk() -> None:
    ear = Ear(GateMode.VAD).play(quiet(1000), voice(60))

    assert ear.events == [ear.opened[0], ear.chunks[0]]
    assert ear.chunks[0].first_sample == ear.opened[0].first_sample
    assert ear.chunks[0].read_at == pytest.approx(1.04)


def test_a_chunk_comes_with_the_sample_that_completes_it_even_inside_a_frame() -> None:
    ear = Ear(GateMode.VAD).play(quiet(1000), voice(60))
    missing = ear.opened[0].first_sample + 2 * CHUNK_SAMPLES - ear.gate.samples
    ear.play(voice(1000)[: 2 * missing - 2])
    before = len(ear.chunks)

    ear.play(voice(1000)[2 * missing - 2 : 2 * missing], piece=2)

    assert (before, len(ear.chunks)) == (1, 2)


def test_at_the_beginning_of_the_stream_the_preroll_is_what_there_is() -> None:
    ear = Ear(GateMode.VAD).play(quiet(40), voice(60))

    assert ear.opened[0].first_sample == 0


def test_the_longest_utterance_is_never_exceeded() -> None:
    ear = Ear(GateMode.VAD).play(quiet(1000), syllables(30), quiet(1000))

    assert ear.reasons[0] is CloseReason.LONGEST
    assert ms(ear.closed[0].end_sample - ear.opened[0].first_sample) == 2000


def test_after_the_longest_a_speaker_who_goes_on_opens_the_next_without_a_gap() -> None:
    ear = Ear(GateMode.VAD).play(quiet(1000), syllables(30), quiet(1000))

    assert len(ear.opened) > 1
    assert ear.opened[1].first_sample == ear.closed[0].end_sample
    assert ms(ear.opened_at[1] - ear.closed[0].end_sample) >= 60
    sent = b"".join(chunk.pcm for chunk in ear.chunks)
    assert sent == ear.heard[ear.opened[0].first_sample * 2 : ear.closed[-1].end_sample * 2]


def syllables(count: int) -> bytes:
    """Speech of 100 ms a syllable, with dips between, so that it does not become the noise floor."""
    return (voice(80) + quiet(20)) * count


def test_steady_noise_that_opened_the_gate_becomes_the_floor_and_closes_it() -> None:
    ear = Ear(GateMode.VAD, GateOptions(longest_s=60)).play(quiet(1000), voice(6_000))

    assert ear.reasons == [CloseReason.SILENCE]
    assert ms(ear.closed[0].end_sample) < 1000 + 2400 + 900 + 500


def test_the_silence_that_ends_an_utterance_follows_the_speakers_pauses() -> None:
    fluent, hesitant = Ear(GateMode.VAD, GateOptions()), Ear(GateMode.VAD, GateOptions())

    for _ in range(9):
        fluent.play(quiet(2_000), voice(500))
        hesitant.play(quiet(2_000), voice(500), quiet(700), voice(500))
    fluent.play(quiet(2_000))
    hesitant.play(quiet(2_000))

    assert [len(fluent.closed), len(hesitant.closed)] == [9, 9]
    assert ms(fluent.closed[0].end_sample) == 2_500 + 900
    assert ms(fluent.closed[-1].end_sample) == 9 * 2_500 + 600
    # 1.2 times 700 ms and 150 ms more: the pause of the same utterance is not forgotten.
    assert ms(hesitant.closed[-1].end_sample) == 9 * 3_700 + 1_000


def test_a_speaker_who_was_cut_off_is_waited_for_the_next_time() -> None:
    ear = Ear(GateMode.VAD, GateOptions())
    for _ in range(9):
        ear.play(quiet(2_000), voice(500))
    ear.play(quiet(2_000))
    sentence = (voice(500), quiet(800), voice(500), quiet(2_000))

    ear.play(*sentence)
    cut = len(ear.closed)
    ear.play(*sentence)

    assert (cut, len(ear.closed)) == (11, 12)


@pytest.mark.parametrize("pause_ms", [1_500, 1_700])
def test_a_speaker_who_is_cut_off_by_every_pause_is_not_given_less_time(pause_ms: int) -> None:
    ear = Ear(GateMode.VAD, GateOptions()).play(quiet(2_000))
    ended_ms = []
    at = 2_000

    for _ in range(8):
        for after_ms in (pause_ms, pause_ms, 3_000):
            ear.play(voice(500), quiet(after_ms))
            ended_ms.append(ms(ear.closed[-1].end_sample) - at - 500)
            at += 500 + after_ms

    assert ended_ms == [900] * 24


def test_sentences_in_a_row_are_not_sent_as_one_until_the_longest() -> None:
    ear = Ear(GateMode.VAD, GateOptions())

    for _ in range(25):
        ear.play(syllables(12), quiet(1_250))
    ear.play(quiet(1_000))

    assert set(ear.reasons) == {CloseReason.SILENCE}
    assert len(ear.closed) == 23


def test_sound_missed_in_a_hold_makes_the_next_utterance_no_continuation() -> None:
    ear = Ear(GateMode.VAD, GateOptions())
    for _ in range(9):
        ear.play(quiet(2_000), voice(500))

    ear.play(quiet(700), HOLD, voice(200), LET_GO, quiet(100), voice(500), quiet(700))

    assert ms(ear.closed[-1].end_sample) == ms(ear.gate.samples) - 100


def test_silence_before_the_first_word_after_a_press_is_no_pause() -> None:
    ear = Ear(GateMode.BUTTON, GateOptions(toggle=True))

    ear.play(PRESS, quiet(1_200), voice(500), quiet(1_500))

    assert ear.reasons == [CloseReason.SILENCE]
    assert ms(ear.closed[0].end_sample) == 1_700 + 900


def test_a_voice_does_not_open_a_button_gate_and_the_detector_is_not_asked() -> None:
    ear = Ear(GateMode.BUTTON).play(quiet(1000), voice(500), quiet(500))

    assert ear.events == []
    assert ear.asked == 0
    assert ear.gate.floor_db == -72
    assert ear.gate.level_db == SILENT_DB


# ---------------------------------------------------------------- by button


@pytest.mark.parametrize("mode", [GateMode.BUTTON, GateMode.BOTH])
def test_holding_the_button_opens_with_the_preroll_of_the_press_and_release_closes(mode: GateMode) -> None:
    ear = Ear(mode).play(quiet(1000), PRESS, quiet(300), voice(400), quiet(300), RELEASE, quiet(500))

    assert [
        (e.cause, ms(e.first_sample), ms(at)) for e, at in zip(ear.opened, ear.opened_at, strict=True)
    ] == [(Cause.BUTTON, 700, 1200)]
    assert ear.reasons == [CloseReason.RELEASED]
    assert ms(ear.closed[0].end_sample) == 2000
    assert ear.closed[0].speech_ms == 400


def test_nothing_comes_out_until_the_press_means_something() -> None:
    ear = Ear(GateMode.BUTTON).play(quiet(1000), PRESS, voice(180))
    before = list(ear.events)

    ear.play(voice(20))

    assert (before, len(ear.opened)) == ([], 1)


@pytest.mark.parametrize("mode", [GateMode.BUTTON, GateMode.BOTH])
def test_a_short_press_is_only_told(mode: GateMode) -> None:
    ear = Ear(mode).play(quiet(1000), PRESS, quiet(190), RELEASE, quiet(1000))

    assert ear.events == [PressIgnored(190.0)]


def test_a_press_that_ends_between_two_frames_counts_by_the_sample() -> None:
    ear = Ear(GateMode.BUTTON).play(quiet(1000), quiet(15), PRESS, quiet(200), RELEASE)

    assert [ms(at) for at in ear.opened_at] == [1215]
    assert [ms(e.end_sample) for e in ear.closed] == [1215]
    assert sum(samples_in(chunk.pcm) for chunk in ear.chunks) == samples_for(500)


def test_with_no_shortest_press_the_gate_opens_at_once() -> None:
    ear = Ear(GateMode.BUTTON, replace(SHORT, shortest_press_ms=0)).play(quiet(1000), PRESS)

    assert [ms(at) for at in ear.opened_at] == [1000]


def test_silence_does_not_close_while_the_button_is_held() -> None:
    ear = Ear(GateMode.BOTH).play(quiet(500), PRESS, voice(300), quiet(1000))

    assert ear.gate.is_open


def test_a_press_without_speech_closes() -> None:
    ear = Ear(GateMode.BUTTON).play(quiet(1000), PRESS, quiet(1500))

    assert ear.reasons == [CloseReason.NO_SPEECH]
    assert ms(ear.closed[0].end_sample) == 2000
    assert not ear.gate.attentive


def test_after_the_longest_a_held_button_opens_nothing_until_the_next_press() -> None:
    ear = Ear(GateMode.BUTTON).play(quiet(500), PRESS, syllables(40))
    ear.play(RELEASE, syllables(5))
    once = ear.reasons

    ear.play(PRESS, syllables(5), RELEASE)

    assert once == [CloseReason.LONGEST]
    assert ear.reasons == [CloseReason.LONGEST, CloseReason.RELEASED]


def test_after_the_longest_under_a_finger_the_voice_opens_nothing_while_it_goes_on() -> None:
    ear = Ear(GateMode.BOTH).play(quiet(500), PRESS, syllables(40))

    assert ear.reasons == [CloseReason.LONGEST]
    assert len(ear.opened) == 1


def test_after_the_longest_under_a_finger_the_voice_opens_after_the_release() -> None:
    ear = Ear(GateMode.BOTH).play(quiet(500), PRESS, syllables(30), RELEASE, syllables(5))

    assert [e.cause for e in ear.opened] == [Cause.BUTTON, Cause.VOICE]


def test_a_button_that_is_stuck_does_not_make_the_gate_deaf() -> None:
    ear = Ear(GateMode.BOTH).play(PRESS, quiet(1500), voice(500), quiet(500), RELEASE)

    assert [e.cause for e in ear.opened] == [Cause.BUTTON, Cause.VOICE]
    assert ear.reasons == [CloseReason.NO_SPEECH, CloseReason.SILENCE]


def test_a_second_press_without_a_release_changes_nothing() -> None:
    ear = Ear(GateMode.BUTTON).play(PRESS, quiet(100), PRESS, quiet(100), PRESS, voice(500), RELEASE)

    assert [ms(at) for at in ear.opened_at] == [200]
    assert ear.reasons == [CloseReason.RELEASED]


def test_a_release_without_a_press_changes_nothing() -> None:
    ear = Ear(GateMode.BOTH).play(RELEASE, quiet(100), voice(300), RELEASE)

    assert ear.gate.is_open
    assert ear.closed == []


# ---------------------------------------------------------------- both


def test_a_press_takes_over_the_voices_utterance() -> None:
    ear = Ear(GateMode.BOTH).play(quiet(500), voice(500), PRESS, quiet(1000), RELEASE)

    assert [e.cause for e in ear.opened] == [Cause.VOICE]
    assert ear.reasons == [CloseReason.RELEASED]
    assert ms(ear.closed[0].end_sample) == 2000


def test_a_short_press_leaves_the_voices_utterance_as_it_was() -> None:
    ear = Ear(GateMode.BOTH).play(quiet(500), voice(500), quiet(100), PRESS, quiet(150), RELEASE, quiet(100))

    assert ear.ignored == [PressIgnored(150.0)]
    assert ear.reasons == [CloseReason.SILENCE]
    assert ms(ear.closed[0].end_sample) == 1260


def test_a_press_that_still_may_mean_something_outlives_the_longest_utterance() -> None:
    ear = Ear(GateMode.BOTH).play(quiet(500), syllables(17), PRESS, syllables(5), RELEASE)

    assert [e.cause for e in ear.opened] == [Cause.VOICE, Cause.BUTTON]
    assert ear.reasons == [CloseReason.LONGEST, CloseReason.RELEASED]
    assert ear.opened[1].first_sample == ear.closed[0].end_sample


def test_a_button_pressed_right_after_an_utterance_sends_no_sample_twice() -> None:
    ear = Ear(GateMode.BOTH).play(quiet(500), voice(300), quiet(220), PRESS, quiet(300), RELEASE)

    assert ear.opened[1].first_sample == ear.closed[0].end_sample


# ---------------------------------------------------------------- toggle

TOGGLE = replace(SHORT, toggle=True)


def test_a_tap_opens_and_silence_after_speech_closes() -> None:
    ear = Ear(GateMode.BUTTON, TOGGLE)

    ear.play(quiet(500), PRESS, quiet(60), RELEASE, quiet(500), voice(300), quiet(500))

    assert [
        (e.cause, ms(e.first_sample), ms(at)) for e, at in zip(ear.opened, ear.opened_at, strict=True)
    ] == [(Cause.BUTTON, 200, 500)]
    assert ear.reasons == [CloseReason.SILENCE]
    assert ms(ear.closed[0].end_sample) == 1560


def test_a_second_tap_closes() -> None:
    ear = Ear(GateMode.BUTTON, TOGGLE).play(PRESS, RELEASE, voice(300), PRESS, RELEASE, voice(300))

    assert ear.reasons == [CloseReason.RELEASED]
    assert ms(ear.closed[0].end_sample) == 300


def test_two_taps_at_one_sample_send_nothing() -> None:
    ear = Ear(GateMode.BUTTON, replace(TOGGLE, preroll_ms=0)).play(quiet(500), PRESS, PRESS)

    assert ear.events == [
        UtteranceOpened(1, Cause.BUTTON, 8_000),
        UtteranceClosed(1, CloseReason.RELEASED, 8_000, 0.0),
    ]


def test_a_tap_without_speech_closes() -> None:
    ear = Ear(GateMode.BUTTON, TOGGLE).play(PRESS, RELEASE, quiet(2000))

    assert ear.reasons == [CloseReason.NO_SPEECH]


def test_a_tap_takes_over_the_voices_utterance_and_gets_a_whole_silence() -> None:
    ear = Ear(GateMode.BOTH, TOGGLE).play(quiet(500), voice(300), quiet(180), PRESS, quiet(1000))

    assert len(ear.opened) == 1
    assert ear.reasons == [CloseReason.SILENCE]
    assert ms(ear.closed[0].end_sample) == 980 + 200


def test_after_the_longest_of_a_tap_the_voice_may_open() -> None:
    ear = Ear(GateMode.BOTH, TOGGLE).play(quiet(500), PRESS, RELEASE, syllables(30))

    assert [e.cause for e in ear.opened] == [Cause.BUTTON, Cause.VOICE]


# ---------------------------------------------------------------- holds


def test_a_hold_closes_and_nothing_is_heard_until_it_ends() -> None:
    ear = Ear(GateMode.VAD).play(quiet(500), voice(300), HOLD, voice(1000), LET_GO, quiet(100), voice(60))

    assert ear.reasons == [CloseReason.HELD]
    assert ms(ear.closed[0].end_sample) == 800
    assert [ms(e.first_sample) for e in ear.opened] == [260, 1800]
    assert ear.gate.samples == samples_in(ear.heard)


def test_a_hold_in_the_middle_of_a_frame_cuts_there() -> None:
    ear = Ear(GateMode.VAD).play(quiet(500), voice(305), HOLD, voice(107), LET_GO, voice(60))

    assert ms(ear.closed[0].end_sample) == 805
    assert [ms(ear.opened[1].first_sample), ms(ear.opened_at[1])] == [912, 972]


def test_a_hold_said_twice_is_one_hold() -> None:
    ear = Ear(GateMode.VAD).play(LET_GO, quiet(500), HOLD, HOLD, quiet(100), LET_GO, LET_GO, voice(60))

    assert [ms(e.first_sample) for e in ear.opened] == [600]


def test_a_hold_under_a_finger_spends_the_press() -> None:
    ear = Ear(GateMode.BUTTON).play(PRESS, quiet(100), HOLD, quiet(100), LET_GO, quiet(500), RELEASE)
    ear.play(PRESS, voice(300), HOLD, LET_GO, voice(300), RELEASE)

    assert ear.reasons == [CloseReason.HELD]
    assert ear.ignored == []


def test_a_press_during_a_hold_begins_when_it_ends() -> None:
    ear = Ear(GateMode.BUTTON).play(quiet(500), HOLD, quiet(100), PRESS, quiet(100), LET_GO, voice(300))
    ear.play(RELEASE)

    assert [ms(e.first_sample) for e in ear.opened] == [700]
    assert ear.reasons == [CloseReason.RELEASED]


def test_a_press_and_release_during_a_hold_are_nothing() -> None:
    ear = Ear(GateMode.BUTTON).play(HOLD, PRESS, quiet(300), RELEASE, LET_GO, quiet(500))

    assert ear.events == []


def test_a_tap_during_a_hold_is_lost() -> None:
    ear = Ear(GateMode.BUTTON, TOGGLE).play(HOLD, PRESS, quiet(100), LET_GO, quiet(500))

    assert ear.events == []


# ---------------------------------------------------------------- modes and loss


def test_the_mode_may_change_while_the_gate_is_closed() -> None:
    ear = Ear(GateMode.BUTTON).play(quiet(500), SetGate(GateMode.VAD), voice(300))

    assert [e.cause for e in ear.opened] == [Cause.VOICE]


def test_a_mode_said_again_keeps_the_evidence() -> None:
    ear = Ear(GateMode.VAD).play(quiet(500), voice(40), SetGate(GateMode.VAD), voice(20))

    assert len(ear.opened) == 1


def test_an_open_utterance_outlives_the_change_of_mode() -> None:
    ear = Ear(GateMode.VAD).play(quiet(500), voice(300), SetGate(GateMode.BUTTON), quiet(500))

    assert ear.reasons == [CloseReason.SILENCE]


def test_the_button_means_nothing_to_a_voice_gate() -> None:
    ear = Ear(GateMode.VAD).play(quiet(500), PRESS, quiet(500), RELEASE)

    assert ear.events == []


def test_a_press_is_forgotten_when_only_the_voice_may_open() -> None:
    ear = Ear(GateMode.BOTH).play(quiet(500), PRESS, quiet(100), SetGate(GateMode.VAD), quiet(500), RELEASE)

    assert ear.events == []


def test_a_release_closes_a_buttons_utterance_in_any_mode() -> None:
    ear = Ear(GateMode.BOTH).play(PRESS, voice(300), SetGate(GateMode.VAD), quiet(300), RELEASE)

    assert ear.reasons == [CloseReason.RELEASED]


def test_a_lost_microphone_closes_and_counts_anew() -> None:
    ear = Ear(GateMode.VAD).play(quiet(500), voice(305))

    ear.events += ear.gate.lost(9.0)
    samples = ear.gate.samples
    ear.play(quiet(100), voice(60))

    assert ear.reasons == [CloseReason.LOST]
    assert ms(ear.closed[0].end_sample) == 805
    assert samples == 0
    assert [(e.utterance, ms(e.first_sample)) for e in ear.opened] == [(1, 260), (2, 0)]


def test_losing_the_microphone_with_nothing_open_says_nothing() -> None:
    ear = Ear(GateMode.BOTH).play(quiet(505), PRESS)

    events = ear.gate.lost(9.0)

    assert events == []
    assert not ear.gate.attentive


def test_a_hold_outlasts_the_loss_of_the_microphone() -> None:
    ear = Ear(GateMode.VAD).play(HOLD, quiet(100))
    ear.gate.lost(9.0)

    ear.play(quiet(100), voice(500))

    assert ear.events == []


# ---------------------------------------------------------------- what others look at


def test_the_gate_is_attentive_from_the_first_sign_of_speech() -> None:
    ear = Ear(GateMode.VAD).play(quiet(500))
    calm = ear.gate.attentive

    ear.play(voice(20))

    assert (calm, ear.gate.attentive, ear.gate.is_open) == (False, True, False)


def test_while_somebody_speaks_the_gate_is_attentive_only_where_a_long_block_would_delay_a_chunk() -> None:
    ear = Ear(GateMode.VAD).play(quiet(500), voice(60))
    assert ear.gate.is_open

    attentive_at = []
    for _ in range(40):
        filled = (ms(ear.gate.samples - ear.opened[0].first_sample)) % 256
        if ear.gate.attentive:
            attentive_at.append(filled)
        ear.play(voice(10))

    assert attentive_at
    assert all(filled > 256 - LONG_BLOCK_MS for filled in attentive_at)


def test_the_gate_is_attentive_where_a_long_block_would_delay_the_end() -> None:
    ear = Ear(GateMode.VAD).play(quiet(500), voice(500))

    last = False
    while ear.gate.is_open:
        last = ear.gate.attentive
        ear.play(quiet(20))

    assert last


def test_the_gate_is_attentive_under_a_finger() -> None:
    ear = Ear(GateMode.BUTTON).play(quiet(500), PRESS)

    assert (ear.gate.attentive, ear.gate.is_open) == (True, False)


def test_half_an_utterance_is_left_after_the_longest_preroll() -> None:
    options = replace(SHORT, preroll_ms=2_000, longest_s=1)

    ear = Ear(GateMode.VAD, options).play(quiet(3000), voice(60), quiet(100))

    assert ms(ear.opened_at[0] - ear.opened[0].first_sample) == 500
    assert ear.gate.is_open


def test_a_memoryview_is_heard_like_bytes() -> None:
    ear = Ear(GateMode.VAD)

    ear.events += ear.gate.feed(memoryview(quiet(500) + voice(60)), 1.0)

    assert len(ear.opened) == 1


def test_half_a_sample_waits_for_its_other_half() -> None:
    sound = quiet(500) + voice(300) + quiet(300)

    halves = Ear(GateMode.VAD).play(sound, piece=333)

    assert bare(halves.events) == bare(Ear(GateMode.VAD).play(sound).events)


def test_half_a_sample_does_not_outlive_the_microphone() -> None:
    ear = Ear(GateMode.VAD)
    ear.gate.feed(quiet(20)[:-1], 0.0)

    ear.gate.lost(1.0)
    ear.gate.feed(quiet(20), 2.0)

    assert ear.gate.samples == 320


def test_indices_stay_exact_after_months() -> None:
    ear = Ear(GateMode.VAD)
    months = 16_000 * 86_400 * 200
    ear.gate._samples = months
    ear.gate._buffer.skip(months)

    ear.play(quiet(500), voice(300), quiet(300))

    assert ear.opened[0].first_sample == months + samples_for(260)
    assert ear.closed[0].end_sample == months + samples_for(1000)
    assert ear.chunks[0].first_sample == ear.opened[0].first_sample


# ---------------------------------------------------------------- properties

SOUNDS = (quiet, voice, hiss)
COMMANDS = [PRESS, RELEASE, HOLD, LET_GO, *(SetGate(mode) for mode in MODES)]
sounds = st.builds(
    lambda make, frames, extra: make(20 * frames)[: 40 * 16 * frames - 2 * extra],
    st.sampled_from(SOUNDS),
    st.integers(1, 30),
    st.sampled_from([0, 0, 0, 1, 7, 160]),
)
scripts = st.lists(st.one_of(sounds, sounds, st.sampled_from(COMMANDS)), max_size=16)
options = st.builds(
    GateOptions,
    preroll_ms=st.sampled_from([0, 300, 710]),
    silence_ms=st.sampled_from([200, 330, None]),
    longest_s=st.sampled_from([1.0, 2.0]),
    no_speech_s=st.just(1.0),
    shortest_press_ms=st.sampled_from([0, 200]),
    toggle=st.booleans(),
)


def bare(events: list[GateEvent]) -> list[GateEvent]:
    """The events without the time at which somebody read them."""
    return [replace(event, read_at=0.0) if isinstance(event, ChunkCaptured) else event for event in events]


@settings(deadline=None, max_examples=examples(60))
@given(scripts, options, st.sampled_from(MODES), st.integers(1, 4_000))
def test_decisions_do_not_depend_on_the_cutting(
    script: list[Step], options: GateOptions, mode: GateMode, piece: int
) -> None:
    by_frames = Ear(mode, options, chunk=1_000).play(*script)

    by_pieces = Ear(mode, options, chunk=1_000).play(*script, piece=piece)

    assert bare(by_pieces.events) == bare(by_frames.events)


@settings(deadline=None, max_examples=examples(60))
@given(scripts, options, st.sampled_from(MODES))
def test_whatever_happens_every_utterance_is_whole_and_no_sample_is_sent_twice(
    script: list[Step], options: GateOptions, mode: GateMode
) -> None:
    ear = Ear(mode, options, chunk=1_000).play(*script, HOLD)

    assert len(ear.opened) == len(ear.closed)
    end = 0
    for opened, opened_at, closed in zip(ear.opened, ear.opened_at, ear.closed, strict=True):
        chunks = [chunk for chunk in ear.chunks if chunk.utterance == opened.utterance]
        assert end <= opened.first_sample <= opened_at <= closed.end_sample
        assert b"".join(c.pcm for c in chunks) == ear.heard[opened.first_sample * 2 : closed.end_sample * 2]
        assert all(samples_in(chunk.pcm) == 1_000 for chunk in chunks[:-1])
        assert all(chunk.pcm for chunk in chunks)
        end = closed.end_sample


@settings(deadline=None, max_examples=examples(60))
@given(st.lists(st.tuples(st.integers(3, 40), st.integers(3, 150)), min_size=1, max_size=12))
def test_an_utterance_ends_after_the_shortest_silence_and_within_the_longest(
    words: list[tuple[int, int]],
) -> None:
    ear = Ear(GateMode.VAD, GateOptions(longest_s=120)).play(quiet(1_000))
    ends, at = [], 1_000
    for said, pause in words:
        ear.play(voice(20 * said), quiet(20 * pause))
        ends.append(at + 20 * said)
        at += 20 * (said + pause)
    ear.play(quiet(2_000))

    assert len(ear.closed) == len(ear.opened) > 0
    for closed in ear.closed:
        waited_ms = ms(closed.end_sample) - max(end for end in ends if end <= ms(closed.end_sample))
        assert SHORTEST_MS <= waited_ms <= LONGEST_MS


# ---------------------------------------------------------------- confirmed


class Agrees:
    """A neural detector that agrees to all, or to nothing."""

    def __init__(self, says: float = 0.9) -> None:
        self.says = says
        self.asked = 0

    def __call__(self, window: bytes) -> float:
        self.asked += 1
        return self.says


def test_a_confirmed_voice_opens_where_it_would_have_opened() -> None:
    plain = Ear(GateMode.VAD).play(quiet(1500), voice(500), quiet(500))
    confirmed = Ear(GateMode.VAD, detector=Agrees()).play(quiet(1500), voice(500), quiet(500))

    assert confirmed.events == plain.events
    assert confirmed.opened_at == plain.opened_at


def test_what_is_not_confirmed_opens_nothing_and_a_button_opens_all_the_same() -> None:
    ear = Ear(GateMode.BOTH, detector=Agrees(0.1)).play(quiet(1500), voice(500), quiet(500))
    unopened = list(ear.events)
    ear.play(PRESS, voice(500), RELEASE)

    assert unopened == []
    assert ear.reasons == [CloseReason.RELEASED]


def test_an_utterance_is_closed_when_only_music_is_left() -> None:
    detector = Agrees()
    ear = Ear(GateMode.VAD, detector=detector).play(quiet(1500), voice(500))
    detector.says = 0.1
    ear.play(voice(400))

    assert ear.reasons == [CloseReason.SILENCE]
    assert ms(ear.closed_at[0]) == pytest.approx(2_000 + (SHORT.silence_ms or 0), abs=40)


def test_the_last_of_a_confirmed_silence_is_not_waited_for_in_a_long_block() -> None:
    detector = Agrees()
    ear = Ear(GateMode.VAD, detector=detector).play(quiet(1500), voice(1000))
    detector.says = 0.1
    attentive = []
    while not ear.closed:
        attentive.append(ear.gate.attentive)
        ear.play(voice(20))

    assert attentive[-1]


def test_in_a_quiet_room_the_detector_hears_the_first_second_only() -> None:
    detector = Agrees()
    ear = Ear(GateMode.VAD, detector=detector).play(quiet(1500))
    first = detector.asked
    ear.play(quiet(60_000))

    assert detector.asked == first


def test_a_button_alone_asks_nothing() -> None:
    detector = Agrees()
    Ear(GateMode.BUTTON, detector=detector).play(voice(2_000))

    assert detector.asked == 0


def test_the_fault_of_the_confirmation_is_told() -> None:
    gate = Gate(
        SHORT,
        VoiceOptions(),
        hears_sound,
        mode=GateMode.VAD,
        extras=GateExtras(Confirmation(None, 20, "it is missing")),
    )

    assert gate.confirmation_fault == "it is missing"
    assert Ear(GateMode.VAD).gate.confirmation_fault == ""


def test_an_utterance_ends_with_the_silence_that_it_tells() -> None:
    ear = Ear(GateMode.VAD).play(quiet(1000), voice(600), quiet(1000))

    (closed,) = ear.closed

    assert (closed.reason, closed.quiet_ms) == (CloseReason.SILENCE, 200.0)


def test_a_button_that_is_released_late_tells_of_the_silence_before() -> None:
    ear = Ear(GateMode.BUTTON).play(quiet(500), PRESS, voice(600), quiet(400), RELEASE)

    (closed,) = ear.closed

    assert (closed.reason, closed.quiet_ms) == (CloseReason.RELEASED, 400.0)
