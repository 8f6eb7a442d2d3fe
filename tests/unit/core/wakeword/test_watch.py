"""The detector runs on speech alone, with a little from before it, and says hits and near misses."""

from __future__ import annotations

from ravatard.core.wakeword.watch import HANGOVER_MS, WakeWatch, WakeWord
from ravatard.errors import DeviceError
from tests.unit.core.sounds import quiet, voice
from tests.unit.core.wakeword.fakes import NEAR_FRAMES, THRESHOLD, FakeDetector, word

SILENT = quiet(20)


def watch() -> tuple[WakeWatch, FakeDetector]:
    detector = FakeDetector()
    return WakeWatch(WakeWord(detector, THRESHOLD), 20), detector


def hears(watch: WakeWatch, sound: bytes, *, speech: bool) -> list[float]:
    frames = [sound[at : at + 640] for at in range(0, len(sound), 640)]
    return [score for frame in frames if (score := watch.hears(frame, speech=speech)) is not None]


def test_in_a_quiet_room_nothing_is_judged() -> None:
    it, detector = watch()

    assert hears(it, quiet(5_000), speech=False) == []
    assert (detector.frames, it.running) == ([], False)


def test_the_detector_gets_every_frame_once_and_in_order_however_often_a_run_begins() -> None:
    it, detector = watch()
    parts = [quiet(400), voice(400), quiet(HANGOVER_MS), quiet(600), voice(200), quiet(HANGOVER_MS)]

    for sound, speech in zip(parts, (False, True, False, False, True, False), strict=True):
        hears(it, sound, speech=speech)
        it.missed()

    assert b"".join(detector.all) == b"".join(parts)
    assert b"".join(detector.overheard) == parts[0] + parts[3]
    assert detector.forgot == 1


def test_what_is_overheard_by_itself_reaches_the_detector_too() -> None:
    it, detector = watch()

    it.overhear(SILENT)

    assert (detector.overheard, detector.frames, it.running) == ([SILENT], [], False)


def test_the_word_is_heard_with_its_score_and_forgotten_then() -> None:
    it, detector = watch()

    assert len(hears(it, word(18), speech=True)) == 1

    assert not it.running
    assert it.peak > THRESHOLD
    assert hears(it, voice(20), speech=True) == []
    assert detector.forgot == 2


def test_a_reset_lets_the_detector_forget_before_the_next_frame() -> None:
    it, detector = watch()
    hears(it, voice(40), speech=True)

    it.reset()
    it.overhear(SILENT)

    assert detector.forgot == 2


def test_it_runs_on_after_speech_and_then_stops() -> None:
    it, detector = watch()
    hears(it, voice(100), speech=True)

    hears(it, quiet(HANGOVER_MS), speech=False)
    before = len(detector.frames)
    assert it.missed() is None
    hears(it, quiet(1_000), speech=False)

    assert len(detector.frames) == before == 5 + HANGOVER_MS // 20


def test_a_near_miss_is_told_once_when_its_speech_is_over() -> None:
    it, _ = watch()
    hears(it, word(NEAR_FRAMES), speech=True)
    assert it.missed() is None

    hears(it, quiet(HANGOVER_MS), speech=False)

    assert it.missed() is not None
    assert it.missed() is None


def test_speech_that_does_not_resemble_the_word_is_no_near_miss() -> None:
    it, _ = watch()
    hears(it, word(5), speech=True)
    hears(it, quiet(HANGOVER_MS), speech=False)

    assert it.missed() is None


def test_the_highest_score_is_told_once() -> None:
    it, _ = watch()
    hears(it, word(NEAR_FRAMES), speech=True)

    assert it.take_peak() > 0.5
    assert it.take_peak() == 0.0


class FailingDetector(FakeDetector):
    """Raises an error in a loud frame."""

    def score(self, frame: bytes) -> float:
        if super().score(frame):
            raise DeviceError("it cannot go on")
        return 0.0


def test_a_detector_that_fails_is_not_asked_any_more_and_says_why() -> None:
    detector = FailingDetector()
    it = WakeWatch(WakeWord(detector, THRESHOLD), 20)
    hears(it, quiet(100), speech=False)

    assert hears(it, word(), speech=True) == []

    assert it.fault == "it cannot go on"
    assert (it.running, len(detector.frames)) == (False, 1)
    assert it.missed() is None
