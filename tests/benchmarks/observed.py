"""``ravatard run`` with one observer more, which writes down when messages went out. For the latencies.

Each chunk of the person's voice leaves two doubles in the file $BENCHMARK_JOURNAL: when its last sample was
read, and when the socket had taken its message; both on the monotonic clock.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from struct import pack
from typing import TYPE_CHECKING

import ravatard.cli.run
from ravatard.app import Parts
from ravatard.cli import main
from ravatard.cli.assembly import build
from ravatard.config import Options
from ravatard.core.events import Event, MessageSent
from ravatard.ports import Observer


class Journal:
    """An observer of the hub."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)

    def saw(self, event: Event, now: float) -> None:
        """One event."""
        del now
        if isinstance(event, MessageSent) and event.read_at is not None:
            os.write(self._file, pack("<dd", event.read_at, event.sent_at))

    def did(self, action: object, now: float) -> None:
        """Nothing."""


def observed(options: Options, environ: Mapping[str, str], observers: Sequence[Observer] = ()) -> Parts:
    """The appliance's parts, and the journal."""
    return build(options, environ, [*observers, Journal(environ["BENCHMARK_JOURNAL"])])


if __name__ == "__main__":
    if not TYPE_CHECKING:
        ravatard.cli.run.build = observed
    # What comes first is the name of the command this stands in for.
    sys.exit(main(sys.argv[2:]))
