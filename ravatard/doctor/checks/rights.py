"""Checks of the service user's rights: its groups, and the device files it may open."""

from __future__ import annotations

from collections.abc import Iterator

from ravatard.config import Options
from ravatard.doctor.check import Case
from ravatard.doctor.machine import names
from ravatard.doctor.result import CheckResult, broken, fine, needless
from ravatard.doctor.user import group_ids, service_user
from ravatard.installation import reinstall

#: Group -> its device files. Sources: udev's rules for audio, Raspberry Pi OS for the rest.
_DEVICES = {"audio": "dev/snd/*", "gpio": "dev/gpiochip*", "spi": "dev/spidev*"}


#: ALSA's names of a sound server: alsa-plugins' pulse, and pipewire-alsa's pipewire.
_SERVERS = frozenset({"pulse", "pipewire"})
#: With one of these a sound server is ALSA's default device (Debian's pulseaudio and pipewire-alsa).
_SERVER_IS_DEFAULT = (
    "/etc/alsa/conf.d/99-pulse.conf",
    "/etc/alsa/conf.d/99-pulseaudio-default.conf",
    "/etc/alsa/conf.d/99-pipewire-default.conf",
)


def needs_sound(case: Case) -> bool:
    """Return True if the options use a sound card of this machine, and not by way of a sound server."""
    microphone, speaker = case.options.microphone, case.options.speaker
    hears = microphone.is_card and not _by_server(case, microphone.alsa_config, microphone.device)
    speaks = speaker.enabled and speaker.is_card
    return hears or (speaks and not _by_server(case, speaker.alsa_config, speaker.device))


def _by_server(case: Case, alsa_config: str, device: str | None) -> bool:
    """Return True if a device is one of a sound server, which needs no group, and has the cards itself."""
    if alsa_config != "system":
        return False
    if device in (None, "default"):
        return any(case.machine.path(place).exists() for place in _SERVER_IS_DEFAULT)
    return device in _SERVERS


def needs_pins(options: Options) -> bool:
    """Return True if the options use GPIO pins of this machine."""
    lights, pixels = options.lights, options.pixels
    wired = lights.kind == "apa102" and (pixels.data is not None or pixels.power is not None)
    return options.button.pin is not None or lights.kind in ("led", "pwm", "rgb") or wired


def needs_spi(options: Options) -> bool:
    """Return True if the lights use SPI."""
    return options.lights.kind == "apa102" and options.pixels.data is None


def _groups(case: Case) -> Iterator[str]:
    if needs_sound(case):
        yield "audio"
    if needs_pins(case.options):
        yield "gpio"
    if needs_spi(case.options):
        yield "spi"


def look_at_groups(case: Case) -> CheckResult:
    """Check that the user is in every group it needs."""
    user, known = service_user(case), group_ids(case.machine)
    wanted = [group for group in _groups(case) if group in known]
    if user.uid == 0:
        return fine("root needs no group")
    if user.uid < 0:
        return broken(
            f"the service runs as {user.name}, and there is no such user",
            f"install it again: {reinstall(case.machine.root)}",
        )
    if missing := [group for group in wanted if known[group] not in user.groups]:
        plural = "s" if len(missing) > 1 else ""
        return broken(
            f"{user.name} is not in the group{plural} {names(missing)}",
            f"sudo usermod -aG {','.join(missing)} {user.name}, then restart the service or log in anew",
        )
    return fine(f"{user.name} is in {names(wanted)}" if wanted else "no group is needed")


def look_at_devices(case: Case) -> CheckResult:
    """Check that the user may open the device files."""
    user = service_user(case)
    wanted = list(_groups(case))
    if not wanted:
        return needless("no device of this machine is used")
    count = 0
    for group in wanted:
        for path in sorted(case.machine.root.glob(_DEVICES[group])):
            if path.is_dir():
                continue
            count += 1
            if not user.may_at(path, "rw"):
                shown = case.machine.shown(path)
                return broken(
                    f"{user.name} may not open {shown}",
                    f"give it to the group {group} with a udev rule (hardware/60-ravatard.rules)",
                )
    if not count:
        return needless("there are no device files to be opened")
    return fine(f"{user.name} may open {count} device file{'s' if count > 1 else ''}")
