"""A card that another program has is told, and not busy_message for the next PCM it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.devices.cards.busy import busy_message
from ravatard.devices.cards.identity import Card, SoundDevice
from ravatard.devices.cards.portaudio import pick
from ravatard.errors import DeviceError

STICK = Card(1, "UsbMic", usb="0d8c:0014", port="1-1.2")
HAT = Card(2, "Hat")
CARDS = {1: STICK, 2: HAT}


def listed(card: Card, pcm: int) -> SoundDevice:
    return SoundDevice(pcm, f"{card.id}: {pcm}", 1, 1, 48_000, card, pcm)


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A machine with two cards of two PCMs each, all closed."""
    for card in CARDS.values():
        for pcm in ("pcm0c", "pcm1c", "pcm0p"):
            folder = tmp_path / f"proc/asound/card{card.number}/{pcm}/sub0"
            folder.mkdir(parents=True)
            (folder / "status").write_text("closed\n")
        (tmp_path / f"proc/asound/card{card.number}/id").write_text(f"{card.id}\n")
    return str(tmp_path)


def opens(root: str, pcm: str, card: int = 1) -> None:
    Path(root, f"proc/asound/card{card}/{pcm}/sub0/status").write_text("state: RUNNING\nowner_pid: 1\n")


@pytest.mark.parametrize("wanted", ["card:UsbMic", "usb:0d8c:0014", "usb:0D8C:0014@1-1.2", None])
def test_the_first_of_its_pcms_is_meant_and_not_the_next_one(root: str, wanted: str | None) -> None:
    opens(root, "pcm0c")

    says = busy_message(wanted, [listed(STICK, 1)], CARDS, root, kind="microphone")

    assert says is not None
    assert "microphone 'card:UsbMic' is in use by another program; `fuser" in says


def test_a_card_whose_only_microphone_is_in_use_is_not_missing(root: str) -> None:
    opens(root, "pcm0c")

    assert busy_message("card:UsbMic", [], CARDS, root, kind="microphone") is not None


@pytest.mark.parametrize(
    ("wanted", "busy", "among"),
    [
        ("card:UsbMic", "pcm0p", [listed(STICK, 0)]),  # its speaker
        ("card:UsbMic", "pcm0c", [listed(STICK, 0)]),  # shared: it is listed all the same
        ("card:UsbMic", "pcm1c", [listed(STICK, 0)]),  # the other one
        ("card:UsbMic,DEV=1", "pcm0c", [listed(STICK, 1)]),
        ("card:Hat", "pcm0c", [listed(HAT, 0)]),  # the other card's
        ("Some Text", "pcm0c", [listed(STICK, 1)]),
    ],
)
def test_what_is_not_in_its_way_does_not_matter(
    root: str, wanted: str, busy: str, among: list[SoundDevice]
) -> None:
    opens(root, busy)

    assert busy_message(wanted, among, CARDS, root, kind="microphone") is None


def test_the_pcm_that_was_named_is_told_when_it_is_in_use(root: str) -> None:
    opens(root, "pcm1c")

    assert busy_message("card:UsbMic,DEV=1", [listed(STICK, 0)], CARDS, root, kind="microphone") is not None
    assert busy_message("card:UsbMic,DEV=0", [listed(STICK, 0)], CARDS, root, kind="microphone") is None


def test_of_several_usb_cards_none_is_meant(root: str) -> None:
    opens(root, "pcm0c")
    twins = {1: STICK, 2: Card(2, "Other", usb="0d8c:0014", port="1-1.3")}

    assert busy_message(None, [], twins, root, kind="microphone") is None


def test_a_kernel_that_shows_nothing_says_nothing(tmp_path: Path) -> None:
    assert busy_message("card:UsbMic", [], CARDS, str(tmp_path), kind="speaker") is None


def test_whoever_picks_hears_of_it(root: str) -> None:
    opens(root, "pcm0c")

    with pytest.raises(DeviceError, match="is in use by another program"):
        pick("card:UsbMic", [listed(STICK, 1)], None, kind="microphone", root=root)
