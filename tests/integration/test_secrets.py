"""Token, licence and project reach nobody but the service, whatever happens and however much is logged."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from ravatard.exit_status import ExitStatus
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.middlebox import Middlebox
from tests.integration.program import Program, command_line

pytestmark = pytest.mark.integration

#: Any JSON Web Token begins like this: it is {" in base64.
_TOKEN = re.compile("eyJ[A-Za-z0-9]")


async def _said(*words: str) -> str:
    """All that one command prints."""
    async with Program(*words) as program:
        await program.ended()
        return program.stdout + program.stderr


async def test_no_output_and_no_process_list_shows_a_secret(tmp_path: Path) -> None:
    recording = recordings.write(tmp_path / "again.wav", recordings.one_request(3))
    config: Config = {"microphone": {"wav": str(recording), "repeat": True}, "logging": {"level": "debug"}}
    licences = []
    async with (
        SimServer() as server,
        Middlebox(server.base_url) as box,
        Daemon(tmp_path, box.base_url, config) as daemon,
    ):
        await daemon.until(lambda: server.record.counts["answers"], "an answer")
        licences += server.record.open_licences()
        # A peer that says our own secrets to us, well-formed and not.
        (token,) = box.tokens
        leak = json.dumps({"type": "debug", "token": token, "LicenseId": licences[0], "project": PROJECT})
        await box.say(leak)
        await box.say(f"{leak} and more")
        await box.say(f'{{"type": "answer", "message": "{token}", "LicenseId": ')
        await daemon.until(lambda: "is ignored" in daemon.stderr, "that is told")
        seen = [command_line(pid) for pid in (daemon.pid, *daemon.offspring())]
        for words in (
            ("status",),
            ("status", "--json"),
            ("config", "show", "--config", str(daemon.config_file)),
        ):
            seen.append(await _said(*words))

        # The service is restarted: the connection breaks, the token is refused, the session is unknown.
        await server.__aexit__(None, None, None)
        await daemon.showing("offline")
        async with SimServer(port=server.port) as restarted:
            await daemon.until(lambda: restarted.record.counts["answers"], "an answer of the new service", 30)
            licences += restarted.record.open_licences()
            seen += [command_line(pid) for pid in (daemon.pid, *daemon.offspring())]
            await daemon.stopped()

            assert restarted.record.open_licences() == []

    assert len(licences) == len(set(licences)) == 2
    assert len(box.tokens) == 2
    # What stays behind: the list of sessions is empty by now, and the flight recorder never knew.
    kept = [file for file in (tmp_path / "state").rglob("*") if file.is_file()]
    assert any(file.parent.name == "recorder" for file in kept)
    seen += [file.read_bytes().decode("utf-8", "replace") for file in kept]
    seen.append(await _said("replay", str(tmp_path / "state" / "recorder")))
    told = "\n".join(str(dict(notice.fields)) for notice in daemon.notices)
    for output in (daemon.stderr, daemon.stdout, told, *seen):
        assert not _TOKEN.search(output)
        for secret in (PROJECT, *licences, *box.tokens):
            assert secret not in output


# ---------------------------------------------------------------------- crashes

#: Becomes ``sitecustomize``, which Python imports by itself: a bug that is no part of the product. In the
#: daemon it takes the place of one stage, waits for a file with an order and secrets, and does as it says.
_BUG = """
    import asyncio
    import os
    import pathlib
    import sys
    import threading

    ORDERS = pathlib.Path(os.environ["PLANTED_ORDERS"])


    class Odd(BaseException):
        pass


    def errors(secrets, kind=ValueError):
        token, licence, project = secrets
        try:
            try:
                raise ConnectionError(f"wss://host/ws/chat?token={token}")
            except ConnectionError as url:
                raise KeyError(licence, {"project_id": project}) from url
        except KeyError as known:
            error = kind(f"session {licence} of {project} with {token} is bad")
            error.__cause__ = known
            error.add_note(f"seen by {licence}")
            return error


    class Falling:
        def __init__(self, secrets):
            self.secrets = secrets

        def __repr__(self):
            return f"Falling({self.secrets})"

        def __del__(self):
            raise errors(self.secrets)


    def fail(secrets):
        raise errors(secrets)


    def obey(order, secrets):
        loop = asyncio.get_running_loop()
        if order == "stage":
            raise errors(secrets)
        if order == "base":
            raise errors(secrets, Odd)
        if order == "callback":
            loop.call_soon(fail, secrets)
        if order == "future":
            loop.create_future().set_exception(errors(secrets))
        if order == "thread":
            threading.Thread(target=fail, args=(secrets,), name=f"about {secrets[1]}").start()
        if order == "unraisable":
            Falling(secrets)


    async def planted(*_):
        while True:
            await asyncio.sleep(0.02)
            if ORDERS.exists():
                order, *secrets = ORDERS.read_text().split()
                ORDERS.unlink()
                obey(order, secrets)


    if "run" in sys.orig_argv:
        import ravatard.app

        ravatard.app.indicate = planted
"""


#: In the place of systemd-python: a journal that can be read here.
_JOURNAL = """
    import sys


    def send(message, **fields):
        print(message, fields, file=sys.stderr, flush=True)
