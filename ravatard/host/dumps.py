"""Protection of the memory of a process that holds secrets."""

from __future__ import annotations

#: linux/prctl.h.
_PR_SET_DUMPABLE = 4


def forbid_dumps() -> bool:
    """Let no process of the same user read this one's memory or environment, and no core file be written.

    ptrace, ``/proc/PID/mem`` and ``/proc/PID/environ`` are left to root; programs started from here are not
    affected (prctl(2)). Return False where the kernel or the C library has no such thing.
    """
    import ctypes

    try:
        return int(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)) == 0
    except (OSError, AttributeError):
        return False
