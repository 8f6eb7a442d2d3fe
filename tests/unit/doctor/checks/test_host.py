"""Clock, power, disk, state and versions of a machine."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ravatard.doctor.catalog import CHECKS
from ravatard.doctor.check import DoctorRequest
from ravatard.doctor.examination import chosen, examine
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


PROGRAM = "opt/ravatard/lib/python3.11/site-packages/ravatard/cli.py"


async def test_an_installation_that_only_root_can_change_is_fine(patient: Patient) -> None:
    patient.write(PROGRAM, "")

    outcome = (await patient.finding("installation")).result

    assert outcome.verdict is Verdict.FINE
    assert outcome.text.startswith("7 files")


@pytest.mark.parametrize("path", [PROGRAM, "opt/ravatard", "usr/local/lib/systemd/system/ravatard.service"])
@pytest.mark.parametrize("mode", [0o664, 0o646, 0o777])
async def test_an_installed_file_that_others_can_write_is_broken(
    patient: Patient, path: str, mode: int
) -> None:
    patient.write(PROGRAM, "")
    patient.write("usr/local/lib/systemd/system/ravatard.service", "")
    (patient.root / path).chmod(mode | 0o111 if path == "opt/ravatard" else mode)

    outcome = (await patient.finding("installation")).result

    assert outcome.verdict is Verdict.BROKEN
    assert outcome.text.startswith(f"/{path} can be changed")
    assert outcome.remedy.endswith("sudo make install")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("link", [False, True])
async def test_an_installed_file_of_another_user_is_broken(patient: Patient, link: bool) -> None:
    path = patient.write(PROGRAM, "")
    if link:
        path.unlink()
        path.symlink_to("/dev/null")
    os.lchown(path, 54_321, 0)
    patient.write("usr/lib/systemd/system/ravatard.service", "")

    outcome = (await patient.finding("installation")).result

    assert outcome.verdict is Verdict.BROKEN
    assert outcome.remedy.endswith("sudo apt install --reinstall ravatard")


async def test_a_program_that_is_not_installed_has_no_files_to_look_at(patient: Patient) -> None:
    patient.remove("etc/systemd/system/ravatard.service")

    assert (await patient.finding("installation")).result.verdict is Verdict.NEEDLESS


async def test_the_doctor_of_another_installation_says_so(patient: Patient) -> None:
    """A clone's doctor judged a service that has other modules and other rights."""
    case = patient.case()
    case.machine = replace(case.machine, prefix=Path("/srv/ravatard/.venv"))
    findings = [one async for one in examine(case, CHECKS, chosen(CHECKS, ["versions"]))]

    outcome = next(one.result for one in findings if one.id == "versions")

    assert outcome.verdict is Verdict.WARNING
    assert outcome.text == (
        "this ravatard runs from /srv/ravatard/.venv, and the service from /opt/ravatard, "
        "which may have other abilities"
    )
    assert outcome.remedy == "sudo /opt/ravatard/bin/ravatard doctor examines the service's"
