"""Objects of the start, left out of garbage collections: modules, classes and options never become garbage.

A full collection looks at every object that may be part of a cycle, and the event loop waits meanwhile: 25 ms
of processor time for the 51,000 objects that are there two seconds after a start here, 40 ms for 78,000 of a
live session; a Raspberry Pi Zero 2 W takes several times as long. Behind :func:`gc.freeze` it looks at what
came later, some hundred objects: 0.2 ms (``tests/benchmarks/full_collections.py``). No process is forked from
this one, so no memory is copied for it. The thresholds of the generations are Python's: the younger two take
3 ms at most.
"""

from __future__ import annotations

import asyncio
import gc

#: What connects, downloads and plays is loaded with its first use, some seconds after the start at the latest
#: where the appliance is used at all.
SETTLED_S = 60.0


def freeze_imports() -> None:
    """Leave out what was imported, before the event loop runs.

    Nothing is collected before: the 700 objects of cycles that importing leaves behind are not worth the time
    that a collection takes from the start.
    """
    gc.freeze()


class SettledStart:
    """Timer that leaves out what was loaded since :func:`freeze_imports`, once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, settled_s: float = SETTLED_S) -> None:
        self._handle = loop.call_later(settled_s, self._settle)

    def _settle(self) -> None:
        # A cycle that has lost its owner by now stays for good: some hundred objects. To look for them would
        # be the collection that is avoided; the two younger generations are quick.
        gc.collect(1)
        gc.freeze()

    def cancel(self) -> None:
        """End it."""
        self._handle.cancel()
