"""The least that a process can do that looks now and then: ``python -P poller.py MS`` wakes by a timer."""

from __future__ import annotations

import sys
import time


def main(every_ms: int) -> None:
    """Wake for ever, at a pace that never drifts."""
    due = time.monotonic()
    while True:
        due += every_ms / 1000
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main(int(sys.argv[1]))
