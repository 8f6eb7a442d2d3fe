"""What an owner puts onto the card in the proof, and what the appliance says of itself."""

from __future__ import annotations

import re

import yaml

ACCOUNT = "owner"
#: The settings file; the sound card is the kernel's own.
SETTINGS = """\
service: {project_id: not-a-project, avatar: Proof, base_url: "https://service.invalid/"}
microphone: {device: Loopback}
speaker: {device: Loopback}
"""
#: What is asked at the end of a boot: a word -> a shell command.
_QUESTIONS = {
    "ravatard": "systemctl is-active ravatard.service",
    "sentence": "systemctl show --value --property StatusText ravatard.service",
    "ready_us": "systemctl show --value --property ActiveEnterTimestampMonotonic ravatard.service",
    "failed": "systemctl --failed --plain --no-legend",
    "root_bytes": "findmnt --noheadings --bytes --output SIZE /",
    "boot_mount": "stat -c %a /boot/firmware",
    "secret": "stat -c %U:%G:%a /etc/credstore/ravatard.service.project_id",
    "settings": "grep -c not-a-project /etc/ravatard/ravatard.yaml",
    "account": f"id -nG {ACCOUNT}",
    "logins": "cut -d: -f1,2 /etc/shadow | grep -v ':[!*]' | cut -d: -f1",
    "ssh": "systemctl is-active ssh.service",
    "keys": "ls /etc/ssh/ | grep -c 'ssh_host_.*_key$'",
    "machine": "wc -c </etc/machine-id",
    "name": "hostnamectl hostname",
    "network": "networkctl --no-legend --no-pager list",
    "clock": "timedatectl show --property CanNTP --property NTP",
    "cloud_init": "systemctl is-active cloud-init-main.service cloud-final.service",
    "warnings": "grep -E 'WARNING|ERROR' /var/log/cloud-init.log | cut -c1-160",
    "times": "systemd-analyze time; systemd-analyze critical-chain --no-pager ravatard.service",
    "report": "ravatard status",
    "sounds": "ravatard devices",
}
_MARK = "PROOF"
_REPORT = "/usr/local/sbin/proof"


def user_data(told: str, last: str = "systemctl --no-block poweroff", card: bool = True) -> str:
    """File for cloud-init: an account, a sound card, and a report at the end of each boot.

    Args:
        told: the file that takes the report, such as a console.
        last: a command after the report.
        card: the kernel has the module for a card.
    """
    questions = [f"ask {word} <<'END'\n{command}\nEND" for word, command in _QUESTIONS.items()]
    script = [
        "#!/bin/sh",
        f"exec >{told} 2>&1",
        f'ask() {{ sh 2>&1 | sed "s/^/{_MARK} $1: /"; }}',
        *questions,
        f"echo {_MARK} end: yes",
        "sleep 2",
        last,
    ]
    unit = (
        "[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\n"
        f"ExecStart={_REPORT}\n[Install]\nWantedBy=graphical.target\n"
    )
    files = [
        {"path": _REPORT, "permissions": "0755", "content": "\n".join(script) + "\n"},
        {"path": "/etc/systemd/system/proof.service", "content": unit},
    ]
    settings: dict[str, object] = {
        "hostname": "proof",
        "user": {"name": ACCOUNT, "lock_passwd": True, "sudo": None},
        "runcmd": [["systemctl", "enable", "proof.service"], [_REPORT]],
    }
    if card:
        settings["bootcmd"] = [["modprobe", "snd-aloop"]]
        files.append({"path": "/etc/modules-load.d/proof.conf", "content": "snd-aloop\n"})
    return "#cloud-config\n" + yaml.safe_dump(settings | {"write_files": files}, sort_keys=False)


def answers(console: str) -> dict[str, list[str]]:
    """What was answered on the console: a word -> its lines."""
    found: dict[str, list[str]] = {}
    for line in console.splitlines():
        if match := re.search(rf"{_MARK} (\w+): (.*)", line):
            found.setdefault(match[1], []).append(match[2].strip())
    return found
