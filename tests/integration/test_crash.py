"""The daemon is killed at any point of a conversation: no live session stays open, none is ended twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from ravatard.host.ledger import NAME, parse
from ravatard.ports.host import OwedSession
from ravatard.sim.exchange import Reply, Request, ServiceSocket
from ravatard.sim.options import SimOptions
from ravatard.sim.ravatar.cloud import SimCloud
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import PROJECT, USER, Config, Daemon
from tests.integration.program import Program, until

pytestmark = pytest.mark.integration


class Deadly:
    """The simulated service, and a request on which the daemon is killed.

    Killed *before* the service sees the request, as when the power goes while it is on its way out; or
    *after* the service has done what was asked, while the answer is on its way back.
    """

    def __init__(self, cloud: SimCloud) -> None:
        self._cloud = cloud
        self._path = ""
        self._after = False
        self.victim = 0
        self.projects: list[object] = []

    def kill_on(self, path: str, *, after: bool = False) -> None:
        """Kill ``victim`` at its next request of ``path``."""
        self._path, self._after = path, after

    @property
    def armed(self) -> bool:
        """Nobody was killed yet."""
        return bool(self._path)

    def handle(self, request: Request, now: float) -> Reply:
        """Answer one HTTP request, or do not."""
        if request.path == "/jwt":
            self.projects.append(json.loads(request.body).get("project_id"))
        if request.path != self._path:
            return self._cloud.handle(request, now)
        if self._after:
            self._cloud.handle(request, now)
        self._kill()
        return Reply(500, {})

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> ServiceSocket | Reply:
        """Open a socket, or do not."""
        if request.path != self._path:
            return self._cloud.connect(request, now, wake)
        self._kill()
        return Reply(500, {})

    def _kill(self) -> None:
        self._path = ""
        os.kill(self.victim, signal.SIGKILL)


class House:
    """One appliance and its service over many lives of the daemon."""

    def __init__(self, folder: Path, server: SimServer) -> None:
        self.server = server
        self.deadly = Deadly(server.cloud)
        server.service = self.deadly
        self.state = folder / "state"
        self._folder = folder
        sound = recordings.write(folder / "one.wav", recordings.one_request(3, before_s=0.3, after_s=12.0))
        self._config: Config = {"microphone": {"wav": str(sound)}, "session": {"idle_s": 5}}

    def daemon(self, environ: Mapping[str, str] | None = None) -> Daemon:
        """The daemon's next life."""
        return Daemon(self._folder, self.server.base_url, self._config, environ=environ)

    @property
    def counts(self) -> dict[str, int]:
        """What the service has counted."""
        return dict(self.server.record.counts)

    def on_ledger(self) -> list[OwedSession]:
        """What the killed daemon has left on the list."""
        try:
            return parse((self.state / NAME).read_bytes())[0]
        except FileNotFoundError:
            return []

    def gained(self, count: str, by: int = 1) -> Callable[[], bool]:
        """Whether one of the service's counts has grown since now."""
        before = self.server.record.counts[count]
        return lambda: self.server.record.counts[count] >= before + by


Point = Callable[[House, Daemon], Awaitable[None]]


def after(seconds: float) -> Point:
    """So long after its start: while it is still importing, or making its parts."""

    async def wait(_house: House, _daemon: Daemon) -> None:
        await asyncio.sleep(seconds)

    return wait


def request(path: str) -> Point:
    """While this request is on its way to the service."""

    async def wait(house: House, _daemon: Daemon) -> None:
        house.deadly.kill_on(path)

    return wait


def counted(count: str, by: int = 1, then_s: float = 0.0) -> Point:
    """When the service has counted so many more of something."""

    async def wait(house: House, daemon: Daemon) -> None:
        await daemon.until(house.gained(count, by), f"{by} more {count}")
        await asyncio.sleep(then_s)

    return wait


def showing(words: str, then_s: float = 0.0) -> Point:
    """When its status says so."""

    async def wait(_house: House, daemon: Daemon) -> None:
        await daemon.showing(words)
        await asyncio.sleep(then_s)

    return wait


async def written_down(house: House, daemon: Daemon) -> None:
    """When the licence is on the disk, and not used yet."""
    ended = {one.id.reveal() for one in house.on_ledger()}
    await daemon.until(
        lambda: any(one.id.reveal() not in ended for one in house.on_ledger()), "it is on the ledger"
    )


async def ending_when_told_to_stop(house: House, daemon: Daemon) -> None:
    """It was told to stop, and its request to end the session is on its way."""
    await daemon.until(house.gained("samples"), "speech arrives")
    house.deadly.kill_on("/endLiveSession")
    daemon.send(signal.SIGTERM)


async def after_ending_when_told_to_stop(house: House, daemon: Daemon) -> None:
    """It was told to stop, and the session is ended and struck off."""
    await daemon.until(house.gained("samples"), "speech arrives")
    daemon.send(signal.SIGTERM)
    await until(lambda: not house.on_ledger(), "the session is struck off")


async def ending_for_idleness(house: House, daemon: Daemon) -> None:
    """Nothing was said for a while, and its request to end the session is on its way."""
    await daemon.until(house.gained("answers"), "it is answered")
    house.deadly.kill_on("/endLiveSession")


