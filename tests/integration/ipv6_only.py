"""The whole appliance on a machine without IPv4: run in a network namespace of its own, with a folder.

It ends with status 0 when the daemon has talked with a simulated service, and its pages, its figures and its
broker were reached; otherwise with a traceback.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import aiohttp

from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.program import Program

_KIOSK, _PAGE, _FIGURES, _BROKER = 8471, 8472, 8473, 1883


async def main(folder: Path) -> None:
    """Run the appliance against a simulated service on ::1."""
    sound = recordings.write(folder / "again.wav", recordings.one_request(3))
    config: Config = {
        "microphone": {"wav": str(sound), "repeat": True},
        "speaker": {"enabled": True, "wav": str(folder / "heard.wav")},
        "kiosk": {"enabled": True, "port": _KIOSK},
        "page": {"listen": "loopback", "port": _PAGE},
        "metrics": {"listen": "loopback", "port": _FIGURES},
        "mqtt": {"host": "::1", "port": _BROKER},
    }
    async with SimServer(host="::1") as server, Daemon(folder, server.base_url, config) as daemon:
        await daemon.until(lambda: server.record.counts["answers"], "an answer", 30)
        await daemon.until(lambda: "live voice arrives" in daemon.stderr, "the live voice", 30)
        await daemon.until(lambda: "connected to the MQTT broker" in daemon.stderr, "the broker", 30)
        async with aiohttp.ClientSession() as session:
            for port, path in ((_KIOSK, "/"), (_PAGE, "/healthz"), (_FIGURES, "/metrics")):
                async with session.get(f"http://[::1]:{port}{path}") as reply:
                    assert reply.status in (200, 204), (port, reply.status)
        async with Program("status") as program:
            assert await program.ended() == 0, program.stdout
        # Nothing listens at an address of IPv4.
        assert _listening_by_ipv4() == []
        await daemon.stopped()
        assert server.record.open_licences() == []


def _listening_by_ipv4() -> list[str]:
    """Return the lines of the kernel's table of what listens."""
    return [line for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]


if __name__ == "__main__":
    for words in ("link set lo up", "address del 127.0.0.1/8 dev lo"):
        subprocess.run(["ip", *words.split()], check=True, timeout=20)
    home = Path(sys.argv[1])
    broker = subprocess.Popen(
        ["mosquitto", "-p", str(_BROKER)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(0.5)
    try:
        asyncio.run(main(home))
    finally:
        broker.kill()
        broker.wait()
