"""Three real daemons of one group in one room: they hear the same words, not at the same moment."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from ravatard.core.audio_format import RATE_HZ
from ravatard.host.identity import appliance_id
from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.mqtt_rig import Mosquitto, Seen, fields, watching
from tests.integration.program import until

#: Their detections are at most so far apart.
APART_S = 0.2
_BLOCK_S = 0.02
_BLOCK = round(RATE_HZ * _BLOCK_S)
#: A machine has one id; a daemon in mounts of its own sees another one. ``$0`` is the file with it.
_OWN_ID = 'mount --bind "$0" /etc/machine-id && exec "$@"'


class Voices:
    """The microphones of the room: FIFOs that one clock fills, so that all hear the same at known times."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Make a FIFO at each path."""
        for path in paths:
            os.mkfifo(path)
        # Open for reading, too: it stays there, whoever comes and goes.
        self._ends = [os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC) for path in paths]
        self._lock = threading.Lock()
        self._said: list[list[bytes]] = [[] for _ in paths]
        self._noise = recordings.quiet(10.0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="voices", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for end in self._ends:
            os.close(end)

    def say(self, words: recordings.Samples, delays_s: Sequence[float]) -> None:
        """Have each microphone hear ``words`` from now on, after its delay."""
        with self._lock:
            for said, delay_s in zip(self._said, delays_s, strict=True):
                heard = np.concatenate([recordings.quiet(delay_s), words, recordings.quiet(_BLOCK_S)])
                said += [
                    heard[at : at + _BLOCK].tobytes() for at in range(0, len(heard) - _BLOCK + 1, _BLOCK)
                ]

    def _run(self) -> None:
        begun, number = time.monotonic(), 0
        while not self._over.wait(max(0.0, begun + number * _BLOCK_S - time.monotonic())):
            at = number * _BLOCK % (len(self._noise) - _BLOCK)
            quiet = self._noise[at : at + _BLOCK].tobytes()
            number += 1
            with self._lock:
                blocks = [said.pop(0) if said else quiet for said in self._said]
            for end, block in zip(self._ends, blocks, strict=True):
                self._write(end, block)

    @staticmethod
    def _write(end: int, block: bytes) -> None:
        try:
            os.write(end, block)
        except OSError as error:
            # A full pipe has no reader yet.
            if error.errno != errno.EAGAIN:
                raise


@dataclass
class Try:
    """What came of one sentence in the room.

    Attributes:
        answered: ids of the appliances that answered.
        yielded: of those that began, and left it to another one.
    """

    answered: list[str]
    yielded: list[str] = field(default_factory=list)


@dataclass
class DaemonRoom:
    """The room.

    Attributes:
        daemons: its daemons.
        ids: their ids, in the same order.
        seen: a client of the broker that sees everything.
        broker: the broker.
    """

    daemons: list[Daemon]
    ids: list[str]
    seen: Seen
    broker: Mosquitto
    _voices: Voices
    _servers: list[SimServer]
    _words: recordings.Samples = field(default_factory=lambda: recordings.one_request(3, after_s=0.2))

    def say(self, delays_s: Sequence[float]) -> None:
        """Say one sentence; each microphone hears it after its delay."""
        self._voices.say(self._words, delays_s)

    def turns(self, begun: int) -> list[tuple[str, str]]:
        """Id and kind of every turn that was told since message number ``begun``."""
        told = self.seen.messages[begun:]
        found = [(str(one.topic), one.payload) for one in told if str(one.topic).endswith("/event/turn")]
        return [
            (topic.split("/")[1], str(fields(bytes(payload).decode())["event_type"]))
            for topic, payload in found
            if isinstance(payload, bytes)
        ]

    async def one_try(self, dice: random.Random) -> Try:
        """Say a sentence that all hear at most :data:`APART_S` apart, and wait until it is quiet again."""
        begun = len(self.seen.messages)
        # The first and the last are as far apart as they may be in one try of three.
        delays = [0.0, dice.uniform(0.0, APART_S), dice.choice((APART_S, dice.uniform(0.0, APART_S)))]
        dice.shuffle(delays)
        self.say(delays)
        await until(lambda: self._answered(begun), "one answers", story=self.story)
        await until(lambda: self._is_released(begun), "the room is free", story=self.story)
        # Words that another one took for its own have become an answer by now, too: all heard the same.
        await asyncio.sleep(0.5)
        turns = self.turns(begun)
        yielded = [own for own, kind in turns if kind != "answered"]
        return Try([own for own, kind in turns if kind == "answered"], yielded)

    def _answered(self, begun: int) -> list[str]:
        return [own for own, kind in self.turns(begun) if kind == "answered"]

    def _is_released(self, begun: int) -> bool:
        topic = "ravatard/group/lobby/turn"
        told = [one.payload for one in self.seen.messages[begun:] if str(one.topic) == topic]
        return any(b'"release"' in payload for payload in told if isinstance(payload, bytes))

    def answers(self) -> list[int]:
        """Number of answers that each service has given."""
        return [server.record.counts["answers"] for server in self._servers]

    def story(self) -> str:
        """All that may explain a failure."""
        told = "\n".join(f"{one.topic} {one.payload!r}" for one in self.seen.messages[-60:])
        return "\n".join([told, *(daemon.story() for daemon in self.daemons)])


@asynccontextmanager
async def daemon_room(folder: Path, number: int = 3) -> AsyncIterator[DaemonRoom]:
    """Daemons that know each other, at a broker of their own; each has a service to itself."""
    broker = Mosquitto(folder)
    broker.start()
    places = [folder / f"appliance-{one}" for one in range(number)]
    ids = []
    for one, place in enumerate(places):
        place.mkdir()
        (place / "machine-id").write_text(f"{one:032x}\n")
        ids.append(appliance_id(place / "machine-id"))
    async with AsyncExitStack() as stack:
        stack.callback(broker.stop)
        servers = [await stack.enter_async_context(SimServer(SimOptions(think_s=0.3))) for _ in range(number)]
        voices = stack.enter_context(Voices([place / "voice" for place in places]))
        seen = await stack.enter_async_context(watching(broker.port, outlives=True))
        daemons = [
            await stack.enter_async_context(_daemon(place, server, broker))
            for place, server in zip(places, servers, strict=True)
        ]
        for daemon in daemons:
            await daemon.ready()
        hellos = "ravatard/group/lobby/turn"
        await until(
            lambda: sum(str(one.topic) == hellos for one in seen.messages) >= number, "all have said hello"
        )
        yield DaemonRoom(daemons, ids, seen, broker, voices, servers)


def _daemon(place: Path, server: SimServer, broker: Mosquitto) -> Daemon:
    config: Config = {
        "microphone": {"fifo": str(place / "voice")},
        "gate": {"silence_ms": 600},
        "mqtt": {"host": "127.0.0.1", "port": broker.port},
        "group": {"name": "lobby"},
    }
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    launcher = ["unshare", "--mount", *mapped, "sh", "-c", _OWN_ID, str(place / "machine-id")]
    with suppress(FileNotFoundError):
        (place / "notify").unlink()
    return Daemon(
        place, server.base_url, config, launcher=launcher, environ={"RUNTIME_DIRECTORY": str(place)}
    )
