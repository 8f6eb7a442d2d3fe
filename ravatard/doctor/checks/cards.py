"""Checks of the sound cards: the overlay, the cards, and their mixer switches."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ravatard.config import Options
from ravatard.devices.cards.identity import Card, read_cards
from ravatard.doctor.check import Case
from ravatard.doctor.checks.pins import boot_config
from ravatard.doctor.checks.rights import needs_sound
from ravatard.doctor.machine import Machine, names, output
from ravatard.doctor.result import CheckResult, broken, fine, needless, unknown, warning

_CONTROL = re.compile(r"Simple mixer control '(.*)',(\d+)")
# Bounded: a card chooses its controls' names, and a line without a mark must not be read again and again.
_STATE = re.compile(r"(Playback|Capture)[^\[\]]{0,40}((?:\[[^\]\[]{0,20}\] ?){1,8})")
#: Playback controls that carry all sound; others, such as a microphone's monitor, may be off.
_OUTPUTS = frozenset({"Master", "PCM", "Speaker", "Headphone", "Digital", "Playback", "Line Out", "HDMI"})


@dataclass(slots=True)
class Control:
    """One simple mixer control.

    Attributes:
        name: name used by amixer.
        percents: volume of each channel, by direction ("Playback", "Capture").
        switches: switch of each channel, by direction.
    """

    name: str
    percents: dict[str, list[int]] = field(default_factory=dict)
    switches: dict[str, list[bool]] = field(default_factory=dict)

    def closed(self, direction: str) -> str:
        """Return "off" or "at 0 %" when the control blocks all sound of ``direction``, else ""."""
        switches, percents = self.switches.get(direction, []), self.percents.get(direction, [])
        if switches and not any(switches):
            return "off"
        return "at 0 %" if percents and not any(percents) else ""


def parse(scontents: str) -> list[Control]:
    """Parse the output of ``amixer scontents``."""
    controls: list[Control] = []
    for line in scontents.splitlines():
        if found := _CONTROL.match(line):
            controls.append(Control(found[1]))
        elif controls:
            for direction, marks in _STATE.findall(line):
                for mark in re.findall(r"\[([^\]]*)\]", marks):
                    if mark.endswith("%") and mark[:-1].isdecimal():
                        controls[-1].percents.setdefault(direction, []).append(int(mark[:-1]))
                    elif mark in ("on", "off"):
                        controls[-1].switches.setdefault(direction, []).append(mark == "on")
    return controls


def look_at_overlay(case: Case) -> CheckResult:
    """Check that the firmware loads the overlay of the board's sound."""
    board = case.board
    wanted = [line for line in board.about.config_txt if line.startswith("dtoverlay=")] if board else []
    if board is None or not wanted:
        return needless("no board that needs an overlay is configured")
    place = boot_config(case)
    text = case.machine.text(place)
    if text is None:
        return needless("this machine has no config.txt")
    found = [line.strip() for line in text.splitlines() if line.strip().startswith("dtoverlay=")]
    missing = [line for line in wanted if line not in found]
    # The vendor's own driver serves as well, if the card is there.
    device = case.options.microphone.device or case.options.speaker.device
    if missing and not (device and device in (case.machine.text("/proc/asound/cards") or "")):
        instead = f", which has {names(found)}" if found else ""
        return broken(
            f"the board {board.name} needs {names(missing)} in {place}{instead}",
            f"write {missing[0]} into {place} in place of another sound card's, and reboot",
        )
    return fine(", ".join(wanted))


def look_at_cards(case: Case) -> CheckResult:
    """Check that the kernel lists sound cards."""
    if not needs_sound(case):
        return needless("no sound card is used directly")
    cards = read_cards(str(case.machine.root))
    if not cards:
        return warning(
            "the kernel knows no sound card; only a sound server could have one",
            "plug a USB microphone and speaker in, or set up the HAT's overlay, and look at `arecord -l`",
        )
    words = [f"{card.id}{f' (usb {card.usb})' if card.usb else ''}" for card in cards.values()]
    return fine(", ".join(words), cards=len(cards))


async def look_at_mixer(case: Case) -> CheckResult:
    """Check that no switch or volume blocks all sound."""
    machine, options = case.machine, case.options
    if not needs_sound(case):
        return needless("no sound card is used directly")
    cards = read_cards(str(machine.root))
    if not cards:
        return needless("no sound card has a mixer")
    looked = 0
    for card in cards.values():
        printed = await output(machine, "amixer", "-c", str(card.number), "scontents")
        if printed is None:
            continue
        looked += 1
        controls = parse(printed)
        for direction in _directions(machine, options, card):
            if found := _closed(controls, direction):
                name, why = found
                what, turn = ("microphone", "cap") if direction == "Capture" else ("speaker", "unmute")
                return broken(
                    f"the {what} of card {card.id} is {'muted' if why == 'off' else 'turned down'}: "
                    f"'{name}' is {why}",
                    f"amixer -c {card.id} set '{name}' 80% {turn}, then sudo alsactl store",
                )
    if not looked:
        return unknown("amixer is not installed, or opens no card", "sudo apt install alsa-utils")
    return fine(f"no switch of {looked} card{'s' if looked > 1 else ''} is off")


def _closed(controls: list[Control], direction: str) -> tuple[str, str] | None:
    """Return the control that blocks all sound, and why; None without one."""
    relevant = [
        control
        for control in controls
        if (control.percents.keys() | control.switches.keys()) >= {direction}
        and (direction == "Capture" or control.name in _OUTPUTS)
    ]
    shut = [(control.name, control.closed(direction)) for control in relevant if control.closed(direction)]
    if direction == "Capture" and len(shut) < len(relevant):
        # The inputs of one converter: a single open one is enough.
        return None
    return shut[0] if shut else None


def _directions(machine: Machine, options: Options, card: Card) -> list[str]:
    """Return the directions of ``card`` that the appliance may use."""
    found = []
    folder = machine.path(f"/proc/asound/card{card.number}")
    if options.microphone.is_card and any(folder.glob("pcm*c")) and _meant(options.microphone.device, card):
        found.append("Capture")
    speaker = options.speaker
    if speaker.enabled and speaker.is_card and any(folder.glob("pcm*p")) and _meant(speaker.device, card):
        found.append("Playback")
    return found


def _meant(device: str | None, card: Card) -> bool:
    """Return True if a configured name may mean ``card``; plain text may mean any."""
    if device is None:
        return True
    if by_card := re.fullmatch(r"(?:card:|(?:plug)?hw:CARD=)([^,\s]+)(?:,DEV=\d+)?", device):
        return by_card[1] == card.id
    if device.lower().startswith("usb:"):
        return card.usb is not None and device.lower()[4:].partition("@")[0] == card.usb
    return True
