"""One machine of a rollout: a namespace with files of its own over this one's, and a stand-in for systemd."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

#: Laid over this machine's files; what is written goes to memory.
_MOUNTS = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs {place}
mkdir {place}/upper {place}/work {place}/files
mount -t overlay overlay -o lowerdir=/,upperdir={place}/upper,workdir={place}/work {place}/files
for shared in /tmp /dev /proc /sys; do mount --rbind $shared {place}/files$shared; done
mount -t tmpfs tmpfs {place}/files/run
echo ready
exec sleep infinity
"""
#: Of systemctl, what apt's scripts and Ansible ask for, for one unit that runs until it is stopped.
_SYSTEMCTL = r"""#!/bin/sh
while case "$1" in -*) true ;; *) false ;; esac; do shift; done
# Of other units only their names are noted.
case "$2" in
ravatard | ravatard.service) ;;
*)
    case "$1" in
    show) printf 'LoadState=loaded\nActiveState=active\n' ;;
    *) echo "$1 $2" >>/var/log/other-units ;;
    esac
    exit 0
    ;;
esac
pid=/run/ravatard.pid
alive() { [ -s $pid ] && kill -0 "$(cat $pid)" 2>/dev/null; }
start() {
    alive && return 0
    mkdir -p /run/credentials /run/ravatard /var/lib/ravatard /etc/credstore
    rm -f /run/credentials/*
    cp /etc/credstore/ravatard.* /run/credentials/ 2>/dev/null || true
    RUNTIME_DIRECTORY=/run/ravatard STATE_DIRECTORY=/var/lib/ravatard CREDENTIALS_DIRECTORY=/run/credentials \
        setsid ravatard run </dev/null >>/var/log/ravatard.log 2>&1 &
    echo $! >$pid
    echo "$1" >>/var/log/ravatard.starts
}
stop() {
    alive || return 0
    kill "$(cat $pid)"
    n=0
    while alive && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1; done
    rm -f $pid
}
case "$1" in
show)
    echo LoadState=loaded
    alive && echo ActiveState=active || echo ActiveState=inactive
    ;;
is-enabled) [ -e /etc/ravatard.enabled ] && echo enabled || { echo disabled; exit 1; } ;;
is-active) alive && echo active || { echo inactive; exit 3; } ;;
enable) touch /etc/ravatard.enabled ;;
start) start start ;;
restart) stop; start restart ;;
stop) stop ;;
reload) kill -HUP "$(cat $pid)"; echo reload >>/var/log/ravatard.starts ;;
esac
"""


@dataclass(slots=True)
class Machine:
    """A machine that Ansible reaches by ``ansible_connection: local`` and a shell of its own.

    Attributes:
        name: in the inventory.
        place: folder of its mounts.
    """

    name: str
    place: Path
    _holder: subprocess.Popen[str] | None = None

    @property
    def shell(self) -> Path:
        """Shell that runs on the machine."""
        return self.place.with_suffix(".sh")

    def start(self, ports: int) -> None:
        """Make its file system. ``ports``: of the daemon's figures; the network is shared by all."""
        self.place.mkdir(parents=True)
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _MOUNTS.format(place=self.place)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n", f"{self.name} has no file system"
        root = f"/proc/{self._holder.pid}/root{self.place}/files"
        # The mounts are those of the namespace, seen through its process.
        self.shell.write_text(
            f"#!/bin/sh\nexec nsenter --mount=/proc/{self._holder.pid}/ns/mnt chroot {self.place}/files "
            f'env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive /bin/sh "$@"\n'
        )
        self.shell.chmod(0o755)
        Path(root, "usr/bin/systemctl").unlink(missing_ok=True)
        Path(root, "usr/bin/systemctl").write_text(_SYSTEMCTL)
        Path(root, "usr/bin/systemctl").chmod(0o755)
        Path(root, "etc/machine-id").unlink(missing_ok=True)
        Path(root, "etc/machine-id").write_text(f"{ports:032x}\n")
        for source in Path(root, "etc/apt/sources.list.d").iterdir():
            source.unlink()
        # Of an apt that is at work on this machine just now, the half must not be seen there.
        self.run(
            "rm -rf /var/lib/apt/lists/* /var/lib/dpkg/updates/* /etc/ravatard /etc/credstore/ravatard.*"
        )

    def run(self, command: str) -> str:
        """Return what ``command`` prints on the machine, whatever its exit status."""
        ran = subprocess.run(
            [str(self.shell), "-c", command], capture_output=True, text=True, timeout=60, check=False
        )
        return ran.stdout.strip()

    def stop(self) -> None:
        """End its daemon and its namespace; nothing of it is left."""
        if self._holder is None:
            return
        self.run("systemctl stop ravatard")
        self._holder.send_signal(signal.SIGKILL)
        self._holder.wait()
        self._holder = None
        self.shell.unlink(missing_ok=True)


def may_make_machines() -> str:
    """Return why machines cannot be made here; "" when they can."""
    if os.geteuid() != 0:
        return "needs root, for namespaces"
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this machine allows no namespaces"


#: The daemon under test: the one that these tests are of.
PROGRAM = f"{sys.executable} -m ravatard"
