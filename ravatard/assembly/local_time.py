"""Local time of this machine, as its owner reads it from a clock."""

from __future__ import annotations

import time
from datetime import datetime


def local_time() -> datetime:
    """Return the time in the zone that this machine is in now: it may be told another one while we run.

    tzset(3) reads /etc/localtime again if it has changed; localtime_r(3) alone need not.
    """
    time.tzset()
    return datetime.now().astimezone()
