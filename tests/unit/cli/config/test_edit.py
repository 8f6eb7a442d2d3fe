"""``ravatard config edit``: nothing with a mistake gets into effect, and nothing is lost."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ravatard.cli import main
from ravatard.cli.config.edit import NotEdited, edit, editor_command
from ravatard.exit_status import ExitStatus

GOOD = "service:\n  project_id: hush-hush\n"
Editor = Callable[..., dict[str, str]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "etc" / "ravatard.yaml"
    path.parent.mkdir()
    path.write_text(GOOD)
    path.chmod(0o640)
    return path


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    """An editor that writes the given texts, one each time it is started, as an environment."""

    def made(*texts: str, status: int = 0) -> dict[str, str]:
        for number, text in enumerate(texts):
            (tmp_path / f"text{number}").write_text(text)
        script = tmp_path / "editor.py"
        script.write_text(
            "import pathlib, sys\n"
            f"texts = sorted(pathlib.Path({str(tmp_path)!r}).glob('text*'))\n"
            "if texts:\n"
            "    pathlib.Path(sys.argv[1]).write_text(texts[0].read_text())\n"
            "    texts[0].unlink()\n"
            f"sys.exit({status})\n"
        )
        return {"EDITOR": f"{sys.executable} {script}"}

    return made


def answering(*answers: str) -> Callable[[str], str]:
    given = iter(answers)

    def ask(question: str) -> str:
        assert question == "Edit again, or discard the change? [E/d] "
        try:
            return next(given)
        except StopIteration:
            raise EOFError from None

    return ask


def test_a_good_text_is_installed_with_owner_and_mode(
    config: Path, editor: Editor, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.getuid() == 0:
        os.chown(config, 4711, 4712)
    before = config.stat()

    assert edit(config, editor(f"{GOOD}  avatar: Ada\n"), answering()) == 0

    assert config.read_text() == f"{GOOD}  avatar: Ada\n"
    after = config.stat()
    assert (after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)) == (before.st_uid, before.st_gid, 0o640)
    assert f"{config} is written; `ravatard reload` applies" in capsys.readouterr().out
    assert sorted(path.name for path in config.parent.iterdir()) == ["ravatard.yaml"]


def test_mistakes_are_shown_and_can_be_mended(
    config: Path, editor: Editor, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = editor("gate:\n  mode: loud\n", "gate:\n  mode: vad\n")

    assert edit(config, environ, answering("what?", "")) == 0

    assert config.read_text() == "gate:\n  mode: vad\n"
    captured = capsys.readouterr()
    assert f"{config}:2: gate.mode: found 'loud'; allowed: one of auto, vad, button, both" in captured.err
    assert "warning: service.project_id is not set" in captured.out


@pytest.mark.parametrize("answers", [["d"], []], ids=["discarded", "end of input"])
def test_a_change_with_mistakes_can_be_discarded(config: Path, editor: Editor, answers: list[str]) -> None:
    assert edit(config, editor("gate: {mode: loud}\n"), answering(*answers)) == ExitStatus.CONFIG

    assert config.read_text() == GOOD


def test_without_a_change_nothing_is_written(
    config: Path, editor: Editor, capsys: pytest.CaptureFixture[str]
) -> None:
    before = config.stat().st_mtime_ns

    assert edit(config, editor(), answering()) == 0

    assert capsys.readouterr().out == "nothing was changed\n"
    assert config.stat().st_mtime_ns == before


def test_a_file_that_does_not_exist_yet_begins_with_its_version(tmp_path: Path, editor: Editor) -> None:
    path = tmp_path / "new" / "ravatard.yaml"

    assert edit(path, editor(GOOD), answering()) == 0

    assert path.read_text() == GOOD
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_an_editor_that_fails_changes_nothing(config: Path, editor: Editor) -> None:
    with pytest.raises(NotEdited, match=r"ended with status 3; nothing was changed"):
        edit(config, editor("gate: {}\n", status=3), answering())
    with pytest.raises(NotEdited, match=r"the editor /nonexistent cannot be started: No such file"):
        edit(config, {"EDITOR": "/nonexistent"}, answering())

    assert config.read_text() == GOOD


def test_a_file_that_changed_meanwhile_is_left_and_the_text_kept(
    config: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def ask(_: str) -> str:
        config.write_text("turn: {}\n")
        return "e"

    with pytest.raises(
        NotEdited, match="was changed by another program meanwhile; your text is in "
    ) as caught:
        edit(config, editor("gate: {mode: loud}\n", "gate: {mode: vad}\n"), ask)

    assert config.read_text() == "turn: {}\n"
    assert Path(str(caught.value).rpartition(" ")[2]).read_text() == "gate: {mode: vad}\n"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_without_rights_sudo_is_named_before_anything_is_typed(config: Path, editor: Editor) -> None:
    config.parent.chmod(0o555)

    with pytest.raises(NotEdited, match="repeat the command with sudo"):
        edit(config, editor(GOOD), answering())


def test_the_users_editor_comes_before_those_that_are_there() -> None:
    there = {"nano": "/usr/bin/nano", "vi": "/usr/bin/vi"}.get

    assert editor_command({"EDITOR": "emacs -nw", "VISUAL": "code --wait"}, there) == ["code", "--wait"]
    assert editor_command({"EDITOR": ""}, there) == ["nano"]
    with pytest.raises(NotEdited, match="there is no editor"):
        editor_command({}, lambda _: None)


def test_it_is_a_command(config: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SUDO_EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EDITOR", editor(f"{GOOD}  avatar: Ada\n")["EDITOR"])

    assert main(["config", "edit", "--config", str(config)]) == 0
    assert "Ada" in config.read_text()
