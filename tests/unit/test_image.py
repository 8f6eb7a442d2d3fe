"""The image for Raspberry Pis, without building it: layout, names, files, and what an owner adds to them."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
import yaml

from tests.appliance.commands import BuildError
from tests.packaging.image.__main__ import image_name, newest_deb
from tests.packaging.image.boards import started
from tests.packaging.image.layout import SECTOR, identity, layout
from tests.packaging.image.owner import ACCOUNT, SETTINGS, answers, user_data
from tests.packaging.image.root import FILES, firmware_settings, fstab, packages, sources

ERASE_BLOCK = 4 << 20
UNITS = sorted((FILES / "root").rglob("*.service")) + sorted((FILES / "root").rglob("*.conf"))


@pytest.mark.parametrize("root_bytes", [0, 1, 700 << 20, (1 << 30) + 17])
def test_partitions_follow_each_other_on_erase_blocks_and_hold_the_files(root_bytes: int) -> None:
    plan = layout(root_bytes)

    assert plan.boot.start == ERASE_BLOCK
    assert plan.root.start == plan.boot.start + plan.boot.size
    assert plan.size == plan.root.start + plan.root.size
    assert [one % ERASE_BLOCK for one in (plan.boot.size, plan.root.size)] == [0, 0]
    assert plan.root.size >= root_bytes + (128 << 20)


def test_the_partition_table_is_an_mbr_with_the_firmwares_partition_first() -> None:
    plan = layout(700 << 20)

    label, number, *_, boot, root = plan.sfdisk("0badcafe").splitlines()

    assert (label, number) == ("label: dos", "label-id: 0x0badcafe")
    assert boot == f"start=8192, size={plan.boot.size // SECTOR}, type=c, bootable"
    assert root == f"start={plan.root.start // SECTOR}, size={plan.root.size // SECTOR}, type=83"


def test_an_image_has_the_numbers_of_its_version() -> None:
    one = identity("0.2.0+deb13")

    assert one == identity("0.2.0+deb13")
    assert len({one.disk, one.boot, identity("0.2.1+deb13").disk, identity("0.2.1+deb13").boot}) == 4
    assert re.fullmatch("[0-9a-f]{8}", one.disk)
    assert one.partition(2) == f"{one.disk}-02"


def test_only_root_reads_the_boot_partition_and_a_card_without_one_starts() -> None:
    system, boot = (line.split() for line in fstab(identity("1")).splitlines())

    assert system[:3] == [f"PARTUUID={identity('1').partition(2)}", "/", "ext4"]
    assert boot[:3] == [f"PARTUUID={identity('1').partition(1)}", "/boot/firmware", "vfat"]
    assert {"umask=0077", "nofail"} <= set(boot[3].split(","))


def test_the_kernel_is_told_its_partition_and_sets_no_memory_aside_that_a_raspberry_pi_4_lacks() -> None:
    lines = firmware_settings(identity("1")).split("\n")

    assert f'ROOTPART="PARTUUID={identity("1").partition(2)}"' in lines
    assert "CMA=0" in lines


def test_kernel_and_initrd_are_those_that_the_firmware_starts_and_not_words_that_resemble_them() -> None:
    config = "upstream_kernel=1\nkernel=vmlinuz-6.12\n# For the initramfs directive\ninitramfs initrd-6.12\n"

    assert started(config) == ("vmlinuz-6.12", "initrd-6.12")


def test_a_card_that_names_no_kernel_is_told() -> None:
    with pytest.raises(AssertionError, match="names no kernel"):
        started("upstream_kernel=1\n")


def test_the_image_is_named_after_the_package() -> None:
    assert image_name("0.2.0+deb13") == "ravatard_0.2.0_raspberry-pi.img"
    assert (
        image_name("0.2.0~git20261129143205.7d6f0c4+deb13")
        == "ravatard_0.2.0~git20261129143205.7d6f0c4_raspberry-pi.img"
    )


def test_the_package_for_the_images_debian_is_taken(tmp_path: Path) -> None:
    for name in ("1+deb12_arm64", "1+deb13_amd64", "1+deb13_arm64"):
        (tmp_path / f"ravatard_{name}.deb").touch()

    assert newest_deb(tmp_path).name == "ravatard_1+deb13_arm64.deb"


def test_without_a_package_the_command_that_builds_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="make deb SUITE=trixie ARCHITECTURE=arm64"):
        newest_deb(tmp_path)


def test_each_package_is_listed_once() -> None:
    names = packages("arm64")

    assert set(names) - set(packages("amd64")) == {
        *("linux-image-arm64", "raspi-firmware", "firmware-brcm80211", "initramfs-tools", "zstd")
    }
    assert len(names) == len(set(names)) > 20
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", name) for name in names)


def test_security_updates_and_firmware_are_among_the_sources() -> None:
    entries = sources().split("\n\n")

    assert [re.findall(r"Suites: (.*)", entry) for entry in entries] == [
        ["trixie trixie-updates"],
        ["trixie-security"],
    ]
    assert all("non-free-firmware" in entry for entry in entries)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_and_settings_of_systemd_can_be_read(unit: Path) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters="=")

    parser.read_string(unit.read_text())

    assert set(parser.sections()) <= {"Unit", "Service", "Install", "Journal", "Resolve"}


def test_what_is_on_the_boot_partition_makes_no_account_and_leaves_ssh_off() -> None:
    shipped = yaml.safe_load((FILES / "boot/user-data").read_text())

    assert shipped == {"hostname": "ravatard"}


def test_the_examples_on_the_boot_partition_are_right_when_they_are_uncommented() -> None:
    data, network = (
        yaml.safe_load(re.sub(r"(?m)^#(?=[a-z ]+:|  )", "", (FILES / "boot" / name).read_text()))
        for name in ("user-data", "network-config")
    )

    assert data["user"]["ssh_authorized_keys"]
    assert data["runcmd"] == [["systemctl", "enable", "--now", "ssh"]]
    assert network["network"]["ethernets"]["eth0"]["optional"]
    (point,) = network["network"]["wifis"]["wlan0"]["access-points"].values()
    assert point == {"password": "ITS PASSWORD"}


def test_cloud_init_reads_the_boot_partition_and_no_network() -> None:
    settings = yaml.safe_load((FILES / "root/etc/cloud/cloud.cfg.d/90-appliance.cfg").read_text())

    assert settings["datasource_list"] == ["NoCloud", "None"]
    assert settings["datasource"] == {"NoCloud": {"seedfrom": "file:///boot/firmware/"}}
    assert settings["users"] == []
    # Besides the groups an account has what Debian gives it: no password, and sudo without one.
    assert set(settings["system_info"]["default_user"]) == {"groups"}
    assert {"sudo", "ravatard"} <= set(settings["system_info"]["default_user"]["groups"])


def test_the_proofs_own_files_are_read_by_cloud_init_and_by_ravatard() -> None:
    data = yaml.safe_load(user_data("/dev/ttyS1"))
    script, unit, module = (file["content"] for file in data["write_files"])

    assert data["user"]["name"] == ACCOUNT
    assert "exec >/dev/ttyS1 " in script
    assert script.startswith("#!/bin/sh\n")
    assert module == "snd-aloop\n"
    assert "ExecStart=/usr/local/sbin/proof\n" in unit
    assert yaml.safe_load(SETTINGS)["service"]["project_id"] == "not-a-project"


def test_answers_are_found_among_the_consoles_other_lines() -> None:
    console = (
        "[  OK  ] Started x.\nPROOF name: proof\n[ 12.3] PROOF times: a\nPROOF times: b \nPROOF end: yes\n"
    )

    assert answers(console) == {"name": ["proof"], "times": ["a", "b"], "end": ["yes"]}
