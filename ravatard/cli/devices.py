"""``ravatard devices``: lists microphones and speakers with their names for the configuration."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from ravatard.cli.json_output import json_document
from ravatard.cli.options import add_json
from ravatard.cli.terminal import harmless
from ravatard.devices.cards.listing import Devices, Listed, list_devices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``devices``."""
    add_json(parser)
    parser.add_argument(
        "--alsa-config",
        choices=("slim", "system"),
        help="use only this ALSA configuration (default: as the appliance does, slim first, and the "
        "machine's own if slim has no microphone)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the devices; return exit status 0, also without any device.

    Raises:
        DeviceError: PortAudio is missing or broken.
    """
    if arguments.alsa_config is None:
        devices = listed_as_the_appliance_does(os.environ)
    else:
        devices = list_devices(os.environ, slim=arguments.alsa_config == "slim")
    if arguments.json:
        print(json_document(asdict(devices)))
    else:
        # A device chooses its name.
        print(harmless(as_text(devices)))
    return 0


def listed_as_the_appliance_does(environ: Mapping[str, str]) -> Devices:
    """Return the devices by the slim ALSA configuration; if it has no microphone, by the machine's own.

    Raises:
        DeviceError: PortAudio is missing or broken.
    """
    devices = list_devices(environ, slim=True)
    if devices.alsa_config == "slim" and not devices.microphones:
        devices = list_devices(environ, slim=False)
    return devices


def as_text(devices: Devices) -> str:
    """Return ``devices`` as text for people."""
    lines = _section(
        "Microphones",
        devices.microphones,
        "none; plug one in, or let microphone.command, microphone.fifo or microphone.wav deliver sound",
    )
    lines += ["", *_section("Speakers", devices.speakers, "none")]
    if devices.microphones:
        lines += [
            "",
            "In the configuration:",
            "",
            "microphone:",
            f"  device: {json.dumps(devices.microphones[0].name, ensure_ascii=False)}",
        ]
        if devices.alsa_config == "system":
            lines.append("  alsa_config: system")
    return "\n".join(lines)


def _section(title: str, devices: Sequence[Listed], none: str) -> list[str]:
    if not devices:
        return [f"{title}: {none}"]
    width = max(len(device.name) for device in devices)
    return [f"{title}:", *(f"  {device.name:{width}}  {_about(device)}".rstrip() for device in devices)]


def _about(device: Listed) -> str:
    known = [
        f"{device.channels} ch",
        f"{device.rate_hz} Hz",
        f"card {device.card}" if device.card else "",
        f"usb {device.usb}" if device.usb else "",
        f"port {device.port}" if device.port else "",
        "the system's default" if device.default else "",
    ]
    return ", ".join(word for word in known if word)
