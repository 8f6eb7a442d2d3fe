from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.devices.cards.identity import (
    Card,
    SoundDevice,
    choose,
    is_index,
    name_to_write,
    read_cards,
    split_name,
)
from ravatard.errors import DeviceError
from tests.growth import HOSTILE, assert_linear

LEFT = Card(1, "Device", "0d8c:0014", "1-1.2")
RIGHT = Card(2, "Device_1", "0d8c:0014", "1-1.3")
HAT = Card(3, "seeed2micvoicec")


def device(index: int, text: str, card: Card | None = None, pcm: int = 0) -> SoundDevice:
    return SoundDevice(index, text, inputs=1, outputs=0, rate_hz=48_000, card=card, pcm=pcm)


STICK = device(0, "USB PnP Sound Device: Audio", LEFT)
TWIN = device(1, "USB PnP Sound Device: Audio", RIGHT)
ARRAY = device(2, "ReSpeaker 2 Mic: wm8960 (hifi)", HAT)
ARRAY_SECOND = device(3, "ReSpeaker 2 Mic: loopback", HAT, pcm=1)
SERVER = device(4, "default")
EVERY = [STICK, TWIN, ARRAY, ARRAY_SECOND, SERVER]


class Machine:
    """A machine's ``proc`` and ``sys`` in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def plug_in(self, number: int, card_id: str, *, usb: str = "", port: str = "") -> None:
        proc = self.root / f"proc/asound/card{number}"
        proc.mkdir(parents=True)
        (proc / "id").write_text(f"{card_id}\n")
        if usb:
            (proc / "usbid").write_text(f"{usb}\n")
        path = f"usb1/1-1/{port}/{port}:1.0" if port else "platform/soc/sound"
        target = self.root / "sys/devices" / path
        target.mkdir(parents=True, exist_ok=True)
        link = self.root / f"sys/class/sound/card{number}"
        link.mkdir(parents=True)
        (link / "device").symlink_to(target)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("USB PnP Sound Device: Audio (hw:1,0)", ("USB PnP Sound Device: Audio", 1, 0)),
        ("QEMU USB Audio: - (hw:10,2)", ("QEMU USB Audio: -", 10, 2)),
        ("wm8960: hifi (wm8960) (plughw:0,1)", ("wm8960: hifi (wm8960)", 0, 1)),
        ("default", ("default", None, 0)),
        ("odd (hw:1)", ("odd (hw:1)", None, 0)),
    ],
)
def test_a_name_is_split_from_its_changing_numbers(name: str, parts: tuple[str, int | None, int]) -> None:
    assert split_name(name) == parts


def test_cards_are_read_with_what_stays_the_same(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.plug_in(0, "Headphones")
    machine.plug_in(1, "Device", usb="0D8C:0014", port="1-1.2")
    (tmp_path / "proc/asound/cards").write_text("noise")

    cards = read_cards(str(tmp_path))

    assert cards == {0: Card(0, "Headphones"), 1: Card(1, "Device", "0d8c:0014", "1-1.2")}


def test_a_machine_without_alsa_has_no_cards(tmp_path: Path) -> None:
    assert read_cards(str(tmp_path)) == {}


def test_a_card_that_is_pulled_out_while_it_is_read_has_its_number_for_an_id(tmp_path: Path) -> None:
    (tmp_path / "proc/asound/card5").mkdir(parents=True)

    assert read_cards(str(tmp_path)) == {5: Card(5, "5")}


def test_the_same_microphone_wins_when_the_numbers_are_swapped() -> None:
    before = [device(0, "Webcam: USB", Card(0, "W")), device(1, "USB Mic: Audio", Card(1, "M"))]
    after = [device(0, "USB Mic: Audio", Card(0, "M")), device(1, "Webcam: USB", Card(1, "W"))]

    for wanted in ("USB Mic: Audio", "usb mic", "card:M"):
        assert choose(wanted, before, kind="microphone") is before[1]
        assert choose(wanted, after, kind="microphone") is after[0]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("usb:0d8c:0014@1-1.2", STICK),
        ("USB:0D8C:0014@1-1.3", TWIN),
        ("card:Device", STICK),
        ("card:Device_1", TWIN),
        ("hw:CARD=Device_1", TWIN),
        ("plughw:CARD=Device,DEV=0", STICK),
        ("card:seeed2micvoicec", ARRAY),
        ("card:seeed2micvoicec,DEV=1", ARRAY_SECOND),
        ("ReSpeaker 2 Mic: loopback", ARRAY_SECOND),
        ("wm8960", ARRAY),
        ("  default ", SERVER),
        ("DEFAULT", SERVER),
    ],
)
def test_a_device_is_found_by(wanted: str, found: SoundDevice) -> None:
    assert choose(wanted, EVERY, kind="microphone") is found


def test_the_whole_text_wins_over_a_part_of_another() -> None:
    short, long = device(0, "Mic"), device(1, "Mic: Array")

    assert choose("Mic", [long, short], kind="microphone") is short


@pytest.mark.parametrize(
    "wanted", ["USB PnP Sound Device: Audio", "usb:0d8c:0014", "usb pnp", "ReSpeaker 2 Mic"]
)
def test_a_name_that_fits_several_is_refused_with_names_that_tell_them_apart(wanted: str) -> None:
    with pytest.raises(DeviceError, match=f"'{wanted}' could be any of") as caught:
        choose(wanted, EVERY, kind="microphone")

    for name in str(caught.value).partition("any of ")[2].partition(";")[0].split(", "):
        assert choose(name.strip("'"), EVERY, kind="microphone")


@pytest.mark.parametrize(
    "wanted", ["Blue Yeti", "usb:1234:5678", "usb:0d8c:0014@9-9", "card:Nope", "card:Device,DEV=7"]
)
def test_a_device_that_is_not_there_is_answered_with_those_that_are(wanted: str) -> None:
    with pytest.raises(DeviceError, match="there is no device") as caught:
        choose(wanted, EVERY, kind="microphone")

    for name in ("usb:0d8c:0014@1-1.2", "usb:0d8c:0014@1-1.3", "ReSpeaker 2 Mic: loopback", "default"):
        assert f"'{name}'" in str(caught.value)


def test_without_any_device_the_sentence_says_so() -> None:
    with pytest.raises(DeviceError, match="nothing on this machine plays sound"):
        choose("Blue Yeti", [], kind="speaker")


def test_a_bare_index_is_refused_with_the_name_to_write_instead() -> None:
    with pytest.raises(DeviceError, match=r"'2', a number .*; today it is 'ReSpeaker 2 Mic: wm8960"):
        choose("2", EVERY, kind="microphone")


@pytest.mark.parametrize("wanted", ["99", "hw:1,0", "plughw:0"])
def test_another_number_is_refused_with_the_names_there_are(wanted: str) -> None:
    with pytest.raises(DeviceError, match="a number that changes between boots; there are "):
        choose(wanted, EVERY, kind="microphone")


@pytest.mark.parametrize(
    ("text", "index"),
    [("1", True), (" hw:1,0", True), ("plughw:2", True), ("card:1", False), ("2 Mic", False)],
)
def test_what_is_a_bare_index(text: str, index: bool) -> None:
    assert is_index(text) is index


def test_every_name_to_write_means_its_device_and_no_other() -> None:
    for each in EVERY:
        assert choose(name_to_write(each, EVERY), EVERY, kind="microphone") is each


def test_twins_that_are_no_usb_devices_are_told_apart_by_their_cards() -> None:
    twins = [
        device(0, "Loopback: PCM", Card(0, "Loopback")),
        device(1, "Loopback: PCM", Card(1, "Loopback_1")),
    ]
    second = device(2, "Loopback: PCM", Card(1, "Loopback_1"), pcm=1)

    names = [name_to_write(each, [*twins, second]) for each in [*twins, second]]

    assert names == ["card:Loopback", "card:Loopback_1", "card:Loopback_1,DEV=1"]


def test_virtual_twins_have_nothing_but_their_text() -> None:
    twins = [device(0, "pulse"), device(1, "pulse")]

    assert name_to_write(twins[0], twins) == "pulse"


@pytest.mark.parametrize("family", HOSTILE)
def test_no_name_takes_longer_than_its_size(family: str) -> None:
    assert_linear(split_name, HOSTILE[family])
