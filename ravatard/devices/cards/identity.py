"""Identity of sound devices: names that survive a reboot, and their matching.

PortAudio numbers devices and ALSA numbers cards in the order in which the kernel found them, which may differ
at the next boot. These stay:

* the **text** of PortAudio's name without its ``(hw:1,0)``: ``USB PnP Sound Device: Audio``;
* the card's **id** in ALSA: ``card:Device`` (``hw:CARD=Device`` means the same);
* the USB **vendor and product**: ``usb:0d8c:0014``, and with ``@1-1.2`` its **port**, which
  distinguishes two devices of the same make.

A name is matched in this order:

1. ``usb:VVVV:PPPP`` and ``usb:VVVV:PPPP@PORT``;
2. ``card:ID``, ``hw:CARD=ID`` and ``plughw:CARD=ID``, each also with ``,DEV=N``;
3. the whole text;
4. a part of the text, capitals and small letters alike.

By rules 1 and 2 the first suitable PCM of a card is taken. If several devices fit, none is taken: a guess
could be a different microphone after the next boot.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ravatard.errors import DeviceError

_HARDWARE = re.compile(r"\((?:plug)?hw:(\d+),(\d+)\)$")
_BY_USB = re.compile(r"usb:([0-9a-f]{4}:[0-9a-f]{4})(?:@(\S+))?", re.IGNORECASE)
_BY_CARD = re.compile(r"(?:card:|(?:plug)?hw:CARD=)([^,\s]+)(?:,DEV=(\d+))?", re.IGNORECASE)
_BY_INDEX = re.compile(r"(?:(?:plug)?hw:)?(\d+)(?:,\d+)*")
#: A USB port path, as the kernel names its folders: bus 1, port 1, then port 2 of the hub there.
_PORT = re.compile(r"\d+-\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Card:
    """One sound card, as the kernel describes it.

    Attributes:
        number: its number now.
        id: its id, for example ``Device``.
        usb: vendor and product, ``0d8c:0014``; None if it is not a USB device.
        port: USB port path, ``1-1.2``; None if it is not a USB device.
    """

    number: int
    id: str
    usb: str | None = None
    port: str | None = None


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """One device as PortAudio lists it, with its card.

    Attributes:
        index: PortAudio's index, valid until the process ends.
        text: PortAudio's name without the changing numbers.
        inputs: channels it records; 0: no microphone.
        outputs: channels it plays; 0: no speaker.
        rate_hz: its preferred rate.
        card: its card; None for a virtual device.
        pcm: number of the PCM on its card.
    """

    index: int
    text: str
    inputs: int
    outputs: int
    rate_hz: int
    card: Card | None = None
    pcm: int = 0

    @property
    def is_usb(self) -> bool:
        """True if it is a USB device."""
        return self.card is not None and self.card.usb is not None


def split_name(name: str) -> tuple[str, int | None, int]:
    """Return PortAudio's ``name`` as text, card number and PCM number; None and 0 for a virtual device."""
    found = _HARDWARE.search(name)
    if found is None:
        return name, None, 0
    return name[: found.start()].rstrip(), int(found[1]), int(found[2])


def read_cards(root: str = "/") -> dict[int, Card]:
    """Return the sound cards of the kernel, by number.

    Args:
        root: folder of ``proc`` and ``sys``; tests bring their own.
    """
    folder = os.path.join(root, "proc/asound")  # noqa: PTH118 - pathlib is 1 MB more in the sound process
    cards: dict[int, Card] = {}
    for entry in entries(folder):
        if not (entry.startswith("card") and entry[4:].isdecimal()):
            continue
        number = int(entry[4:])
        device = os.path.realpath(f"{root}/sys/class/sound/card{number}/device")
        ports = [part for part in device.split("/") if _PORT.fullmatch(part)]
        usb = first_line(f"{folder}/{entry}/usbid")
        cards[number] = Card(
            number,
            id=first_line(f"{folder}/{entry}/id") or str(number),
            usb=usb.lower() if usb else None,
            port=ports[-1] if usb and ports else None,
        )
    return cards


def entries(folder: str) -> list[str]:
    """Return the names in ``folder``; none if the kernel does not show it."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - as above
    except OSError:
        return []


def first_line(path: str) -> str:
    """Return the first line of ``path``; "" if the kernel does not show it."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as above
            return file.readline().strip()
    except OSError:
        return ""