"""


def _plant(folder: Path) -> dict[str, str]:
    """The environment of a daemon with the bug; ``folder`` takes its orders."""
    place = folder / "planted"
    (place / "systemd").mkdir(parents=True)
    # Beside it the real package still has what tells systemd that the daemon is ready.
    extended = "from pkgutil import extend_path\n\n__path__ = extend_path(__path__, __name__)\n"
    (place / "systemd" / "__init__.py").write_text(extended)
    (place / "systemd" / "journal.py").write_text(dedent(_JOURNAL))
    (place / "sitecustomize.py").write_text(dedent(_BUG))
    return {"PYTHONPATH": str(place), "PLANTED_ORDERS": str(folder / "orders")}


def _order(folder: Path, order: str, *secrets: str) -> None:
    # Whole or not at all: the bug looks at any time.
    (folder / "orders.new").write_text(" ".join((order, *secrets)))
    (folder / "orders.new").rename(folder / "orders")


#: Bugs that do not end the daemon, and how each is told of.
_SURVIVED = {
    "callback": "Exception in callback fail",
    "future": "Future exception was never retrieved",
    "thread": "ended because of an error",
    "unraisable": "xception ignored in",
}


@asynccontextmanager
async def _talking(
    folder: Path, environ: dict[str, str], *, in_journal: bool = False
) -> AsyncIterator[tuple[SimServer, Daemon, tuple[str, str, str]]]:
    """A service, a daemon that holds a live session there, and token, licence and project."""
    sound = recordings.write(folder / "quiet.wav", recordings.quiet(2.0))
    config: Config = {"microphone": {"wav": str(sound), "repeat": True}, "logging": {"level": "debug"}}
    async with (
        SimServer() as server,
        Middlebox(server.base_url) as box,
        Daemon(folder, box.base_url, config, environ=environ, in_journal=in_journal) as daemon,
    ):
        await daemon.ready()
        await _said("say", "hello")
        await daemon.until(lambda: server.record.counts["answers"], "an answer")
        (licence,), (token,) = server.record.open_licences(), box.tokens
        yield server, daemon, (token, licence, PROJECT)


@pytest.mark.parametrize("in_journal", [False, True], ids=["terminal", "journal"])
async def test_a_bug_that_knows_every_secret_tells_none(tmp_path: Path, in_journal: bool) -> None:
    environ = _plant(tmp_path)
    async with _talking(tmp_path, environ, in_journal=in_journal) as (server, daemon, secrets):
        for order, told in _SURVIVED.items():
            _order(tmp_path, order, *secrets)
            await daemon.until(lambda told=told: told in daemon.stderr, f"{order} is told of")  # type: ignore[misc]
        _order(tmp_path, "stage", *secrets)

        assert await daemon.ended() == ExitStatus.BUG, daemon.story()
        assert server.record.open_licences() == []
        assert "a bug of its own" in daemon.stderr
        # What it was about, and where, can be read all the same.
        assert daemon.stderr.count("sitecustomize.py") >= 5
        assert daemon.stderr.count(" is bad") >= 5
        await _no_secret(tmp_path, daemon, secrets)


async def test_a_bug_that_nobody_catches_tells_none_either(tmp_path: Path) -> None:
    async with _talking(tmp_path, _plant(tmp_path)) as (server, daemon, secrets):
        _order(tmp_path, "base", *secrets)

        assert await daemon.ended() == 1, daemon.story()
        assert server.record.open_licences() == []
        assert "ends because of an error" in daemon.stderr
        assert " is bad" in daemon.stderr
        await _no_secret(tmp_path, daemon, secrets)


async def test_a_process_that_is_aborted_tells_none(tmp_path: Path) -> None:
    async with _talking(tmp_path, {"PYTHONFAULTHANDLER": "1"}) as (_, daemon, secrets):
        daemon.send(signal.SIGABRT)

        assert await daemon.ended() == -signal.SIGABRT
        assert "Fatal Python error: Aborted" in daemon.stderr
        # The list of open sessions holds the licence, which is its purpose; nobody but us may read it.
        owed = tmp_path / "state" / "live-sessions"
        assert owed.stat().st_mode & 0o077 == 0
        assert secrets[1] in owed.read_text()
        owed.unlink()
        await _no_secret(tmp_path, daemon, secrets)


async def _no_secret(folder: Path, daemon: Daemon, secrets: tuple[str, str, str]) -> None:
    """Nothing it wrote, told or left behind holds one."""
    kept = [file for file in (folder / "state").rglob("*") if file.is_file()]
    assert any(file.parent.name == "recorder" for file in kept)
    told = "\n".join(str(dict(notice.fields)) for notice in daemon.notices)
    outputs = {file.name: file.read_bytes().decode("utf-8", "replace") for file in kept}
    outputs |= {"stderr": daemon.stderr, "stdout": daemon.stdout, "notices": told}
    outputs["replay"] = await _said("replay", str(folder / "state" / "recorder"))
    for name, output in outputs.items():
        assert not _TOKEN.search(output), name
        assert [secret for secret in secrets if secret in output] == [], name
