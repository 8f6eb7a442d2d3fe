"""The sound devices of this machine, listed in a sound process of their own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ravatard.devices.microphone.protocol import (
    ListDevices,
    Listing,
    SoundRecordDecoder,
    SourceFailed,
    encode,
)
from ravatard.devices.process.child import child_environment, in_one_line, worker_command
from ravatard.errors import DeviceError

#: A Pi Zero 2 W needs about 3 s; JACK's library may look around for as long again.
LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Listed:
    """One device.

    Attributes:
        name: what to write in the configuration.
        text: what PortAudio calls it.
        index: PortAudio's index today; for people who wonder, never for the configuration.
        channels: how many it has.
        rate_hz: the rate it likes best.
        card: the id of its card in ALSA, or None.
        usb: its USB vendor and product, or None.
        port: the USB port it is in, or None.
        default: it is the system's default.
    """

    name: str
    text: str
    index: int
    channels: int
    rate_hz: int
    card: str | None
    usb: str | None
    port: str | None
    default: bool


@dataclass(frozen=True, slots=True)
class Devices:
    """All of them.

    Attributes:
        microphones: what can be recorded from.
        speakers: what can be played to.
        alsa_config: the ALSA configuration that knows them: "slim", "system", or "environment" when
            ``ALSA_CONFIG_PATH`` names one.
    """

    microphones: tuple[Listed, ...]
    speakers: tuple[Listed, ...]
    alsa_config: str


def list_devices(environ: Mapping[str, str], *, slim: bool) -> Devices:
    """What there is now. Takes some tenths of a second, and waits for it.

    Args:
        environ: this program's environment.
        slim: with the slim ALSA configuration, unless the environment names one.

    Raises:
        DeviceError: PortAudio is missing, broken, or hangs.
    """
    environment = child_environment(environ, slim=slim)
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            worker_command(),
            input=encode(ListDevices()),
            capture_output=True,
            env=environment,
            timeout=LIMIT_S,
            process_group=0,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeviceError(
            f"PortAudio did not list its devices within {LIMIT_S:g} s: a sound server or driver hangs"
        ) from error
    noise = in_one_line(done.stderr)
    own = "slim" if slim else "system"
    for record in SoundRecordDecoder().feed(done.stdout):
        match record:
            case Listing(text):
                return devices_from(text, "environment" if "ALSA_CONFIG_PATH" in environ else own)
            case SourceFailed(_, reason):
                raise DeviceError(f"{reason} [{noise}]" if noise else reason)
    raise DeviceError(f"the sound process ended before it had listed anything [{noise}]")


def devices_from(text: str, alsa_config: str) -> Devices:
    """The devices of a sound process's listing, found with ``alsa_config``."""
    said: dict[str, list[dict[str, Any]]] = json.loads(text)
    microphones, speakers = (
        tuple(Listed(**device) for device in said[kind]) for kind in ("microphones", "speakers")
    )
    return Devices(microphones, speakers, alsa_config)
