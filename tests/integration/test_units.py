"""The units: systemd understands them, they are closed as far as can be, and agree with the code."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from ravatard.assembly.lifetime import STOP_LIMIT_S
from ravatard.cli import COMMANDS
from ravatard.cli.end_sessions import LIMIT_S
from ravatard.config.schema import Schema
from ravatard.devices.media.worker import __file__ as decoder
from ravatard.exit_status import ExitStatus
from ravatard.host import boot_file, runtime, state
from ravatard.host.credentials import STORE
from ravatard.installation import ROLLBACK_NOTE

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
UPGRADES = sorted((ROOT / "systemd" / "upgrade").glob("*.service"))
UNITS = [*sorted((ROOT / "systemd").glob("*.service")), *UPGRADES]
DAEMON = ROOT / "systemd" / "ravatard.service"
BOOT_SETUP = ROOT / "systemd" / "ravatard-boot-setup.service"
KIOSK = ROOT / "systemd" / "ravatard-kiosk.service"
EXAMPLE = ROOT / "systemd" / "ravatard.service.d" / "example.conf"
PROGRAM = "/opt/ravatard/bin/ravatard"


def settings(unit: Path) -> dict[str, list[str]]:
    """Key -> its values in order; the sections' keys do not meet."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text().replace("\\\n", "").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


def analyze(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    # A manager under test keeps its generators' output in a temporary directory.
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [program, *arguments], env=environ, capture_output=True, text=True, check=False, timeout=60
    )


def laid_out(folder: Path) -> list[Path]:
    """Copies of all units whose programs exist on every machine."""
    copies = []
    for unit in UNITS:
        text = unit.read_text()
        for program in (PROGRAM, "/usr/bin/cage", "/usr/lib/ravatard/upgrade"):
            text = text.replace(program, "/bin/true")
        copies.append(folder / unit.name)
        copies[-1].write_text(text)
    return copies


def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    checked = analyze("verify", "--man=no", *laid_out(tmp_path), folder=tmp_path)

    # It also returns 0 for keys it does not know and values it cannot read; those it only prints.
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_systemd_understands_every_setting_of_the_example(tmp_path: Path) -> None:
    laid_out(tmp_path)
    drop_in = tmp_path / "ravatard.service.d" / "own.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(
        re.sub(r"^#(?=[A-Z]\w+=)", "", EXAMPLE.read_text(), flags=re.M).replace(":FILE", ":/f")
    )

    checked = analyze("verify", "--man=no", tmp_path / DAEMON.name, folder=tmp_path)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert "MemoryMax" in settings(drop_in)


def test_a_setting_that_systemd_does_not_know_would_be_noticed(tmp_path: Path) -> None:
    laid_out(tmp_path)
    unit = tmp_path / DAEMON.name
    unit.write_text(unit.read_text().replace("WatchdogSec=", "WatchdogSeconds="))

    assert "WatchdogSeconds" in analyze("verify", "--man=no", unit, folder=tmp_path).stderr


#: systemd's own measure, 0 to 10; more is worse.
EXPOSURE = {DAEMON: 1.8, BOOT_SETUP: 2.0, KIOSK: 3.0}


@pytest.mark.parametrize("unit", EXPOSURE, ids=lambda unit: unit.name)
def test_what_a_service_is_exposed_to_is_little(unit: Path, tmp_path: Path) -> None:
    judged = analyze("security", "--offline=yes", "--no-pager", unit, folder=tmp_path)

    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert level, judged.stderr
    assert float(level[1]) <= EXPOSURE[unit], judged.stdout