def is_index(wanted: str) -> bool:
    """Return True if ``wanted`` is a number that changes between boots: ``2``, ``hw:1,0``."""
    return _BY_INDEX.fullmatch(wanted.strip()) is not None


def name_to_write(device: SoundDevice, among: Sequence[SoundDevice]) -> str:
    """Return the name for the configuration that means ``device`` and no other of ``among``."""
    if [other.text for other in among].count(device.text) == 1:
        return device.text
    if device.card is None:
        return device.text
    same_make = {other.card.number for other in among if other.card and other.card.usb == device.card.usb}
    first = device.pcm == min(other.pcm for other in among if other.card == device.card)
    if device.card.usb and device.card.port and len(same_make) > 1 and first:
        return f"usb:{device.card.usb}@{device.card.port}"
    return f"card:{device.card.id}" if first else f"card:{device.card.id},DEV={device.pcm}"


def choose(wanted: str, among: Sequence[SoundDevice], *, kind: str) -> SoundDevice:
    """Return the device that ``wanted`` names.

    Args:
        wanted: name in the configuration.
        among: devices that can record, or play.
        kind: "microphone" or "speaker", for messages.

    Raises:
        DeviceError: a bare index, no such device, or several; the message lists the devices.
    """
    wanted = wanted.strip()
    if is_index(wanted):
        raise DeviceError(_not_an_index(wanted, among, kind))
    found = _matches(wanted, among)
    if len(found) == 1:
        return found[0]
    if found:
        raise DeviceError(
            f"{kind}.device {wanted!r} could be any of {_names(found, among)}; write one of these"
        )
    raise DeviceError(
        f"there is no device {wanted!r} at the moment, or another program uses it; {_there_are(among, kind)}"
    )


def _matches(wanted: str, among: Sequence[SoundDevice]) -> list[SoundDevice]:
    if by_usb := _BY_USB.fullmatch(wanted):
        usb, port = by_usb[1].lower(), by_usb[2]
        return _one_a_card(
            [d for d in among if d.card and d.card.usb == usb and (port is None or d.card.port == port)]
        )
    if by_card := _BY_CARD.fullmatch(wanted):
        pcm = None if by_card[2] is None else int(by_card[2])
        return _one_a_card(
            [d for d in among if d.card and d.card.id == by_card[1] and (pcm is None or d.pcm == pcm)]
        )
    whole = [device for device in among if device.text == wanted]
    return whole or [device for device in among if wanted.casefold() in device.text.casefold()]


def named_card(wanted: str, cards: Iterable[Card]) -> list[tuple[Card, int | None]]:
    """Return the cards that ``wanted`` names by id or USB, each with the PCM's number if it names one."""
    if by_usb := _BY_USB.fullmatch(wanted.strip()):
        usb, port = by_usb[1].lower(), by_usb[2]
        return [(card, None) for card in cards if card.usb == usb and (port is None or card.port == port)]
    if by_card := _BY_CARD.fullmatch(wanted.strip()):
        pcm = None if by_card[2] is None else int(by_card[2])
        return [(card, pcm) for card in cards if card.id == by_card[1]]
    return []


def _one_a_card(devices: list[SoundDevice]) -> list[SoundDevice]:
    first: dict[int, SoundDevice] = {}
    for device in sorted(devices, key=lambda each: each.pcm):
        if device.card is not None:
            first.setdefault(device.card.number, device)
    return list(first.values())


def _names(devices: Sequence[SoundDevice], among: Sequence[SoundDevice]) -> str:
    return ", ".join(f"'{name_to_write(device, among)}'" for device in devices)


def _there_are(among: Sequence[SoundDevice], kind: str) -> str:
    return f"there are {_names(among, among)}" if among else nothing_of(kind)


def nothing_of(kind: str) -> str:
    """Return that this machine has no device of a ``kind``, also as the reason why there is none."""
    return f"nothing on this machine {'records' if kind == 'microphone' else 'plays'} sound"


def _not_an_index(wanted: str, among: Sequence[SoundDevice], kind: str) -> str:
    number = int(wanted) if wanted.isdecimal() else None
    meant = next((device for device in among if device.index == number), None)
    write = f"today it is '{name_to_write(meant, among)}', write that" if meant else _there_are(among, kind)
    return f"{kind}.device is {wanted!r}, a number that changes between boots; {write}"
