"""The kernel's own announcements, in a network namespace of the test's own."""

from __future__ import annotations

import subprocess
import sys

#: Brings up the loopback interface of a fresh namespace, which gives it its addresses.
_CHILD = """
import asyncio, fcntl, socket, struct
from ravatard.host.network_changes import KernelNetworkChanges

def up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))

async def main():
    changes = KernelNetworkChanges().changes()
    first = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0.2)
    print("quiet" if not first.done() else "noisy")
    up()
    async with asyncio.timeout(20):
        await first
    print("changed")
    await changes.aclose()

asyncio.run(main())
"""


def test_an_interface_that_comes_up_is_a_change() -> None:
    done = subprocess.run(
        ["unshare", "--net", "--map-root-user", sys.executable, "-c", _CHILD],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout.split(), done.stderr) == (["quiet", "changed"], "")
