"""Where speech begins, how long it has been silent, and what only sounds like it."""

from __future__ import annotations

import pytest

from ravatard.core.audio.endpointing.endpointer import OWN_RANGE_DB, SILENT_DB, Endpointer, is_tone
from ravatard.core.audio_format import bytes_for, silence
from ravatard.core.options.gate import VoiceOptions
from tests.unit.core.sounds import beep, hears_sound, hiss, quiet, stroke, voice

FRAME = bytes_for(20)


def frames(sound: bytes, size: int = FRAME) -> list[bytes]:
    return [sound[at : at + size] for at in range(0, len(sound) - size + 1, size)]


def listener(voice_options: VoiceOptions | None = None) -> Endpointer:
    """An endpointer that knows its room is quiet."""
    endpointer = Endpointer(voice_options or VoiceOptions(), hears_sound)
    for frame in frames(quiet(100)):
        endpointer.watch(frame)
    return endpointer


def first_onset(endpointer: Endpointer, sound: bytes) -> int | None:
    """Number of frames until the onset, or None."""
    for count, frame in enumerate(frames(sound), start=1):
        if endpointer.onset(frame):
            return count
    return None


def following(sound: bytes) -> Endpointer:
    endpointer = listener()
    endpointer.begin(spoken=False)
    for frame in frames(sound):
        endpointer.follow(frame)
    return endpointer


def test_three_speech_frames_in_four_are_an_onset() -> None:
    sound = voice(20) + quiet(20) + voice(60)

    assert first_onset(listener(), sound) == 4


def test_two_speech_frames_in_four_are_none() -> None:
    sound = (voice(40) + quiet(40)) * 10

    assert first_onset(listener(), sound) is None


def test_the_window_is_never_shorter_than_what_must_be_in_it() -> None:
    endpointer = listener(VoiceOptions(start_frames=6, start_window=2))

    assert first_onset(endpointer, voice(200)) == 6


def test_what_the_detector_takes_for_silence_is_no_onset() -> None:
    endpointer = Endpointer(VoiceOptions(), lambda _: False)

    assert first_onset(endpointer, voice(500)) is None


def test_steady_noise_becomes_the_floor_and_is_no_onset_any_more() -> None:
    endpointer = listener()

    for frame in frames(voice(4_000)):
        endpointer.watch(frame)

    assert endpointer.floor_db == pytest.approx(endpointer.level_db, abs=1)
    assert first_onset(endpointer, voice(500)) is None


@pytest.mark.parametrize("pitch_hz", [440, 1000, 3100])
def test_a_beep_is_no_onset(pitch_hz: int) -> None:
    assert first_onset(listener(), beep(400, pitch_hz)) is None


def test_a_stroke_is_no_onset() -> None:
    assert first_onset(listener(), stroke(100)) is None


def test_a_voice_that_swells_is_one() -> None:
    sound = voice(20, 500) + voice(20, 2_000) + voice(20, 8_000)

    assert first_onset(listener(), sound) == 3


def test_mere_hiss_is_no_onset() -> None:
    assert first_onset(listener(), hiss(400)) is None


def test_a_sibilant_may_begin_a_word() -> None:
    assert first_onset(listener(), hiss(200) + voice(100)) == 12


def test_some_evidence_makes_it_suspicious_until_it_leaves_the_window() -> None:
    endpointer = listener()

    endpointer.onset(voice(20))
    suspicious = [endpointer.suspicious]
    for frame in frames(quiet(80)):
        endpointer.onset(frame)
        suspicious.append(endpointer.suspicious)

    assert suspicious == [True, True, True, True, False]


def test_forgotten_evidence_counts_no_more() -> None:
    endpointer = listener()
    first_onset(endpointer, voice(40))

    endpointer.forget()

    assert first_onset(endpointer, voice(100)) == 3


def test_the_evidence_of_an_onset_counts_as_speech_of_the_utterance() -> None:
    endpointer = listener()
    first_onset(endpointer, quiet(40) + voice(60))

    endpointer.begin(spoken=True)
    endpointer.follow(voice(20))

    assert (endpointer.speech_frames, endpointer.spoken, endpointer.quiet_frames) == (4, True, 0)


def test_quiet_frames_are_counted_from_the_last_speech() -> None:
    endpointer = following(voice(100) + quiet(120))

    assert (endpointer.quiet_frames, endpointer.speech_frames, endpointer.spoken) == (6, 5, True)


def test_one_speech_frame_alone_does_not_end_the_silence() -> None:
    endpointer = following(quiet(100) + voice(20) + quiet(100))

    assert (endpointer.quiet_frames, endpointer.spoken) == (11, False)


def test_somebody_far_quieter_than_the_speaker_is_silence() -> None:
    far = 8_000 * 10 ** (-(OWN_RANGE_DB + 3) / 20)

    endpointer = following(voice(200) + voice(200, far))

    assert endpointer.quiet_frames == 10


def test_a_knock_within_speech_does_not_make_the_speaker_somebody_else() -> None:
    soft = voice(200, 1_000)

    endpointer = following(soft + voice(20, 30_000) + soft + soft)

    assert endpointer.quiet_frames == 0


def test_the_loudest_is_forgotten_in_time() -> None:
    far = 8_000 * 10 ** (-(OWN_RANGE_DB + 3) / 20)
    sound = voice(200) + (quiet(20) + voice(180, far)) * 25

    assert following(sound).quiet_frames == 0


def test_digital_silence_has_a_level() -> None:
    endpointer = listener()

    endpointer.watch(quiet(20))

    assert endpointer.level_db == SILENT_DB


def test_the_level_of_full_scale_is_zero() -> None:
    endpointer = listener()

    endpointer.watch(b"\x00\x80" * 320)

    assert endpointer.level_db == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("duration_ms", [10, 20, 30])
def test_a_sine_wave_is_a_tone_and_a_voice_is_none(duration_ms: int) -> None:
    assert is_tone(beep(duration_ms))
    assert not is_tone(voice(duration_ms))
    assert not is_tone(hiss(duration_ms))


def test_silence_is_no_tone() -> None:
    assert not is_tone(silence(320))
