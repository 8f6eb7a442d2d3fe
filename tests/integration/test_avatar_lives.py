"""The daemon of an AvaTar API is killed, stopped, or given another service: no session stays open."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ravatard.host.control.client import ask
from ravatard.host.ledger import NAME, parse
from ravatard.host.runtime import SOCKET_NAME
from ravatard.ports.host import OwedSession
from ravatard.sim.avatar.options import (
    AvatarSimOptions,
    SimAccessOptions,
    SimPictureOptions,
    SimTalkOptions,
)
from ravatard.sim.avatar.record import AvatarSessionRecord
from ravatard.sim.avatar.server import AvatarSimServer
from ravatard.sim.avatar.service import AvatarSimService
from ravatard.sim.exchange import Reply, Request, ServiceSocket
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import PROJECT, Config, Daemon, merged
from tests.integration.program import Program, until

pytestmark = pytest.mark.integration

KEY = "key-never-shown-0815"
OPTIONS = AvatarSimOptions(
    talk=SimTalkOptions(think_s=0.6, answers=("I heard you well.",)),
    access=SimAccessOptions(auth="api_key", api_key=KEY, limits=False),
    picture=SimPictureOptions(frames_per_s=2.0),
)


class DeadlyAvatar:
    """The simulated service, and a request on which the daemon is killed: before or after it is seen."""

    def __init__(self, core: AvatarSimService) -> None:
        self._core = core
        self._path = ""
        self._after = False
        self.victim = 0

    def kill_on(self, path: str, *, after: bool = False) -> None:
        """Kill ``victim`` at its next request of a path that begins so."""
        self._path, self._after = path, after

    @property
    def armed(self) -> bool:
        """Nobody was killed yet."""
        return bool(self._path)

    def handle(self, request: Request, now: float) -> Reply:
        """Answer one HTTP request, or do not."""
        if not self._path or not request.path.startswith(self._path):
            return self._core.handle(request, now)
        if self._after:
            self._core.handle(request, now)
        self._kill()
        return Reply(500, {})

    def connect(self, request: Request, now: float, wake: Callable[[], None]) -> ServiceSocket | Reply:
        """Open a socket, or do not."""
        if not self._path or not request.path.startswith(self._path):
            return self._core.connect(request, now, wake)
        self._kill()
        return Reply(500, {})

    def _kill(self) -> None:
        self._path = ""
        os.kill(self.victim, signal.SIGKILL)


class Home:
    """One appliance and its service over many lives of the daemon."""

    def __init__(self, folder: Path, server: AvatarSimServer, **avatar: object) -> None:
        self.server = server
        self.deadly = DeadlyAvatar(server.core)
        server.service = self.deadly
        self.state = folder / "state"
        self.folder = folder
        sound = recordings.write(folder / "one.wav", recordings.one_request(3, before_s=0.3, after_s=12.0))
        self.config: Config = {
            "service": {"kind": "avatar", "socket_url": server.socket_url, "api_key": KEY},
            "avatar": {"sole_client": True, **avatar},
            "microphone": {"wav": str(sound)},
            "session": {"idle_s": 5},
        }

    def daemon(self, *more: Config) -> Daemon:
        """The daemon's next life."""
        return Daemon(self.folder, self.server.api_url, merged(self.config, *more))

    def on_ledger(self) -> list[OwedSession]:
        """What the killed daemon has left on the list."""
        try:
            return parse((self.state / NAME).read_bytes())[0]
        except FileNotFoundError:
            return []

    @property
    def sessions(self) -> list[AvatarSessionRecord]:
        """Every session so far."""
        return list(self.server.record.sessions)

    def more(self, count: Callable[[AvatarSessionRecord], int], by: int = 1) -> Callable[[], bool]:
        """Whether a count over all sessions has grown since now."""
        before = sum(map(count, self.sessions))
        return lambda: sum(map(count, self.sessions)) >= before + by


Moment = Callable[[Home, Daemon], Awaitable[None]]


def after(seconds: float) -> Moment:
    """So long after its start."""

    async def wait(_home: Home, _daemon: Daemon) -> None:
        await asyncio.sleep(seconds)

    return wait


def request(path: str, *, after: bool = False) -> Moment:
    """While this request, or its answer, is on its way."""

    async def wait(home: Home, _daemon: Daemon) -> None:
        home.deadly.kill_on(path, after=after)

    return wait


def counted(count: Callable[[AvatarSessionRecord], int], by: int = 1, then_s: float = 0.0) -> Moment:
    """When the service has counted so many more of something."""

    async def wait(home: Home, daemon: Daemon) -> None:
        await daemon.until(home.more(count, by), "the service counts more")
        await asyncio.sleep(then_s)

    return wait


