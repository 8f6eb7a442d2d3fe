"""The neural detector is asked about candidates, and about nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ravatard.core.audio.endpointing.confirmation import (
    FIRST_WINDOWS,
    KEEP_PROBABILITY,
    LEAD_MS,
    OPEN_PROBABILITY,
    WINDOW_BYTES,
    Confirmation,
)
from ravatard.core.audio_format import bytes_for
from ravatard.errors import DeviceError

FRAME_MS = 20
FRAME_BYTES = bytes_for(FRAME_MS)


class FakeDetector:
    """A detector that says what a test wants, and keeps what it was asked about."""

    def __init__(self, says: float = 1.0) -> None:
        self.says = says
        self.windows: list[bytes] = []
        self.broken = ""

    def __call__(self, window: bytes) -> float:
        self.windows.append(window)
        if self.broken:
            raise DeviceError(self.broken)
        return self.says


def frame(number: int) -> bytes:
    """A frame whose samples tell its number."""
    return number.to_bytes(2, "little") * (FRAME_BYTES // 2)


def settled(detector: FakeDetector, fault: str = "") -> Confirmation:
    """A confirmation whose detector has heard the beginning of the stream."""
    confirmation = Confirmation(detector, FRAME_MS, fault)
    number = 0
    while len(detector.windows) < FIRST_WINDOWS:
        assert not confirmation.onset(frame(number), onset=False, suspicious=False)
        number += 1
    confirmation.onset(frame(number), onset=False, suspicious=False)
    detector.windows.clear()
    return confirmation


def test_the_first_second_is_heard_and_opens_nothing() -> None:
    detector = FakeDetector(says=1.0)

    settled(detector)

    assert FIRST_WINDOWS * WINDOW_BYTES == pytest.approx(bytes_for(1_000), rel=0.05)


def test_a_voice_in_the_first_second_opens() -> None:
    confirmation = Confirmation(FakeDetector(says=0.9), FRAME_MS)

    opened = [confirmation.onset(frame(at), onset=True, suspicious=True) for at in range(3)]

    # One frame fills no window.
    assert opened == [False, True, True]


def test_nothing_is_asked_without_a_candidate() -> None:
    detector = FakeDetector()
    confirmation = settled(detector)

    opened = [confirmation.onset(frame(at), onset=False, suspicious=True) for at in range(100)]

    assert not any(opened)
    assert detector.windows == []


def test_a_candidate_that_is_confirmed_opens_at_once_and_is_judged_from_its_onset_on() -> None:
    detector = FakeDetector(says=OPEN_PROBABILITY)
    confirmation = settled(detector)
    for at in range(20):
        confirmation.onset(frame(at), onset=False, suspicious=False)

    assert confirmation.onset(frame(20), onset=True, suspicious=True)

    heard = b"".join(detector.windows)
    assert heard == b"".join(frame(at) for at in range(21))[-len(heard) :]
    assert bytes_for(LEAD_MS) - WINDOW_BYTES < len(heard) <= bytes_for(LEAD_MS)


def test_a_candidate_that_is_not_confirmed_is_asked_about_again_while_it_lasts() -> None:
    detector = FakeDetector(says=0.49)
    confirmation = settled(detector)
    opened = [confirmation.onset(frame(0), onset=True, suspicious=True)]
    asked = len(detector.windows)
    # The evidence of an onset is no longer complete, but there is some.
    opened += [confirmation.onset(frame(at), onset=False, suspicious=True) for at in range(1, 9)]
    detector.says = 0.51
    later = [confirmation.onset(frame(at), onset=False, suspicious=True) for at in range(9, 13)]

    assert not any(opened)
    assert any(later)
    # Each sample is judged once: 8 and 4 frames of 640 bytes in windows of 1,024.
    assert len(detector.windows) - asked == 12 * FRAME_BYTES // WINDOW_BYTES


def test_a_candidate_that_is_over_is_begun_anew() -> None:
    detector = FakeDetector(says=0.2)
    confirmation = settled(detector)
    confirmation.onset(frame(0), onset=True, suspicious=True)
    confirmation.onset(frame(1), onset=False, suspicious=False)
    detector.windows.clear()

    assert not confirmation.onset(frame(2), onset=False, suspicious=True)
    assert detector.windows == []

    detector.says = 0.9
    assert confirmation.onset(frame(3), onset=True, suspicious=True)


def test_an_old_answer_confirms_no_new_candidate() -> None:
    detector = FakeDetector(says=0.9)
    confirmation = settled(detector)
    assert confirmation.onset(frame(0), onset=True, suspicious=True)
    # Sound is left out, and what follows is shorter than a window.
    confirmation.interrupt()

    assert not confirmation.onset(frame(1), onset=True, suspicious=True)


def test_no_sound_from_before_a_gap_is_a_lead() -> None:
    detector = FakeDetector()
    confirmation = settled(detector)
    for _ in range(10):
        confirmation.onset(frame(1), onset=False, suspicious=False)
    confirmation.interrupt()

    for _ in range(2):
        confirmation.onset(frame(2), onset=True, suspicious=True)

    assert set(b"".join(detector.windows)) == {0, 2}


def follow(confirmation: Confirmation, frames: int, *, quiet: bool = False) -> None:
    for at in range(frames):
        confirmation.follow(frame(at), quiet=quiet)


def test_an_open_gate_is_kept_open_by_less_than_opens_it() -> None:
    confirmation = settled(FakeDetector(says=KEEP_PROBABILITY))
    confirmation.begin()

    follow(confirmation, 50)

    assert KEEP_PROBABILITY < OPEN_PROBABILITY
    assert confirmation.quiet_frames == 0


def test_what_is_no_speech_is_quiet_however_loud() -> None:
    detector = FakeDetector(says=0.9)
    confirmation = settled(detector)
    confirmation.begin()
    follow(confirmation, 50)
    detector.says = 0.1
    follow(confirmation, 20)
    heard = confirmation.quiet_frames
    detector.says = 0.9
    follow(confirmation, 2)

    # The window that was begun ends with the first frame or the second.
    assert 18 <= heard <= 20
    assert confirmation.quiet_frames == 0


def test_silence_is_counted_and_not_asked_about() -> None:
    detector = FakeDetector()
    confirmation = settled(detector)
    confirmation.begin()
    follow(confirmation, 10)
    detector.windows.clear()

    follow(confirmation, 30, quiet=True)

    assert detector.windows == []
    assert confirmation.quiet_frames == 30


def test_a_new_utterance_begins_with_no_silence() -> None:
    confirmation = settled(FakeDetector())
    follow(confirmation, 30, quiet=True)

    confirmation.begin()

    assert confirmation.quiet_frames == 0


def test_without_a_detector_every_candidate_is_speech_and_the_reason_is_kept() -> None:
    confirmation = Confirmation(None, FRAME_MS, "it is not installed")

    assert confirmation.onset(frame(0), onset=True, suspicious=True)
    assert not confirmation.onset(frame(1), onset=False, suspicious=True)
    follow(confirmation, 100)
    assert confirmation.quiet_frames == 0
    assert confirmation.fault == "it is not installed"


def fails_while_closed(confirmation: Confirmation) -> bool:
    return confirmation.onset(frame(0), onset=True, suspicious=True)


def fails_while_open(confirmation: Confirmation) -> bool:
    follow(confirmation, 3)
    return confirmation.quiet_frames == 0


@pytest.mark.parametrize("fails", [fails_while_closed, fails_while_open])
def test_a_detector_that_fails_is_never_asked_again_and_nothing_is_lost(
    fails: Callable[[Confirmation], bool],
) -> None:
    """A gate that waited for it would be deaf; one that counted its silence would cut."""
    detector = FakeDetector()
    confirmation = settled(detector)
    for at in range(8):
        confirmation.onset(frame(at), onset=False, suspicious=False)
    detector.broken = "its answer is nan, no probability"

    assert fails(confirmation)

    assert confirmation.fault == "its answer is nan, no probability"
    asked = len(detector.windows)
    assert fails_while_closed(confirmation)
    assert fails_while_open(confirmation)
    assert len(detector.windows) == asked


def test_a_detector_that_fails_in_the_first_second_opens_nothing_by_that() -> None:
    detector = FakeDetector()
    detector.broken = "it is broken"
    confirmation = Confirmation(detector, FRAME_MS)

    opened = [confirmation.onset(frame(at), onset=False, suspicious=False) for at in range(20)]

    assert not any(opened)
    assert confirmation.fault == "it is broken"


@pytest.mark.parametrize("frame_ms", [10, 20, 30])
def test_each_length_of_frames_will_do(frame_ms: int) -> None:
    confirmation = Confirmation(FakeDetector(says=0.9), frame_ms)

    opened = [confirmation.onset(bytes(bytes_for(frame_ms)), onset=True, suspicious=True) for _ in range(5)]

    assert opened[-1]
