"""Name of the daemon's own unit of systemd."""

from __future__ import annotations

from pathlib import Path

CGROUP = Path("/proc/self/cgroup")


def own_unit(cgroup: Path = CGROUP) -> str:
    """Return the name of the service that this process belongs to; "" where there is none.

    Args:
        cgroup: the kernel's file that names it (cgroups(7)).
    """
    try:
        line = cgroup.read_text(encoding="utf-8", errors="replace").splitlines()[-1]
    except (OSError, IndexError):
        return ""
    name = line.rpartition("/")[2]
    return name if name.endswith(".service") else ""
