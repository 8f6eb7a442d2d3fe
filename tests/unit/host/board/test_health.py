"""What kernels of boards tell, laid out as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ravatard.host.board.health import THROTTLED, board_health, board_model, power_troubles

_UNKNOWN = {"temperature_c": None, "throttled": None, "throttled_since_boot": None}


def lay(root: Path, **files: str) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def zone(root: Path, number: int, kind: str, temp: str) -> None:
    folder = f"sys/class/thermal/thermal_zone{number}"
    lay(root, **{f"{folder}/type": f"{kind}\n", f"{folder}/temp": f"{temp}\n"})


def test_a_machine_that_tells_nothing_has_no_health(tmp_path: Path) -> None:
    assert board_health(tmp_path) == _UNKNOWN
    assert board_model(tmp_path) is None


def test_the_hottest_zone_of_the_processor_counts(tmp_path: Path) -> None:
    zone(tmp_path, 0, "cpu-thermal", "48312")
    zone(tmp_path, 1, "soc-thermal", "51000")
    zone(tmp_path, 2, "iwlwifi", "70000")

    assert board_health(tmp_path)["temperature_c"] == 51.0


def test_without_a_zone_of_the_processor_any_counts(tmp_path: Path) -> None:
    zone(tmp_path, 0, "acpitz", "30500")

    assert board_health(tmp_path)["temperature_c"] == 30.5


@pytest.mark.parametrize("temp", ["", "nonsense", "-274000", "2147483647"])
def test_a_sensor_that_is_none_is_not_believed(tmp_path: Path, temp: str) -> None:
    zone(tmp_path, 0, "cpu-thermal", temp)

    assert board_health(tmp_path)["temperature_c"] is None


def test_the_firmware_tells_of_now_and_of_before(tmp_path: Path) -> None:
    lay(tmp_path, **{THROTTLED: "50005\n"})

    health = board_health(tmp_path)

    assert health["throttled"] == ["too little voltage", "throttled"]
    assert health["throttled_since_boot"] == ["too little voltage", "throttled"]
    assert power_troubles(0) == ([], [])


@pytest.mark.parametrize(("alarm", "now"), [("0", []), ("1", ["too little voltage"]), ("?", None)])
def test_without_the_firmware_the_voltage_monitor_tells_of_now(
    tmp_path: Path, alarm: str, now: list[str] | None
) -> None:
    lay(tmp_path, **{"sys/class/hwmon/hwmon0/name": "cpu_thermal\n"})
    lay(
        tmp_path,
        **{
            "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
            "sys/class/hwmon/hwmon1/in0_lcrit_alarm": f"{alarm}\n",
        },
    )

    assert board_health(tmp_path) == _UNKNOWN | {"throttled": now}


def test_the_model_is_without_its_zero_byte(tmp_path: Path) -> None:
    lay(tmp_path, **{"proc/device-tree/model": "Raspberry Pi Zero 2 W Rev 1.0\0"})

    assert board_model(tmp_path) == "Raspberry Pi Zero 2 W Rev 1.0"
