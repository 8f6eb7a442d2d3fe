"""Run the scenarios of a fleet.

Exit status 0 when every aim is met, 1 when not, 2 when it cannot be tried here.

``--only rollout`` runs one of them; ``--machines``, ``--daemons`` and ``--devices`` make the fleet smaller.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from ravatard.sim.server import SimServer
from tests.appliance.commands import end_with_all_at_sigterm
from tests.fleet.alarms import raised
from tests.fleet.machine import may_make_machines
from tests.fleet.outages import survived
from tests.fleet.rollout import rolled_out
from tests.fleet.table import Table

_PROGRAMS = ("ansible-playbook", "mosquitto", "prometheus", "gpg")


async def _rollout(folder: Path, arguments: argparse.Namespace) -> Table:
    async with SimServer() as server:
        return await asyncio.to_thread(rolled_out, folder, arguments.machines, server.base_url)


async def _outages(folder: Path, arguments: argparse.Namespace) -> Table:
    return await survived(folder, arguments.daemons, arguments.devices)


async def _alarms(folder: Path, arguments: argparse.Namespace) -> Table:
    del arguments
    return await raised(folder)


_SCENARIOS = {"alarms": _alarms, "outages": _outages, "rollout": _rollout}


def main() -> int:
    """Run what was asked for, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fleet", description=__doc__)
    parser.add_argument("--only", choices=_SCENARIOS, action="append", default=[])
    parser.add_argument("--machines", type=int, default=20, help="machines of the rollout")
    parser.add_argument("--daemons", type=int, default=40, help="real daemons")
    parser.add_argument("--devices", type=int, default=1_000, help="simulated devices")
    parser.add_argument("--folder", type=Path, help="for files (default: a temporary one)")
    arguments = parser.parse_args()
    end_with_all_at_sigterm()
    missing = [one for one in _PROGRAMS if shutil.which(one) is None]
    if why := may_make_machines() or (f"not installed: {', '.join(missing)}" if missing else ""):
        print(f"cannot be tried here: {why}", file=sys.stderr)
        return 2
    met = True
    for name in arguments.only or _SCENARIOS:
        folder = Path(tempfile.mkdtemp(prefix=f"fleet-{name}-", dir=arguments.folder))
        # apt reads the repository as a user of its own.
        folder.chmod(0o755)
        print(f"\n{name}", flush=True)
        try:
            met = asyncio.run(_SCENARIOS[name](folder, arguments)).met and met
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
