"""``ravatard run`` with one observer more, which writes down when messages went out. For the latencies.

Each chunk of the person's voice leaves two doubles in the file $BENCHMARK_JOURNAL: when its last sample was
read, and when the socket had taken its message; both on the monotonic clock. In $BENCHMARK_PLAYED, if it is
set, each sign of life of the speaker leaves one: the milliseconds of sound that wait to be played.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from struct import pack
from typing import TYPE_CHECKING, Any

import ravatard.cli.appliance
from ravatard.appliance_parts import Parts
from ravatard.assembly.lifetime import live
from ravatard.cli import main
from ravatard.core.events import Event, MessageSent, Played

_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class Journal:
    """An observer of the hub."""

    def __init__(self, path: str, played: str = "") -> None:
        self._file = os.open(path, _NEW, 0o644)
        self._played = os.open(played, _NEW, 0o644) if played else None

    def on_event(self, event: Event, now: float) -> None:
        """One event."""
        del now
        if isinstance(event, MessageSent) and event.read_at is not None:
            os.write(self._file, pack("<dd", event.read_at, event.sent_at))
        elif isinstance(event, Played) and self._played is not None:
            os.write(self._played, pack("<d", event.buffered_ms))

    def on_action(self, action: object, now: float) -> None:
        """Nothing."""


async def observed(parts: Parts, *rest: Any) -> None:
    """The appliance, and the journal."""
    journal = Journal(os.environ["BENCHMARK_JOURNAL"], os.environ.get("BENCHMARK_PLAYED", ""))
    await live(replace(parts, observers=[*parts.observers, journal]), *rest)


if __name__ == "__main__":
    if not TYPE_CHECKING:
        ravatard.cli.appliance.live = observed
    # What comes first is the name of the command this stands in for.
    sys.exit(main(sys.argv[2:]))
