"""Checks of button and lights: the pins, the library that drives them, and the SPI bus."""

from __future__ import annotations

from pathlib import Path

from ravatard.doctor.check import Case
from ravatard.doctor.checks.rights import needs_pins, needs_spi
from ravatard.doctor.result import CheckResult, broken, fine, needless
from ravatard.doctor.user import service_user
from ravatard.installation import adding

#: The only pin factory of gpiozero that works on every Pi, the 5 included (its documentation, api_pins).
_FACTORY = "lgpio"
_FOLDERS_OF_SYSTEMD = {"StateDirectory": "/var/lib", "RuntimeDirectory": "/run"}


def look_at_gpio(case: Case) -> CheckResult:
    """Check that the machine has GPIO pins."""
    if not needs_pins(case.options):
        return needless("no button and no lights are on pins")
    if case.machine.environ.get("GPIOZERO_PIN_FACTORY") == "mock":
        return needless("the pins are mock pins")
    chips = sorted(path.name for path in case.machine.path("/dev").glob("gpiochip*"))
    if not chips:
        return broken(
            "this machine has no GPIO: there is no /dev/gpiochip*",
            "leave button.pin and lights.kind unset here, or use a board with pins and its own kernel",
        )
    return fine(", ".join(chips))


def look_at_factory(case: Case) -> CheckResult:
    """Check that gpiozero will use lgpio."""
    if not needs_pins(case.options):
        return needless("no button and no lights are on pins")
    environ = case.machine.environ if case.unit is None else case.unit.environment
    factory = environ.get("GPIOZERO_PIN_FACTORY", "")
    if factory == "mock":
        return needless("the pins are mock pins")
    if factory not in ("", _FACTORY):
        return broken(
            f"GPIOZERO_PIN_FACTORY is {factory!r}, which cannot see edges on every board",
            "set GPIOZERO_PIN_FACTORY=lgpio",
        )
    version = case.machine.version(_FACTORY)
    if version is None:
        return broken(
            "lgpio is not installed, so gpiozero falls back to what breaks at the first press",
            adding("gpio", case.machine.prefix, case.machine.root),
        )
    return fine(f"lgpio {version}")


def look_at_work_directory(case: Case) -> CheckResult:
    """Check that lgpio can make its pipe in the working directory of the service."""
    if not needs_pins(case.options):
        return needless("no button and no lights are on pins")
    unit = case.unit
    if unit is None:
        return needless("not installed as a service")
    user = service_user(case)
    folder = unit.environment.get("LG_WD") or unit.folder("WorkingDirectory") or "/"
    made = {f"{base}/{name}" for key, base in _FOLDERS_OF_SYSTEMD.items() for name in unit.last(key).split()}
    if folder in made:
        return fine(f"{folder}, made by systemd for {user.name}")
    if user.may_at(case.machine.path(folder), "wx"):
        return fine(folder)
    return broken(
        f"lgpio cannot make its pipe: {user.name} may not write to the working directory {folder}",
        "remove WorkingDirectory= from the drop-in, or set Environment=LG_WD=/run/ravatard",
    )


def look_at_spi(case: Case) -> CheckResult:
    """Check that the SPI bus of the lights is switched on."""
    if not needs_spi(case.options):
        return needless("no lights hang on SPI")
    device = case.options.pixels.device
    found = sorted(path.name for path in case.machine.path("/dev").glob("spidev*"))
    if not found:
        return broken(
            "SPI is off: there is no /dev/spidev*",
            f"write dtparam=spi=on into {boot_config(case)} and reboot",
        )
    if device.rpartition("/")[2] not in found:
        return broken(
            f"there is no {device}, only {', '.join(found)}", "write one of these into pixels.device"
        )
    if case.machine.version("spidev") is None:
        return broken(
            "the Python package spidev is not installed",
            adding("leds", case.machine.prefix, case.machine.root),
        )
    return fine(device)


def boot_config(case: Case) -> str:
    """Return the path of the firmware's config.txt, which moved with Debian 12."""
    places = ("/boot/firmware/config.txt", "/boot/config.txt")
    return next((place for place in places if _is_file(case.machine.path(place))), places[0])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
