"""Runs what the test asks for, in the virtual machine: one JSON object a line, over a virtio-serial port.

In: ``{"id": 1, "command": "...", "within_s": 5}``. Out: ``{"id": 1, "status": 0, "output": "..."}``, the
output of both streams; status 124 when it did not end in time. First of all ``{"boot": ID}`` goes out.
Only Python's standard library: it is there before anything is installed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PORT = "/dev/virtio-ports/ravatard.appliance"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
LATE = 124


def obey(request: dict[str, Any], tell: Callable[[dict[str, object]], None], cwd: str = "/") -> None:
    """Run one command, and tell how it went."""
    child = subprocess.Popen(
        ["/bin/bash", "-c", request["command"]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=cwd,
    )
    try:
        said, _ = child.communicate(timeout=request["within_s"])
        status = child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        said, _ = child.communicate()
        status = LATE
    tell({"id": request["id"], "status": status, "output": said.decode(errors="replace")})


def main() -> None:
    """Serve for ever."""
    port = os.open(PORT, os.O_RDWR)
    lock = threading.Lock()

    def tell(answer: dict[str, object]) -> None:
        with lock:
            data = json.dumps(answer).encode() + b"\n"
            while data:
                data = data[os.write(port, data) :]

    tell({"boot": BOOT_ID.read_text().strip()})
    rest = b""
    while True:
        data = os.read(port, 1 << 16)
        if not data:
            # The other side is away for now; the port does not wait for it.
            time.sleep(0.1)
            continue
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            threading.Thread(target=obey, args=(json.loads(line), tell), daemon=True).start()


if __name__ == "__main__":
    main()
