"""``ravatard chat`` and its relatives as real processes: through pipes and on a real pseudo terminal."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import struct
import subprocess
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from ravatard.sim.options import SimOptions
from ravatard.sim.server import SimServer
from tests.integration import recordings
from tests.integration.program import HEEDING_CTRL_C, PATIENCE_S, RAVATARD, Program, until

pytestmark = pytest.mark.integration


#: The blank behind it is not written: the cursor is only moved past it.
PROMPT = ">"
PROJECT = "project-never-shown-4711"


def config(folder: Path, base_url: str, **sections: dict[str, object]) -> str:
    """A configuration file for this service."""
    service = {"base_url": base_url, "project_id": PROJECT, "user_id": "somebody"}
    path = folder / "chat.yaml"
    path.write_text(yaml.safe_dump({"service": service, **sections}))
    return str(path)


def piped(folder: Path, text: str, *words: str) -> Program:
    """``ravatard`` with ``text`` as its standard input."""
    (folder / "input").write_text(text)
    launcher = ("sh", "-c", f'cat "{folder}/input" | exec "$@"', "sh")
    return Program(*words, launcher=launcher, environ={"STATE_DIRECTORY": str(folder / "state")})


class Typist:
    """A person at a terminal of 80 columns.

    Attributes:
        seen: all that was drawn.
    """

    def __init__(self, *words: str, state: Path) -> None:
        self.seen = ""
        self.ours, self._theirs = os.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.settings = termios.tcgetattr(self._theirs)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("RAVATARD_")}
        environ |= {"TERM": "xterm", "STATE_DIRECTORY": str(state)}
        # A session of its own with this as its terminal: Ctrl-C and a hang-up become signals.
        self.process = subprocess.Popen(
            [*HEEDING_CTRL_C, "setsid", "-c", str(RAVATARD), *words],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=environ,
        )
        asyncio.get_running_loop().add_reader(self.ours, self._read)

    def _read(self) -> None:
        try:
            self.seen += os.read(self.ours, 65_536).decode()
        except OSError:
            asyncio.get_running_loop().remove_reader(self.ours)

    def type(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    async def sees(self, words: str) -> None:
        await until(lambda: words in self.seen, f"{words!r} is shown", PATIENCE_S, lambda: self.seen)

    async def ended(self) -> int:
        await until(lambda: self.process.poll() is not None, "its end", PATIENCE_S, lambda: self.seen)
        return self.process.returncode

    def hang_up(self) -> None:
        asyncio.get_running_loop().remove_reader(self.ours)
        os.close(self.ours)
        self.ours = -1

    @property
    def settings_now(self) -> object:
        return termios.tcgetattr(self._theirs)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.ours >= 0:
            self.hang_up()
        os.close(self._theirs)


@asynccontextmanager
async def typist(*words: str, state: Path) -> AsyncIterator[Typist]:
    made = Typist(*words, state=state)
    try:
        yield made
    finally:
        made.close()


# ---------------------------------------------------------------------- through a pipe


@pytest.mark.parametrize("mode", ["chat", "live"])
async def test_each_line_gets_one_line_back_and_no_session_stays(tmp_path: Path, mode: str) -> None:
    async with SimServer(SimOptions(think_s=0.1)) as server:
        words = ("chat", "--mode", mode, "--config", config(tmp_path, server.base_url))
        async with piped(tmp_path, "hello\nhow are you\n\nlast", *words) as program:
            status = await program.ended()

        assert status == 0, program.story()
        assert [line.count("you write") for line in program.stdout.splitlines()] == [1, 1, 1]
        assert program.stderr == ""
        assert server.record.counts["sessions_started"] == (1 if mode == "live" else 0)
        assert server.record.open_licences() == []
        assert not server.record.violations


async def test_what_stays_unanswered_shows_in_the_exit_status(tmp_path: Path) -> None:
    async with SimServer(SimOptions(answers=())) as server:
        words = ("chat", "--config", config(tmp_path, server.base_url, turn={"answer_s": 1}))
        async with piped(tmp_path, "hello\n", *words) as program:
            status = await program.ended()

    assert status == 1
    assert program.stdout == ""
    assert program.stderr == "ravatard: no answer within 1 s\n"


async def test_without_a_service_it_says_so_and_ends(tmp_path: Path) -> None:
    words = ("chat", "--config", config(tmp_path, "http://127.0.0.1:9", turn={"answer_s": 2}))
    async with piped(tmp_path, "hello\n", *words) as program:
        status = await program.ended()

    assert status == 1
    assert "ravatard: offline: cannot reach 127.0.0.1" in program.stderr
    assert "not said: no connection within 2 s" in program.stderr


async def test_a_project_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    async with SimServer(SimOptions(projects=("another",))) as server:
        words = ("chat", "--config", config(tmp_path, server.base_url))
        async with piped(tmp_path, "hello\nagain\n", *words) as program:
            status = await program.ended()

    assert status == 1
    assert "service.project_id" in program.stderr
    assert "Traceback" not in program.stderr
    assert PROJECT not in program.stderr


@pytest.mark.parametrize("mode", ["chat", "live"])
async def test_a_recording_of_any_shape_is_said(tmp_path: Path, mode: str) -> None:
    sound = recordings.write(tmp_path / "a request.wav", recordings.one_request(3))
    async with SimServer(SimOptions(think_s=0.1)) as server:
        words = ("chat", "--mode", mode, "--config", config(tmp_path, server.base_url))
        async with piped(tmp_path, f"/voice {sound}\n", *words) as program:
            status = await program.ended(30.0)

        assert status == 0, program.story()
        assert len(program.stdout.splitlines()) == 1
        assert server.record.open_licences() == []
        assert not server.record.violations


async def test_a_reader_that_goes_away_ends_it_and_its_session(tmp_path: Path) -> None:
    async with SimServer(SimOptions(think_s=0.5)) as server:
        words = ("chat", "--mode", "live", "--config", config(tmp_path, server.base_url))
        async with piped(tmp_path, "one\ntwo\nthree\n", *words) as program:
            await program.until(server.record.open_licences, "a session")
            program.close_stdout()
            await program.ended()

        assert "Traceback" not in program.stderr
        assert server.record.open_licences() == []
        assert server.record.counts["sessions_started"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_live_session(tmp_path: Path, number: signal.Signals) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = os.open(fifo, os.O_RDWR)
    os.write(writer, b"hello\n")
    async with SimServer(SimOptions(answers=())) as server:
        words = ("chat", "--mode", "live", "--config", config(tmp_path, server.base_url))
        launcher = ("sh", "-c", f'exec "$@" <"{fifo}"', "sh")
        environ = {"STATE_DIRECTORY": str(tmp_path / "state")}
        async with Program(*words, launcher=launcher, environ=environ) as program:
            await program.until(server.record.open_licences, "a session")
            program.send(number)
            status = await program.ended(3.0)

        assert status == 128 + number, program.story()
        assert server.record.open_licences() == []
        assert server.record.counts["sessions_ended"] == 1
    os.close(writer)


async def test_the_session_of_a_chat_that_was_killed_is_ended_by_the_next(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = os.open(fifo, os.O_RDWR)
    os.write(writer, b"hello\n")
    async with SimServer(SimOptions(think_s=0.1)) as server:
        words = ("chat", "--mode", "live", "--config", config(tmp_path, server.base_url))
        launcher = ("sh", "-c", f'exec "$@" <"{fifo}"', "sh")
        environ = {"STATE_DIRECTORY": str(tmp_path / "state")}
        async with Program(*words, launcher=launcher, environ=environ) as program:
            await program.until(lambda: program.stdout, "an answer")
            program.send(signal.SIGKILL)
            await program.ended()
        assert len(server.record.open_licences()) == 1
        async with piped(tmp_path, "hello again\n", *words) as program:
            assert await program.ended() == 0, program.story()

        assert server.record.open_licences() == []
        assert server.record.counts["sessions_started"] == server.record.counts["sessions_ended"] == 2
    os.close(writer)


async def test_in_the_state_of_a_newer_ravatard_no_session_is_begun(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "version").write_text("7\n")
    async with SimServer() as server:
        words = ("chat", "--mode", "live", "--config", config(tmp_path, server.base_url))
        async with piped(tmp_path, "hello\n", *words) as program:
            status = await program.ended()

        assert (status, server.record.counts["sessions_started"]) == (78, 0), program.story()
    assert "is of version 7, and this ravatard knows 2" in program.stderr
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["version"]


# ---------------------------------------------------------------------- at a terminal


async def test_a_conversation_at_a_terminal(tmp_path: Path) -> None:
    async with SimServer(SimOptions(think_s=0.6)) as server:
        words = ("chat", "--config", config(tmp_path, server.base_url))
        async with typist(*words, state=tmp_path / "state") as person:
            await person.sees(PROMPT)
            person.type("helo\x7flo\r")
            await person.sees("\x1b[1myou\x1b[0m: hello")
            await person.sees(f"[sent] {PROMPT}")
            # The answer comes while the next line is being typed.
            person.type("half a li")
            await person.sees('I heard you write "hello"')
            await person.sees(f"{PROMPT} half a li")
            person.type("ne\r")
            await person.sees('you write "half a line"')
            person.type("/avatar Brook\r")
            await person.sees("now with Brook")
            person.type("who is it?\r")
            await person.sees("\x1b[1mBrook\x1b[0m")
            person.type("/quit\r")

            assert await person.ended() == 0
            assert person.settings_now == person.settings
        async with typist(*words, state=tmp_path / "state") as person:
            await person.sees("you: half a line")
            person.type("\x04")

            assert await person.ended() == 0
        assert not server.record.violations


async def test_nothing_a_service_says_is_obeyed_by_the_terminal(tmp_path: Path) -> None:
    evil = "\x1b[2J\x1b]0;pwned\x07\x9b6n and \u202eback"
    async with SimServer(SimOptions(think_s=0.1, answers=(evil,))) as server:
        words = ("chat", "--config", config(tmp_path, server.base_url))
        async with typist(*words, state=tmp_path / "state") as person:
            await person.sees(PROMPT)
            person.type("hello\r")
            await person.sees("and back")
            person.type("/history\r/quit\r")
            await person.ended()

    for order in ("\x1b[2J", "\x1b]", "\x07", "\x9b", "\u202e"):
        assert order not in person.seen


@pytest.mark.parametrize("keys", ["\x03", "\x04", "\x1c", "/quit\r"])
async def test_every_way_out_ends_the_session_and_restores_the_terminal(tmp_path: Path, keys: str) -> None:
    async with SimServer(SimOptions(answers=())) as server:
        words = ("chat", "--mode", "live", "--config", config(tmp_path, server.base_url))
        async with typist(*words, state=tmp_path / "state") as person:
            await person.sees(PROMPT)
            person.type("hello\r")
            await until(server.record.open_licences, "a session", PATIENCE_S, lambda: person.seen)
            person.type(keys)

            assert await person.ended() == {"\x03": 130, "\x1c": 131}.get(keys, 0)
            assert person.settings_now == person.settings
            assert "Traceback" not in person.seen
        assert server.record.open_licences() == []


async def test_a_terminal_that_is_hung_up_ends_the_session(tmp_path: Path) -> None:
    async with SimServer(SimOptions(answers=())) as server:
        words = ("chat", "--mode", "live", "--config", config(tmp_path, server.base_url))
        async with typist(*words, state=tmp_path / "state") as person:
            await person.sees(PROMPT)
            person.type("hello\r")
            await until(server.record.open_licences, "a session", PATIENCE_S, lambda: person.seen)
            person.hang_up()

            assert await person.ended() in (0, 129)
        assert server.record.open_licences() == []


async def test_a_service_that_goes_away_and_comes_back_is_shown(tmp_path: Path) -> None:
    async with SimServer(SimOptions(think_s=0.1)) as server:
        words = ("chat", "--config", config(tmp_path, server.base_url))
        async with typist(*words, state=tmp_path / "state") as person:
            await person.sees(PROMPT)
            person.type("hello\r")
            await person.sees('you write "hello"')
            await server.__aexit__(None, None, None)
            await person.sees("[offline: ")
            async with SimServer(SimOptions(think_s=0.1), port=server.port):
                person.type("back again?\r")
                await person.sees('you write "back again?"')
                person.type("\x04")
                assert await person.ended() == 0


# ---------------------------------------------------------------------- its relatives


async def _asked(*words: str) -> tuple[int, str, str]:
    async with Program(*words) as program:
        status = await program.ended()
        return status, program.stdout, program.stderr


async def test_avatars_and_languages_for_people_and_programs(tmp_path: Path) -> None:
    async with SimServer() as server:
        file = config(tmp_path, server.base_url)
        people = await _asked("avatars", "--config", file)
        programs = await _asked("avatars", "--json", "--config", file)
        spoken = await _asked("languages", "--config", file)
        codes = await _asked("languages", "--json", "--config", file)

    assert people[0] == programs[0] == spoken[0] == codes[0] == 0
    assert people[1].splitlines()[0].split() == ["Ada", "avatar-ada-001", "live", "and", "chat"]
    assert json.loads(programs[1])["avatars"][1] == {
        **{"id": "avatar-brook-002", "name": "Brook", "live": False, "greeting": "Hi, write to me."}
    }
    assert spoken[1].splitlines()[:2] == ["* en  English", "  de  Deutsch"]
    assert {"code": "uk", "name": "Українська"} in json.loads(codes[1])["languages"]


async def test_the_history_is_paged_and_limited(tmp_path: Path) -> None:
    async with SimServer(SimOptions(think_s=0.0)) as server:
        file = config(tmp_path, server.base_url)
        nothing = await _asked("history", "--config", file)
        lines = "".join(f"line {number}\n" for number in range(60))
        async with piped(tmp_path, lines, "chat", "--config", file) as program:
            assert await program.ended(60.0) == 0, program.story()
        people = await _asked("history", "--limit", "3", "--config", file)
        programs = await _asked("history", "--json", "--limit", "1000", "--config", file)
        later = await _asked("history", "--since", "2999-01-01", "--config", file)

    assert nothing == (0, "nothing was said yet\n", "")
    assert [line[9:].partition(": ")[0] for line in people[1].splitlines()[1:]] == ["Ada", "you", "Ada"]
    told = [json.loads(line) for line in programs[1].splitlines()]
    assert [one["request"] for one in told if one["direction"] == "outgoing"] == [
        f"line {number}" for number in range(60)
    ]
    assert later == (0, "nothing was said since then\n", "")


@pytest.mark.parametrize("command", ["history", "avatars", "languages"])
async def test_without_a_service_each_is_one_sentence(tmp_path: Path, command: str) -> None:
    status, said, complaint = await _asked(command, "--config", config(tmp_path, "http://127.0.0.1:9"))

    assert (status, said) == (1, "")
    assert complaint.startswith("ravatard: cannot reach 127.0.0.1")
    assert complaint.count("\n") == 1
