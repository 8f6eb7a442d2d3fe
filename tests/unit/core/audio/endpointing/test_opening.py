"""The endpointer, the confirmation and the wake word open together, as the mode wants it."""

from __future__ import annotations

import pytest

from ravatard.core.audio.endpointing.confirmation import WINDOW_BYTES, Confirmation
from ravatard.core.audio.endpointing.opening import NO_EXTRAS, GateExtras, Opening, WakeEvent
from ravatard.core.audio_format import bytes_for, samples_in
from ravatard.core.options.gate import GateOptions, VoiceOptions
from ravatard.core.states import Cause, GateMode
from ravatard.core.wakeword.waking import MEMORY_MS
from ravatard.core.wakeword.watch import WakeWord
from tests.unit.core.sounds import hears_sound, quiet, voice
from tests.unit.core.wakeword.fakes import THRESHOLD, FakeDetector, word

FRAME_BYTES = bytes_for(20)


class Doubts:
    """A neural detector that takes nothing for speech, and keeps what it was asked about."""

    def __init__(self) -> None:
        self.windows: list[bytes] = []

    def __call__(self, window: bytes) -> float:
        self.windows.append(window)
        return 0.0


def made(extras: GateExtras) -> Opening:
    return Opening(GateOptions(), VoiceOptions(), hears_sound, extras)


def waited(opening: Opening, sound: bytes, mode: GateMode) -> list[tuple[Cause, int] | WakeEvent]:
    """What comes out while ``sound`` is waited through."""
    found = []
    for at in range(0, len(sound), FRAME_BYTES):
        frame = sound[at : at + FRAME_BYTES]
        event = opening.wait(frame, samples_in(sound[:at]) + samples_in(frame), mode)
        if event is not None:
            found.append(event)
    return found


@pytest.mark.parametrize(
    ("mode", "opens"), [(GateMode.VAD, True), (GateMode.BUTTON, False), (GateMode.WAKEWORD, False)]
)
def test_without_extras_speech_opens_where_no_button_and_no_word_is_needed(
    mode: GateMode, opens: bool
) -> None:
    found = waited(made(NO_EXTRAS), quiet(500) + voice(500), mode)

    assert bool(found) is opens


def test_speech_that_is_not_confirmed_opens_nothing() -> None:
    opening = made(GateExtras(Confirmation(Doubts(), 20)))

    assert waited(opening, quiet(500) + voice(500), GateMode.VAD) == []


def test_what_follows_the_word_needs_no_confirmation_to_open_and_the_word_is_no_candidate() -> None:
    doubts = Doubts()
    opening = made(GateExtras(Confirmation(doubts, 20), WakeWord(FakeDetector(), THRESHOLD)))
    # The detector hears the first second of any stream.
    waited(opening, quiet(1_100), GateMode.WAKEWORD)
    before = len(doubts.windows)

    found = waited(opening, word() + voice(600), GateMode.WAKEWORD)

    assert [one[0] for one in found if isinstance(one, tuple)][:1] == [Cause.WAKEWORD]
    assert len(doubts.windows) == before


def test_what_follows_the_word_is_kept_open_by_confirmed_speech_alone_with_the_sound_before_it() -> None:
    doubts = Doubts()
    opening = made(GateExtras(Confirmation(doubts, 20), WakeWord(FakeDetector(), THRESHOLD)))
    waited(opening, quiet(1_100), GateMode.WAKEWORD)
    doubts.windows.clear()
    opening.begin(spoken=True)
    left = opening.silence_left

    for _ in range(5):
        opening.follow(voice(20))

    assert opening.silence_left == left - 5
    # Windows of 32 ms reach back to before the first of the 20 ms.
    assert doubts.windows[0][: WINDOW_BYTES // 4] == quiet(20)[: WINDOW_BYTES // 4]


def test_more_sound_is_kept_for_a_word() -> None:
    assert made(NO_EXTRAS).memory == made(NO_EXTRAS).preroll
    assert made(GateExtras(word=WakeWord(FakeDetector(), THRESHOLD))).memory == max(
        made(NO_EXTRAS).preroll, 16 * MEMORY_MS
    )
