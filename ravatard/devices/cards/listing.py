"""List of the machine's sound devices, made by a sound process of its own."""

from __future__ import annotations

import json
import logging
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ravatard.devices.microphone.child import worker_command
from ravatard.devices.microphone.protocol import PROTOCOL, ListDevices, Listing, SourceFailed, encode
from ravatard.devices.process.piped import child_environ
from ravatard.devices.process.printed import last_lines, library_lines
from ravatard.devices.process.records import RecordDecoder
from ravatard.errors import DeviceError

log = logging.getLogger(__name__)

#: A Pi Zero 2 W needs about 3 s; JACK's library may search for as long again.
LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Listed:
    """One device.

    Attributes:
        name: name for the configuration.
        text: PortAudio's name.
        index: PortAudio's index now; for information, never for the configuration.
        channels: number of its channels.
        rate_hz: its preferred rate.
        card: id of its card in ALSA, or None.
        usb: its USB vendor and product, or None.
        port: its USB port, or None.
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
    """All devices.

    Attributes:
        microphones: devices that record.
        speakers: devices that play.
        alsa_config: ALSA configuration that knows them: "slim", "system", or "environment" if
            ``ALSA_CONFIG_PATH`` names one.
    """

    microphones: tuple[Listed, ...]
    speakers: tuple[Listed, ...]
    alsa_config: str


def list_devices(environ: Mapping[str, str], *, slim: bool) -> Devices:
    """Return the devices as they are now. Blocks for some tenths of a second.

    Args:
        environ: this program's environment variables.
        slim: use the slim ALSA configuration, unless ``environ`` names one.

    Raises:
        DeviceError: PortAudio is missing, broken, or hangs.
    """
    done = _listed(environ, slim=slim)
    printed = last_lines(done.stderr)
    if insides := library_lines(done.stderr):
        log.debug("listing the devices, the sound libraries printed: %s", insides)
    own = "slim" if slim else "system"
    for record in RecordDecoder(PROTOCOL).feed(done.stdout):
        match record:
            case Listing(text):
                return devices_from(text, "environment" if "ALSA_CONFIG_PATH" in environ else own)
            case SourceFailed(_, reason):
                raise DeviceError(f"{reason} [{printed}]" if printed else reason)
    ended = "the sound process ended before it had listed anything"
    raise DeviceError(f"{ended} [{printed}]" if printed else ended)


def library_messages(environ: Mapping[str, str], *, slim: bool) -> str:
    """Return everything that the sound libraries print while they list the devices: for a bug report.

    Raises:
        DeviceError: PortAudio hangs.
    """
    return _listed(environ, slim=slim).stderr.decode(errors="replace")


def _listed(environ: Mapping[str, str], *, slim: bool) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - our own interpreter and module
            worker_command(),
            input=encode(ListDevices()),
            capture_output=True,
            env=child_environ(environ, slim=slim),
            timeout=LIMIT_S,
            process_group=0,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeviceError(
            f"PortAudio did not list its devices within {LIMIT_S:g} s: a sound server or driver hangs"
        ) from error


def devices_from(text: str, alsa_config: str) -> Devices:
    """Return the devices in the ``text`` of a sound process, found with ``alsa_config``."""
    listed: dict[str, list[dict[str, Any]]] = json.loads(text)
    microphones, speakers = (
        tuple(Listed(**device) for device in listed[kind]) for kind in ("microphones", "speakers")
    )
    return Devices(microphones, speakers, alsa_config)
