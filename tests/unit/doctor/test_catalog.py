"""One thing is wrong with a machine: exactly one check says so, in one sentence, with what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ravatard.doctor.catalog import CHECKS, HEADINGS
from ravatard.doctor.check import DoctorRequest
from ravatard.doctor.result import Verdict
from tests.unit.doctor.patient import CONFIG, SCONTENTS, Patient

PIXELS = CONFIG.replace("button-led", "respeaker-2mic")


async def test_a_healthy_machine_has_nothing(patient: Patient) -> None:
    assert await patient.ills() == {}


def missing_group(patient: Patient) -> None:
    text = (patient.root / "etc/group").read_text()
    patient.write("etc/group", text.replace("gpio:x:4997:ravatard", "gpio:x:4997:"))


def unreadable_credential(patient: Patient) -> None:
    patient.remove("etc/credstore/*")
    (patient.root / "etc/credstore/ravatard.service.project_id").symlink_to("gone")


def muted_microphone(patient: Patient) -> None:
    patient.programs["amixer"] = SCONTENTS.replace("[16.00dB] [on]", "[16.00dB] [off]")


def speaker_at_nothing(patient: Patient) -> None:
    patient.programs["amixer"] = SCONTENTS.replace("30 [81%]", "0 [0%]")


def wrong_overlay(patient: Patient) -> None:
    patient.config(PIXELS)
    patient.write("boot/firmware/config.txt", "dtparam=spi=on\ndtoverlay=hifiberry-dac\n")


def two_daemons(patient: Patient) -> None:
    for pid, started in ((812, 5000), (640, 900)):
        patient.write(f"proc/{pid}/cmdline", "/opt/ravatard/bin/python\0/opt/ravatard/bin/ravatard\0run\0")
        patient.write(f"proc/{pid}/stat", f"{pid} (ravatard) S {'0 ' * 18}{started} 0")


def full_disk(patient: Patient) -> None:
    patient.free = 4096


def read_only_root(patient: Patient) -> None:
    patient.write("proc/mounts", "/dev/root / ext4 ro,noatime 0 0\ntmpfs /run tmpfs rw 0 0\n")


def no_gpio(patient: Patient) -> None:
    patient.remove("dev/gpiochip*")


def spi_off(patient: Patient) -> None:
    patient.config(PIXELS)
    patient.write("boot/firmware/config.txt", "dtoverlay=wm8960-soundcard\n")
    patient.remove("dev/spidev*")


def unknown_board(patient: Patient) -> None:
    patient.config(CONFIG.replace("button-led", "respaeker-2mic"))


def no_microphone(patient: Patient) -> None:
    patient.bench.recording = "there is no microphone 'card:Mic' at the moment"


def dead_microphone(patient: Patient) -> None:
    from ravatard.doctor.bench import RecordedSound

    patient.bench.recording = RecordedSound("USB Mic", bytes(64_000), 0.0, 1.0)


def no_speaker(patient: Patient) -> None:
    patient.bench.playback = "there is no speaker 'card:Mic' at the moment"


def other_pin_library(patient: Patient) -> None:
    patient.drop_in("[Service]\nEnvironment=GPIOZERO_PIN_FACTORY=rpigpio\n")


def closed_work_directory(patient: Patient) -> None:
    patient.drop_in("[Service]\nWorkingDirectory=/\n")
    patient.root.chmod(0o755)


def watchdog_off(patient: Patient) -> None:
    patient.drop_in("[Service]\nWatchdogSec=0\n")


def no_restart(patient: Patient) -> None:
    patient.drop_in("[Service]\nRestart=no\n")


def no_voltage(patient: Patient) -> None:
    patient.write("sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")


def old_clock(patient: Patient) -> None:
    patient.now = patient.now.replace(year=1970)


def no_network(patient: Patient) -> None:
    patient.programs["getent"] = ""


def closed_port(patient: Patient) -> None:
    patient.unreachable = ConnectionRefusedError(111, "Connection refused")


def wrong_project(patient: Patient) -> None:
    patient.network.replies["/jwt"] = (200, {"result": "failure", "error": "project_not_found"})


def wrong_avatar(patient: Patient) -> None:
    patient.config(CONFIG + "  avatar: Nobody\n")


def wrong_language(patient: Patient) -> None:
    patient.config(CONFIG + "  language: tlh\n")


def missing_package(patient: Patient) -> None:
    del patient.packages["PyAudio"]


def unit_for_all(patient: Patient) -> None:
    (patient.root / "etc/systemd/system/ravatard.service").chmod(0o666)


ILLS: list[tuple[Callable[[Patient], None], str, str]] = [
    (missing_group, "groups", "ravatard is not in the group gpio"),
    (unreadable_credential, "credentials", "the credential /etc/credstore/ravatard.service.project_id"),
    (muted_microphone, "mixer", "the microphone of card Mic is muted: 'Mic' is off"),
    (speaker_at_nothing, "mixer", "the speaker of card Mic is turned down: 'PCM' is at 0 %"),
    (wrong_overlay, "overlay", "needs dtoverlay=wm8960-soundcard in /boot/firmware/config.txt, which has"),
    (two_daemons, "daemon", "2 daemons run at once and may share a sound card: process 640, and process 812"),
    (full_disk, "disk", "the disk is full: 0 MB free at /var/lib/ravatard"),
    (read_only_root, "state", "/ is mounted read-only, so /var/lib/ravatard cannot be written"),
    (no_gpio, "gpio", "this machine has no GPIO: there is no /dev/gpiochip*"),
    (spi_off, "spi", "SPI is off: there is no /dev/spidev*"),
    (unknown_board, "config", "unknown board 'respaeker-2mic'; did you mean respeaker-2mic? there are: "),
    (no_microphone, "microphone", "there is no microphone 'card:Mic'"),
    (dead_microphone, "microphone.silence", "nothing but exact zeros"),
    (no_speaker, "speaker", "there is no speaker 'card:Mic'"),
    (other_pin_library, "gpio.factory", "GPIOZERO_PIN_FACTORY is 'rpigpio'"),
    (closed_work_directory, "gpio.workdir", "ravatard may not write to the working directory /"),
    (watchdog_off, "unit.watchdog", "WatchdogSec=0: a daemon that hangs stays hung"),
    (no_restart, "unit", "Restart=no: it must come back whatever ends it"),
    (no_voltage, "power", "too little voltage and throttled, now"),
    (old_clock, "clock", "the clock says 1970-08-07"),
    (no_network, "dns", "avatars.example has no address"),
    (closed_port, "tls", "cannot reach avatars.example:443"),
    (wrong_project, "token", "the service does not know this project"),
    (wrong_avatar, "avatar", "the service has no avatar 'Nobody'"),
    (wrong_language, "avatar", "the service does not speak 'tlh'"),
    (unit_for_all, "installation", "/etc/systemd/system/ravatard.service can be changed by others"),
    (missing_package, "versions", "PyAudio is not installed"),
]


@pytest.mark.parametrize(("falls_ill", "check", "sentence"), ILLS, ids=[ill.__name__ for ill, _, _ in ILLS])
async def test_one_thing_is_wrong_and_one_check_says_it(
    patient: Patient, falls_ill: Callable[[Patient], None], check: str, sentence: str
) -> None:
    falls_ill(patient)

    ills = await patient.ills()

    assert list(ills) == [check]
    assert sentence in ills[check]
    assert "\n" not in ills[check]


@pytest.mark.parametrize("falls_ill", [ill for ill, _, _ in ILLS], ids=lambda ill: ill.__name__)
async def test_whatever_is_wrong_has_a_remedy_of_one_line(
    patient: Patient, falls_ill: Callable[[Patient], None]
) -> None:
    falls_ill(patient)

    found = [one.result for one in await patient.findings() if one.result.verdict is Verdict.BROKEN]

    assert [bool(one.remedy) and "\n" not in one.remedy for one in found] == [True]


async def test_beside_several_daemons_what_they_do_not_hold_is_tried(patient: Patient) -> None:
    two_daemons(patient)
    patient.bench.playback = "another program (process 812) uses the speaker"

    found = {one.id: one.result for one in await patient.findings()}

    assert found["daemon"].verdict is Verdict.BROKEN
    assert (found["microphone"].verdict, found["microphone.level"].verdict) == (Verdict.FINE, Verdict.FINE)
    assert "process 812" in found["speaker"].text
    assert not [name for name, one in found.items() if "because daemon" in one.text]


async def test_an_empty_machine_is_told_about_and_nothing_fails_to_be(
    patient: Patient, tmp_path: object
) -> None:
    for path in sorted(patient.root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    patient.programs.clear()
    patient.packages.clear()
    patient.bench.recording = patient.bench.playback = "there is none"
    patient.unreachable = OSError(101, "Network is unreachable")

    found = await patient.findings(asked=DoctorRequest(echo=True, live=True))

    assert [one.id for one in found] == [check.id for check in CHECKS]


def test_every_check_stands_on_earlier_ones_and_every_heading_on_a_check() -> None:
    ids = [check.id for check in CHECKS]

    assert len(ids) == len(set(ids))
    for check in CHECKS:
        assert all(ids.index(before) < ids.index(check.id) for before in (*check.after, *check.beside)), (
            check.id
        )
    assert set(HEADINGS) <= set(ids)
