"""``ravatard config check``: a candidate that is not in its place, and the verdict for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ravatard.cli import main
from ravatard.config import Schema
from ravatard.exit_status import OWN_MEANINGS, ExitStatus
from tests.unit.cli.config.odd_files import odd_file


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good file with a drop-in that has a mistake."""
    for name in [key.variable for key in Schema().keys.values()] + ["CREDENTIALS_DIRECTORY"]:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "ravatard.yaml"
    path.write_text("service: {project_id: hush, avatar: Ada}\n")
    path.chmod(0o600)
    return path


def drop_in(config: Path, name: str, text: str) -> None:
    folder = config.parent / "ravatard.d"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def candidate(config: Path, text: str) -> Path:
    file = config.parent / "candidate"
    file.write_text(text)
    return file


def checked(config: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    status = main(["config", "check", "--config", str(config), "--json", *words])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, found


def test_a_good_configuration_for_programs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(config, capsys) == (
        ExitStatus.DONE,
        {"schema": 1, "good": True, "files": [str(config)], "warnings": [], "problems": []},
    )


def test_every_mistake_has_its_place(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drop_in(config, "10-fleet.yaml", "gate:\n  silence_ms: never\n  loud: true\n")

    status, found = checked(config, capsys)

    assert (status, found["good"]) == (ExitStatus.CONFIG, False)
    assert [(one["file"], one["line"], one["key"]) for one in found["problems"]] == [
        (str(config.parent / "ravatard.d/10-fleet.yaml"), 2, "gate.silence_ms"),
        (str(config.parent / "ravatard.d/10-fleet.yaml"), 3, "gate.loud"),
    ]


def test_a_candidate_comes_last(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By itself it may be under any name, as one that Ansible has written to its temporary folder."""
    drop_in(config, "99-last.yaml", "microphone: {device: a}\n")
    good = candidate(config, "gate: {silence_ms: 800}\n")

    status, found = checked(config, capsys, "--file", str(good))

    assert status == ExitStatus.DONE
    assert found["files"] == [str(config), str(config.parent / "ravatard.d/99-last.yaml"), str(good)]


def test_a_mistake_in_a_candidate_is_found(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = checked(config, capsys, "--file", str(candidate(config, "gate: {silense_ms: 800}\n")))

    assert status == ExitStatus.CONFIG
    assert "did you mean" in found["problems"][0]["text"]


@pytest.mark.parametrize("place", ["10-fleet.yaml", "{folder}/10-fleet.yaml"])
def test_a_candidate_mends_the_file_that_it_replaces(
    config: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """Otherwise a mistake that was rolled out could never be rolled back."""
    drop_in(config, "10-fleet.yaml", "gate: {silence_ms: never}\n")
    drop_in(config, "20-room.yaml", "microphone: {device: a}\n")
    place = place.format(folder=config.parent / "ravatard.d")
    good = candidate(config, "gate: {silence_ms: 800}\n")

    status, found = checked(config, capsys, "--file", str(good), "--as", place)

    assert status == ExitStatus.DONE
    assert [Path(file).name for file in found["files"]] == ["ravatard.yaml", "10-fleet.yaml", "20-room.yaml"]


def test_a_new_drop_in_has_its_place_by_name(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drop_in(config, "20-room.yaml", "gate: {silence_ms: 700}\n")
    good = candidate(config, "gate: {silence_ms: 800}\n")

    _, found = checked(config, capsys, "--file", str(good), "--as", "10-fleet.yaml")

    assert [Path(file).name for file in found["files"]] == ["ravatard.yaml", "10-fleet.yaml", "20-room.yaml"]


def test_a_candidate_for_the_main_file_replaces_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("nonsense: [\n")
    good = candidate(config, "service: {project_id: hush, avatar: Ada}\n")

    assert checked(config, capsys, "--file", str(good), "--as", str(config))[0] == ExitStatus.DONE


def test_nothing_is_written(config: Path) -> None:
    before = {file: file.read_bytes() for file in config.parent.rglob("*") if file.is_file()}
    good = candidate(config, "gate: {silence_ms: 800}\n")
    before[good] = good.read_bytes()

    assert main(["config", "check", "--config", str(config), "--file", str(good), "--as", "1.yaml"]) == 0

    assert {file: file.read_bytes() for file in config.parent.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--as", "10-fleet.yaml"), "name that file, too"),
        (("--file", "{candidate}", "--as", "/etc/passwd"), "is not read"),
        (("--file", "{candidate}", "--as", "10-fleet.yml"), "is not read"),
        (("--file", "{candidate}.none"), "cannot be read"),
    ],
)
def test_a_candidate_that_would_not_be_read_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    file = candidate(config, "gate: {silence_ms: 800}\n")

    status, found = checked(config, capsys, *(word.format(candidate=file) for word in words))

    assert status == ExitStatus.CONFIG
    assert says in found["problems"][0]["text"]


@pytest.mark.parametrize(
    "kind",
    [
        *(
            "folder",
            "socket",
            "loop",
            "link to nothing",
            "in a file",
            "two lines",
            "no UTF-8",
            "long",
            "NUL bytes",
        ),
        *("/dev/zero", "-", "", "/proc/self/mem"),
    ],
)
@pytest.mark.parametrize("option", ["--file", "--as", "--config"])
def test_an_odd_kind_of_file_is_one_problem_of_one_verdict(
    config: Path, capsys: pytest.CaptureFixture[str], kind: str, option: str
) -> None:
    name = odd_file(config.parent, kind)
    given = {"--config": config, "--file": candidate(config, "gate: {silence_ms: 800}\n")} | {option: name}

    status = main(["config", "check", "--json", *(str(one) for pair in given.items() for one in pair)])

    found = json.loads(capsys.readouterr().out)
    assert status == ExitStatus.CONFIG
    assert status in OWN_MEANINGS["config check"]
    assert (found["schema"], found["good"]) == (1, False)
    assert "Errno" not in found["problems"][-1]["text"]
    if option != "--config":
        # Beside that file are its drop-ins, which have problems of their own.
        (problem,) = found["problems"]
        assert problem["file"] == (str(Path(name)) if option == "--file" else None)


@pytest.mark.parametrize("option", ["--file", "--config"])
def test_a_device_without_content_is_an_empty_file(
    config: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    status = main(["config", "check", "--json", "--config", str(config), option, "/dev/null"])

    assert status == ExitStatus.DONE
    assert json.loads(capsys.readouterr().out)["good"]


@pytest.mark.parametrize("option", ["--file", "--as", "--config"])
def test_a_line_without_a_file_is_wrong_use(capsys: pytest.CaptureFixture[str], option: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["config", "check", "--json", option])

    assert ended.value.code == ExitStatus.MISUSED
    assert capsys.readouterr().out == ""


def test_a_secret_is_in_no_verdict(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = candidate(config, "service: {project_id: [planted-secret]}\nmqtt: {password: planted-secret}\n")

    main(["config", "check", "--config", str(config), "--json", "--file", str(file)])

    assert "planted-secret" not in "".join(capsys.readouterr())


def test_set_refuses_what_check_refuses(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mistakes in the texts of a page are none while it is not served; else the daemon does not start."""
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "en.yaml").write_text("words:\n  raedy: go\n")
    config.write_text(f"service: {{project_id: hush, avatar: Ada}}\nkiosk: {{texts: {texts}}}\n")
    state = tmp_path / "state"
    saving = ["config", "set", "kiosk.enabled", "true", "--config", str(config), "--state", str(state)]

    status = main(saving)

    assert status == ExitStatus.FAILED
    assert "words.raedy" in capsys.readouterr().err
    assert not (state / "settings.yaml").exists()


@pytest.mark.parametrize("content", [None, b"", b"no certificate"], ids=["missing", "empty", "other"])
def test_an_issuer_with_which_the_daemon_would_not_start_is_a_mistake(
    config: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    file = config.with_name("firm.pem")
    if content is not None:
        file.write_bytes(content)
    drop_in(config, "10-firm.yaml", f"network: {{ca: {file}}}\n")

    status, found = checked(config, capsys)

    assert status == ExitStatus.CONFIG
    assert str(file) in found["problems"][0]["text"]
