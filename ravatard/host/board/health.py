"""Health of the board, as its kernel tells it: temperature, and whether power or heat slow it down."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Below the root: the firmware's word about power, on Raspberry Pi OS.
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
#: Raspberry Pi documentation, vcgencmd get_throttled: bits for now; 16 higher: since the boot.
_POWER_BITS = {
    0: "too little voltage",
    1: "slowed down for too little voltage",
    2: "throttled",
    3: "slowed down for its temperature",
}
_SINCE_BOOT = 16
_ZONES = "sys/class/thermal/thermal_zone*"
#: Kernel, Documentation/hwmon/raspberrypi-hwmon.rst: a driver named rpi_volt with one alarm.
_MONITORS = "sys/class/hwmon/hwmon*"
_VOLTAGE_MONITOR, _VOLTAGE_ALARM = "rpi_volt", "in0_lcrit_alarm"
#: Zones whose type contains one of these words are the processor's.
_PROCESSOR = ("cpu", "soc", "x86_pkg")
#: A sensor that is not connected reads as one of its ends.
_COLDEST_C, _HOTTEST_C = -40.0, 150.0


def power_troubles(bits: int) -> tuple[list[str], list[str]]:
    """Return what the bits of ``get_throttled`` say, in words: now, and since the boot."""
    now = [words for bit, words in _POWER_BITS.items() if bits >> bit & 1]
    before = [words for bit, words in _POWER_BITS.items() if bits >> bit + _SINCE_BOOT & 1]
    return now, before


def board_health(root: Path = Path("/")) -> dict[str, Any]:
    """Return temperature and power of the board, as plain data; None for what it does not tell. Never raises.

    Returns:
        ``temperature_c``: of the processor, °C. ``throttled`` and ``throttled_since_boot``: lists of words,
        empty if all is well.
    """
    now, before = _power(root)
    return {"temperature_c": _temperature_c(root), "throttled": now, "throttled_since_boot": before}


def board_model(root: Path = Path("/")) -> str | None:
    """Return the model of the board, such as "Raspberry Pi 4 Model B Rev 1.5"; None if it has no name."""
    return _text(root / "proc/device-tree/model").strip("\0\n ") or None


def _temperature_c(root: Path) -> float | None:
    zones = sorted(root.glob(_ZONES))
    # A board may have zones of its radio or battery besides.
    ours = [zone for zone in zones if any(word in _text(zone / "type") for word in _PROCESSOR)]
    found = []
    for zone in ours or zones:
        with suppress(ValueError):
            found.append(int(_text(zone / "temp")) / 1000)
    return max((one for one in found if _COLDEST_C < one < _HOTTEST_C), default=None)


def _power(root: Path) -> tuple[Sequence[str] | None, Sequence[str] | None]:
    with suppress(ValueError):
        return power_troubles(int(_text(root / THROTTLED), 16))
    for monitor in sorted(root.glob(_MONITORS)):
        alarm = _text(monitor / _VOLTAGE_ALARM).strip()
        if _text(monitor / "name").strip() == _VOLTAGE_MONITOR and alarm in ("0", "1"):
            return [_POWER_BITS[0]] if alarm == "1" else [], None
    return None, None


def _text(path: Path) -> str:
    """Return the beginning of a file of the kernel; "" if there is none, or it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(256).decode("ascii", "replace")
    except OSError:
        return ""