def showing(words: str, then_s: float = 0.0) -> Moment:
    """When its status says so."""

    async def wait(_home: Home, daemon: Daemon) -> None:
        await daemon.showing(words)
        await asyncio.sleep(then_s)

    return wait


async def written_down(home: Home, daemon: Daemon) -> None:
    """When the session is on the disk, and its socket not open yet."""
    known = {one.id for one in home.on_ledger()}
    await daemon.until(
        lambda: any(one.id not in known and not one.account for one in home.on_ledger()),
        "it is on the ledger",
    )


async def stopping(home: Home, daemon: Daemon) -> None:
    """It was told to stop, and its request to end the session is on its way."""
    await daemon.until(home.more(_appends), "speech arrives")
    home.deadly.kill_on("/v1/streaming.stop")
    daemon.send(signal.SIGTERM)


async def stopped(home: Home, daemon: Daemon) -> None:
    """It was told to stop, and the session is ended and struck off."""
    await daemon.until(home.more(_appends), "speech arrives")
    daemon.send(signal.SIGTERM)
    await until(lambda: all(one.account for one in home.on_ledger()), "the session is struck off")


async def idle(home: Home, daemon: Daemon) -> None:
    """Nothing was said for a while, and its request to end the session is on its way."""
    await daemon.until(home.more(_answers), "it is answered")
    home.deadly.kill_on("/v1/streaming.stop")


def _appends(session: AvatarSessionRecord) -> int:
    return session.appends


def _sockets(session: AvatarSessionRecord) -> int:
    return session.sockets


def _turns(session: AvatarSessionRecord) -> int:
    return len(session.heard)


def _answers(session: AvatarSessionRecord) -> int:
    return len(session.said)


MOMENTS: dict[str, Moment] = {
    "at once": after(0.0),
    "importing": after(0.1),
    "importing more": after(0.25),
    "asking for its health": request("/health"),
    "ready": showing("ready"),
    "asking for a session": request("/v1/streaming.new"),
    "a session is made": request("/v1/streaming.new", after=True),
    "settling what the last run left": request("/v1/streaming.sessions"),
    "session written down": written_down,
    "settling, once more": request("/v1/streaming.stop"),
    "settled": request("/v1/streaming.stop", after=True),
    "opening the socket": request("/ws/"),
    "socket open": counted(_sockets),
    "first sound": counted(_appends),
    "in a word": counted(_appends, 3),
    "in the middle of the utterance": counted(_appends, 6),
    "in the turn": counted(_turns),
    "thinking": showing("thinking"),
    "still thinking": showing("thinking", 0.3),
    "answered": counted(_answers),
    "idle with a session": counted(_answers, 1, 0.5),
    "stopping": stopping,
    "stopped": stopped,
    "ending for idleness": idle,
}


async def killed(home: Home, moment: Moment) -> None:
    """One life of the daemon, up to this moment."""
    async with home.daemon() as daemon:
        home.deadly.victim = daemon.pid
        await moment(home, daemon)
        if home.deadly.armed:
            await until(lambda: not home.deadly.armed, "the deadly request comes", 20.0, daemon.story)
        elif daemon.status is None:
            daemon.send(signal.SIGKILL)
        await daemon.ended()


async def test_killed_at_any_point_it_leaves_no_session_open(tmp_path: Path) -> None:
    assert len(MOMENTS) >= 20
    async with AvatarSimServer(OPTIONS) as server:
        home = Home(tmp_path, server)

        for name, moment in MOMENTS.items():
            left = len(server.open_sessions)
            await killed(home, moment)
            assert len(server.open_sessions) <= left + 1, name
            if name != "a session is made":
                ids = {one.id.reveal() for one in home.on_ledger()}
                unknown = [one for one in server.open_sessions if one.session_id not in ids]
                # That one is known as an intent only.
                assert len(unknown) <= 1, f"lost: {name}"
        async with home.daemon() as daemon:
            await daemon.until(lambda: not server.open_sessions, "all sessions are ended", 30.0)
            await daemon.stopped()

        assert len(home.sessions) >= 12
        assert all(session.how == "client" for session in home.sessions)
        assert [one for one in home.on_ledger() if not one.account] == []


@pytest.mark.parametrize("moment", ["first sound", "thinking", "answered", "ready"])
async def test_told_to_stop_it_ends_its_session_exactly_once(tmp_path: Path, moment: str) -> None:
    async with AvatarSimServer(OPTIONS) as server:
        home = Home(tmp_path, server)
        async with home.daemon() as daemon:
            await MOMENTS[moment](home, daemon)
            took_s = await daemon.stopped()

        stops = [one for one in server.record.requests if one.path == "/v1/streaming.stop"]
        assert server.open_sessions == []
        assert len(stops) == len(home.sessions)
        assert home.on_ledger() == []
        assert took_s < 3.0


