"""The control socket: its place, its clients good and bad, and the commands that ask a real daemon."""

from __future__ import annotations

import asyncio
import fcntl
import grp
import json
import os
import resource
import socket
import stat
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ravatard import __version__
from ravatard.core.control.protocol import LINE_LIMIT_BYTES
from ravatard.host.control.opening import AlreadyRunning, open_listener
from ravatard.host.control.server import ControlLimits, control_socket
from ravatard.host.identity import appliance_id
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import Config, Daemon
from tests.integration.gpio_rig import BUTTON_AND_LIGHT, Pins
from tests.integration.program import Program, alive, until

pytestmark = pytest.mark.integration

# A test may look at its files between two events.
# ruff: noqa: ASYNC240


class FakeDesk:
    """Answers with what it was asked; a line that says "watch" is answered whenever a test says so."""

    def __init__(self) -> None:
        self.news: asyncio.Queue[str] = asyncio.Queue()
        self.asked: list[bytes] = []
        self.watchers = 0

    async def answers(self, line: bytes) -> AsyncGenerator[bytes, None]:
        self.asked.append(line)
        if line != b"watch":
            yield line + b"!\n"
            return
        self.watchers += 1
        try:
            yield b"watching\n"
            while True:
                yield (await self.news.get()).encode() + b"\n"
        finally:
            self.watchers -= 1


@asynccontextmanager
async def served(
    path: Path, desk: FakeDesk | None = None, limits: ControlLimits | None = None
) -> AsyncIterator[FakeDesk]:
    """A daemon's socket in this process."""
    desk = desk or FakeDesk()
    async with control_socket(path, limits=limits) as door, asyncio.TaskGroup() as group:
        assert door is not None
        task = group.create_task(door.serve(desk))
        yield desk
        task.cancel()


