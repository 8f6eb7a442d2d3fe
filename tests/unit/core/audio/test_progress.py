"""The progress of a microphone is counted, and its newest sign of life kept."""

from __future__ import annotations

import pytest

from ravatard.core.audio.progress import Progress
from ravatard.core.events import Listened, MicrophoneClosed, MicrophoneEnded, MicrophoneLost, MicrophoneReady


def test_progress_counts_over_every_opening_of_the_device() -> None:
    progress = Progress()

    for event in (
        MicrophoneReady("usb"),
        Listened(4_000, 0, 0),
        Listened(8_000, 0, 0),
        MicrophoneLost("gone"),
        MicrophoneReady("usb"),
        Listened(4_000, 0, 0),
    ):
        progress.note(event)

    # A device that opens has delivered at least its first sample.
    assert progress.samples == 12_000 + 2


def test_progress_stands_still_when_nothing_new_was_captured() -> None:
    progress = Progress()
    progress.note(Listened(4_000, 0, 0))

    progress.note(Listened(4_000, 0, 0))

    assert progress.samples == 4_000


def test_the_newest_sign_of_life_is_kept() -> None:
    progress = Progress()
    before = progress.listened

    progress.note(Listened(4_000, -40.0, -60.0))
    progress.note(Listened(8_000, -50.0, -61.0))
    progress.note(MicrophoneEnded())

    assert (before, progress.listened) == (None, Listened(8_000, -50.0, -61.0))


@pytest.mark.parametrize("event", [MicrophoneReady("usb"), MicrophoneLost("gone"), MicrophoneClosed()])
def test_a_sign_of_life_is_one_of_the_device_that_is_open(event: object) -> None:
    progress = Progress()
    progress.note(Listened(4_000, -40.0, -60.0))

    progress.note(event)

    assert progress.listened is None
