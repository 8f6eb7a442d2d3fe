from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ravatard.devices.cards.kernel_state import capture_state


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """A kernel with one USB microphone that nobody has open."""
    plug(tmp_path, 1, "Device")
    return tmp_path


def plug(root: Path, number: int, name: str) -> Path:
    card = root / f"proc/asound/card{number}"
    for pcm in ("pcm0c", "pcm0p"):
        (card / pcm / "sub0").mkdir(parents=True)
        (card / pcm / "sub0/status").write_text("closed\n")
    (card / "id").write_text(f"{name}\n")
    (card / "usbid").write_text("0d8c:0014\n")
    return card


def test_two_looks_at_the_same_machine_are_equal(kernel: Path) -> None:
    assert capture_state(str(kernel)) == capture_state(str(kernel))


def test_a_card_that_goes_and_comes_is_seen(kernel: Path) -> None:
    before = capture_state(str(kernel))

    shutil.rmtree(kernel / "proc/asound/card1")
    gone = capture_state(str(kernel))
    plug(kernel, 1, "Device")

    assert gone != before
    assert capture_state(str(kernel)) == before


def test_another_number_is_another_state(kernel: Path) -> None:
    before = capture_state(str(kernel))

    (kernel / "proc/asound/card1").rename(kernel / "proc/asound/card2")

    assert capture_state(str(kernel)) != before


def test_a_microphone_that_another_program_takes_and_lets_go_of_is_seen_and_its_position_is_not(
    kernel: Path,
) -> None:
    status = kernel / "proc/asound/card1/pcm0c/sub0/status"
    free = capture_state(str(kernel))

    status.write_text("state: RUNNING\nowner_pid   : 812\nhw_ptr      : 4096\n")
    taken = capture_state(str(kernel))
    status.write_text("state: RUNNING\nowner_pid   : 812\nhw_ptr      : 8192\n")
    taken_still = capture_state(str(kernel))
    status.write_text("closed\n")

    assert free != taken == taken_still
    assert capture_state(str(kernel)) == free


def test_what_a_speaker_does_is_nothing_new(kernel: Path) -> None:
    before = capture_state(str(kernel))

    (kernel / "proc/asound/card1/pcm0p/sub0/status").write_text("state: RUNNING\n")

    assert capture_state(str(kernel)) == before


def test_a_status_that_cannot_be_read_is_a_microphone_nobody_has(kernel: Path) -> None:
    before = capture_state(str(kernel))

    status = kernel / "proc/asound/card1/pcm0c/sub0/status"
    status.unlink()
    status.mkdir()

    assert capture_state(str(kernel)) == before


def test_a_machine_without_sound_has_a_state_too(tmp_path: Path) -> None:
    assert capture_state(str(tmp_path)) == frozenset()