POINTS: dict[str, Point] = {
    "at once": after(0.0),
    "importing": after(0.1),
    "importing more": after(0.25),
    "asking for a token": request("/jwt"),
    "asking who is there": request("/connection"),
    "opening the socket": request("/ws/chat"),
    "socket open": counted("lines_opened"),
    "ready": showing("ready"),
    "asking for a session": request("/startLiveSession"),
    "licence written down": written_down,
    "settling what the last run left": request("/endLiveSession"),
    "settling, once more": request("/endLiveSession"),
    "first sound": counted("samples", 1),
    "in a word": counted("samples", 8_000),
    "in the middle of the utterance": counted("samples", 24_000),
    "in the turn": counted("turns"),
    "thinking": showing("thinking"),
    "still thinking": showing("thinking", 0.3),
    "answered": counted("answers"),
    "idle with a session": counted("answers", 1, 0.5),
    "idle for longer": counted("answers", 1, 1.5),
    "stopping": ending_when_told_to_stop,
    "stopped": after_ending_when_told_to_stop,
    "ending for idleness": ending_for_idleness,
}


async def killed(house: House, point: Point) -> None:
    """One life of the daemon, up to this point."""
    async with house.daemon() as daemon:
        house.deadly.victim = daemon.pid
        await point(house, daemon)
        if house.deadly.armed:
            await until(lambda: not house.deadly.armed, "the deadly request comes", 20.0, daemon.story)
        elif daemon.status is None:
            daemon.send(signal.SIGKILL)
        await daemon.ended()


async def test_killed_at_any_point_of_a_conversation_it_leaves_no_session_open(tmp_path: Path) -> None:
    assert len(POINTS) >= 20
    async with SimServer(SimOptions(think_s=0.6, licences=9)) as server:
        house = House(tmp_path, server)

        for name, point in POINTS.items():
            left = set(server.record.open_licences())
            await killed(house, point)
            known = {one.id.reveal() for one in house.on_ledger()}
            assert set(server.record.open_licences()) <= known, f"lost: {name}"
            assert len(server.record.open_licences()) <= len(left) + 1, name
        async with house.daemon() as daemon:
            await daemon.until(lambda: not server.record.open_licences(), "all sessions are ended")
            await daemon.stopped()

        counts = server.record.counts
        assert counts["sessions_started"] == counts["sessions_ended"] >= 12
        assert list(server.record.violations) == []
        assert house.on_ledger() == []


async def test_an_ending_whose_answer_never_came_does_no_harm_when_it_is_repeated(tmp_path: Path) -> None:
    async with SimServer() as server:
        house = House(tmp_path, server)
        async with house.daemon() as daemon:
            house.deadly.victim = daemon.pid
            await daemon.until(house.gained("samples"), "speech arrives")
            house.deadly.kill_on("/endLiveSession", after=True)
            daemon.send(signal.SIGTERM)
            await daemon.ended()
        assert len(house.on_ledger()) == 1

        async with house.daemon() as daemon:
            await daemon.until(lambda: not house.on_ledger(), "it is struck off")
            await daemon.stopped()

        # Nobody can know whether the first one arrived; the service is asked again, and says so.
        assert [violation.kind for violation in server.record.violations] == ["double_end"]
        assert server.record.open_licences() == []
        assert server.record.counts["sessions_ended"] == server.record.counts["sessions_started"]


def end_sessions(house: House, folder: Path, *words: str, **more: str) -> Program:
    """What ``ExecStopPost=`` runs; ``more``: of its environment."""
    environ = {"STATE_DIRECTORY": str(house.state)} | more
    return Program("end-sessions", "--config", str(folder / "ravatard.yaml"), *words, environ=environ)


async def test_end_sessions_ends_what_a_killed_daemon_has_left(tmp_path: Path) -> None:
    async with SimServer() as server:
        house = House(tmp_path, server)
        await killed(house, counted("samples"))
        (licence,) = server.record.open_licences()

        async with end_sessions(house, tmp_path) as program:
            status = await program.ended()

        assert status == 0, program.story()
        assert program.stdout.splitlines() == [
            f"live session 1 of 1 at {server.base_url.removeprefix('http://')}: ended"
        ]
        assert (server.record.open_licences(), house.on_ledger()) == ([], [])
        assert list(server.record.violations) == []
        for secret in (licence, PROJECT):
            assert secret not in program.stdout + program.stderr
        assert USER not in program.stdout


async def test_a_project_id_that_systemd_hides_from_the_last_command_is_known_to_it(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "ravatard.service.project_id").write_text(PROJECT)
    async with SimServer() as server:
        house = House(tmp_path, server)
        daemon = house.daemon(environ={"CREDENTIALS_DIRECTORY": str(credentials)})
        daemon.config_file.write_text(
            daemon.config_file.read_text().replace(f"  project_id: {PROJECT}\n", "")
        )
        async with daemon:
            await daemon.until(house.gained("samples"), "speech arrives")
            daemon.send(signal.SIGKILL)
            await daemon.ended()
        assert len(server.record.open_licences()) == 1

        async with end_sessions(house, tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path / "hidden")) as program:
            status = await program.ended()

        assert status == 0, program.story()
        assert house.deadly.projects == [PROJECT, PROJECT]
        assert (server.record.open_licences(), house.on_ledger()) == ([], [])


async def test_end_sessions_leaves_a_running_daemon_alone(tmp_path: Path) -> None:
    async with SimServer() as server:
        house = House(tmp_path, server)
        async with house.daemon() as daemon:
            await daemon.until(house.gained("samples"), "speech arrives")

            async with end_sessions(house, tmp_path) as program:
                status = await program.ended()

            assert (status, len(server.record.open_licences())) == (1, 1)
            assert "ends its session when it stops" in program.stdout
            await daemon.stopped()


async def test_end_sessions_says_what_it_could_not_end(tmp_path: Path) -> None:
    async with SimServer() as server:
        house = House(tmp_path, server)
        await killed(house, counted("samples"))
    async with end_sessions(house, tmp_path) as program:
        status = await program.ended()

    assert status == 1, program.story()
    assert "not ended: cannot reach" in program.stdout
    assert len(house.on_ledger()) == 1