def test_the_daemon_is_left_what_it_needs() -> None:
    unit = settings(DAEMON)

    # pyOpenSSL's callbacks, with which the live voice is decrypted, are memory both written and executed.
    assert "MemoryDenyWriteExecute" not in unit
    # gpiozero reads /proc/cpuinfo, ALSA /proc/asound.
    assert "ProcSubset" not in unit
    # Sound, pins and pixels, and no device that is not named.
    assert "PrivateDevices" not in unit
    assert unit["DevicePolicy"] == ["closed"]
    assert unit["DeviceAllow"] == ["char-116 rw", "char-gpiochip rw", "char-153 rw"]
    assert set(unit["RestrictAddressFamilies"][0].split()) == {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"}
    assert "PrivateNetwork" not in unit
    assert "IPAddressDeny" not in unit
    # The last line that names a call decides; the decoder limits itself.
    assert "setrlimit" in Path(decoder).read_text()
    assert {"setrlimit", "prlimit64"} <= set(unit["SystemCallFilter"][-1].split())


def test_systemd_waits_longer_than_the_daemon_takes() -> None:
    unit = settings(DAEMON)

    assert float(unit["TimeoutStopSec"][0]) > max(STOP_LIMIT_S, LIMIT_S)
    assert float(unit["WatchdogSec"][0]) >= 2
    assert unit["Type"] == ["notify"]
    assert unit["NotifyAccess"] == ["main"]


def test_it_is_started_again_for_ever_but_not_with_a_configuration_that_needs_a_person() -> None:
    unit = settings(DAEMON)

    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert unit["RestartPreventExitStatus"] == [f"{ExitStatus.CONFIG:d}"]
    assert "network-online.target" not in DAEMON.read_text()


def test_the_directories_are_those_the_daemon_looks_for() -> None:
    unit = settings(DAEMON)

    assert Path("/var/lib", unit["StateDirectory"][0]) == state.SYSTEM
    assert unit["StateDirectoryMode"] == ["0700"]
    assert Path("/run", unit["RuntimeDirectory"][0]) == runtime.SYSTEM_DIRECTORY
    # The group passes through to the control socket; strangers do not.
    assert unit["RuntimeDirectoryMode"] == ["0750"]
    assert unit["Group"] == [runtime.GROUP]
    # lgpio makes its pipe in the working directory.
    assert unit["WorkingDirectory"] == [f"%t/{unit['RuntimeDirectory'][0]}"]
    assert "GPIOZERO_PIN_FACTORY=lgpio" in unit["Environment"]


def test_every_secret_of_the_configuration_can_come_as_a_credential() -> None:
    secrets = [key.credential for key in Schema().keys.values() if key.secret]

    assert secrets
    assert settings(DAEMON)["LoadCredential"] == secrets


@pytest.mark.parametrize("unit", [DAEMON, BOOT_SETUP], ids=lambda unit: unit.name)
def test_every_command_a_unit_runs_exists(unit: Path) -> None:
    commands = re.findall(rf"^Exec\w+=-?{PROGRAM} (\S+)$", unit.read_text(), flags=re.M)

    assert commands
    assert set(commands) <= COMMANDS.keys()


def test_a_session_left_open_by_a_crash_is_ended() -> None:
    assert settings(DAEMON)["ExecStopPost"] == [f"-{PROGRAM} end-sessions"]


def test_the_boot_partition_is_looked_at_before_the_configuration_is_read() -> None:
    unit = settings(BOOT_SETUP)

    assert unit["Before"] == [DAEMON.name]
    assert BOOT_SETUP.name in settings(DAEMON)["Wants"]
    looked = [Path(pattern.removeprefix("|")).parent for pattern in unit["ConditionPathExistsGlob"]]
    assert looked == list(boot_file.DIRECTORIES)
    writable = [Path(path.removeprefix("-")) for path in unit["ReadWritePaths"][0].split()]
    for written in (STORE, *boot_file.DIRECTORIES):
        assert any(written.is_relative_to(path) for path in writable), written


def test_the_users_are_made_and_the_daemons_has_the_groups_that_own_the_devices(tmp_path: Path) -> None:
    program = shutil.which("systemd-sysusers", path="/usr/bin:/bin")
    if program is None:
        pytest.skip("systemd-sysusers is not installed")
    (tmp_path / "etc").mkdir()

    made = subprocess.run(
        [program, f"--root={tmp_path}", ROOT / "systemd" / "ravatard.sysusers"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert made.returncode == 0, made.stderr
    groups = [line.split(":") for line in (tmp_path / "etc/group").read_text().splitlines()]
    assert {group[0] for group in groups if group[-1] == "ravatard"} == {"audio", "gpio", "spi"}
    users = [line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines()]
    # The others are root's: they write the settings, or run dpkg.
    assert {user[0] for user in users} == {user for unit in UNITS for user in settings(unit)["User"]}
    assert {unit for unit in UNITS if not settings(unit)["User"]} == {BOOT_SETUP, *UPGRADES}
    assert {user[-1] for user in users} == {"/usr/sbin/nologin"}
    rules = (ROOT / "hardware" / "60-ravatard.rules").read_text()
    assert set(re.findall(r'GROUP="(\w+)"', rules)) == {"gpio", "spi"}
    assert set(re.findall(r'MODE="(\w+)"', rules)) == {"0660"}


def test_an_upgrade_is_judged_and_repaired_only_when_there_is_one() -> None:
    check, repair = (
        settings(ROOT / f"systemd/upgrade/ravatard-upgrade-{name}.service") for name in ("check", "repair")
    )

    assert check["ConditionPathExists"] == [f"{ROLLBACK_NOTE.parent}/trial"]
    # Each with |: any of them is enough.
    assert {one[0] for one in repair["ConditionPathExists"] + repair["ConditionDirectoryNotEmpty"]} == {"|"}
    # Before the service has loaded a mixture; and dpkg must not wait for a service that waits for it.
    assert "ravatard.service" in repair["Before"][0].split()
    assert "RAVATARD_UPGRADE=boot" in (ROOT / "systemd/upgrade/upgrade.sh").read_text()
    # A version has a minute to prove itself within the limit, also after the longest start.
    limits = dict(
        re.findall(
            r"^(\w+)_s=\$\{RAVATARD_\w+:-(\d+)\}", (ROOT / "systemd/upgrade/upgrade.sh").read_text(), re.M
        )
    )
    start_s = int(settings(DAEMON)["TimeoutStartSec"][0])
    assert start_s + int(limits["proof"]) < int(limits["limit"])