def end_sessions(home: Home, *words: str) -> Program:
    """What ``ExecStopPost=`` runs."""
    environ = {"STATE_DIRECTORY": str(home.state)}
    return Program("end-sessions", "--config", str(home.folder / "ravatard.yaml"), *words, environ=environ)


async def test_end_sessions_ends_what_is_on_the_list_and_names_what_may_be_ours(tmp_path: Path) -> None:
    async with AvatarSimServer(OPTIONS) as server:
        home = Home(tmp_path, server, sole_client=False)
        await killed(home, MOMENTS["a session is made"])
        assert len(server.open_sessions) == 1

        async with end_sessions(home) as program:
            asked = await program.ended()
        async with end_sessions(home, "--unknown") as last:
            status = await last.ended()

        assert (asked, status) == (1, 0), (program.story(), last.story())
        assert "may be one that this appliance asked for" in program.stdout
        assert "--unknown" in program.stdout
        assert "that a start without an answer had left" in last.stdout
        assert server.open_sessions == []
        assert home.on_ledger() == []
        for secret in (KEY, home.sessions[0].session_id):
            assert secret not in program.stdout + program.stderr + last.stdout + last.stderr


async def test_another_kind_of_service_ends_what_the_first_has_left_with_its_own_secrets(
    tmp_path: Path,
) -> None:
    async with AvatarSimServer(OPTIONS) as server, SimServer() as other:
        home = Home(tmp_path, server)
        await killed(home, MOMENTS["in a word"])
        assert len(server.open_sessions) == 1

        change: Config = {"service": {"kind": "ravatar", "base_url": other.base_url, "socket_url": None}}
        async with home.daemon(change) as daemon:
            await daemon.until(lambda: not server.open_sessions, "the first service's session is ended")
            await daemon.until(lambda: other.record.counts["answers"], "the second one answers")
            await daemon.stopped()
        went_to_first = [request.fields for request in server.record.requests]

        back: Config = {"service": {"kind": "avatar"}}
        async with home.daemon(change) as daemon:
            # Not when the service has opened it: until its answer is here, no program can know its id.
            await daemon.until(lambda: "live session: live" in daemon.stderr, "the daemon holds a session")
            daemon.send(signal.SIGKILL)
            await daemon.ended()
        assert len(other.record.open_licences()) == 1
        async with home.daemon(back) as daemon:
            await daemon.until(lambda: not other.record.open_licences(), "the second's is ended")
            await daemon.stopped()

    assert PROJECT not in json.dumps(went_to_first)
    assert all(PROJECT not in json.dumps(request.fields) for request in server.record.requests)
    assert home.on_ledger() == []


async def test_a_reload_takes_a_new_key_and_no_other_services(tmp_path: Path) -> None:
    async with AvatarSimServer(OPTIONS) as server:
        home = Home(tmp_path, server)
        socket = Path(os.environ.get("RUNTIME_DIRECTORY", tmp_path)) / SOCKET_NAME
        async with home.daemon({"service": {"api_key": "key-that-is-wrong-4711"}}) as daemon:
            await daemon.until(lambda: "check service.api_key" in daemon.stderr, "the key is refused")
            refused = list(home.sessions)
            # Another service's key waits for the restart that this takes.
            daemon.configure({"service": {"base_url": "http://127.0.0.1:9/v1", "api_key": KEY}})
            await asyncio.to_thread(ask, socket, {"do": "reload"})
            await asyncio.to_thread(ask, socket, {"do": "say", "text": "hello"})
            await daemon.until(
                lambda: daemon.stderr.count("check service.api_key") > 1, "it is refused again"
            )
            kept = list(home.sessions)
            daemon.configure({"service": {"api_key": KEY}})
            await asyncio.to_thread(ask, socket, {"do": "reload"})
            await asyncio.to_thread(ask, socket, {"do": "say", "text": "hello again"})
            await daemon.until(lambda: len(home.sessions) == 1, "a session is started with the new key")
            # The service is not closed in the middle of its answer.
            await daemon.until(lambda: [one for one in home.sessions[0].said if one.ended_at], "it answers")
            daemon.send(signal.SIGTERM)
            assert await daemon.ended() == 0

    assert (refused, kept) == ([], [])
    assert KEY not in daemon.stderr
    assert [one.how for one in home.sessions] == ["client"]
