"""``ravatard simulate --kind avatar`` that writes down its socket's messages. For the latencies.

Each message but frames leaves a line in the file $BENCHMARK_MESSAGES: seconds on the monotonic clock at which
it came or was sent, "in" or "out" from the service's side, its type. With $BENCHMARK_HUM_S each answer is a
hum of so many seconds, loud from its first sample on.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from typing import TYPE_CHECKING

import ravatard.sim.avatar.service
from ravatard.cli import main
from ravatard.sim.avatar.record import AvatarRecord, SocketMessageRecord
from tests.benchmarks import scenes

_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class _Journal(deque[SocketMessageRecord]):
    """Messages, each written down as it is noted."""

    def __init__(self, path: str) -> None:
        super().__init__(maxlen=100)
        self._file = os.open(path, _NEW, 0o644)

    def append(self, message: SocketMessageRecord, /) -> None:
        """Write down a message."""
        super().append(message)
        os.write(self._file, f"{message.at!r} {message.direction} {message.kind}\n".encode())


class ObservedRecord(AvatarRecord):
    """Record with a journal of the messages."""

    def __init__(self) -> None:
        super().__init__()
        self.messages = _Journal(os.environ["BENCHMARK_MESSAGES"])


class Hum:
    """Synthesizer of hums."""

    def wav(self, text: str) -> bytes:
        """The same for each text."""
        del text
        return scenes.hum_wav(float(os.environ["BENCHMARK_HUM_S"]))


if __name__ == "__main__":
    if not TYPE_CHECKING:
        ravatard.sim.avatar.service.AvatarRecord = ObservedRecord
        if "BENCHMARK_HUM_S" in os.environ:
            ravatard.sim.avatar.service.Synthesizer = Hum
    # What comes first is the name of the command this stands in for.
    sys.exit(main(sys.argv[2:]))