class Client:
    """One end of the socket, held by a test."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._socket.connect(str(path))
        self._pending = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def half_close(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    async def write(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def line(self, within_s: float = 5.0) -> bytes:
        """The next line; b"" when there is none any more."""
        async with asyncio.timeout(within_s):
            while b"\n" not in self._pending:
                try:
                    piece = await asyncio.get_running_loop().sock_recv(self._socket, 65_536)
                except ConnectionResetError:
                    piece = b""
                if not piece:
                    return b""
                self._pending += piece
        line, _, self._pending = self._pending.partition(b"\n")
        return line


@pytest.fixture
def path(runtime_directory: Path) -> Path:
    return runtime_directory / "control.sock"


# ---------------------------------------------------------------------- its place


async def test_the_socket_is_for_owner_and_group_and_gone_afterwards(path: Path) -> None:
    async with served(path):
        found = path.stat()
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o660
        assert list(path.parent.iterdir()) == [path]

    assert list(path.parent.iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root, or a member, can give a file to a group")
async def test_the_socket_belongs_to_the_group_if_there_is_one(path: Path) -> None:
    group = grp.getgrgid(1)
    listener = await open_listener(path, group.gr_name)

    assert path.stat().st_gid == group.gr_gid
    listener.close()


async def test_a_socket_that_a_dead_daemon_left_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        dead.listen()

    async with served(path):
        with Client(path) as client:
            await client.write(b"hello\n")
            assert await client.line() == b"hello!"


async def test_a_second_daemon_is_refused_with_the_first_ones_pid(path: Path) -> None:
    async with served(path):
        with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()} and answers at .*control\.sock"):
            await open_listener(path)
        with Client(path) as client:
            await client.write(b"still there?\n")
            assert await client.line() == b"still there?!"


async def test_a_daemon_that_hangs_is_a_daemon_all_the_same(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(path))
        hanging.listen(0)
        with Client(path):
            with pytest.raises(AlreadyRunning, match="already runs"):
                await open_listener(path)


async def test_of_two_that_start_at_once_one_gets_it(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    results = await asyncio.gather(*(open_listener(path) for _ in range(8)), return_exceptions=True)

    got = [one for one in results if isinstance(one, socket.socket)]
    assert len(got) == 1
    assert all(isinstance(one, AlreadyRunning) for one in results if one is not got[0])
    got[0].close()


async def test_what_is_no_socket_is_left_alone_and_done_without(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text("precious")

    async with control_socket(path) as door:
        assert door is None

    assert path.read_text() == "precious"
    assert "running without a control socket" in caplog.text
    assert "not a socket; remove it" in caplog.text


async def test_a_directory_that_anybody_may_write_to_is_not_used(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.chmod(0o777)

    async with control_socket(path) as door:
        assert door is None

    assert "other users may write to" in caplog.text


async def test_a_directory_that_stays_locked_is_not_waited_for_for_ever(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    locked = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(locked, fcntl.LOCK_EX)

    async with control_socket(path) as door:
        assert door is None

    os.close(locked)
    assert "another program keeps" in caplog.text


async def test_without_a_path_there_is_no_socket() -> None:
    async with control_socket(None) as door:
        assert door is None


async def test_another_daemons_socket_is_not_removed(path: Path) -> None:
    async with served(path):
        path.unlink()
        other = await open_listener(path)

    assert path.exists()
    other.close()


# ---------------------------------------------------------------------- its clients


async def test_one_client_may_ask_many_things_however_its_lines_are_cut(path: Path) -> None:
    async with served(path):
        with Client(path) as client:
            await client.write(b"one\ntw")
            assert await client.line() == b"one!"
            await client.write(b"o\nthree\n\n  \nfour\n")
            assert [await client.line() for _ in range(3)] == [b"two!", b"three!", b"four!"]


async def test_a_client_that_shuts_its_side_is_still_answered(path: Path) -> None:
    async with served(path):
        with Client(path) as client:
            await client.write(b"hello\n")
            client.half_close()

            assert await client.line() == b"hello!"
            assert await client.line() == b""


async def test_a_line_too_long_is_refused_and_the_client_sent_away(path: Path) -> None:
    async with served(path) as desk:
        with Client(path) as client:
            await client.write(b"x" * LINE_LIMIT_BYTES)
            await client.write(b"y\n")

            assert b"65536 bytes" in await client.line()
            assert await client.line() == b""
        with Client(path) as client:
            await client.write(b"x" * LINE_LIMIT_BYTES + b"\n")
            assert len(await client.line()) == LINE_LIMIT_BYTES + 1
    assert len(desk.asked) == 1


async def test_a_silent_client_is_left_and_the_others_do_not_wait_for_it(path: Path) -> None:
    async with served(path, limits=ControlLimits(ask_s=0.2)):
        with Client(path) as silent, Client(path) as other:
            await silent.write(b"hal")
            await other.write(b"hello\n")

            assert await other.line() == b"hello!"
            assert await silent.line() == b""


async def test_too_many_clients_are_told_so(path: Path) -> None:
    async with served(path, limits=ControlLimits(clients=2)):
        with Client(path) as one, Client(path) as two:
            for client in (one, two):
                await client.write(b"hello\n")
                assert await client.line() == b"hello!"
            with Client(path) as three:
                assert json.loads(await three.line())["error"] == "too many clients at once; try again"
            one.half_close()
            assert await one.line() == b""
            with Client(path) as four:
                await four.write(b"hello\n")
                assert await four.line() == b"hello!"


async def test_watchers_never_lock_out_a_request(path: Path) -> None:
    async with served(path) as desk, AsyncExitStack() as held:
        watching = []
        for _ in range(ControlLimits().clients - 2):
            client = held.enter_context(Client(path))
            watching.append(client)
            await client.write(b"watch\n")
            assert await client.line() == b"watching"
        await until(lambda: desk.watchers == ControlLimits().watchers, "the others were sent away")
        sent_away = [await client.line() for client in watching[ControlLimits().watchers :]]

        with Client(path) as client:
            await client.write(b"hello\n")
            assert await client.line() == b"hello!"
    assert all(b"too many clients watch at once" in line for line in sent_away)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
async def test_other_users_never_lock_out_root(path: Path) -> None:
    path.parent.chmod(0o755)
    async with served(path, limits=ControlLimits(clients=3, others=4)), AsyncExitStack() as held:
        path.chmod(0o666)
        folder = os.open(path.parent, os.O_PATH)
        held.callback(os.close, folder)
        refused = 0
        for uid in (4711, 4711, 4711, 4711, 4712, 4712, 4713):
            os.seteuid(uid)
            try:
                client = held.enter_context(Client(Path(f"/proc/self/fd/{folder}/{path.name}")))
            finally:
                os.seteuid(0)
            await client.write(b"watch\n")
            refused += b"too many" in await client.line()
        with Client(path) as client:
            await client.write(b"hello\n")
            assert await client.line() == b"hello!"
    assert refused == 3


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize("trick", ["his folder", "his socket", "a folder for all", "a link", "his program"])
@pytest.mark.parametrize("words", [("say", "secret words"), ("status",), ("mute",), ("status", "--watch")])
async def test_nothing_is_sent_to_a_stranger(path: Path, trick: str, words: tuple[str, ...]) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as stranger:
        stranger.bind(str(path))
        path.parent.chmod(0o755)
        if trick == "his program":
            os.seteuid(4711)
        stranger.listen()
        os.seteuid(0)
        given = path
        match trick:
            case "his folder":
                os.chown(path.parent, 4711, 4711)
            case "his socket":
                os.chown(path, 4711, 4711)
            case "a folder for all":
                path.parent.chmod(0o777)
            case "a link":
                given = path.parent / "link"
                given.symlink_to(path)

        status, said, complaint = await _asked(*words, "--socket", str(given))

        assert (status, said) == (1, "")
        assert "user" in complaint or "not a socket" in complaint
        with suppress(BlockingIOError):
            connection, _ = stranger.accept()
            with connection:
                assert connection.recv(100) == b""


async def test_what_a_daemon_says_cannot_repaint_the_terminal(path: Path) -> None:
    evil = "\x1b]0;evil\x07\x9b2J\u202e\r"
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(path))
        daemon.listen()
        daemon.setblocking(False)
        loop = asyncio.get_running_loop()

        async def answer(reply: object) -> None:
            connection, _ = await loop.sock_accept(daemon)
            with connection:
                await loop.sock_recv(connection, 65_536)
                await loop.sock_sendall(connection, json.dumps(reply).encode() + b"\n")

        for reply, words in (
            ({"ok": True, "says": evil}, ("mute",)),
            ({"ok": False, "error": evil}, ("say", "x")),
            ({"ok": False, "error": evil}, ("status",)),
            ({"ok": True, "status": {"volume": evil}}, ("volume",)),
        ):
            async with asyncio.TaskGroup() as group:
                group.create_task(answer(reply))
                _, said, complaint = await _asked(*words, "--socket", str(path))

            assert not set("\x1b\x07\x9b\u202e\r") & set(f"{said}{complaint}")


async def test_a_watcher_is_told_until_it_leaves(path: Path) -> None:
    async with served(path) as desk:
        with Client(path) as client:
            await client.write(b"watch\n")
            assert await client.line() == b"watching"
            desk.news.put_nowait("first")
            desk.news.put_nowait("second")
            assert [await client.line() for _ in range(2)] == [b"first", b"second"]
            assert desk.watchers == 1
        await until(lambda: desk.watchers == 0, "the watcher is forgotten")


async def test_what_a_watcher_asks_ends_its_watch_and_is_answered(path: Path) -> None:
    async with served(path) as desk:
        with Client(path) as client:
            await client.write(b"watch\n")
            await client.line()
            await client.write(b"hello\n")

            assert await client.line() == b"hello!"
            assert desk.watchers == 0


async def test_a_watcher_that_does_not_read_is_left(path: Path) -> None:
    async with served(path, limits=ControlLimits(read_s=0.2)) as desk:
        with Client(path) as client:
            await client.write(b"watch\n")
            await client.line()
            for _ in range(100):
                desk.news.put_nowait("x" * 60_000)
            await until(lambda: desk.watchers == 0, "the watcher is left")

            assert desk.watchers == 0


async def test_stopping_ends_every_conversation(path: Path) -> None:
    async with served(path) as desk:
        watcher, idler = Client(path), Client(path)
        await watcher.write(b"watch\n")
        await idler.write(b"hello\n")
        assert await watcher.line() == b"watching"
        assert await idler.line() == b"hello!"

    with watcher, idler:
        assert desk.watchers == 0
        assert await watcher.line() == b""
        assert await idler.line() == b""


# ---------------------------------------------------------------------- a real daemon


def _quiet(folder: Path) -> Config:
    sound = recordings.write(folder / "quiet.wav", recordings.quiet(2.0))
    return {"microphone": {"wav": str(sound), "repeat": True}}


async def _asked(*words: str) -> tuple[int, str, str]:
    """Exit status, output and complaints of one command."""
    async with Program(*words) as program:
        status = await program.ended()
        return status, program.stdout, program.stderr


async def _report() -> dict[str, Any]:
    report: dict[str, Any] = json.loads((await _asked("status", "--json"))[1])
    return report


async def test_pages_and_a_broker_that_are_away_are_told_and_the_appliance_works(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        away: Config = {
            "page": {"listen": "loopback", "port": port},
            "kiosk": {"enabled": True, "port": port},
            "metrics": {"listen": "loopback", "port": port},
        }
        async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path), away) as daemon:
            await daemon.ready()
            await daemon.until(lambda: daemon.stderr.count("cannot be had") == 3, "each is told", 60)
            status, said, _ = await _asked("status")
            report = await _report()
            shown, page, _ = await _asked("page", "--config", str(daemon.config_file))
            await daemon.stopped()

    assert (status, report["working"]) == (0, True)
    for lost in ("the page is not served", "no page for the display", "no figures for Prometheus"):
        assert f"! {lost}: port {port} cannot be had, another program has it;" in " ".join(said.split())
        assert any(one.startswith(lost) for one in report["degraded"])
    assert "page not served" in " ".join(said.split())
    assert shown == 1
    assert page.startswith(f"the page is not served: port {port} cannot be had")


async def test_a_daemon_without_descriptors_says_so_once_and_goes_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    figures: Config = {"metrics": {"listen": "loopback", "port": port}}
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path), figures) as daemon:
        await daemon.ready()
        await daemon.until(lambda: "the figures are at" in daemon.stderr, "they are served")
        before = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        with socket.create_connection(("127.0.0.1", port)):
            await daemon.until(lambda: "new connections cannot be taken" in daemon.stderr, "it is told")
            # asyncio tries again each second.
            await asyncio.sleep(2.5)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, before)
        report = await _report()
        await daemon.stopped()

    assert daemon.stderr.count("too many open files") == 1
    assert "out of system resource" not in daemon.stderr
    (told,) = report["degraded"]
    assert told.startswith("new connections cannot be taken (too many open files)")
    assert report["working"] is True


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
async def test_a_disk_that_is_full_is_told_and_the_appliance_works(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    small = f'mount -t tmpfs -o size=4m small {state} && exec "$@"'
    launcher = ("unshare", "--mount", "sh", "-c", small, "sh")
    async with (
        SimServer() as server,
        Daemon(tmp_path, server.base_url, _quiet(tmp_path), launcher=launcher) as daemon,
    ):
        await daemon.ready()
        report = await _report()
        await daemon.stopped()

    (told,) = report["degraded"]
    assert told.startswith("the disk is full (4 MB free at ")
    assert report["working"] is True


async def test_a_daemon_says_how_it_is(tmp_path: Path) -> None:
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon:
        await daemon.ready()

        status, said, _ = await _asked("status")
        waited, line, _ = await _asked("status", "--wait", "working", "--timeout", "10")
        report = await _report()
        await daemon.stopped()

        assert status == 0, said
        assert (waited, line.splitlines()) == (0, [f"{report['status']}; session none"])
        assert (report["schema"], report["version"], report["id"]) == (1, __version__, appliance_id())
        assert (report["board"], report["other_troubles"]) == (None, [])
        assert report["health"].keys() == {"temperature_c", "throttled", "throttled_since_boot"}
        assert said.startswith("ready: ")
        assert (report["state"], report["working"], report["degraded"]) == ("ready", True, [])
        assert report["link"]["state"] == "online"
        assert report["microphone"]["state"] == "open"
        assert report["pid"] == daemon.pid
        assert not (tmp_path / "run" / "control.sock").exists()


async def test_muting_ends_the_process_that_listens(tmp_path: Path) -> None:
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon:
        await daemon.ready()
        (sound,) = daemon.offspring()

        muted = await _asked("mute")
        assert muted == (0, "muted: the microphone is closed\n", "")
        assert not alive(sound)
        assert daemon.offspring() == []
        assert daemon.shows("muted")
        assert (await _asked("status"))[0] == 0
        again = await _asked("mute")
        assert again == muted

        opened = await _asked("unmute")
        assert opened == (0, "not muted: the microphone is open\n", "")
        assert len(daemon.offspring()) == 1
        await daemon.showing("ready")
        assert (await _asked("toggle-mute"))[1].startswith("muted")
        await daemon.stopped()


async def test_a_muted_appliance_stays_so_over_a_restart_if_configured(tmp_path: Path) -> None:
    config = _quiet(tmp_path)
    keeping: Config = {"microphone": {**config["microphone"], "keep_mute": True}}
    async with SimServer() as server:
        async with Daemon(tmp_path, server.base_url, keeping) as daemon:
            await daemon.ready()
            await _asked("mute")
            await daemon.stopped()
        async with Daemon(tmp_path, server.base_url, keeping) as daemon:
            await daemon.showing("muted")

            assert daemon.offspring() == []
            assert (await _asked("unmute"))[0] == 0
            await daemon.stopped()
        async with Daemon(tmp_path, server.base_url, keeping) as daemon:
            await daemon.ready()
            await daemon.stopped()


async def test_the_volume_is_shown_set_and_changed(tmp_path: Path) -> None:
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon:
        await daemon.ready()

        replies = [await _asked("volume", *words) for words in (("40",), ("+15",), ("-100",), ("+30%",), ())]
        report = await _report()
        wrong = await _asked("volume", "loud")
        await daemon.stopped()

        assert [said for _, said, _ in replies] == [
            *("volume 40 %\n", "volume 55 %\n", "volume 0 %\n", "volume 30 %\n", "30 %\n")
        ]
        assert [status for status, _, _ in replies] == [0] * 5
        assert report["volume"] == 30
        assert wrong[0] == 2
        assert "neither a number from 0 to 100 nor +N or -N" in wrong[2]


async def test_what_is_said_and_pressed_reaches_the_service(tmp_path: Path) -> None:
    pins = Pins(tmp_path)
    async with (
        SimServer() as server,
        Daemon(
            *(tmp_path, server.base_url, _quiet(tmp_path), BUTTON_AND_LIGHT), launcher=pins.launcher
        ) as daemon,
    ):
        await daemon.ready()

        said = await _asked("say", "good", "morning")
        await daemon.until(lambda: server.record.counts["answers"] == 1, "an answer")
        pressed = await _asked("press", "--hold", "700")
        report = await _report()
        restarted = await _asked("restart-session")
        await daemon.until(lambda: not server.record.open_licences(), "the session is ended")
        await daemon.stopped()

        assert said == (0, "said\n", "")
        assert pressed == (0, "pressed for 700 ms\n", "")
        assert report["counters"]["utterances"] == 1
        assert report["turns"][0]["outcome"] == "answered"
        assert report["turns"][0]["cause"] == "text"
        assert restarted[1].startswith("the live session is being ended")
        assert "good morning" not in json.dumps(report)


async def test_a_reload_says_what_came_of_it(tmp_path: Path) -> None:
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon:
        await daemon.ready()

        good = await _asked("reload")
        daemon.configure({"session": {"idle_s": 30}, "speaker": {"enabled": True}})
        changed = await _asked("reload")
        daemon.configure({"session": {"idle_s": 1}})
        bad = await _asked("reload")
        await daemon.stopped()

        assert good == (0, "configuration reloaded: no setting has changed\n", "")
        waits = "session.idle_s is in effect; speaker.enabled waits for a restart"
        assert changed == (0, f"configuration reloaded: {waits}\n", "")
        assert bad[:2] == (1, "")
        assert "the old one stays in force" in bad[2]
        assert "session.idle_s" in bad[2]


async def test_a_restart_ends_the_daemon_in_good_order_for_its_service_manager(tmp_path: Path) -> None:
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon:
        await daemon.ready()

        restarted = await _asked("restart")
        status = await daemon.ended()

        assert restarted == (0, "restarting: the appliance is back in some seconds\n", "")
        assert status == 0
        assert daemon.told("STOPPING", "1")


async def test_a_restart_that_would_be_the_last_is_refused(tmp_path: Path) -> None:
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon:
        await daemon.ready()
        good = daemon.config_file.read_text()
        for broken, said in (
            (good + "gate: {silence_ms: none}\n", "gate.silence_ms"),
            (good + "]", "not valid YAML"),
            (good.replace(".wav", ".none"), "microphone.wav"),
        ):
            daemon.config_file.write_text(broken)
            status, out, error = await _asked("restart")

            assert (status, out) == (1, "")
            assert "the appliance would not start again" in error
            assert said in error
        daemon.config_file.write_text(good)

        assert (await _asked("restart"))[0] == 0
        assert await daemon.ended() == 0


async def test_a_second_daemon_ends_at_once_and_leaves_the_first_alone(tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon:
        await daemon.ready()
        async with Daemon(second, server.base_url, _quiet(tmp_path)) as other:
            status = await other.ended()

        assert status == 1
        assert f"already runs as process {daemon.pid}" in other.stderr
        assert (await _asked("status"))[0] == 0
        await daemon.stopped()


async def test_a_degraded_appliance_says_so_and_a_watcher_sees_it(tmp_path: Path) -> None:
    async with SimServer() as server, Daemon(tmp_path, server.base_url, _quiet(tmp_path)) as daemon:
        await daemon.ready()
        async with Program("status", "--watch") as watching:
            await watching.until(lambda: "  ready" in watching.stdout, "the first line")
            await server.__aexit__(None, None, None)
            await watching.until(lambda: "  offline" in watching.stdout, "the change")
            status, said, _ = await _asked("status")
            assert status == 3
            assert said.startswith("offline: ")
            # The light shows it: it is told once.
            assert "  ! " not in said
            await daemon.stopped()
            assert await watching.ended() == 1
            assert "has ended" in watching.stderr


@pytest.mark.parametrize(
    "words", [["status"], ["mute"], ["say", "hello"], ["press"], ["reload"], ["volume"], ["volume", "60"]]
)
async def test_without_a_daemon_a_command_says_so(words: list[str]) -> None:
    status, said, complaint = await _asked(*words)

    assert status == 1
    assert said == ""
    assert complaint.startswith("ravatard: ravatard does not run: no answer at ")


async def test_whoever_does_not_answer_is_told_of_by_its_pid(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(path))
        hanging.listen()

        status, _, complaint = await _asked("status", "--socket", str(path))

    assert status == 1
    assert f"(process {os.getpid()}) does not answer" in complaint


async def test_whoever_talks_nonsense_is_no_daemon(path: Path) -> None:
    async with served(path):
        status, _, complaint = await _asked("status", "--socket", str(path))

    assert status == 1
    assert "is not ravatard" in complaint
