"""Clock, power, disk, state and versions of a machine."""

from __future__ import annotations

import pytest

from ravatard.doctor.check import DoctorRequest
from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import Patient


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("yes\n", Verdict.FINE), ("no\n", Verdict.WARNING), ("", Verdict.UNKNOWN), (None, Verdict.UNKNOWN)],
)
async def test_timedatectl_is_asked_where_timesyncd_has_left_nothing(
    patient: Patient, said: str | None, verdict: Verdict
) -> None:
    patient.remove("run/systemd/timesync/synchronized")
    patient.programs.pop("timedatectl")
    if said is not None:
        patient.programs["timedatectl"] = said

    assert (await patient.finding("clock")).result.verdict is verdict


@pytest.mark.parametrize(
    ("bits", "verdict", "says"),
    [
        ("0", Verdict.FINE, "enough voltage"),
        ("50000", Verdict.WARNING, "too little voltage and throttled, since the boot"),
        ("1", Verdict.BROKEN, "too little voltage, now"),
        ("8", Verdict.BROKEN, "temperature, now"),
        ("soup", Verdict.UNKNOWN, "does not report its power"),
    ],
)
async def test_the_firmware_tells_of_voltage_and_heat(
    patient: Patient, bits: str, verdict: Verdict, says: str
) -> None:
    patient.write("sys/devices/platform/soc/soc:firmware/get_throttled", bits)

    outcome = (await patient.finding("power")).result

    assert outcome.verdict is verdict
    assert says in outcome.text


async def test_vcgencmd_is_asked_where_the_kernel_does_not_tell(patient: Patient) -> None:
    patient.remove("sys/devices/platform/soc/*/get_throttled")
    patient.programs["vcgencmd"] = "throttled=0x50005\n"

    assert (await patient.finding("power")).result.measured == {"bits": "0x50005"}


async def test_another_computer_does_not_tell(patient: Patient) -> None:
    patient.write("proc/device-tree/model", "Some Board\0")

    assert (await patient.finding("power")).result.text == "Some Board: it does not report its power"


@pytest.mark.parametrize(
    ("free", "verdict"), [(1 << 20, Verdict.BROKEN), (50 << 20, Verdict.WARNING), (1 << 30, Verdict.FINE)]
)
async def test_room_on_the_disk(patient: Patient, free: int, verdict: Verdict) -> None:
    patient.free = free

    assert (await patient.finding("disk")).result.verdict is verdict


async def test_a_writable_file_system_over_a_read_only_root_is_well(patient: Patient) -> None:
    patient.write("proc/mounts", "/dev/root / ext4 ro 0 0\n/dev/sda /var/lib/ravatard ext4 rw 0 0\n")

    assert (await patient.finding("state")).result.verdict is Verdict.FINE


async def test_of_two_mounts_on_one_place_the_last_counts(patient: Patient) -> None:
    patient.write("proc/mounts", "rootfs / rootfs ro 0 0\n/dev/root / ext4 rw 0 0\nodd\n")

    assert (await patient.finding("state")).result.verdict is Verdict.FINE


async def test_a_state_directory_of_somebody_else_is_told_with_the_user(patient: Patient) -> None:
    (patient.root / "var/lib/ravatard").chmod(0o700)

    outcome = (await patient.finding("state")).result

    assert outcome.text == "ravatard may not write to /var/lib/ravatard"
    assert outcome.remedy == "sudo chown -R ravatard /var/lib/ravatard"


async def test_a_state_directory_that_systemd_will_make_is_well(patient: Patient) -> None:
    (patient.root / "var/lib/ravatard").rmdir()

    assert (await patient.finding("state")).result.verdict is Verdict.FINE


async def test_the_state_directory_that_was_named_is_looked_at(patient: Patient) -> None:
    place = patient.root / "mine"
    place.mkdir()
    place.chmod(0o770)

    assert (
        await patient.finding("state", DoctorRequest(state=place))
    ).result.text == "ravatard may write to /mine"


async def test_a_gpiozero_that_cannot_find_pins_is_told(patient: Patient) -> None:
    patient.packages["gpiozero"] = "2.0.1.post1"

    assert "2.0.1.post1" in (await patient.finding("versions")).result.text


async def test_what_no_pin_needs_need_not_be_installed(patient: Patient) -> None:
    patient.config("{}")
    del patient.packages["gpiozero"]

    assert (await patient.finding("versions")).result.verdict is Verdict.FINE
