"""Set up without SSH, in a terminal and by a file; and what an update does to sessions and state."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from ravatard.cli.setup.environment import RealSetupEnvironment
from ravatard.host.ledger import NAME as LEDGER
from ravatard.host.ledger import parse
from ravatard.sim.server import SimServer
from tests.integration import recordings, setup_machine, sudden_death
from tests.integration.daemon import PROJECT, Config, Daemon
from tests.integration.program import HEEDING_CTRL_C, RAVATARD, Program, until
from tests.integration.virtual_audio import VirtualAudio, end

pytestmark = pytest.mark.integration

CREDENTIAL = "ravatard.service.project_id"


def names(folder: Path) -> list[str]:
    """What lies there, without the folder all tests have for sockets."""
    return sorted(path.name for path in folder.iterdir() if path.name != "run")


def contents(folder: Path) -> dict[str, bytes]:
    """What the files there hold, and those in the list of a chat."""
    found = [*folder.iterdir(), *(folder / "chat").glob("*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found if path.is_file()}


# ---------------------------------------------------------------------- the boot partition


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """Every life of ``boot-setup`` that ended too early, and the one that did not."""
    folder = tmp_path_factory.mktemp("lives") / "machine"
    command = [sys.executable, "-P", str(Path(sudden_death.__file__)), str(folder)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _files(life: Mapping[str, object], when: str) -> dict[str, str]:
    found = life[when]
    assert isinstance(found, dict)
    return found


NEW = sudden_death.BEFORE.replace("900", "700") + "\nservice:\n  avatar: Ada\n"


def test_it_dies_at_every_step_there_is(lives: list[dict[str, object]]) -> None:
    assert [life["status"] for life in lives] == [sudden_death.DIED] * (len(lives) - 1) + [0]
    assert len(lives) > 12


def test_whenever_the_power_goes_nothing_is_half_done(lives: list[dict[str, object]]) -> None:
    for life in lives:
        left = _files(life, "left")
        secret = left.get(f"store/{CREDENTIAL}")

        assert left["etc/ravatard.yaml"] in (sudden_death.BEFORE, NEW), life["step"]
        assert secret in (None, sudden_death.SECRET), life["step"]
        if left["etc/ravatard.yaml"] == NEW:
            assert secret is not None, life["step"]
            assert left["etc/ravatard.yaml.bak"] == sudden_death.BEFORE, life["step"]
        if left.get("boot/ravatard.yaml") != sudden_death.OFFERED:
            assert (left["etc/ravatard.yaml"], secret) == (NEW, sudden_death.SECRET), life["step"]


def test_whenever_the_power_goes_no_secret_is_where_it_does_not_belong(
    lives: list[dict[str, object]],
) -> None:
    for life in lives:
        for when in ("left", "after"):
            found = [name for name, text in _files(life, when).items() if sudden_death.SECRET in text]
            places = {name.partition("/")[0] for name in found}

            assert places <= ({"boot", "store"} if when == "left" else {"store"}), (life["step"], found)


def test_whenever_the_power_went_the_next_start_finishes_it(lives: list[dict[str, object]]) -> None:
    for life in lives:
        after = _files(life, "after")

        assert life["again"] == 0, life["step"]
        assert after["etc/ravatard.yaml"] == NEW, life["step"]
        assert after["etc/ravatard.yaml.bak"] == sudden_death.BEFORE, life["step"]
        assert after[f"store/{CREDENTIAL}"] == sudden_death.SECRET, life["step"]
        # A note that was not finished is no harm; nothing else is left over.
        rest = set(after) - {"etc/ravatard.yaml", "etc/ravatard.yaml.bak", f"store/{CREDENTIAL}"}
        assert rest <= {"boot/ravatard-done.txt", "boot/ravatard-done.txt.new"}, life["step"]


class OddDisk:
    """A machine with a file system of its own below ``etc`` or ``boot``, for as long as one command runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("boot", "etc", "store"):
            (folder / name).mkdir()

    def start(self, prepare: str, after: str) -> tuple[int, str, str]:
        """``prepare``, ``boot-setup``, ``after``, with mounts of their own; status, last output, errors."""
        setup = f"{RAVATARD} boot-setup --boot boot --config etc/ravatard.yaml --credentials store"
        script = f"set -e\n{prepare}\nset +e\n{setup} >&2\necho $?\n{after}\n"
        done = subprocess.run(
            ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", script],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if not done.stdout:
            pytest.skip(f"no file systems can be mounted here: {done.stderr.strip()}")
        status, _, said = done.stdout.partition("\n")
        return int(status), said, done.stderr


def test_a_full_disk_keeps_the_old_settings_and_says_so_on_the_card(tmp_path: Path) -> None:
    disk = OddDisk(tmp_path)
    (tmp_path / "boot" / "ravatard.yaml").write_text(sudden_death.OFFERED)
    full = "mount -t tmpfs -o size=12k x etc; echo '# mine' > etc/ravatard.yaml; yes > etc/rest 2>&- || true"

    status, said, complained = disk.start(full, "ls etc; cat etc/ravatard.yaml")

    assert status == 1
    assert said == "ravatard.yaml\nrest\n# mine\n"
    assert "No space left on device), so the old settings hold" in complained
    assert "No space left on device" in (tmp_path / "boot" / "ravatard-errors.txt").read_text()
    assert (tmp_path / "boot" / "ravatard.yaml").read_text() == sudden_death.OFFERED


def test_a_card_that_cannot_be_written_is_obeyed_and_complained_of(tmp_path: Path) -> None:
    disk = OddDisk(tmp_path)
    (tmp_path / "etc" / "ravatard.yaml").write_text(sudden_death.BEFORE)
    (tmp_path / "offered").write_text(sudden_death.OFFERED)
    fixed = "mount -t tmpfs x boot; cp offered boot/ravatard.yaml; mount -o remount,ro boot"

    for _ in range(2):
        status, said, complained = disk.start(fixed, "ls boot")

        assert (status, said) == (1, "ravatard.yaml\n")
        assert complained.count("\n") == 1
        assert (
            "the file cannot be removed (Read-only file system), and a person with the card can read it"
            in complained
        )
        assert (tmp_path / "etc" / "ravatard.yaml").read_text() == NEW
    assert (tmp_path / "etc" / "ravatard.yaml.bak").read_text() == sudden_death.BEFORE


def test_a_bad_file_on_a_card_that_cannot_be_written_is_still_said(tmp_path: Path) -> None:
    disk = OddDisk(tmp_path)
    fixed = "mount -t tmpfs x boot; echo 'gate: {mode: loud}' > boot/ravatard.yaml; mount -o remount,ro boot"

    status, _, complained = disk.start(fixed, "ls boot")

    first, second = complained.splitlines()
    assert status == 78
    assert "gate.mode: found 'loud'" in first
    assert "ravatard-errors.txt cannot be written: Read-only file system" in second


@pytest.mark.skipif(shutil.which("mkfs.vfat") is None, reason="no mkfs.vfat here (Debian: dosfstools)")
def test_a_real_fat_partition_is_read_and_cleared(tmp_path: Path) -> None:
    disk = OddDisk(tmp_path)
    (tmp_path / "offered").write_bytes(b"\xef\xbb\xbf" + sudden_death.OFFERED.replace("\n", "\r\n").encode())
    image = tmp_path / "card.img"
    image.write_bytes(b"\0" * 2_000_000)
    subprocess.run(["mkfs.vfat", str(image)], capture_output=True, check=True)
    mounted = "mount -t vfat -o loop card.img boot; cp offered boot/RAVATARD.YAML"

    status, said, complained = disk.start(mounted, "ls boot; umount boot")

    assert (status, said) == (0, "ravatard-done.txt\n"), complained
    assert sudden_death.SECRET.encode() not in image.read_bytes()


def test_without_a_file_it_keeps_the_start_waiting_for_next_to_nothing(tmp_path: Path) -> None:
    probe = (
        "import sys; from ravatard.cli import main; main(['boot-setup', '--boot', sys.argv[1]])\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )

    assert {"yaml", "msgspec", "numpy", "aiohttp", "asyncio"} & set(done.stdout.split()) == set()


# ---------------------------------------------------------------------- in a terminal


class Typed:
    """``ravatard setup`` in a terminal that can do nothing but show lines, and somebody who types."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str] | None = None,
        command: Sequence[str] = (str(RAVATARD), "setup"),
        columns: int = 80,
    ) -> None:
        """``environ`` adds to what ours has; ``command``: a program other than the real one."""
        self._environ = dict(environ or {})
        self._command = [*HEEDING_CTRL_C, *command, "--config", str(folder / "ravatard.yaml")]
        self._command += ["--credentials", str(folder / "store")]
        self._columns = columns
        self._shown = bytearray()

    async def __aenter__(self) -> Self:
        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, self._columns, 0, 0))
        environ = {name: value for name, value in os.environ.items() if not name.startswith("RAVATARD_")}
        self._process = subprocess.Popen(  # noqa: ASYNC220 - forking takes milliseconds
            self._command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environ | self._environ | {"TERM": "dumb", "NO_COLOR": "1"},
            start_new_session=True,
        )
        os.close(theirs)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._read()
        os.close(self._ours)
        self._ours = -1

    @property
    def shown(self) -> str:
        """All that the terminal has shown."""
        self._read()
        return self._shown.decode()

    def _read(self) -> None:
        # An error: nothing more now, or nobody at the other end any more.
        with suppress(OSError):
            while self._ours >= 0 and (data := os.read(self._ours, 65_536)):
                self._shown += data

    async def answer(self, question: str, text: str) -> None:
        """Type a line when the question has come."""
        seen = len(self._shown.decode(errors="ignore"))
        await until(lambda: question in self.shown[seen:], question, story=lambda: self.shown)
        os.write(self._ours, text.encode() + b"\n")

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    async def ended(self) -> int:
        """Its exit status."""
        await until(lambda: self._process.poll() is not None, "its end", story=lambda: self.shown)
        return int(self._process.returncode)


def _own_config(folder: Path, base_url: str) -> str:
    # A microphone that is no card: what is plugged in here is none of the test's business.
    text = f"# Mine.\nservice:\n  base_url: {base_url}\nmicrophone: {{command: cat}}\n"
    (folder / "ravatard.yaml").write_text(text)
    return text


async def test_the_questions_are_asked_in_a_dumb_terminal_and_the_answers_written(tmp_path: Path) -> None:
    async with SimServer() as server:
        before = _own_config(tmp_path, server.base_url)
        async with Typed(tmp_path) as person:
            await person.answer("Your project id", PROJECT)
            await person.answer("Avatar (1-", "2")
            await person.answer("Language (1-", "")
            await person.answer("Board, button and lights (1-", "1")
            await person.answer("Shall nothing be sent before a wake word", "")
            await person.answer("Write it?", "y")
            status = await person.ended()

    assert status == 0, person.shown
    text = (tmp_path / "ravatard.yaml").read_text()
    assert text.replace(text.splitlines(keepends=True)[2], "") == before
    assert "  avatar: " in text.splitlines()[2]
    assert (tmp_path / "store" / CREDENTIAL).read_text() == PROJECT
    assert (tmp_path / "ravatard.yaml.bak").read_text() == before
    assert PROJECT not in person.shown + text
    assert "\x1b" not in person.shown


CONFIG_TXT = "dtparam=audio=on\ndtoverlay=vc4-kms-v3d\n"


def _hat_and_usb(folder: Path, columns: int = 80) -> Typed:
    (folder / "boot").mkdir(exist_ok=True)
    command = [sys.executable, "-P", setup_machine.__file__, "--boot", str(folder / "boot")]
    return Typed(folder, command=command, columns=columns)


@pytest.mark.parametrize("columns", [80, 40])
async def test_a_microphone_on_usb_is_in_effect_beside_a_hat_when_the_person_chose_it(
    tmp_path: Path, columns: int
) -> None:
    (tmp_path / "ravatard.yaml").write_text("service: {base_url: 'http://127.0.0.1:9'}\n")
    async with _hat_and_usb(tmp_path, columns) as person:
        (tmp_path / "boot" / "config.txt").write_text(CONFIG_TXT)
        await person.answer("Enter: none):", "")
        await person.answer("can talk) [none]:", "")
        await person.answer("Language code", "")
        await person.answer("Board, button and", "respeaker-2mic")
        await person.answer("Shall I add them", "y")
        await person.answer("Shall I listen", "y")
        await person.answer("Microphone (1-3) [3]", "")
        await person.answer("Speaker (1-3) [2]", "USB Speaker")
        await person.answer("Shall I play", "y")
        await person.answer("Did you hear it?", "n")
        await person.answer("What now (1-3)", "")
        await person.answer("Speaker (1-3) [3]", "2")
        await person.answer("Shall I play", "")
        await person.answer("Did you hear it?", "")
        await person.answer("Write it?", "")
        status = await person.ended()

    assert status == 0, person.shown
    assert person.shown.index("dtparam=spi=on") < person.shown.index("lights on SPI")
    assert f"<{setup_machine.SPEAKER} plays>" in person.shown
    assert f"<{setup_machine.HAT} plays>" in person.shown
    said = " ".join(person.shown.split())
    # The file is named with the line.
    assert f"microphone: USB Mic (from {tmp_path}/ravatard.yaml:" in said
    assert f"speaker: {setup_machine.HAT} (from the board respeaker-2mic)" in said
    assert said.endswith("to use it: sudo reboot")
    assert "\x1b" not in person.shown
    too_wide = [line for line in person.shown.splitlines() if len(line) > columns and "]:" not in line]
    assert [line for line in too_wide if max(map(len, line.split())) < columns - 10] == []
    lines = (tmp_path / "boot" / "config.txt").read_text().splitlines()
    assert lines[-3:] == ["dtparam=i2c_arm=on", "dtparam=spi=on", "dtoverlay=wm8960-soundcard"]
    assert (tmp_path / "boot" / "config.txt.ravatard.bak").read_text() == CONFIG_TXT
    shown = subprocess.run(  # noqa: ASYNC221 - half a second, and nothing else runs
        [str(RAVATARD), "config", "show", "--config", str(tmp_path / "ravatard.yaml")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    devices = {line.split()[0]: line for line in shown.splitlines() if ".device " in line}
    assert "USB Mic" in devices["microphone.device"]
    assert f"{tmp_path}/ravatard.yaml:" in devices["microphone.device"]
    assert setup_machine.HAT in devices["speaker.device"]
    assert "boards/respeaker-2mic.yaml:" in devices["speaker.device"]


async def test_a_second_set_up_finds_everything_done(tmp_path: Path) -> None:
    config = "board: respeaker-2mic\nservice: {base_url: 'http://127.0.0.1:9'}\n"
    (tmp_path / "ravatard.yaml").write_text(config)
    async with _hat_and_usb(tmp_path) as person:
        done = CONFIG_TXT + "dtparam=i2c_arm=on\ndtparam=spi=on\ndtoverlay=wm8960-soundcard\n"
        (tmp_path / "boot" / "config.txt").write_text(done)
        await person.answer("Enter: none):", "")
        await person.answer("can talk) [none]:", "")
        await person.answer("Language code", "")
        await person.answer("Board, button and", "")
        await person.answer("Shall I show every light", "n")
        await person.answer("Shall I listen", "n")
        await person.answer("Microphone (1-3) [2]", "")
        await person.answer("Speaker (1-3) [2]", "")
        await person.answer("Shall I play", "n")
        status = await person.ended()

    assert status == 0, person.shown
    assert "config.txt has what the board needs." in " ".join(person.shown.split())
    assert person.shown.rstrip().endswith("nothing to change")
    assert (tmp_path / "ravatard.yaml").read_text() == config
    assert names(tmp_path / "boot") == ["config.txt"]


async def test_answers_in_a_file_add_the_lines_once_and_say_what_is_in_effect(tmp_path: Path) -> None:
    (tmp_path / "boot").mkdir()
    config_txt = tmp_path / "boot" / "config.txt"
    config_txt.write_text(CONFIG_TXT)
    answers = tmp_path / "answers.yaml"
    answers.write_text("board: respeaker-2mic\nmicrophone: {device: USB Mic}\nsetup: {config_txt: true}\n")
    words = ("--answers", str(answers), "--boot", str(tmp_path / "boot"))

    async with _setup(tmp_path, *words) as program:
        assert await program.ended() == 0, program.story()
    once = config_txt.read_text()
    async with _setup(tmp_path, *words) as again:
        assert await again.ended() == 0, again.story()

    added = "dtparam=i2c_arm=on, dtparam=spi=on, dtoverlay=wm8960-soundcard"
    assert f"added to {config_txt}: {added}\n" in program.stdout
    assert "  microphone: USB Mic (from " in program.stdout
    assert program.stdout.endswith("to use it: sudo reboot\n")
    assert again.stdout == "nothing to change\n"
    assert config_txt.read_text() == once


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("config_txt: true", "there is no config.txt in {}/boot; the board needs in it: dtoverlay="),
        ("member: no-such-user", "'no-such-user' cannot join the group ravatard: this machine has no such"),
    ],
)
async def test_answers_that_the_machine_cannot_follow_are_refused_before_anything_is_written(
    tmp_path: Path, step: str, words: str
) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text(f"board: aiy-voice-hat\nsetup: {{{step}}}\n")

    async with _setup(tmp_path, "--answers", str(answers), "--boot", str(tmp_path / "boot")) as program:
        status = await program.ended()

    assert status == 1
    assert words.format(tmp_path) in program.stderr
    assert names(tmp_path) == ["answers.yaml"]


@pytest.mark.parametrize("leave", ["interrupt", "decline"])
async def test_whoever_leaves_leaves_everything_as_it_was(tmp_path: Path, leave: str) -> None:
    before = _own_config(tmp_path, "http://127.0.0.1:9")
    async with Typed(tmp_path) as person:
        await person.answer("Your project id", PROJECT)
        await person.answer("Name or id of the avatar", "Ada")
        if leave == "interrupt":
            await until(lambda: "Language code" in person.shown, "the next question")
            person.interrupt()
        else:
            await person.answer("Language code", "")
            await person.answer("Board, button and lights", "1")
            await person.answer("Shall nothing be sent before a wake word", "n")
            await person.answer("Write it?", "n")
        status = await person.ended()

    assert status == 130, person.shown
    assert "nothing was changed" in person.shown
    assert names(tmp_path) == ["ravatard.yaml"]
    assert (tmp_path / "ravatard.yaml").read_text() == before


async def test_lights_are_shown_before_anything_is_written_and_ctrl_c_ends_them_too(tmp_path: Path) -> None:
    before = _own_config(tmp_path, "http://127.0.0.1:9")
    async with Typed(tmp_path, {"GPIOZERO_PIN_FACTORY": "mock"}) as person:
        await person.answer("Your project id", "")
        await person.answer("Name or id of the avatar", "")
        await person.answer("Language code", "")
        await person.answer("Board, button and lights (1-", "2")
        await person.answer("GPIO number of the button", "17")
        await person.answer("Lights (1-", "led")
        await person.answer("GPIO number of the LED", "25")
        await person.answer("Shall I show every light", "y")
        await until(
            lambda: "press the button at any time" in person.shown, "the lights", story=lambda: person.shown
        )
        person.interrupt()
        status = await person.ended()

    assert status == 130, person.shown
    assert "nothing was changed" in person.shown
    assert (tmp_path / "ravatard.yaml").read_text() == before


def test_the_microphone_is_found_by_speaking_into_it(tmp_path: Path, audio: VirtualAudio) -> None:
    machine = RealSetupEnvironment(tmp_path / "ravatard.yaml", audio.environ())
    found = machine.microphones()
    speech = recordings.write(tmp_path / "speech.wav", recordings.bundled())
    player = audio.microphone.play(speech)
    try:
        heard = machine.listen(found)
    finally:
        end(player)

    assert heard.best in found.names
    assert any(line.startswith(f"{heard.best}: -") and line.endswith("dBFS") for line in heard.lines)


# ---------------------------------------------------------------------- by a file


def _setup(folder: Path, *words: str) -> Program:
    places = ["--config", str(folder / "ravatard.yaml"), "--credentials", str(folder / "store")]
    return Program("setup", *places, *words)


async def test_a_fleet_is_set_up_by_a_file_with_the_answers(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text(f"service: {{project_id: {PROJECT}, language: de}}\nboard: aiy-voice-hat\n")

    async with _setup(tmp_path, "--answers", str(answers)) as program:
        assert await program.ended() == 0, program.story()
    async with _setup(tmp_path, "--answers", str(answers)) as again:
        assert await again.ended() == 0, again.story()

    text = (tmp_path / "ravatard.yaml").read_text()
    assert text == "version: 1\nboard: aiy-voice-hat\n\nservice:\n  language: de\n"
    assert (tmp_path / "store" / CREDENTIAL).read_text() == PROJECT
    assert "written: " in program.stdout
    assert again.stdout == "nothing to change\n"
    assert PROJECT not in text + program.stdout + program.stderr


async def test_wrong_answers_change_nothing_and_are_told_all_at_once(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("service: {project_id: 'a b'}\nboard: nonesuch\nvoise: 1\n")

    async with _setup(tmp_path, "--answers", str(answers)) as program:
        status = await program.ended()

    assert status == 78
    assert [line.split(": ")[2] for line in program.stderr.splitlines()] == ["service.project_id", "voise"]
    assert names(tmp_path) == ["answers.yaml"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"#" * 300_000])
async def test_answers_that_cannot_be_read_are_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    answers = tmp_path / "answers.yaml"
    if content is not None:
        answers.write_bytes(content)

    async with _setup(tmp_path, "--answers", str(answers)) as program:
        status = await program.ended()

    assert status == 78
    assert program.stderr.count("\n") == 1
    assert str(answers) in program.stderr


async def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    async with _setup(tmp_path) as program:
        status = await program.ended()

    assert status == 1
    assert program.stderr == (
        "ravatard: setup asks questions in a terminal; without one, write `ravatard setup --answers FILE`\n"
    )


# ---------------------------------------------------------------------- updates


def _talkative(folder: Path) -> Config:
    sound = recordings.write(folder / "one.wav", recordings.one_request(3, before_s=0.3, after_s=12.0))
    return {"microphone": {"wav": str(sound)}, "session": {"idle_s": 5}}


async def test_an_update_in_mid_conversation_ends_the_session_and_keeps_the_state(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "volume").write_text("55\n")
    config = _talkative(tmp_path)
    async with SimServer() as server:
        counts = server.record.counts
        async with Daemon(tmp_path, server.base_url, config) as old:
            await old.until(lambda: counts["samples"], "speech arrives")
            assert len(server.record.open_licences()) == 1
            # What stopping the unit in prerm comes down to.
            took_s = await old.stopped()
        assert server.record.open_licences() == []
        assert parse((state / LEDGER).read_bytes()) == ([], 0)
        # The old package knew no versions.
        (state / "version").unlink()
        kept = contents(state)
        spoken = counts["samples"]

        async with Daemon(tmp_path, server.base_url, config) as new:
            await new.until(lambda: counts["samples"] > spoken, "speech arrives again")
            await new.stopped()

        assert took_s < 10
        assert (state / "version").read_text() == "2\n"
        assert {name: (state / name).read_bytes() for name in kept} == kept
        assert kept["volume"] == b"55\n"
        assert names(state / "recorder") != []
        assert server.record.open_licences() == []
        assert list(server.record.violations) == []


async def test_the_state_of_a_newer_ravatard_is_left_alone_but_its_sessions_are_ended(tmp_path: Path) -> None:
    state = tmp_path / "state"
    config = _talkative(tmp_path)
    async with SimServer() as server:
        async with Daemon(tmp_path, server.base_url, config) as daemon:
            await daemon.until(lambda: server.record.counts["samples"], "speech arrives")
            daemon.send(signal.SIGKILL)
            await daemon.ended()
        # `ravatard chat` keeps a list of its own below, of the same version.
        (state / "chat").mkdir()
        (state / "chat" / LEDGER).write_bytes((state / LEDGER).read_bytes())
        (state / "version").write_text("7\n")
        before = contents(state)

        async with Daemon(tmp_path, server.base_url, config) as older:
            status = await older.ended()
        assert (status, len(server.record.open_licences())) == (78, 1), older.story()
        assert f"the state in {state} is of version 7, and this ravatard knows 2" in older.stderr

        words = ("--config", str(tmp_path / "ravatard.yaml"), "--state", str(state))
        async with Program("end-sessions", *words) as ending:
            assert await ending.ended() == 0, ending.story()

        assert server.record.open_licences() == []
        assert contents(state) == before


@pytest.mark.parametrize("head", ["", "version: 0\n"])
async def test_an_old_configuration_is_read_and_the_owner_told_how_to_write_it_anew(
    tmp_path: Path, head: str
) -> None:
    async with SimServer() as server:
        daemon = Daemon(tmp_path, server.base_url, _talkative(tmp_path))
        config = tmp_path / "ravatard.yaml"
        text = head + config.read_text()
        config.write_text(text)
        async with daemon:
            await daemon.ready()
            await daemon.stopped()

    assert ("is of version 0 and read as today's" in daemon.stderr) == bool(head)
    assert config.read_text() == text
